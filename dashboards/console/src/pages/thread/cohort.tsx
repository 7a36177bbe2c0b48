// What the laptops of a talk share, compared with the rest of the fleet: sentences, and a picture to compare them by.
// What is not told for being about too few is said to be withheld, with the rule.

import type { Cohort } from "../../api/beside";
import { useCohort } from "../../api/beside";
import { Forest, type Ratio } from "../../charts/forest";
import { Failure, Loading } from "../../parts/state";
import { percent, plural } from "../../words/numbers";
import { COHORT_BY } from "../../words/vocabulary";

export function CohortBox({ thread }: { thread: string }) {
  const cohort = useCohort(thread);
  return (
    <section aria-labelledby="cohort">
      <h2 id="cohort">What the laptops here share</h2>
      {cohort.error && <Failure error={cohort.error} again={() => cohort.refetch()} />}
      {cohort.isPending && <Loading lines={3} />}
      {cohort.data && <Told cohort={cohort.data} />}
    </section>
  );
}

export function ratiosOf(parts: Cohort["parts"]): Ratio[] {
  return parts.flatMap((part) => {
    const { ratio, low, high } = part;
    if (ratio === null || low === null || high === null) return [];
    const name = part.by === "fleet" ? "Everybody here" : part.value;
    return [
      {
        key: `${part.by}:${part.value}`,
        name,
        label: (
          <>
            <span className="quiet">{part.by === "fleet" ? "" : `${COHORT_BY[part.by] ?? part.by} `}</span>
            {name}
          </>
        ),
        ratio,
        low,
        high,
        note: (
          <>
            {plural(part.here, "laptop")} here, {percent(part.share_here)} of them
            {part.share_elsewhere !== null && `; ${percent(part.share_elsewhere)} elsewhere`}
            {part.ends !== null &&
              part.days !== null &&
              `; ${plural(part.ends, "end")} in ${part.days.toFixed(0)} days`}
          </>
        ),
      },
    ];
  });
}

function Told({ cohort }: { cohort: Cohort }) {
  const rows = ratiosOf(cohort.parts);
  const [first, ...rest] = cohort.words;
  return (
    <div className="stack">
      <p className="lead">{first}</p>
      {rest.length > 0 && (
        <ul className="told">
          {rest.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {rows.length > 0 && (
        <Forest
          title="Unexpected restarts against the fleet"
          summary="Times the rest of the fleet's, with the 95 % interval, last 30 days."
          rows={rows}
          once="as often as the rest of the fleet"
        />
      )}
      {cohort.withheld.length > 0 && (
        <div className="withheld">
          <p className="small">
            <b>Not told:</b>{" "}
            {cohort.withheld
              .map((silence) => `${(COHORT_BY[silence.by] ?? silence.by).toLowerCase()} (${silence.why})`)
              .join("; ")}
            .
          </p>
        </div>
      )}
      <details className="small quiet">
        <summary>How few is too few</summary>
        <p>{cohort.rule}</p>
        {cohort.audience !== "peer" && (
          <p>You are told more than peers are: they read figures only above that floor.</p>
        )}
      </details>
    </div>
  );
}
