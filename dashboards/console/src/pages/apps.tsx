// Security's home: every app that was seen or judged, who uses it, how it grows, and what was decided.
import { Button, Modal, NativeSelect, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api/changes";
import { del, put } from "../api/client";
import { everyItem, useApps } from "../api/queries";
import type { AppRow, Verdict } from "../api/types";
import { Spark } from "../charts/spark";
import { Choices } from "../parts/choices";
import { At, useNow } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { VerdictMark } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { bytes, count, plural } from "../words/numbers";
import { CATEGORY, plain } from "../words/vocabulary";

const FILTERS = ["q", "category", "verdict"];
const DEFAULTS = { verdict: "all" };

/** The verdict for everybody, as it counts now: an expired tolerance no longer allows anything. */
function inForce(app: AppRow, now: Date): Verdict | null {
  const verdict = app.verdicts.find((each) => each.team === null);
  if (!verdict) return null;
  if (verdict.verdict === "tolerated" && verdict.until && new Date(verdict.until) <= now) return "unsanctioned";
  return verdict.verdict;
}

export default function AppsPage() {
  const now = useNow();
  const apps = useApps();
  const { values, set } = useFilters(FILTERS, DEFAULTS);
  const [edited, setEdited] = useState<string | null>(null);
  const all = everyItem(apps.data);
  const undecided = all.filter((app) => app.devices > 0 && app.verdicts.length === 0);
  const items = all
    .filter((app) => !values.category || app.category === values.category)
    .filter((app) => !values.q || app.name.toLowerCase().includes(values.q.toLowerCase()))
    .filter((app) => values.verdict === "all" || (inForce(app, now) ?? "none") === values.verdict)
    .sort((a, b) => b.devices - a.devices || a.name.localeCompare(b.name));
  const shown = all.find((app) => app.app === edited);
  return (
    <PageFrame
      title="Apps and verdicts"
      standfirst={
        apps.data &&
        (undecided.length === 0
          ? `${plural(all.length, "app")} seen or judged; every one in use has a verdict.`
          : `${plural(undecided.length, "app waits", "apps wait")} for a verdict: ${undecided
              .slice(0, 4)
              .map((app) => app.name)
              .join(", ")}${undecided.length > 4 ? " and others" : ""}.`)
      }
    >
      <div className="filters">
        <SegmentedControl
          className="whole"
          aria-label="Verdict"
          value={values.verdict}
          onChange={(value) => set("verdict", value)}
          data={[
            { value: "all", label: "All" },
            { value: "none", label: "None yet" },
            { value: "unsanctioned", label: "Unsanctioned" },
            { value: "tolerated", label: "Tolerated" },
            { value: "sanctioned", label: "Sanctioned" },
          ]}
        />
        <NativeSelect
          label="Category"
          value={values.category}
          onChange={(event) => set("category", event.currentTarget.value)}
          data={[{ value: "", label: "All" }, ...Object.entries(CATEGORY).map(([value, label]) => ({ value, label }))]}
        />
        <TextInput
          className="grow"
          type="search"
          label="Search"
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
      </div>
      {apps.error && <Failure error={apps.error} again={() => apps.refetch()} />}
      {apps.isPending && <Loading lines={8} />}
      {apps.data && items.length === 0 && (
        <Empty title={all.length === 0 ? "No app was seen or judged yet" : "No app matches"} />
      )}
      {items.length > 0 && (
        <>
          <div className="table-wrap">
            <table className="table stacks">
              <thead>
                <tr>
                  <th scope="col">App</th>
                  <th scope="col">Verdict</th>
                  <th scope="col" className="num">
                    Laptops
                  </th>
                  <th scope="col">By week</th>
                  <th scope="col">Teams</th>
                  <th scope="col" className="num">
                    Changed, 30 days
                  </th>
                  <th scope="col">Seen</th>
                  <th scope="col">
                    <span className="hidden">Decide</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((app) => (
                  <Row key={app.app} app={app} verdict={inForce(app, now)} decide={() => setEdited(app.app)} />
                ))}
              </tbody>
            </table>
          </div>
          <More {...apps} shown={items.length} noun="apps" />
        </>
      )}
      <Modal
        opened={shown !== undefined}
        onClose={() => setEdited(null)}
        title={`Verdict on ${shown?.name ?? ""}`}
        size="lg"
      >
        {shown && <Editor key={shown.app} app={shown} done={() => setEdited(null)} />}
      </Modal>
    </PageFrame>
  );
}

