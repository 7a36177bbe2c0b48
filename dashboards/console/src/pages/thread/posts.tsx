// The posts of a thread in order: people's posts, groups of what Weft reported, where reading stopped, and the rest of a long one.
import { Button } from "@mantine/core";
import { Fragment, useMemo } from "react";
import type { Post, Thread } from "../../api/types";
import { At } from "../../parts/clock";
import { count, plural } from "../../words/numbers";
import type { Mentionable } from "./mention";
import { OnePost, type PostWishes } from "./post";
import { runsOf } from "./runs";

interface PostsProps extends PostWishes {
  thread: Thread;
  posts: Post[];
  people: Mentionable[];
  /** Where unread posts begin. */
  unread: string | null;
  target: string | null;
  more: { here: boolean; loading: boolean; next: () => void; all: () => void };
}

export function Posts({ thread, posts, people, unread, target, more, ...wishes }: PostsProps) {
  const byId = useMemo(() => new Map(posts.map((post) => [post.id, post])), [posts]);
  const runs = useMemo(
    () => runsOf(posts, new Set([unread, target].filter((id): id is string => id !== null))),
    [posts, unread, target],
  );
  return (
    <>
      <ol aria-label="Posts" className="posts">
        {runs.map((run) => {
          const first = run.kind === "post" ? run.post : run.posts[0];
          if (!first) return null;
          return (
            <Fragment key={first.id}>
              {first.id === unread && (
                <li className="unread-from" id="unread">
                  <span>New since your last visit</span>
                </li>
              )}
              <li>
                {run.kind === "system" || run.post.author.system ? (
                  <FromWeft posts={run.kind === "system" ? run.posts : [run.post]} target={target} />
                ) : (
                  <OnePost
                    post={run.post}
                    thread={thread}
                    people={people}
                    answers={run.post.reply_to ? byId.get(run.post.reply_to) : undefined}
                    target={run.post.id === target}
                    {...wishes}
                  />
                )}
              </li>
            </Fragment>
          );
        })}
      </ol>
      {more.here && (
        <div className="posts-more">
          <Button variant="default" size="xs" loading={more.loading} onClick={more.next}>
            Show more posts
          </Button>
          <Button variant="default" size="xs" disabled={more.loading} onClick={more.all}>
            Go to the newest
          </Button>
          <span className="small quiet" role="status">
            {count(posts.length)} of {count(Math.max(thread.posts, posts.length))} posts shown
          </span>
        </div>
      )}
    </>
  );
}

/** What Weft reports: quiet, and folded when it reports several things in a row; the newest stays in sight. */
function FromWeft({ posts, target }: { posts: Post[]; target: string | null }) {
  const last = posts.at(-1);
  if (!last) return null;
  const earlier = posts.slice(0, -1);
  return (
    <div className="from-weft">
      {earlier.length > 0 && (
        <details>
          <summary>{plural(earlier.length, "earlier report")} by Weft</summary>
          <ol>
            {earlier.map((post) => (
              <li key={post.id}>
                <Report post={post} target={target === post.id} />
              </li>
            ))}
          </ol>
        </details>
      )}
      <Report post={last} target={target === last.id} />
    </div>
  );
}

function Report({ post, target }: { post: Post; target: boolean }) {
  return (
    <article
      className={target ? "report target" : "report"}
      id={`post-${post.id}`}
      aria-label="Report by Weft"
      tabIndex={-1}
      data-row
      data-post={post.id}
    >
      <p className="report-head">
        <b>Weft</b>{" "}
        <a className="post-at" href={`#post-${post.id}`}>
          <At at={post.posted_at} relative />
        </a>
      </p>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised by the collector, and the policy forbids scripts and inline handlers */}
      <div className="post-body" dangerouslySetInnerHTML={{ __html: post.html }} />
    </article>
  );
}
