// IT's home: the state of the fleet in one sentence, then figures, then pictures, then what needs a look.
import { Link } from "react-router";
import { useOverview } from "../api/queries";
import type { Kind, Overview } from "../api/types";
import { BootsByDay } from "../charts/boots-by-day";
import { HBars } from "../charts/hbars";
import { Lines } from "../charts/lines";
import { AnomalyRow } from "../parts/anomaly-row";
import { BooksStrip } from "../parts/books";
import { PageFrame, Section } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { has, useSession } from "../session";
import { count, plural, rate } from "../words/numbers";
import { KINDS, osName } from "../words/vocabulary";

export default function OverviewPage() {
  const overview = useOverview();
  return (
    <PageFrame
      title="The fleet today"
      name="Overview"
      standfirst={overview.data && <Standfirst overview={overview.data} />}
    >
      <Loaded query={overview} lines={12}>
        {(data) => <Pictures overview={data} />}
      </Loaded>
    </PageFrame>
  );
}

function Standfirst({ overview }: { overview: Overview }) {
  const { devices, newest } = overview;
  if (devices.total === 0) return <>No device has been enrolled yet.</>;
  const urgent = newest.filter(
    (anomaly) => anomaly.state === "open" && ["high", "critical"].includes(anomaly.severity),
  ).length;
  return (
    <>
      {devices.reporting_24h} of {plural(devices.total, "laptop")} reported in the last 24 hours.{" "}
      {urgent === 0 ? "Nothing needs a look today." : `${plural(urgent, "thing needs", "things need")} a look today.`}
    </>
  );
}

function Pictures({ overview }: { overview: Overview }) {
  const me = useSession();
  const { devices, anomalies, threads, links } = overview;
  const open = Object.values(anomalies).reduce((sum, value) => sum + value, 0);
  const observations = Object.values(overview.observations).reduce((sum, value) => sum + value, 0);
  if (devices.total === 0) {
    return (
      <Empty title="No laptops yet">
        {has(me, "admin") ? (
          <>
            Create a <Link to="/tokens">token</Link>, then run <code>weft-agent enroll --server URL --token TOKEN</code>{" "}
            on a laptop.
          </>
        ) : (
          "An administrator enrols the first one."
        )}
      </Empty>
    );
  }
  const models = [...overview.unexpected_by_model].sort((a, b) => b.per_device_week - a.per_device_week);
  const builds = [...overview.os_builds].sort((a, b) => b.devices - a.devices);
  return (
    <>
      <dl className="tiles">
        <Tile
          word="Laptops"
          figure={devices.total}
          note={[
            devices.simulated > 0 ? `${devices.real} real, ${devices.simulated} simulated` : "all real",
            devices.never > 0 ? `${devices.never} never reported` : "",
          ]}
        />
        <Tile word="Reporting" figure={devices.reporting_24h} note={["in the last 24 hours"]} />
        <Tile word="Open anomalies" figure={open} note={[kindsOf(anomalies)]} />
        <Tile word="Open threads" figure={threads.open} note={[`${threads.solved} solved`]} />
        <Tile
          word="Links"
          figure={links.automatic + links.confirmed}
          note={[
            links.suggested > 0 ? `${plural(links.suggested, "suggestion")} to confirm` : "anomalies tied to threads",
          ]}
        />
      </dl>
      <div className="columns wide-narrow" style={{ marginTop: 32 }}>
        <div>
          <div className="section">
            <BootsByDay days={overview.boots_by_day} />
          </div>
          <div className="section">
            <ByModel models={models} />
          </div>
        </div>
        <Section title="Newest anomalies" side={false}>
          {overview.newest.length === 0 ? (
            <Empty title="Nothing unusual">New anomalies appear here, most severe first.</Empty>
          ) : (
            <ul className="rows compact">
              {overview.newest.slice(0, 5).map((anomaly) => (
                <AnomalyRow key={anomaly.id} anomaly={anomaly} />
              ))}
            </ul>
          )}
          <p style={{ marginTop: 12 }}>
            <Link to="/anomalies">All anomalies</Link>
          </p>
        </Section>
      </div>
      <div className="columns two">
        <div className="section">
          <AppsByWeek rows={overview.apps_by_week} />
        </div>
        <div className="section">
          <HBars
            title="Operating system builds"
            summary={`${plural(builds.length, "build")} in use.`}
            bars={builds.slice(0, 6).map((build) => ({
              key: build.os_type + build.os_build,
              label: (
                <>
                  {osName(build.os_type)} <span className="quiet">{build.os_build}</span>
                </>
              ),
              value: build.devices,
              said: count(build.devices),
            }))}
            table={{
              head: ["System", "Build", "Laptops"],
              rows: builds.map((build) => [osName(build.os_type), build.os_build, build.devices]),
            }}
          />
        </div>
      </div>
      <Section title="Books" note={`${count(observations)} observations kept: where each one that was sent has ended.`}>
        <BooksStrip books={overview.books} whose="the fleet" />
      </Section>
    </>
  );
}

