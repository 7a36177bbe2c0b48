// One anomaly as a row that is a link: what, how bad, whom, since when, and the thread where people talk about it.
import { Link } from "react-router";
import type { AnomalySummary } from "../api/types";
import { plural } from "../words/numbers";
import { JUDGEMENT, KINDS } from "../words/vocabulary";
import { At } from "./clock";
import { LinkMark, SeverityMark, Simulated, StateMark } from "./marks";

export function AnomalyRow({ anomaly }: { anomaly: AnomalySummary }) {
  return (
    <li>
      <Link className="row-link" to={`/anomalies/${anomaly.id}`} data-row>
        <SeverityMark severity={anomaly.severity} />
        <span className="row-side">
          <At at={anomaly.updated_at} relative />
        </span>
        <span className="row-title">{anomaly.title}</span>
        <span className="row-meta">
          <span>{KINDS[anomaly.kind]}</span>
          {anomaly.state !== "open" && <StateMark state={anomaly.state} />}
          {anomaly.judgement && <span>judged {JUDGEMENT[anomaly.judgement].word.toLowerCase()}</span>}
          <Simulated when={anomaly.simulated} />
          {anomaly.devices > 1 && <span>{plural(anomaly.devices, "device")}</span>}
          {anomaly.at_risk > 0 && <span>{anomaly.at_risk} more at risk</span>}
          {anomaly.relapses > 0 && <span>came back {plural(anomaly.relapses, "time")}</span>}
          {anomaly.thread && (
            <span className="row-thread">
              <LinkMark state={anomaly.thread.state} /> <span>{anomaly.thread.title}</span>
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}
