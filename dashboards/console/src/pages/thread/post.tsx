// One post, and what each person may do with it.
import { Menu, UnstyledButton } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useChange } from "../../api/changes";
import { del, patch, post as postTo } from "../../api/client";
import type { Post, Thread } from "../../api/types";
import { At } from "../../parts/clock";
import { isStaff, useSession } from "../../session";
import { bytes } from "../../words/numbers";
import { ROLE } from "../../words/vocabulary";
import { Composer } from "./composer";
import { isPicture } from "./files";
import type { Mentionable } from "./mention";
import { gist } from "./quote";
import { AskReason } from "./reason";
import { useDraft } from "./saving";
import { Thank, ThanksFor } from "./thanks";

const VerifiedFix = lazy(() => import("./effect"));
const History = lazy(() => import("./history"));

/** What a button of a post asks of the page around it. */
export interface PostWishes {
  reply: (post: Post) => void;
  quote: (post: Post) => void;
  goTo: (post: string) => void;
}

interface PostProps extends PostWishes {
  post: Post;
  thread: Thread;
  people: Mentionable[];
  /** The post that it answers, when it is on the page. */
  answers?: Post;
  /** The address names it. */
  target: boolean;
}

export function OnePost({ post, thread, people, answers, target, reply, quote, goTo }: PostProps) {
  const me = useSession();
  const [editing, setEditing] = useState(false);
  const [open, setOpen] = useState<"delete" | "flag" | "history" | null>(null);
  const shut = () => setOpen(null);
  const touches = ["thread", "threads", "overview"];
  const accept = useChange({
    run: () => postTo(`/threads/${thread.id}/accept`, { post: post.id }),
    touches,
    said: "Accepted as the answer; the thread is solved.",
  });
  const remove = useChange({
    run: (reason: string) => del(`/posts/${post.id}`, { reason }),
    touches: [...touches, "flags"],
    said: post.mine ? "Deleted." : "Out of sight. Staff can bring it back.",
    after: shut,
  });
  const flag = useChange({
    run: (reason: string) => postTo(`/posts/${post.id}/flag`, { reason }),
    touches: ["flags"],
    said: "Staff will look at it.",
    after: shut,
  });
  const accepted = post.accepted || thread.accepted_post === post.id;
  const mayAccept = (thread.author.id === me.id || thread.can_moderate) && !accepted && !post.whisper;
  const mayHide = thread.can_keep_order && !post.mine;
  const mayWrite = !thread.locked || thread.can_keep_order;
  const look = ["post", accepted && "accepted", post.whisper && "whisper", target && "target"]
    .filter(Boolean)
    .join(" ");
  const titles = post.author.roles.filter((role) => role !== "user").map((role) => ROLE[role] ?? role);
  return (
    <article
      className={look}
      id={`post-${post.id}`}
      aria-label={`${post.whisper ? "Whisper" : "Post"} by ${post.author.name}`}
      tabIndex={-1}
      data-row
      data-post={post.id}
    >
      {post.whisper && (
        <p className="whisper-head">
          <Eye /> Whisper: only staff sees this
        </p>
      )}
      <header>
        <b>{post.author.name}</b>
        {titles.length > 0 && <span className="mark">{titles.join(", ")}</span>}
        <a className="post-at" href={`#post-${post.id}`}>
          <At at={post.posted_at} relative />
        </a>
        {post.edited_at && (
          <UnstyledButton className="plain" onClick={() => setOpen("history")}>
            edited <At at={post.edited_at} relative />
          </UnstyledButton>
        )}
        {post.origin && <span>by way of {post.origin}</span>}
        {accepted && <span className="mark good">✓ Accepted answer</span>}
      </header>
      {post.reply_to && (
        <p className="answers">
          <a
            href={`#post-${post.reply_to}`}
            onClick={(event) => {
              event.preventDefault();
              if (post.reply_to) goTo(post.reply_to);
            }}
          >
            ↩ {answers ? `${answers.author.name}: ${gist(answers.markdown)}` : "an earlier post"}
          </a>
        </p>
      )}
      {editing ? (
        <Edit post={post} people={people} done={() => setEditing(false)} />
      ) : (
        // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised by the collector, and the policy forbids scripts and inline handlers
        <div className="post-body" dangerouslySetInnerHTML={{ __html: post.html }} />
      )}
      {post.files.some((file) => !isPicture(file.media) || !post.html.includes(file.url)) && (
        <ul className="files" aria-label="Files">
          {post.files
            .filter((file) => !isPicture(file.media) || !post.html.includes(file.url))
            .map((file) => (
              <li key={file.id}>
                <a href={file.url} download={file.name}>
                  {file.name}
                </a>{" "}
                <span className="quiet">{bytes(file.size)}</span>
              </li>
            ))}
        </ul>
      )}
      {!editing && (
        <div className="post-tools">
          {mayWrite && <UnstyledButton onClick={() => reply(post)}>Reply</UnstyledButton>}
          {mayWrite && <UnstyledButton onClick={() => quote(post)}>Quote</UnstyledButton>}
          {mayAccept && <UnstyledButton onClick={() => accept.mutate()}>Accept as the answer</UnstyledButton>}
          {post.mine && (
            <UnstyledButton data-act="edit" onClick={() => setEditing(true)}>
              Edit
            </UnstyledButton>
          )}
          {!post.mine && !post.whisper && <Thank thread={thread.id} post={post.id} author={post.author.name} />}
          <Menu position="bottom-start" withinPortal={false} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <UnstyledButton aria-label={`More about the post by ${post.author.name}`}>More</UnstyledButton>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                onClick={() =>
                  navigator.clipboard?.writeText(`${location.origin}/threads/${thread.id}#post-${post.id}`)
                }
              >
                Copy link
              </Menu.Item>
              {post.edited_at && <Menu.Item onClick={() => setOpen("history")}>Show edits</Menu.Item>}
              {!post.mine && <Menu.Item onClick={() => setOpen("flag")}>Flag for staff …</Menu.Item>}
              {mayHide && <Menu.Item onClick={() => setOpen("delete")}>Hide with a reason …</Menu.Item>}
              {post.mine && <Menu.Item onClick={() => setOpen("delete")}>Delete …</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </div>
      )}
      {!post.whisper && <ThanksFor thread={thread.id} post={post.id} />}
      {accepted && (
        <Suspense fallback={null}>
          <VerifiedFix thread={thread.id} />
        </Suspense>
      )}
      {open === "delete" && (
        <AskReason
          title={post.mine ? "Delete your post?" : `Hide the post by ${post.author.name}?`}
          label={post.mine ? "Why (optional)" : "Why: its author is told"}
          button={post.mine ? "Delete" : "Hide"}
          needed={!post.mine}
          danger
          busy={remove.isPending}
          run={(reason) => remove.mutate(reason)}
          close={shut}
        >
          <p>It disappears for everybody. Staff can bring it back.</p>
        </AskReason>
      )}
      {open === "flag" && (
        <AskReason
          title="Flag this post"
          label="What is wrong with it?"
          button="Flag"
          busy={flag.isPending}
          run={(reason) => flag.mutate(reason)}
          close={shut}
        >
          <p>Staff looks at it. Its author is not told who flagged it.</p>
        </AskReason>
      )}
      {open === "history" && (
        <Suspense fallback={null}>
          <History post={post} mayForget={post.mine || isStaff(me)} close={shut} />
        </Suspense>
      )}
    </article>
  );
}

function Edit({ post, people, done }: { post: Post; people: Mentionable[]; done: () => void }) {
  const draft = useDraft(`edit.${post.id}`, null, { markdown: post.markdown });
  const edit = useChange({
    run: (markdown: string) => patch(`/posts/${post.id}`, { markdown }),
    touches: ["thread", "threads"],
    after: done,
  });
  return (
    <Composer
      draft={draft}
      label="Edit post"
      button="Save"
      people={people}
      busy={edit.isPending}
      send={(markdown) => edit.mutateAsync(markdown)}
      cancel={() => {
        draft.forget();
        done();
      }}
    />
  );
}

export const Eye = () => (
  <svg
    width="16"
    height="12"
    viewBox="0 0 16 12"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.4"
  >
    <path d="M1 6c2-3.4 4.4-5 7-5s5 1.6 7 5c-2 3.4-4.4 5-7 5S3 9.4 1 6zM2 11.4 14 .6" />
  </svg>
);
