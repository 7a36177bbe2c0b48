// Context cards: what this thread may show of its participants' laptops. The audience is stated on every card.
import { Link } from "react-router";
import { useContextCards } from "../../api/queries";
import type { ContextCard } from "../../api/types";
import { DayTicks } from "../../charts/spark";
import { Simulated } from "../../parts/marks";
import { Failure, Loading } from "../../parts/state";
import { isStaff, owns, useSession } from "../../session";
import { percent, plural } from "../../words/numbers";

export function DeviceContext({ thread }: { thread: string }) {
  const cards = useContextCards(thread);
  return (
    <section aria-labelledby="device-context">
      <h2 id="device-context">Device context</h2>
      {cards.error && <Failure error={cards.error} again={() => cards.refetch()} />}
      {cards.isPending && <Loading lines={4} />}
      {cards.data?.length === 0 && <p className="quiet small">Nobody in this thread shows a laptop to you.</p>}
      {cards.data?.map((card) => (
        <Card key={card.device.id} card={card} />
      ))}
    </section>
  );
}

function Card({ card }: { card: ContextCard }) {
  const me = useSession();
  const mayOpen = isStaff(me) || owns(me, card.device.id);
  return (
    <article className="card" aria-label={`Laptop of ${card.owner.name}`}>
      <h3 className="row" style={{ gap: 8 }}>
        {mayOpen ? <Link to={`/devices/${card.device.id}`}>{card.device.name}</Link> : card.device.name}
        <span className="quiet" style={{ fontWeight: 400 }}>
          {card.owner.name}
        </span>
        <Simulated when={card.device.simulated} />
      </h3>
      <p className="audience">{card.audience}</p>
      <dl className="pairs">
        {card.facts.map((fact) => (
          <Fact key={fact.label} {...fact} />
        ))}
      </dl>
      <DayTicks days={card.boots_by_day} />
      <p className="small quiet">Unexpected ends, last {card.boots_by_day.length} days</p>
      {card.peers && (
        <p className="small" style={{ marginTop: 10 }}>
          {plural(card.peers.devices, "laptop")} of this model here
          {card.peers.unexpected_ratio !== null &&
            `; ${percent(card.peers.unexpected_ratio)} of them had an unexpected end`}
          .
        </p>
      )}
    </article>
  );
}

function Fact({ label, value, tone }: ContextCard["facts"][number]) {
  return (
    <>
      <dt>{label}</dt>
      <dd className={tone}>
        {tone === "bad" && <span aria-hidden="true">▲ </span>}
        {value}
      </dd>
    </>
  );
}
