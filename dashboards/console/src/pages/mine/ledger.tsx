// Who looked at my laptop, person by person; and where I show it, with the way back. The single looks stand below.
import { Button } from "@mantine/core";
import { Link } from "react-router";
import { type LooksOf, type SharedIn, useLooksSummary, useSharedIn } from "../../api/beside";
import { useChange } from "../../api/changes";
import { del } from "../../api/client";
import { At } from "../../parts/clock";
import { Loaded } from "../../parts/state";
import { plural } from "../../words/numbers";
import { CARD_FACT, ROLE } from "../../words/vocabulary";

export function Ledger({ device }: { device: string }) {
  const summary = useLooksSummary(device);
  return (
    <Loaded query={summary} lines={4}>
      {(people) =>
        people.length === 0 ? (
          <p className="quiet">
            Nobody has looked at this laptop in the last half year. Your own looks are not listed.
          </p>
        ) : (
          <ul className="people ledger-people">
            {people.map((person) => (
              <Looker key={person.who.id} looks={person} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Looker({ looks }: { looks: LooksOf }) {
  const titles = looks.who.roles.filter((role) => role !== "user").map((role) => ROLE[role]);
  return (
    <li>
      <p>
        <b>{looks.who.name}</b> <span className="quiet">{titles.length > 0 ? titles.join(", ") : "peer"}</span>
      </p>
      <p className="small">
        {plural(looks.hours, "hour")} with a look, last <At at={looks.last} relative />: {looks.what.join(", ")}.
      </p>
      {looks.seen.length > 0 && (
        <ul className="small quiet">
          {looks.seen.map((seen) => (
            <li key={seen.place}>
              In {seen.thread ? <Link to={`/threads/${seen.thread}`}>{seen.place}</Link> : seen.place}: saw{" "}
              {seen.facts.map(lower).join(", ")}
              {seen.times > 1 && `, ${seen.times} times`}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

const lower = (label: string) => label.charAt(0).toLowerCase() + label.slice(1);

export function ShownIn({ device }: { device: string }) {
  const shared = useSharedIn(device);
  return (
    <Loaded query={shared} lines={2}>
      {(items) =>
        items.length === 0 ? (
          <p className="quiet">
            Peers see nothing of this laptop anywhere. In a thread that you take part in, the card of your laptop has
            the choice.
          </p>
        ) : (
          <ul className="stack">
            {items.map((each) => (
              <Shown key={each.thread} device={device} shared={each} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Shown({ device, shared }: { device: string; shared: SharedIn }) {
  const unshare = useChange({
    run: () => del(`/threads/${shared.thread}/cards/${device}`),
    touches: ["device", "thread"],
    said: "Taken back. Peers see no card of this laptop there.",
  });
  return (
    <li className="person">
      <span>
        <Link to={`/threads/${shared.thread}`}>{shared.title || "A thread"}</Link>
        <span className="small quiet sub">
          {shared.facts.map((fact) => CARD_FACT[fact] ?? fact).join(", ")}
          {shared.until ? (
            <>
              ; until <At at={shared.until} />
            </>
          ) : (
            "; until you take it back"
          )}
        </span>
      </span>
      <Button
        size="compact-sm"
        color="red"
        variant="light"
        loading={unshare.isPending}
        onClick={() => unshare.mutate()}
        aria-label={`Take the card back from ${shared.title}`}
      >
        Take it back now
      </Button>
    </li>
  );
}
