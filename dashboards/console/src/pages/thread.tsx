// A thread: what people say on the left, what the machines show on the right.
import { Button } from "@mantine/core";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import { useChange } from "../api/changes";
import { post, put } from "../api/client";
import { useLaterPosts, useTalk } from "../api/talking";
import type { Post, Thread } from "../api/types";
import { At } from "../parts/clock";
import { LinkCard } from "../parts/link-card";
import { Simulated } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Loaded } from "../parts/state";
import { isStaff, useSession } from "../session";
import { plural } from "../words/numbers";
import { useActs } from "./thread/acts";
import { CallButton } from "./thread/call";
import { CohortBox } from "./thread/cohort";
import { Composer, type ComposerHandle } from "./thread/composer";
import { DeviceContext } from "./thread/context";
import { Escalate, EscalationWords } from "./thread/escalate";
import { Follow } from "./thread/follow";
import { AskIn } from "./thread/invite";
import type { Mentionable } from "./thread/mention";
import { KeepOrder } from "./thread/order";
import { AskedHere, Peers } from "./thread/peers";
import { Posts } from "./thread/posts";
import { gist, quoted } from "./thread/quote";
import { firstUnread } from "./thread/runs";
import { useDraft } from "./thread/saving";
import { SeriesOfTalk } from "./thread/series";

const ReviewInTalk = lazy(() => import("./thread/review"));

/** Somebody who passes through has not read. */
const READING_MS = 2500;

export default function ThreadPage() {
  const { id = "" } = useParams();
  const thread = useTalk(id);
  return (
    <Loaded query={thread} lines={10}>
      {(data) => <ThreadView key={data.id} thread={data} />}
    </Loaded>
  );
}

