// One thread as a row that is a link.
import { Link } from "react-router";
import type { ThreadSummary } from "../api/types";
import { plural } from "../words/numbers";
import { At } from "./clock";
import { Simulated } from "./marks";

export function ThreadRow({ thread }: { thread: ThreadSummary }) {
  return (
    <li>
      <Link className={thread.unread > 0 ? "row-link fresh" : "row-link"} to={`/threads/${thread.id}`} data-row>
        <span className="row-state">
          {thread.solved ? <span className="mark good">✓ Solved</span> : <span className="mark">Open</span>}
        </span>
        <span className="row-side">
          <At at={thread.last_post_at} relative />
        </span>
        <span className="row-title">
          {thread.pinned && (
            <span className="pin" title="Pinned">
              ⌃<span className="hidden">Pinned: </span>
            </span>
          )}
          {thread.title}
          {thread.unread > 0 && <span className="unread">{thread.unread} new</span>}
        </span>
        <span className="row-meta">
          <span>{thread.space.name}</span>
          <span>by {thread.author.name}</span>
          <span>{plural(thread.posts, "post")}</span>
          <span>{plural(thread.participants, "person", "people")}</span>
          {thread.anomalies > 0 && (
            <span className="mark indigo">{plural(thread.anomalies, "anomaly", "anomalies")}</span>
          )}
          {thread.private && <span className="mark warn">Private</span>}
          {thread.locked && <span className="mark">Locked</span>}
          {thread.hidden && <span className="mark bad">Hidden</span>}
          {thread.level === "muted" && <span>muted</span>}
          <Simulated when={thread.simulated} />
        </span>
      </Link>
    </li>
  );
}
