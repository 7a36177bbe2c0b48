// The demand register: what unapproved apps are wanted for, the strongest wish first, the adoption curve beside the reasons.
// The formula of the rank stands beside the rank.
import { Button } from "@mantine/core";
import { Link } from "react-router";
import { address } from "../api/client";
import { type Demand, useDemand } from "../api/reviewing";
import { Adoption } from "../charts/adoption";
import { VerdictMark } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { plural } from "../words/numbers";
import { CATEGORY, PURPOSE, plain } from "../words/vocabulary";

export default function DemandPage() {
  const demand = useDemand();
  const items = demand.data?.items ?? [];
  const strongest = items[0];
  return (
    <PageFrame
      title="Demand register"
      standfirst={
        strongest
          ? `${plural(items.length, "app")} people chose by themselves, and why. The strongest wish: ${strongest.name}, on ${plural(strongest.devices, "laptop")}.`
          : "What people use without approval, and what for."
      }
      actions={
        items.length > 0 && (
          <Button component="a" variant="default" href={address("/demand.csv")} download="demand.csv">
            Export as CSV
          </Button>
        )
      }
    >
      <Loaded query={demand} lines={10}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nobody asks for anything yet">
              Apps that are not sanctioned come here when a laptop uses them.
            </Empty>
          ) : (
            <>
              <p className="small quiet prose demand-rule">
                Ranked by how many laptops have it, how many it gained in four weeks, and how many reasons were given:
                the formula stands beside each score. Reasons carry no names.
              </p>
              <ol className="demands">
                {page.items.map((each, index) => (
                  <One key={each.app} demand={each} rank={index + 1} />
                ))}
              </ol>
            </>
          )
        }
      </Loaded>
    </PageFrame>
  );
}

function One({ demand, rank }: { demand: Demand; rank: number }) {
  const more = demand.reasons_found - demand.reasons.length;
  return (
    <li>
      <article aria-labelledby={`d-${demand.app}`}>
        <header>
          <span className="rank" aria-hidden="true">
            {rank}
          </span>
          <div>
            <h2 id={`d-${demand.app}`}>{demand.name}</h2>
            <p className="row small">
              <span className="quiet">{CATEGORY[demand.category] ?? plain(demand.category)}</span>
              <VerdictMark verdict={demand.verdict} />
              <span>{plural(demand.devices, "laptop")}</span>
            </p>
          </div>
          <p className="score">
            <b>{demand.score.toFixed(2)}</b>
            <span className="formula">{demand.formula}</span>
          </p>
        </header>
        <div className="demand-body">
          <Adoption name={demand.name} curve={demand.curve} teams={demand.teams} forecast={demand.forecast} />
          <section aria-label={`Reasons for ${demand.name}`}>
            <h3>{demand.reasons.length === 0 ? "No reasons given yet" : "The reasons given"}</h3>
            {demand.purposes.length > 0 && (
              <ul className="purposes">
                {demand.purposes.map((each) => (
                  <li key={each.purpose}>
                    <span className="mark">
                      {PURPOSE[each.purpose] ?? each.words} <b>{each.answers}</b>
                    </span>
                  </li>
                ))}
              </ul>
            )}
            <ul className="quotes">
              {demand.reasons.map((reason) => (
                <li key={reason.thread + reason.sentence}>
                  <blockquote>{reason.sentence}</blockquote>
                  {reason.missing && <p className="small">Missing elsewhere: {reason.missing}</p>}
                  <Link className="small" to={`/threads/${reason.thread}`}>
                    The talk<span className="hidden"> in which “{reason.sentence}” was said</span>
                  </Link>
                </li>
              ))}
            </ul>
            {more > 0 && <p className="small quiet">{plural(more, "more reason")} found.</p>}
            {demand.reasons.length === 0 && (
              <p className="small quiet">
                <Link to="/reviews">Ask an owner</Link> what it is good for.
              </p>
            )}
          </section>
        </div>
      </article>
    </li>
  );
}