function ThreadView({ thread }: { thread: Thread }) {
  const me = useSession();
  const navigate = useNavigate();
  const { hash } = useLocation();
  const target = hash.startsWith("#post-") ? hash.slice("#post-".length) : null;
  const touches = ["thread", "threads", "overview", "notices"];
  const composer = useRef<ComposerHandle>(null);
  const [answering, setAnswering] = useState<Post | null>(null);
  const [asking, setAsking] = useState<"escalate" | "invite" | null>(null);
  const [reading, setReading] = useState(target !== null);
  const [toEnd, setToEnd] = useState(false);
  const draft = useDraft(thread.id, thread.id);

  const later = useLaterPosts(thread, reading);
  const posts = useMemo(
    () => [...thread.messages, ...(later.data?.pages.flatMap((page) => page.items) ?? [])],
    [thread.messages, later.data],
  );
  const more = thread.next_cursor !== null && (later.data === undefined || later.hasNextPage);
  // Where reading stopped before this visit; what is read now does not move it.
  const [since] = useState(thread.read_at);
  const unread = useMemo(() => firstUnread(posts, since), [posts, since]);
  const people = useMemo<Mentionable[]>(
    () => posts.map(({ author }) => author).filter((author) => !author.system && author.login !== me.login),
    [posts, me.login],
  );

  const reply = useChange({
    run: (words: { markdown: string; whisper: boolean; reply_to: string | null }) =>
      post<Post>(`/threads/${thread.id}/posts`, words),
    touches,
    after: (made) => {
      setAnswering(null);
      setReading(true);
      setToEnd(true);
      navigate(`#post-${made.id}`, { replace: true });
    },
  });
  const reopen = useChange({ run: () => post(`/threads/${thread.id}/reopen`), touches, said: "Reopened." });
  const join = useChange({
    run: () => put(`/threads/${thread.id}/level`, { level: "watching" }),
    touches,
    said: "You are in: every post is told to you.",
    after: () => composer.current?.focus(),
  });

  useReading(thread, posts.at(-1), more);
  // A post that stands further down is looked for page by page.
  const missing = target !== null && !posts.some((each) => each.id === target);
  const { fetchNextPage, isFetching, isError } = later;
  useEffect(() => {
    if ((missing || toEnd) && reading && more && !isFetching && !isError) fetchNextPage();
    if (!more) setToEnd(false);
  }, [missing, toEnd, reading, more, isFetching, isError, fetchNextPage]);
  useShow(missing ? null : target);
  // The end was asked for: go there when it has come.
  const wasToEnd = useRef(false);
  useEffect(() => {
    if (toEnd) wasToEnd.current = true;
    else if (wasToEnd.current) {
      wasToEnd.current = false;
      const rows = document.querySelectorAll("[data-post]");
      rows[rows.length - 1]?.scrollIntoView({ block: "center" });
    }
  }, [toEnd]);

  const goTo = useCallback((id: string) => navigate(`#post-${id}`), [navigate]);
  const answer = (to: Post) => {
    setAnswering(to);
    composer.current?.focus();
  };
  const quote = (from: Post) => {
    setAnswering(from);
    const words = quoted(selectedIn(from.id) || from.markdown, from.author.name);
    if (words) composer.current?.add(words);
    else composer.current?.focus();
  };
  const find = (id: string | null) => posts.find((each) => each.id === id && !each.author.system);
  useActs({
    r: (id) => {
      const to = find(id);
      if (to) answer(to);
      else composer.current?.focus();
    },
    q: (id) => {
      const from = find(id);
      if (from) quote(from);
    },
    e: (id) => document.querySelector<HTMLElement>(`[data-post="${id}"] [data-act=edit]`)?.click(),
    u: () => document.getElementById("unread")?.scrollIntoView({ block: "start" }),
    s: () => {
      if (thread.accepted_post) goTo(thread.accepted_post);
    },
  });

  const staff = isStaff(me);
  const own = thread.author.id === me.id;
  const closed = thread.hidden || (thread.locked && !thread.can_keep_order) || thread.merged_into !== null;
  const outside = staff && !thread.following && !own && !posts.some((each) => each.mine);
  const links = thread.links.filter((link) => link.state !== "rejected").sort((a, b) => b.score - a.score);
  return (
    <PageFrame
      title={thread.title}
      kicker={
        <>
          <Link to={`/threads?space=${thread.space.slug}`}>{thread.space.name}</Link>
          {thread.solved ? <span className="mark good">✓ Solved</span> : <span className="mark">Open</span>}
          {thread.reopened > 0 && !thread.solved && <span className="mark warn">↺ Reopened</span>}
          {thread.pinned && <span className="mark">⌃ Pinned</span>}
          {thread.locked && <span className="mark warn">Locked</span>}
          {thread.private && <span className="mark warn">Private: a few people and security</span>}
          {thread.hidden && <span className="mark bad">Hidden</span>}
          <Simulated when={thread.simulated} />
          <span>
            {plural(thread.posts, "post")} by {plural(thread.participants, "person", "people")}, opened{" "}
            <At at={thread.opened_at} relative />
          </span>
        </>
      }
      actions={
        <>
          {outside && (
            <Button size="xs" loading={join.isPending} onClick={() => join.mutate()}>
              Join
            </Button>
          )}
          <Follow thread={thread} />
          <CallButton thread={thread.id} />
          {thread.accepted_post && (
            <Button component="a" variant="default" size="xs" href={`#post-${thread.accepted_post}`}>
              Go to the answer
            </Button>
          )}
          {thread.solved && (thread.can_moderate || own) && (
            <Button variant="default" size="xs" loading={reopen.isPending} onClick={() => reopen.mutate()}>
              Reopen
            </Button>
          )}
          {(staff || own) && (
            <>
              <Button variant="default" size="xs" onClick={() => setAsking("escalate")}>
                Escalate
              </Button>
              <Button variant="default" size="xs" onClick={() => setAsking("invite")}>
                Ask in
              </Button>
            </>
          )}
          {(thread.can_moderate || thread.can_keep_order) && <KeepOrder thread={thread} />}
        </>
      }
    >
      {thread.merged_into && (
        <p className="band">
          This thread was merged. <Link to={`/threads/${thread.merged_into}`}>Its posts are there now.</Link>
        </p>
      )}
      {thread.hidden && (
        <p className="band bad">Only staff sees this thread{thread.hidden_reason && `: “${thread.hidden_reason}”`}.</p>
      )}
      {thread.escalations
        .filter((each) => each.state !== "closed")
        .map((each) => (
          <div key={each.id} className="band">
            <EscalationWords escalation={each} />
          </div>
        ))}
      <div className="thread-grid">
        <div className="talk">
          {thread.private && (
            <Suspense fallback={null}>
              <ReviewInTalk thread={thread.id} />
            </Suspense>
          )}
          <AskedHere thread={thread.id} />
          <Posts
            thread={thread}
            posts={posts}
            people={people}
            unread={unread}
            target={target}
            reply={answer}
            quote={quote}
            goTo={goTo}
            more={{
              here: more,
              loading: later.isFetching && reading,
              next: () => (reading ? fetchNextPage() : setReading(true)),
              all: () => {
                setReading(true);
                setToEnd(true);
              },
            }}
          />
          {closed ? (
            <p className="band">
              {thread.merged_into
                ? "Write in the other thread."
                : "This thread is locked: it can be read, not answered."}
            </p>
          ) : (
            <Composer
              handle={composer}
              draft={draft}
              label={answering ? `Reply to ${answering.author.name}` : "Reply"}
              button="Post reply"
              mayWhisper={staff}
              people={people}
              busy={reply.isPending}
              above={
                answering && (
                  <p className="answers">
                    ↩ {gist(answering.markdown)}{" "}
                    <button type="button" className="plain" onClick={() => setAnswering(null)}>
                      Answer nobody in particular
                    </button>
                  </p>
                )
              }
              send={(markdown, whisper) => reply.mutateAsync({ markdown, whisper, reply_to: answering?.id ?? null })}
            />
          )}
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
                  <LinkCard link={link} side="anomaly" mayDecide={thread.can_moderate || own} />
                </li>
              ))}
            </ul>
          </section>
          <SeriesOfTalk thread={thread.id} />
          {/* Machine facts: each panel is a <section aria-labelledby> with an <h2>, and takes the thread's id. */}
          <DeviceContext thread={thread.id} />
          {!thread.private && <CohortBox thread={thread.id} />}
          {!thread.private && <Peers thread={thread.id} />}
        </aside>
      </div>
      {asking === "escalate" && <Escalate thread={thread} close={() => setAsking(null)} />}
      {asking === "invite" && <AskIn thread={thread} close={() => setAsking(null)} />}
    </PageFrame>
  );
}

