// The owner's home: what my laptop shows, what was sent about me, and who looked.
import { NativeSelect } from "@mantine/core";
import { Link, useSearchParams } from "react-router";
import { everyItem, useDevice, useThreads } from "../api/queries";
import type { Device } from "../api/types";
import { BooksStrip } from "../parts/books";
import { At } from "../parts/clock";
import { Simulated } from "../parts/marks";
import { PageFrame, Section } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";
import { useSession } from "../session";
import { count, plural } from "../words/numbers";
import { plain } from "../words/vocabulary";
import { AnomaliesOf, BootsOf, Losses } from "./device";
import { LooksTab } from "./device/looks-tab";
import { SentTab } from "./device/sent-tab";
import { Ledger, ShownIn } from "./mine/ledger";
import { BeingFound, ThanksToMe, Waiting } from "./mine/peers";

export default function MinePage() {
  const me = useSession();
  const [params, setParams] = useSearchParams();
  const chosen = me.devices.find((device) => device.id === params.get("device")) ?? me.devices[0];
  const device = useDevice(chosen?.id ?? "");
  if (!chosen) {
    return (
      <PageFrame title="My device" standfirst="No laptop is registered as yours.">
        <Empty title="How it gets here">
          When IT enrols a laptop for you, everything it sends is shown on this page, and so is everybody who looks at
          it.
        </Empty>
        <Waiting />
        <Talk />
        <BeingFound />
        <ThanksToMe />
      </PageFrame>
    );
  }
  return (
    <PageFrame
      title={`Your laptop, ${chosen.name}`}
      name="My device"
      kicker={device.data && <Simulated when={device.data.simulated} />}
      standfirst="Everything your laptop sends is on this page, and everybody who looked at it."
      actions={
        me.devices.length > 1 && (
          <NativeSelect
            aria-label="Choose a laptop"
            value={chosen.id}
            onChange={(event) => setParams({ device: event.currentTarget.value })}
            data={me.devices.map((each) => ({ value: each.id, label: each.name }))}
          />
        )
      }
    >
      <Loaded query={device} lines={10}>
        {(data) => <Mine key={data.id} device={data} />}
      </Loaded>
    </PageFrame>
  );
}

function Mine({ device }: { device: Device }) {
  return (
    <>
      <BootsOf device={device} />
      <div style={{ height: 30 }} />
      <Waiting />
      <Section title="Found" note="What the detectors think about your laptop.">
        <AnomaliesOf device={device.id} />
      </Section>
      <Talk />
      <BeingFound />
      <ThanksToMe />
      <Section title="Shown to peers" note="Context cards in threads: your choice, one by one.">
        <ShownIn device={device.id} />
      </Section>
      <Section title="Kept private" note="What the agent removed before anything left your laptop.">
        <Redacted device={device} />
      </Section>
      <Section title="What was sent" note={<Link to={`/devices/${device.id}/sent`}>On a page of its own</Link>}>
        <SentTab device={device.id} />
      </Section>
      <Section title="Who looked" note="Every look of somebody else, in the last half year by person, then one by one.">
        <Ledger device={device.id} />
        <div style={{ height: 18 }} />
        <LooksTab device={device.id} />
      </Section>
      <Section title="Books" note="Where every observation of your laptop ended.">
        <BooksStrip books={device.books} whose="your laptop" />
        <Losses device={device} />
      </Section>
      <Section title="Also sent">
        <ul className="row">
          <li>
            <Link to={`/devices/${device.id}/processes`}>Processes</Link>
          </li>
          <li>
            <Link to={`/devices/${device.id}/apps`}>Apps</Link>
          </li>
          <li>
            <Link to={`/devices/${device.id}/vitals`}>Vitals</Link>
          </li>
          <li>
            <Link to={`/devices/${device.id}/inventory`}>Inventory</Link>
          </li>
        </ul>
        <p style={{ marginTop: 8 }}>
          <Link to="/impact">The time that restarts cost you</Link>
        </p>
        <p className="small quiet" style={{ marginTop: 8 }}>
          Processes and apps are never shown to colleagues: only to you, security staff and administrators.
        </p>
      </Section>
    </>
  );
}

function Redacted({ device }: { device: Device }) {
  const health = device.health;
  if (!health) return <p className="quiet">The agent has not spoken about itself yet.</p>;
  const fields = Object.entries(health.redacted);
  const total = fields.reduce((sum, [, value]) => sum + value, 0);
  return (
    <div className="stack">
      <p className="prose">
        {total === 0
          ? "Nothing had to be removed since its last word"
          : `${plural(total, "value")} removed or shortened since its last word`}{" "}
        (<At at={health.observed_at} relative />
        ). Command lines, names of files, window titles and your user name never leave the laptop.
      </p>
      {fields.length > 0 && (
        <dl className="pairs">
          {fields.map(([field, value]) => (
            <div key={field} style={{ display: "contents" }}>
              <dt>
                <code>{field}</code>
              </dt>
              <dd>{count(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {health.degraded.length > 0 && <p className="small">Degraded: {health.degraded.map(plain).join("; ")}.</p>}
    </div>
  );
}

function Talk() {
  const threads = useThreads({ mine: true, limit: 5 });
  const items = everyItem(threads.data);
  return (
    <Section title="Your threads" note={<Link to="/threads/new">Open a thread</Link>}>
      {items.length === 0 ? (
        <p className="quiet">
          You have not written in a thread yet. <Link to="/threads">See what others talk about</Link>.
        </p>
      ) : (
        <ul className="rows">
          {items.map((thread) => (
            <ThreadRow key={thread.id} thread={thread} />
          ))}
        </ul>
      )}
    </Section>
  );
}
