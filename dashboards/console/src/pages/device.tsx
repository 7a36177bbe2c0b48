// One laptop: who and what it is, its boots, its vitals, and everything that was sent about it.
// What a role may not see is refused by the collector; this page explains the refusal instead of hiding the tab.
import { Button, Modal, Tabs, Textarea } from "@mantine/core";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import { everyItem, useAnomalies, useBoots, useDevice } from "../api/queries";
import type { Device } from "../api/types";
import { BootTimeline } from "../charts/boot-timeline";
import { AnomalyRow } from "../parts/anomaly-row";
import { BooksStrip } from "../parts/books";
import { At, useNow } from "../parts/clock";
import { Simulated } from "../parts/marks";
import { PageFrame, Section } from "../parts/page";
import { Empty, Loaded, Loading } from "../parts/state";
import { has, useSession } from "../session";
import { count, plural } from "../words/numbers";
import { DAY } from "../words/time";
import { osName, plain } from "../words/vocabulary";
import { AppsTab } from "./device/apps-tab";
import { InventoryTab } from "./device/inventory-tab";
import { LooksTab } from "./device/looks-tab";
import { ProcessesTab } from "./device/processes-tab";
import { SentTab } from "./device/sent-tab";
import { VitalsTab } from "./device/vitals-tab";

/** What the boot timeline can show at most. */
export const BOOT_DAYS = 60;

export default function DevicePage() {
  const { id = "" } = useParams();
  const device = useDevice(id);
  return (
    <Loaded query={device} lines={10}>
      {(data) => <DeviceView key={data.id} device={data} />}
    </Loaded>
  );
}

