// The impact ledger: time lost by restarts and crashes, time saved by answers that helped, every sum with its formula in sight.
import { NativeSelect } from "@mantine/core";
import { Link } from "react-router";
import { type Impact, type ImpactRow, useImpact } from "../api/reviewing";
import { MonthBars } from "../charts/month-bars";
import { useFilters } from "../parts/filters";
import { PageFrame, Section } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { plural, worktime } from "../words/numbers";

const FILTERS = ["months", "team", "model"];
const DEFAULTS = { months: "6" };

export default function ImpactPage() {
  const { values, query, set } = useFilters(FILTERS, DEFAULTS);
  const impact = useImpact(query.months ?? "6", query.team ?? "", query.model ?? "");
  // Choices come from everything, not from what a choice left over.
  const whole = useImpact(query.months ?? "6", "", "");
  const names = (rows: ImpactRow[] | undefined, all: string) => [
    { value: "", label: all },
    ...(rows ?? []).filter((row) => row.name).map((row) => ({ value: row.name, label: row.name })),
  ];
  const fleet = whole.data?.of === "fleet";
  return (
    <PageFrame
      title={impact.data?.of === "own" ? "Time your laptop cost you" : "Impact"}
      name="Impact"
      standfirst={impact.data && sentence(impact.data, values.months ?? "6")}
    >
      <div className="filters">
        <NativeSelect
          label="Looking back"
          value={values.months}
          onChange={(event) => set("months", event.currentTarget.value)}
          data={[
            { value: "3", label: "3 months" },
            { value: "6", label: "6 months" },
            { value: "12", label: "A year" },
            { value: "24", label: "Two years" },
          ]}
        />
        {fleet && (
          <>
            <NativeSelect
              label="Team"
              value={values.team}
              onChange={(event) => set("team", event.currentTarget.value)}
              data={names(whole.data?.by_team, "All teams")}
            />
            <NativeSelect
              label="Model"
              value={values.model}
              onChange={(event) => set("model", event.currentTarget.value)}
              data={names(whole.data?.by_model, "All models")}
            />
          </>
        )}
      </div>
      <Loaded query={impact} lines={10}>
        {(data) => <Ledger impact={data} />}
      </Loaded>
    </PageFrame>
  );
}

export function sentence(impact: Impact, months: string): string {
  const lost = `${worktime(impact.lost.minutes)} lost to restarts and crashes in ${plural(Number(months), "month")}`;
  const whose = impact.of === "own" ? " on your own laptops" : "";
  if (impact.saved.length === 0) return `${lost}${whose}.`;
  return `${lost}${whose}; ${worktime(impact.saved_minutes)} saved by ${plural(impact.saved.length, "answer")} whose effect was measured.`;
}

function Ledger({ impact }: { impact: Impact }) {
  if (impact.by_month.length === 0) {
    return (
      <>
        <Empty title="No time was lost">No unexpected end, failed start or update in this time.</Empty>
        <Assumptions impact={impact} />
      </>
    );
  }
  return (
    <>
      <Section title="Lost by month" note="The sum, and how it comes about.">
        <MonthBars rows={impact.by_month} />
        <p className="formula-line">
          <b>{worktime(impact.lost.minutes)}</b>
          <code>{impact.lost.formula}</code>
        </p>
      </Section>
      {impact.of === "fleet" && (
        <Section title="Saved" note="By answers that were applied, measured against laptops like them.">
          {impact.saved.length === 0 ? (
            <p className="quiet">No accepted answer has a measured effect yet.</p>
          ) : (
            <ul className="ledger">
              {impact.saved.map((each) => (
                <li key={each.thread}>
                  <span>
                    <Link to={`/threads/${each.thread}`}>{each.title}</Link>
                    <span className="small quiet sub">{each.words}</span>
                    <code className="formula">{each.formula}</code>
                  </span>
                  <b className={each.minutes < 0 ? "bad" : "good"}>
                    {each.minutes < 0 ? "" : "+"}
                    {worktime(each.minutes)}
                  </b>
                </li>
              ))}
            </ul>
          )}
        </Section>
      )}
      <Section title="Lost by model" note="Most first.">
        <Rows rows={impact.by_model} nameless="model not known" />
      </Section>
      {impact.of === "fleet" && (
        <Section title="Lost by team" note="Most first.">
          <Rows rows={impact.by_team} nameless="no team" />
        </Section>
      )}
      <Assumptions impact={impact} />
    </>
  );
}

function Rows({ rows, nameless }: { rows: ImpactRow[]; nameless: string }) {
  const most = Math.max(...rows.map((row) => row.minutes), Number.EPSILON);
  return (
    <ul className="ledger bars">
      {rows.map((row) => (
        <li key={row.name}>
          <span>
            {row.name || nameless} <span className="small quiet">{plural(row.devices, "laptop")}</span>
            <span className="track" aria-hidden="true">
              <span style={{ width: `${(row.minutes / most) * 100}%` }} />
            </span>
            <code className="formula">{row.formula}</code>
          </span>
          <b>{worktime(row.minutes)}</b>
        </li>
      ))}
    </ul>
  );
}

function Assumptions({ impact }: { impact: Impact }) {
  return (
    <Section
      title="What one event costs"
      note="Set by IT in the collector's configuration; the reasons are the built-in ones."
    >
      <div className="table-wrap">
        <table className="table stacks">
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col" className="num">
                Minutes
              </th>
              <th scope="col">Made of</th>
            </tr>
          </thead>
          <tbody>
            {impact.assumptions.map((each) => (
              <tr key={each.class}>
                <td className="name">{each.words}</td>
                <td data-label="Minutes" className="num">
                  {each.minutes}
                </td>
                <td data-label="Made of">{each.source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