function Tile({ word, figure, note }: { word: string; figure: number; note: string[] }) {
  return (
    <div className="tile">
      <dt>{word}</dt>
      <dd className="figure">{count(figure)}</dd>
      {note.filter(Boolean).map((line) => (
        <dd key={line} className="note">
          {line}
        </dd>
      ))}
    </div>
  );
}

/** A model this many times above the middle of all models is named. */
const STANDS_OUT = 2;

function ByModel({ models }: { models: Overview["unexpected_by_model"] }) {
  const usual = median(models.map((model) => model.per_device_week));
  const hot = (model: Overview["unexpected_by_model"][number]) =>
    usual > 0 && model.per_device_week > STANDS_OUT * usual;
  const worst = models[0];
  return (
    <HBars
      title="Unexpected ends per laptop and week, by model"
      summary={
        worst && hot(worst)
          ? `${worst.model} stands out: ${(worst.per_device_week / usual).toFixed(1)} times the middle of all models.`
          : "No model stands out."
      }
      bars={models.slice(0, 8).map((model) => ({
        key: model.model,
        label: (
          <>
            <Link to={`/devices?model=${encodeURIComponent(model.model)}`}>{model.model}</Link>{" "}
            <span className="quiet small">{plural(model.devices, "laptop")}</span>
          </>
        ),
        value: model.per_device_week,
        said: rate(model.per_device_week),
        hot: hot(model),
      }))}
      table={{
        head: ["Model", "Laptops", "Unexpected ends", "Per laptop and week"],
        rows: models.map((model) => [model.model, model.devices, model.unexpected, rate(model.per_device_week)]),
      }}
    />
  );
}

/** More lines cannot be told apart. */
const MOST_LINES = 6;

function AppsByWeek({ rows }: { rows: Overview["apps_by_week"] }) {
  const weeks = [...new Set(rows.map((row) => row.week))].sort();
  const lastWeek = weeks.at(-1);
  const apps = [...new Map(rows.map((row) => [row.app, row.name]))].map(([app, name]) => ({
    key: app,
    name,
    values: weeks.map((week) => rows.find((row) => row.app === app && row.week === week)?.devices ?? 0),
  }));
  // Those that move most come first: a flat line is no news.
  const moved = (values: number[]) => (values.at(-1) ?? 0) - (values[0] ?? 0);
  apps.sort((a, b) => moved(b.values) - moved(a.values));
  const grown = apps[0];
  if (!lastWeek || !grown) return <Empty title="No apps seen yet" />;
  return (
    <Lines
      title="Laptops per app, by week"
      unit="laptops"
      summary={
        moved(grown.values) > 0
          ? `${grown.name} grew most: from ${grown.values[0]} to ${plural(grown.values.at(-1) ?? 0, "laptop")}.`
          : "No app is growing."
      }
      weeks={weeks}
      lines={apps.slice(0, MOST_LINES)}
    />
  );
}

function kindsOf(anomalies: Overview["anomalies"]): string {
  return Object.entries(anomalies)
    .filter(([, value]) => value > 0)
    .map(([kind, value]) => `${KINDS[kind as Kind].toLowerCase()} ${value}`)
    .join(", ");
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
