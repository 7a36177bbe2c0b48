// What people taught the detectors: every rule in force, whose word it is, how far it reaches, when it ends, and undoing it.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import { type Rule, useRules } from "../api/keeping";
import { At } from "../parts/clock";
import { PageFrame } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { has, useSession } from "../session";
import { plural } from "../words/numbers";
import { COHORT_BY, JUDGEMENT, KINDS } from "../words/vocabulary";

export default function RulesPage() {
  const rules = useRules();
  const quiet = rules.data?.filter((rule) => rule.judgement !== "true").length ?? 0;
  return (
    <PageFrame
      title="Rules"
      standfirst={
        rules.data &&
        (rules.data.length === 0
          ? "Nobody has taught the detectors anything yet."
          : `${plural(rules.data.length, "judgement")} in force, ${quiet} of them keep the detectors quiet about something. Each can be taken back.`)
      }
    >
      <Loaded query={rules} lines={6}>
        {(items) =>
          items.length === 0 ? (
            <Empty title="No rules">Judge an anomaly expected or false, and the rule it makes is listed here.</Empty>
          ) : (
            <div className="table-wrap">
              <table className="table stacks">
                <thead>
                  <tr>
                    <th scope="col">Said about</th>
                    <th scope="col">Judged</th>
                    <th scope="col">For</th>
                    <th scope="col">By</th>
                    <th scope="col">Ends</th>
                    <th scope="col">
                      <span className="hidden">Undo</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((rule) => (
                    <Row key={rule.id} rule={rule} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </PageFrame>
  );
}

function Row({ rule }: { rule: Rule }) {
  const me = useSession();
  const [sure, setSure] = useState(false);
  const end = useChange({
    run: () => post(`/rules/${rule.id}/end`),
    touches: ["rules", "anomaly", "anomalies", "overview"],
    said: "Taken back. From the next round on the detectors speak again.",
  });
  return (
    <tr>
      <td>
        <Link className="name" to={`/anomalies/${rule.anomaly}`}>
          {rule.title}
        </Link>
        <span className="sub">
          {KINDS[rule.kind]}
          {rule.note && `, “${rule.note}”`}
        </span>
      </td>
      <td data-label="Judged">
        <span className={`mark ${rule.judgement === "true" ? "bad" : rule.judgement === "false" ? "" : "warn"}`}>
          {JUDGEMENT[rule.judgement].word}
        </span>
      </td>
      <td data-label="For">{scopeOf(rule)}</td>
      <td data-label="By">
        <span>
          {rule.by.name}
          <span className="sub">
            <At at={rule.from} relative />
          </span>
        </span>
      </td>
      <td data-label="Ends">{rule.until ? <At at={rule.until} relative /> : "when it is taken back"}</td>
      <td>
        {has(me, "technician", "security", "admin") &&
          (sure ? (
            <span className="row" style={{ gap: 6 }}>
              <Button size="compact-sm" color="red" loading={end.isPending} onClick={() => end.mutate()}>
                Take it back
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => setSure(false)}>
                Keep
              </Button>
            </span>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setSure(true)}
              aria-label={`Take back the rule about ${rule.title}`}
            >
              Undo…
            </Button>
          ))}
      </td>
    </tr>
  );
}

export function scopeOf({ scope }: Pick<Rule, "scope">) {
  if (scope === "fleet") return "the whole fleet";
  if ("device" in scope) return <Link to={`/devices/${scope.device}`}>this laptop</Link>;
  return `${(COHORT_BY[scope.cohort.by] ?? scope.cohort.by).toLowerCase()} ${scope.cohort.value}`;
}