/** Tells the collector up to where this was read, once somebody has stayed for a moment and the window is in sight. */
function useReading(thread: Thread, last: Post | undefined, more: boolean) {
  const mark = useChange({
    run: (upTo: string | null) => post(`/threads/${thread.id}/read`, { post: upTo }),
    touches: ["threads", "notices"],
  });
  const { mutate } = mark;
  const behind =
    last !== undefined && (thread.read_at === null || Date.parse(last.posted_at) > Date.parse(thread.read_at));
  const lastId = last?.id;
  const told = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (!behind || lastId === undefined || told.current === lastId) return;
    const timer = setTimeout(() => {
      if (document.visibilityState !== "visible") return;
      told.current = lastId;
      mutate(more ? lastId : null);
    }, READING_MS);
    return () => clearTimeout(timer);
  }, [behind, lastId, more, mutate]);
}

/** Brings the post that the address names into sight, each time it names another one. */
function useShow(target: string | null) {
  useEffect(() => {
    if (target === null) return;
    const found = document.getElementById(`post-${target}`);
    if (!found) return;
    found.closest("details")?.setAttribute("open", "");
    found.scrollIntoView({ block: "center" });
    found.focus({ preventScroll: true });
  }, [target]);
}

/** What somebody marked in this post, to quote just that. */
function selectedIn(post: string): string {
  const selection = window.getSelection();
  const body = document.querySelector(`[data-post="${post}"] .post-body`);
  if (!selection || selection.isCollapsed || !body) return "";
  const inside = body.contains(selection.anchorNode) && body.contains(selection.focusNode);
  return inside ? selection.toString() : "";
}