function Row({ app, verdict, decide }: { app: AppRow; verdict: Verdict | null; decide: () => void }) {
  const trend = app.trend.map((week) => week.devices);
  const grown = (trend.at(-1) ?? 0) - (trend[0] ?? 0);
  const forTeams = app.verdicts.filter((each) => each.team !== null);
  const main = app.verdicts.find((each) => each.team === null);
  return (
    <tr>
      <td>
        <span className="name">{app.name}</span>
        <span className="sub">{CATEGORY[app.category] ?? plain(app.category)}</span>
      </td>
      <td data-label="Verdict">
        <span>
          <VerdictMark verdict={verdict} />
          {main?.until && (
            <span className="sub">
              until <At at={main.until} />
            </span>
          )}
          {forTeams.map((each) => (
            <span className="sub" key={each.team}>
              {each.team}: {each.verdict}
            </span>
          ))}
        </span>
      </td>
      <td data-label="Laptops" className="num">
        <span>
          {count(app.devices)}
          <span className="sub">{app.running} running</span>
        </span>
      </td>
      <td data-label="By week">
        <span>
          <Spark values={trend} />
          <span className="sub">
            {trend.length < 2
              ? "too new"
              : grown === 0
                ? "steady"
                : `${grown > 0 ? "+" : "−"}${Math.abs(grown)} in ${trend.length} weeks`}
          </span>
        </span>
      </td>
      <td data-label="Teams" className="small">
        {[...app.teams]
          .sort((a, b) => b.devices - a.devices)
          .slice(0, 3)
          .map((team) => `${team.team} ${team.devices}`)
          .join(", ")}
        {app.teams.length > 3 && ` and ${app.teams.length - 3} more`}
      </td>
      <td data-label="Changed" className="num">
        {app.bytes_changed_30d > 0 ? bytes(app.bytes_changed_30d) : "0"}
      </td>
      <td data-label="Seen">
        <At at={app.last_seen} relative />
      </td>
      <td>
        <Button size="compact-sm" variant="default" onClick={decide} aria-label={`Decide on ${app.name}`}>
          Decide
        </Button>
      </td>
    </tr>
  );
}

function Editor({ app, done }: { app: AppRow; done: () => void }) {
  const [team, setTeam] = useState("");
  const [verdict, setVerdict] = useState<Verdict | "">("");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const touches = ["apps", "anomalies", "overview", "device"];
  const save = useChange({
    run: () =>
      put(`/apps/${encodeURIComponent(app.app)}/verdict`, {
        verdict,
        reason: reason.trim(),
        ...(team ? { team } : {}),
        ...(verdict === "tolerated" && until ? { until: new Date(`${until}T23:59:59`).toISOString() } : {}),
      }),
    touches,
    said: `Verdict on ${app.name} saved.`,
    after: done,
  });
  const remove = useChange({
    run: (of: string | null) => del(`/apps/${encodeURIComponent(app.app)}/verdict`, of ? { team: of } : {}),
    touches,
    said: "Verdict removed.",
  });
  const complete = verdict !== "" && reason.trim() !== "" && (verdict !== "tolerated" || until !== "");
  return (
    <>
      {app.verdicts.length > 0 && (
        <ul className="stack" style={{ marginBottom: 20 }}>
          {app.verdicts.map((each) => (
            <li key={each.team ?? ""} className="small">
              <span className="row">
                <VerdictMark verdict={each.verdict} />
                <span>for {each.team ?? "everybody"}</span>
                {each.until && (
                  <span>
                    until <At at={each.until} />
                  </span>
                )}
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  loading={remove.isPending}
                  onClick={() => remove.mutate(each.team)}
                >
                  Remove
                </Button>
              </span>
              <span className="quiet">
                {each.reason && `“${each.reason}” `}
                {each.by}, <At at={each.at} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (complete) save.mutate();
        }}
      >
        <Choices<Verdict>
          legend="What is decided?"
          value={verdict}
          choose={setVerdict}
          choices={[
            { value: "sanctioned", word: "Sanction", meaning: "approved; never an anomaly" },
            { value: "tolerated", word: "Tolerate", meaning: "allowed until a date" },
            { value: "unsanctioned", word: "Unsanction", meaning: "not allowed; its use is an anomaly" },
          ]}
        />
        <div className="filters">
          <NativeSelect
            label="For whom"
            value={team}
            onChange={(event) => setTeam(event.currentTarget.value)}
            data={[
              { value: "", label: "Everybody" },
              ...app.teams
                .filter((each) => each.team)
                .map((each) => ({ value: each.team, label: `Team ${each.team}` })),
            ]}
          />
          {verdict === "tolerated" && (
            <TextInput
              type="date"
              label="Until"
              required
              withAsterisk={false}
              value={until}
              onChange={(event) => setUntil(event.currentTarget.value)}
            />
          )}
        </div>
        <Textarea
          label="Reason"
          description="Shown to the people concerned, and in the audit log."
          rows={2}
          required
          withAsterisk={false}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="actions">
          <Button type="submit" disabled={!complete} loading={save.isPending}>
            Save verdict
          </Button>
          <Button variant="default" onClick={done}>
            Cancel
          </Button>
        </div>
      </form>
    </>
  );
}
