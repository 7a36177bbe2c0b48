// What the laptops that the talk is about do, day by day, looked at again while the page is open.
import { Link } from "react-router";
import { type Series as Shape, useSeries } from "../../api/talking";
import { DayTicks } from "../../charts/spark";
import { useNow } from "../../parts/clock";
import { StateMark } from "../../parts/marks";
import { plural } from "../../words/numbers";
import { filled } from "./days";

/** The collector looks back this far. */
const DAYS = 30;

export function SeriesOfTalk({ thread }: { thread: string }) {
  const series = useSeries(thread);
  // A thread about nothing that is measured has no series; a failure here must not disturb the talk.
  if (!series.data || series.data.length === 0) return null;
  return (
    <section aria-labelledby="series">
      <h2 id="series">What it is about, live</h2>
      <ul className="stack">
        {series.data.map((one) => (
          <li key={one.anomaly}>
            <One series={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function One({ series }: { series: Shape }) {
  const now = useNow();
  const days = filled(series.restarts, now, DAYS);
  const week = days.slice(-7).reduce((sum, day) => sum + day.unexpected, 0);
  const before = days.slice(-14, -7).reduce((sum, day) => sum + day.unexpected, 0);
  const own = series.counted === "own";
  return (
    <figure className="series">
      <figcaption>
        <p className="row" style={{ gap: 8 }}>
          <Link to={`/anomalies/${series.anomaly}`}>{series.title}</Link>
          <StateMark state={series.state} />
        </p>
      </figcaption>
      <DayTicks days={days} />
      <p className="series-axis" aria-hidden="true">
        <span>{DAYS} days ago</span>
        <span>today</span>
      </p>
      <p className="small">
        {plural(week, "unexpected restart")} in 7 days, {before} in the 7 before,{" "}
        {own
          ? `on ${series.devices === 1 ? "your laptop" : `your ${series.devices} laptops`}`
          : `on ${plural(series.devices, "laptop")}`}
        .
      </p>
      {own && (
        <p className="small quiet anonymity">
          Only your own: the others are too few to stay unknown to you. Groups of five or more are shown together.
        </p>
      )}
    </figure>
  );
}
