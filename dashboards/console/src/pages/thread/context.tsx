// Context cards: what this thread may show of its participants' laptops. The audience is stated on every card.
import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Link } from "react-router";
import { useChange } from "../../api/changes";
import { del } from "../../api/client";
import { useContextCards } from "../../api/queries";
import type { ContextCard } from "../../api/types";
import { DayTicks } from "../../charts/spark";
import { At } from "../../parts/clock";
import { Simulated } from "../../parts/marks";
import { Failure, Loading } from "../../parts/state";
import { isStaff, owns, useSession } from "../../session";
import { percent, plural } from "../../words/numbers";

const CardEditor = lazy(() => import("./card-editor"));

export function DeviceContext({ thread }: { thread: string }) {
  const cards = useContextCards(thread);
  return (
    <section aria-labelledby="device-context">
      <h2 id="device-context">Device context</h2>
      {cards.error && <Failure error={cards.error} again={() => cards.refetch()} />}
      {cards.isPending && <Loading lines={4} />}
      {cards.data?.length === 0 && <p className="quiet small">Nobody in this thread shows a laptop to you.</p>}
      {cards.data?.map((card) => (
        <Card key={card.device.id} card={card} thread={thread} />
      ))}
    </section>
  );
}

function Card({ card, thread }: { card: ContextCard; thread: string }) {
  return (
    <article className="card" aria-label={`Laptop of ${card.owner.name}`}>
      <CardBody card={card} />
      {card.mine && <Sharing card={card} thread={thread} />}
    </article>
  );
}

/** The card itself: the talk and the owner's preview draw the same. */
export function CardBody({ card, link = true }: { card: ContextCard; link?: boolean }) {
  const me = useSession();
  const mayOpen = link && (isStaff(me) || owns(me, card.device.id));
  return (
    <>
      <h3 className="row" style={{ gap: 8 }}>
        {mayOpen ? <Link to={`/devices/${card.device.id}`}>{card.device.name}</Link> : card.device.name}
        <span className="quiet" style={{ fontWeight: 400 }}>
          {card.owner.name}
        </span>
        <Simulated when={card.device.simulated} />
      </h3>
      <p className="audience">{card.audience}</p>
      {card.facts.length > 0 && (
        <dl className="pairs">
          {card.facts.map((fact) => (
            <Fact key={fact.label} {...fact} />
          ))}
        </dl>
      )}
      {card.boots_by_day.length > 0 && (
        <>
          <DayTicks days={card.boots_by_day} />
          <p className="small quiet">Unexpected ends, last {card.boots_by_day.length} days</p>
        </>
      )}
      {card.peers && (
        <p className="small" style={{ marginTop: 10 }}>
          {plural(card.peers.devices, "laptop")} of this model here
          {card.peers.unexpected_ratio !== null &&
            `; ${percent(card.peers.unexpected_ratio)} of them had an unexpected end`}
          .
        </p>
      )}
    </>
  );
}

/** For the owner: what peers see, and the ways to change it. */
function Sharing({ card, thread }: { card: ContextCard; thread: string }) {
  const [editing, setEditing] = useState(false);
  const [touched, setTouched] = useState(false);
  const unshare = useChange({
    run: () => del(`/threads/${thread}/cards/${card.device.id}`),
    touches: ["thread", "device"],
    said: "Taken back. Peers see no card of this laptop here.",
  });
  const open = () => {
    setTouched(true);
    setEditing(true);
  };
  return (
    <div className="sharing">
      <p className="small">
        {card.shared ? (
          <>
            <b>Peers see {plural(card.shared.facts.length, "fact")} that you chose</b>
            {card.shared.until ? (
              <>
                {" "}
                until <At at={card.shared.until} />
              </>
            ) : (
              ", until you take it back"
            )}
            .
          </>
        ) : (
          <b>Peers see nothing of your laptop here.</b>
        )}
      </p>
      <div className="actions tight">
        <Button size="compact-xs" variant="default" onClick={open}>
          Choose what peers see…
        </Button>
        {card.shared && (
          <Button
            size="compact-xs"
            color="red"
            variant="light"
            loading={unshare.isPending}
            onClick={() => unshare.mutate()}
          >
            Take it back now
          </Button>
        )}
      </div>
      {touched && (
        <Suspense fallback={null}>
          <CardEditor
            thread={thread}
            device={card.device.id}
            name={card.device.name}
            opened={editing}
            close={() => setEditing(false)}
          />
        </Suspense>
      )}
    </div>
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
