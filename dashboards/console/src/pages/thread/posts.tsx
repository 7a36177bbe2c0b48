// The posts of a thread, and what each person may do with them.
import { Button, Modal, UnstyledButton } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useChange } from "../../api/changes";
import { del, patch, post as postTo } from "../../api/client";
import type { Post, Thread } from "../../api/types";
import { At } from "../../parts/clock";
import { useSession } from "../../session";
import { ROLE } from "../../words/vocabulary";
import { Composer } from "./composer";
import { Thank, ThanksFor } from "./thanks";

const VerifiedFix = lazy(() => import("./effect"));

export function Posts({ thread }: { thread: Thread }) {
  const me = useSession();
  const mayAccept = thread.author.id === me.id || thread.can_moderate;
  return (
    <ol aria-label="Posts">
      {thread.messages.map((each) => (
        <li key={each.id}>
          <OnePost post={each} thread={thread} mayAccept={mayAccept} />
        </li>
      ))}
    </ol>
  );
}

function OnePost({ post, thread, mayAccept }: { post: Post; thread: Thread; mayAccept: boolean }) {
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const touches = ["thread", "threads", "overview"];
  const edit = useChange({
    run: (markdown: string) => patch(`/posts/${post.id}`, { markdown }),
    touches,
    after: () => setEditing(false),
  });
  const remove = useChange({
    run: () => del(`/posts/${post.id}`),
    touches,
    said: "Deleted.",
    after: () => setDeleting(false),
  });
  const accept = useChange({
    run: () => postTo(`/threads/${thread.id}/accept`, { post: post.id }),
    touches,
    said: "Accepted as the answer; the thread is solved.",
  });
  const accepted = post.accepted || thread.accepted_post === post.id;
  const look = ["post", accepted && "accepted", post.whisper && "whisper", post.author.system && "system"]
    .filter(Boolean)
    .join(" ");
  const titles = post.author.roles.filter((role) => role !== "user").map((role) => ROLE[role] ?? role);
  return (
    <article className={look} id={`post-${post.id}`} aria-label={`Post by ${post.author.name}`}>
      <header>
        <b>{post.author.system ? "Weft" : post.author.name}</b>
        {titles.length > 0 && !post.author.system && <span>{titles.join(", ")}</span>}
        <At at={post.posted_at} relative />
        {post.edited_at && (
          <span>
            edited <At at={post.edited_at} relative />
          </span>
        )}
        {accepted && <span className="mark good">✓ Accepted answer</span>}
        {post.whisper && <span className="mark warn">Only staff sees this</span>}
      </header>
      {editing ? (
        <Composer
          place={`edit.${post.id}`}
          label="Edit post"
          button="Save"
          start={post.markdown}
          busy={edit.isPending}
          send={(markdown) => edit.mutateAsync(markdown)}
          cancel={() => setEditing(false)}
        />
      ) : (
        // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised by the collector, and the policy forbids scripts and inline handlers
        <div className="post-body" dangerouslySetInnerHTML={{ __html: post.html }} />
      )}
      {!editing && !post.author.system && (
        <div className="post-tools">
          {mayAccept && !accepted && !post.whisper && (
            <UnstyledButton onClick={() => accept.mutate()}>Accept as the answer</UnstyledButton>
          )}
          {post.mine && <UnstyledButton onClick={() => setEditing(true)}>Edit</UnstyledButton>}
          {!post.mine && !post.whisper && <Thank thread={thread.id} post={post.id} author={post.author.name} />}
          {(post.mine || thread.can_moderate) && (
            <UnstyledButton onClick={() => setDeleting(true)}>Delete</UnstyledButton>
          )}
        </div>
      )}
      {!post.author.system && !post.whisper && <ThanksFor thread={thread.id} post={post.id} />}
      {accepted && (
        <Suspense fallback={null}>
          <VerifiedFix thread={thread.id} />
        </Suspense>
      )}
      <Modal opened={deleting} onClose={() => setDeleting(false)} title="Delete this post?">
        <p>It disappears for everybody.</p>
        <div className="actions">
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
          <Button variant="default" onClick={() => setDeleting(false)}>
            Keep it
          </Button>
        </div>
      </Modal>
    </article>
  );
}
