// One question to the three lists: threads, anomalies, devices.
import { TextInput } from "@mantine/core";
import { Link } from "react-router";
import { everyItem, useAnomalies, useDevices, useThreads } from "../api/queries";
import { AnomalyRow } from "../parts/anomaly-row";
import { useFilters } from "../parts/filters";
import { Simulated } from "../parts/marks";
import { PageFrame, Section } from "../parts/page";
import { Empty, Failure, Loading } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";
import { isStaff, useSession } from "../session";

const FILTERS = ["q"];
const EACH = 6;

export default function SearchPage() {
  const me = useSession();
  const { values, query, set } = useFilters(FILTERS);
  const asked = (query.q ?? "") !== "";
  const threads = useThreads({ q: query.q, limit: EACH }, asked);
  const anomalies = useAnomalies({ q: query.q, limit: EACH }, asked);
  const devices = useDevices({ q: query.q, limit: EACH }, asked && isStaff(me));
  const all = [threads, anomalies, devices];
  const found = all.reduce((sum, list) => sum + everyItem<unknown>(list.data).length, 0);
  return (
    <PageFrame title="Search">
      <div className="filters">
        <TextInput
          className="grow"
          type="search"
          label="Search threads, anomalies and devices"
          size="md"
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
      </div>
      {all.map(
        (list, index) => list.error && <Failure key={["threads", "anomalies", "devices"][index]} error={list.error} />,
      )}
      {asked && threads.isPending && <Loading lines={5} />}
      {asked && found === 0 && !all.some((list) => list.isLoading) && (
        <Empty title="Nothing found">Try fewer or other words.</Empty>
      )}
      <Group
        title="Threads"
        more={`/threads?state=all&q=${encodeURIComponent(values.q ?? "")}`}
        show={everyItem(threads.data).length > 0}
      >
        <ul className="rows">
          {everyItem(threads.data).map((thread) => (
            <ThreadRow key={thread.id} thread={thread} />
          ))}
        </ul>
      </Group>
      <Group
        title="Anomalies"
        more={`/anomalies?state=all&q=${encodeURIComponent(values.q ?? "")}`}
        show={everyItem(anomalies.data).length > 0}
      >
        <ul className="rows">
          {everyItem(anomalies.data).map((anomaly) => (
            <AnomalyRow key={anomaly.id} anomaly={anomaly} />
          ))}
        </ul>
      </Group>
      <Group
        title="Devices"
        more={`/devices?q=${encodeURIComponent(values.q ?? "")}`}
        show={everyItem(devices.data).length > 0}
      >
        <ul className="stack">
          {everyItem(devices.data).map((device) => (
            <li key={device.id} className="row">
              <Link to={`/devices/${device.id}`} data-row>
                {device.name}
              </Link>
              <span className="quiet">
                {device.model}, {device.owner?.name ?? "no owner"}
              </span>
              <Simulated when={device.simulated} />
            </li>
          ))}
        </ul>
      </Group>
    </PageFrame>
  );
}

function Group({
  title,
  more,
  show,
  children,
}: {
  title: string;
  more: string;
  show: boolean;
  children: React.ReactNode;
}) {
  if (!show) return null;
  return (
    <Section title={title} note={<Link to={more}>All of them</Link>}>
      {children}
    </Section>
  );
}
