// One anomaly: what it is, why, what happened, whom it hits, where people talk about it, and what to do with it.
import { Button, Modal } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import { useAnomaly } from "../api/queries";
import type { Anomaly, Thread } from "../api/types";
import { EventRows } from "../charts/event-rows";
import { At } from "../parts/clock";
import { SeverityMark, Simulated, StateMark } from "../parts/marks";
import { PageFrame, Section } from "../parts/page";
import { Loaded, Loading } from "../parts/state";
import { has, isStaff, useSession } from "../session";
import { percent, plural } from "../words/numbers";
import { JUDGEMENT, KIND_MEANING, KINDS, plain } from "../words/vocabulary";
import { Judge } from "./anomaly/judge";

const AskForm = lazy(() => import("./reviews/ask").then((module) => ({ default: module.AskForm })));

import { Behind } from "./anomaly/evidence-rows";
import { LinkedThreads } from "./anomaly/linked-threads";

export default function AnomalyPage() {
  const { id = "" } = useParams();
  const anomaly = useAnomaly(id);
  return (
    <Loaded query={anomaly} lines={10}>
      {(data) => <AnomalyView key={data.id} anomaly={data} />}
    </Loaded>
  );
}

function AnomalyView({ anomaly }: { anomaly: Anomaly }) {
  const names = new Map([...anomaly.affected, ...anomaly.at_risk_devices].map((device) => [device.id, device.name]));
  return (
    <PageFrame
      title={anomaly.title}
      kicker={
        <>
          <Link to="/anomalies">Anomalies</Link>
          <SeverityMark severity={anomaly.severity} meaning />
          <span title={KIND_MEANING[anomaly.kind]}>{KINDS[anomaly.kind]}</span>
          <StateMark state={anomaly.state} />
          <Simulated when={anomaly.simulated} />
        </>
      }
      actions={<Actions anomaly={anomaly} />}
    >
      <Section title="Why" note={<Sure anomaly={anomaly} />}>
        <ul className="why">
          {anomaly.why.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Section>
      <LinkedThreads anomaly={anomaly} />
      {anomaly.timeline.length > 0 && (
        <Section title="Timeline">
          <EventRows events={anomaly.timeline} names={names} />
        </Section>
      )}
      <Section title="Evidence" note={`${plural(anomaly.evidence.length, "row")} behind this finding.`}>
        <Evidence anomaly={anomaly} />
        <Behind anomaly={anomaly.id} names={names} />
      </Section>
      <Section
        title="Laptops"
        note={anomaly.cohort ? `What they share: ${plain(anomaly.cohort.by)} ${anomaly.cohort.value}.` : undefined}
      >
        <DeviceList title={`${plural(anomaly.affected.length, "laptop")} affected`} devices={anomaly.affected} />
        {anomaly.at_risk_devices.length > 0 && (
          <div style={{ marginTop: 20 }}>
            <DeviceList
              title={`${plural(anomaly.at_risk_devices.length, "laptop")} at risk: the same cause, not hit yet`}
              devices={anomaly.at_risk_devices}
            />
          </div>
        )}
      </Section>
      <Judge anomaly={anomaly} />
    </PageFrame>
  );
}

function Sure({ anomaly }: { anomaly: Anomaly }) {
  return (
    <>
      {percent(anomaly.confidence)} sure. Seen <At at={anomaly.from} /> to <At at={anomaly.to} />. Found by{" "}
      <code>{anomaly.detector}</code>, opened <At at={anomaly.opened_at} relative />
      {anomaly.resolved_at && (
        <>
          , resolved <At at={anomaly.resolved_at} relative />
        </>
      )}
      {anomaly.relapses > 0 && `, came back ${plural(anomaly.relapses, "time")}`}
      {anomaly.judgement && `, judged ${JUDGEMENT[anomaly.judgement].word.toLowerCase()}`}.
    </>
  );
}

function Actions({ anomaly }: { anomaly: Anomaly }) {
  const me = useSession();
  const navigate = useNavigate();
  const touches = ["anomaly", "anomalies", "overview"];
  const acknowledge = useChange({
    run: () => post(`/anomalies/${anomaly.id}/acknowledge`),
    touches,
    said: "Acknowledged: others see that somebody is on it.",
  });
  const resolve = useChange({
    run: () => post(`/anomalies/${anomaly.id}/resolve`),
    touches,
    said: "Resolved. It opens again by itself if the evidence comes back.",
  });
  const open = useChange<void, Thread>({
    run: () => post<Thread>(`/anomalies/${anomaly.id}/thread`),
    touches: ["anomaly", "anomalies", "threads"],
    after: (thread) => navigate(`/threads/${thread.id}`),
  });
  const [asking, setAsking] = useState(false);
  const mayAsk = anomaly.kind === "app" && has(me, "security", "admin") && anomaly.affected.length > 0;
  const talked = anomaly.links.some((link) => link.state === "confirmed" || link.state === "automatic");
  return (
    <>
      {!talked && (
        <Button loading={open.isPending} onClick={() => open.mutate()}>
          Open a thread about it
        </Button>
      )}
      {isStaff(me) && anomaly.state === "open" && (
        <Button variant="default" loading={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
          Acknowledge
        </Button>
      )}
      {isStaff(me) && anomaly.state !== "resolved" && (
        <Button variant="default" loading={resolve.isPending} onClick={() => resolve.mutate()}>
          Resolve
        </Button>
      )}
      {mayAsk && (
        <Button variant="default" onClick={() => setAsking(true)}>
          Ask an owner why…
        </Button>
      )}
      <Modal opened={asking} onClose={() => setAsking(false)} title="Ask an owner about an app" size="lg">
        <Suspense fallback={<Loading lines={4} />}>
          {asking && (
            <AskForm
              devices={anomaly.affected}
              about={anomaly.title}
              anomaly={anomaly.id}
              done={() => setAsking(false)}
            />
          )}
        </Suspense>
      </Modal>
    </>
  );
}

/** More rows than this are shown on demand. */
const ROWS = 12;

function Evidence({ anomaly }: { anomaly: Anomaly }) {
  const [all, setAll] = useState(false);
  const rows = all ? anomaly.evidence : anomaly.evidence.slice(0, ROWS);
  return (
    <>
      <div className="table-wrap">
        <table className="table stacks">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Laptop</th>
              <th scope="col">Kind</th>
              <th scope="col">What was seen</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.at + row.text + (row.device?.id ?? "")}>
                <td data-label="When">
                  <At at={row.at} />
                </td>
                <td data-label="Laptop">
                  {row.device ? <Link to={`/devices/${row.device.id}`}>{row.device.name}</Link> : "the fleet"}
                </td>
                <td data-label="Kind">{row.kind}</td>
                <td className="clip">{row.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {anomaly.evidence.length > rows.length && (
        <Button variant="default" size="xs" mt="md" onClick={() => setAll(true)}>
          Show all {anomaly.evidence.length} rows
        </Button>
      )}
    </>
  );
}

/** More names than this fold away. */
const SHOWN = 24;

function DeviceList({ title, devices }: { title: string; devices: Anomaly["affected"] }) {
  const item = (device: Anomaly["affected"][number]) => (
    <li key={device.id}>
      <Link to={`/devices/${device.id}`}>{device.name}</Link> <Simulated when={device.simulated} />
      <span className="sub small quiet">
        {device.model}
        {device.team && `, ${device.team}`}
      </span>
    </li>
  );
  return (
    <>
      <h3 style={{ fontSize: 15 }}>{title}</h3>
      <ul className="device-grid">{devices.slice(0, SHOWN).map(item)}</ul>
      {devices.length > SHOWN && (
        <details>
          <summary>{devices.length - SHOWN} more</summary>
          <ul className="device-grid">{devices.slice(SHOWN).map(item)}</ul>
        </details>
      )}
    </>
  );
}