function DeviceView({ device }: { device: Device }) {
  const me = useSession();
  const navigate = useNavigate();
  const { tab = "boots" } = useParams();
  return (
    <PageFrame
      title={device.name}
      kicker={
        <>
          <Link to="/devices">Devices</Link>
          <Simulated when={device.simulated} />
          {device.state !== "active" && <span className="mark bad">{plain(device.state)}</span>}
        </>
      }
      standfirst={<Sentence device={device} />}
      actions={
        has(me, "admin") &&
        device.state !== "retired" && (
          <>
            <End device={device} how="retire" />
            {device.state === "active" && <End device={device} how="revoke" />}
          </>
        )
      }
    >
      <Tabs
        value={tab}
        onChange={(value) => navigate(`/devices/${device.id}/${value ?? ""}`, { preventScrollReset: true })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="boots">Boots</Tabs.Tab>
          <Tabs.Tab value="vitals">Vitals</Tabs.Tab>
          <Tabs.Tab value="inventory">Inventory</Tabs.Tab>
          <Tabs.Tab value="processes">Processes</Tabs.Tab>
          <Tabs.Tab value="apps">Apps</Tabs.Tab>
          <Tabs.Tab value="sent">What was sent</Tabs.Tab>
          <Tabs.Tab value="looks">Who looked</Tabs.Tab>
        </Tabs.List>
        <div style={{ paddingTop: 26 }}>
          <Tabs.Panel value="boots">
            <Boots device={device} />
          </Tabs.Panel>
          <Tabs.Panel value="vitals">
            <VitalsTab device={device.id} />
          </Tabs.Panel>
          <Tabs.Panel value="inventory">
            <InventoryTab device={device} />
          </Tabs.Panel>
          <Tabs.Panel value="processes">
            <ProcessesTab device={device.id} />
          </Tabs.Panel>
          <Tabs.Panel value="apps">
            <AppsTab device={device.id} name={device.name} owned={device.owner !== null} />
          </Tabs.Panel>
          <Tabs.Panel value="sent">
            <SentTab device={device.id} />
          </Tabs.Panel>
          <Tabs.Panel value="looks">
            <LooksTab device={device.id} />
          </Tabs.Panel>
        </div>
      </Tabs>
    </PageFrame>
  );
}

function Sentence({ device }: { device: Device }) {
  const system = `${osName(device.os_type)}${device.os_build ? ` (${device.os_build})` : ""}`;
  return (
    <>
      {device.model || "A laptop"} with {system}
      {device.owner ? `, used by ${device.owner.name}` : ""}
      {device.team ? ` in ${device.team}` : ""}.{" "}
      {device.last_report ? (
        <>
          Last report <At at={device.last_report} relative />.
        </>
      ) : (
        "It has never reported."
      )}{" "}
      {device.unexpected_30d === 0
        ? "No unexpected end in 30 days."
        : `${plural(device.unexpected_30d, "unexpected end")} in 30 days.`}
    </>
  );
}

function Boots({ device }: { device: Device }) {
  return (
    <>
      <BootsOf device={device} />
      <div style={{ height: 30 }} />
      <Section title="Anomalies" note="Open and past findings about this laptop.">
        <AnomaliesOf device={device.id} />
      </Section>
      <Section title="Agent" note="What the agent itself cost, and what it could not see.">
        <Health device={device} />
      </Section>
      <Section title="Books" note="Where every observation of this laptop ended.">
        <BooksStrip books={device.books} whose="this laptop" />
        <Losses device={device} />
      </Section>
    </>
  );
}

export function BootsOf({ device }: { device: Device }) {
  const now = useNow();
  // By the day, so that the query stays the same while the minute ticks.
  const from = new Date(Math.floor(now.getTime() / DAY) * DAY - BOOT_DAYS * DAY).toISOString();
  const boots = useBoots(device.id, from);
  return (
    <Loaded query={boots} lines={7}>
      {(data) =>
        data.length === 0 ? (
          <Empty title="No boots recorded">
            The agent reads the system's own records when it starts; the first report brings them.
          </Empty>
        ) : (
          <BootTimeline boots={data} lastReport={device.last_report} />
        )
      }
    </Loaded>
  );
}

export function AnomaliesOf({ device }: { device: string }) {
  const anomalies = useAnomalies({ device, limit: 20 });
  const items = everyItem(anomalies.data);
  if (anomalies.isPending) return <Loading lines={3} />;
  return items.length === 0 ? (
    <p className="quiet">Nothing unusual was found here.</p>
  ) : (
    <ul className="rows">
      {items.map((anomaly) => (
        <AnomalyRow key={anomaly.id} anomaly={anomaly} />
      ))}
    </ul>
  );
}

function Health({ device: { health, agent_version, certificate } }: { device: Device }) {
  return (
    <div className="stack">
      <dl className="facts">
        <Fact word="Version">{agent_version || "unknown"}</Fact>
        {health && (
          <>
            <Fact word="Memory">{(health.memory_usage / 1024 / 1024).toFixed(1)} MiB</Fact>
            <Fact word="Waiting in the spool">
              {health.spool_usage === 0 ? "nothing" : `${count(Math.ceil(health.spool_usage / 1024))} KiB`}
            </Fact>
            <Fact word="Last word about itself">
              <At at={health.observed_at} relative />
            </Fact>
          </>
        )}
        {certificate && (
          <Fact word="Certificate until">
            <At at={certificate.not_after} />
          </Fact>
        )}
      </dl>
      {health && <Notes word="Degraded" lines={health.degraded} />}
      {health && <Notes word="Cannot see" lines={health.blind_spots} />}
      {health && Math.abs(health.clock_step) > 1 && (
        <p className="small">The clock stepped by {health.clock_step.toFixed(0)} s.</p>
      )}
    </div>
  );
}

function Notes({ word, lines }: { word: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <div>
      <h3 style={{ fontSize: 14 }}>{word}</h3>
      <ul className="small">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

export function Fact({ word, children }: { word: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const LOSS: Record<string, string> = {
  spool_full: "the agent's spool was full (it had been offline too long for its quota)",
  expired: "older than the agent may keep",
  corrupt: "a record on the laptop's disk was damaged",
  undecodable: "a record could not be read back",
  unknown: "the collector asked again for what the laptop had already let go",
};

export function Losses({ device }: { device: Device }) {
  if (device.losses.length === 0) return null;
  return (
    <div className="table-wrap" style={{ marginTop: 18 }}>
      <table className="table">
        <caption className="hidden">Losses and refusals</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Why</th>
            <th scope="col" className="num">
              Observations
            </th>
          </tr>
        </thead>
        <tbody>
          {device.losses.map((loss) => (
            <tr key={loss.at + loss.reason}>
              <td>
                <At at={loss.at} />
              </td>
              <td>{loss.kind}</td>
              <td>{LOSS[loss.reason] ?? plain(loss.reason)}</td>
              <td className="num">{count(loss.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const END = {
  revoke: {
    verb: "Revoke",
    done: "was revoked; its stream ends now.",
    means:
      "Its certificate is refused from now on and its running stream ends. What it already sent stays. It can only come back by a new enrolment.",
  },
  retire: {
    verb: "Retire",
    done: "is retired; its history stays.",
    means:
      "For a laptop that was given back or scrapped. Its certificate ends and its history stays, but it no longer counts: not as missing, not among those that others are compared with.",
  },
};

/** The two ways in which a laptop stops reporting for good. */
function End({ device, how }: { device: Device; how: "revoke" | "retire" }) {
  const { verb, done, means } = END[how];
  const [opened, setOpened] = useState(false);
  const [reason, setReason] = useState("");
  const end = useChange({
    run: () => post(`/devices/${device.id}/${how}`, { reason: reason.trim() }),
    touches: ["device", "devices", "overview"],
    said: `${device.name} ${done}`,
    after: () => setOpened(false),
  });
  const needed = how === "revoke";
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setOpened(true)}>
        {verb}…
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`${verb} ${device.name}?`}>
        <p>{means}</p>
        <Textarea
          label={needed ? "Reason" : "Reason (optional)"}
          description="Goes into the audit log."
          mt="md"
          required={needed}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="actions">
          <Button color="red" disabled={needed && !reason.trim()} loading={end.isPending} onClick={() => end.mutate()}>
            {verb}
          </Button>
          <Button variant="default" onClick={() => setOpened(false)}>
            Cancel
          </Button>
        </div>
      </Modal>
    </>
  );
}
