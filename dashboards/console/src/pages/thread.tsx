// A thread: what people say on the left, what the machines show on the right.
import { Button } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Link, useParams } from "react-router";
import { useChange } from "../api/changes";
import { del, post, put } from "../api/client";
import { useThread } from "../api/queries";
import type { Thread } from "../api/types";
import { At } from "../parts/clock";
import { LinkCard } from "../parts/link-card";
import { Simulated } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Loaded } from "../parts/state";
import { isStaff, useSession } from "../session";
import { plural } from "../words/numbers";
import { CallButton } from "./thread/call";
import { CohortBox } from "./thread/cohort";
import { Composer } from "./thread/composer";
import { DeviceContext } from "./thread/context";
import { AskedHere, Peers } from "./thread/peers";
import { Posts } from "./thread/posts";

const ReviewInTalk = lazy(() => import("./thread/review"));

export default function ThreadPage() {
  const { id = "" } = useParams();
  const thread = useThread(id);
  return (
    <Loaded query={thread} lines={10}>
      {(data) => <ThreadView key={data.id} thread={data} />}
    </Loaded>
  );
}

function ThreadView({ thread }: { thread: Thread }) {
  const me = useSession();
  const touches = ["thread", "threads", "overview"];
  const reply = useChange({
    run: (words: { markdown: string; whisper: boolean }) => post(`/threads/${thread.id}/posts`, words),
    touches,
  });
  const follow = useChange({
    run: () => (thread.following ? del(`/threads/${thread.id}/follow`) : put(`/threads/${thread.id}/follow`)),
    touches: ["thread"],
  });
  const reopen = useChange({ run: () => post(`/threads/${thread.id}/reopen`), touches, said: "Reopened." });
  const links = thread.links.filter((link) => link.state !== "rejected").sort((a, b) => b.score - a.score);
  return (
    <PageFrame
      title={thread.title}
      kicker={
        <>
          <Link to={`/threads?space=${thread.space.slug}`}>{thread.space.name}</Link>
          {thread.solved ? <span className="mark good">✓ Solved</span> : <span className="mark">Open</span>}
          {thread.private && <span className="mark warn">Private: a few people and security</span>}
          <Simulated when={thread.simulated} />
          <span>
            {plural(thread.participants, "person", "people")}, opened <At at={thread.opened_at} relative />
          </span>
        </>
      }
      actions={
        <>
          <Button
            variant="default"
            size="xs"
            aria-pressed={thread.following}
            loading={follow.isPending}
            onClick={() => follow.mutate()}
          >
            {thread.following ? "✓ Following" : "Follow"}
          </Button>
          <CallButton thread={thread.id} />
          {thread.accepted_post && (
            <Button component="a" variant="default" size="xs" href={`#post-${thread.accepted_post}`}>
              Go to the answer
            </Button>
          )}
          {thread.solved && (thread.can_moderate || thread.author.id === me.id) && (
            <Button variant="default" size="xs" loading={reopen.isPending} onClick={() => reopen.mutate()}>
              Reopen
            </Button>
          )}
        </>
      }
    >
      <div className="thread-grid">
        <div>
          {thread.private && (
            <Suspense fallback={null}>
              <ReviewInTalk thread={thread.id} />
            </Suspense>
          )}
          <AskedHere thread={thread.id} />
          <Posts thread={thread} />
          <Composer
            place={thread.id}
            label="Reply"
            button="Post reply"
            mayWhisper={isStaff(me)}
            busy={reply.isPending}
            send={(markdown, whisper) => reply.mutateAsync({ markdown, whisper })}
          />
        </div>
        <aside className="thread-side" aria-label="Facts beside the talk">
          <section aria-labelledby="linked-anomalies">
            <h2 id="linked-anomalies">Linked anomalies</h2>
            {links.length === 0 && (
              <p className="quiet small">No anomaly is tied to this thread. Weft looks again with every post.</p>
            )}
            <ul className="stack">
              {links.map((link) => (
                <li key={link.anomaly.id}>
                  <LinkCard link={link} side="anomaly" mayDecide={thread.can_moderate || thread.author.id === me.id} />
                </li>
              ))}
            </ul>
          </section>
          <DeviceContext thread={thread.id} />
          {!thread.private && <CohortBox thread={thread.id} />}
          {!thread.private && <Peers thread={thread.id} />}
        </aside>
      </div>
    </PageFrame>
  );
}
