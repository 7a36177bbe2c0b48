// A link between an anomaly and a thread, seen from either side: the other end, how sure, why, and a person's decision.
import { Button } from "@mantine/core";
import { Link as To } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import type { Link } from "../api/types";
import { percent } from "../words/numbers";
import { KINDS } from "../words/vocabulary";
import { LinkMark, SeverityMark } from "./marks";

interface LinkCardProps {
  link: Link;
  /** Which end to show. */
  side: "thread" | "anomaly";
  mayDecide: boolean;
}

export function LinkCard({ link, side, mayDecide }: LinkCardProps) {
  const path = `/links/${link.anomaly.id}/${link.thread.id}`;
  const touches = ["anomaly", "anomalies", "thread", "threads", "overview"];
  const confirm = useChange({
    run: () => post(`${path}/confirm`),
    touches,
    said: "Confirmed. The linker learns from it.",
  });
  const reject = useChange({
    run: () => post(`${path}/reject`),
    touches,
    said: "Rejected. The linker will not propose it again.",
  });
  const heaviest = Math.max(...link.reasons.map((reason) => Math.abs(reason.weight)), Number.EPSILON);
  return (
    <article className={link.state === "rejected" ? "link-card rejected" : "link-card"}>
      <header>
        {side === "thread" ? (
          <To className="row-title" to={`/threads/${link.thread.id}`}>
            {link.thread.title}
          </To>
        ) : (
          <To className="row-title" to={`/anomalies/${link.anomaly.id}`}>
            {link.anomaly.title}
          </To>
        )}
        <p className="row-meta">
          <LinkMark state={link.state} />
          {link.state !== "confirmed" && <span>{percent(link.score)} sure</span>}
          {side === "thread" ? (
            <span>{link.thread.space}</span>
          ) : (
            <>
              <SeverityMark severity={link.anomaly.severity} />
              <span>{KINDS[link.anomaly.kind]}</span>
            </>
          )}
        </p>
      </header>
      {link.reasons.length > 0 && (
        <ul className="reasons" aria-label="Reasons">
          {[...link.reasons]
            .sort((a, b) => b.weight - a.weight)
            .map((reason) => (
              <li key={reason.feature + reason.text}>
                <span className={reason.weight < 0 ? "weight against" : "weight"} aria-hidden="true">
                  <span style={{ width: `${(Math.abs(reason.weight) / heaviest) * 100}%` }} />
                </span>
                <span>
                  {reason.text}
                  {reason.weight < 0 && <span className="quiet"> (speaks against it)</span>}
                </span>
              </li>
            ))}
        </ul>
      )}
      {mayDecide && link.state !== "confirmed" && link.state !== "rejected" && (
        <div className="actions">
          <Button size="xs" loading={confirm.isPending} onClick={() => confirm.mutate()}>
            Yes, the same thing
          </Button>
          <Button size="xs" variant="default" loading={reject.isPending} onClick={() => reject.mutate()}>
            No
          </Button>
        </div>
      )}
    </article>
  );
}
