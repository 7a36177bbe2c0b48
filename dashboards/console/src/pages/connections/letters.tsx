// What did not get through over a bridge: sent again, or let be.
import { Button } from "@mantine/core";
import { Link } from "react-router";
import { useChange } from "../../api/changes";
import { del, post } from "../../api/client";
import { type Bridge, type Letter, useLetters } from "../../api/connecting";
import { At } from "../../parts/clock";
import { Loaded } from "../../parts/state";

const STEPS: Record<Letter["step"], string> = {
  say: "A post on its way there",
  edit: "An edit on its way there",
  delete: "A deletion on its way there",
  solved: "News of an answer",
  reopened: "News that it is open again",
  take: "Something said there",
};

export function Letters({ bridge }: { bridge: Bridge }) {
  const letters = useLetters(bridge.id, true);
  return (
    <Loaded query={letters} lines={2}>
      {(page) => (
        <ul className="letters" aria-label={`What did not get through over ${bridge.name}`}>
          {page.items.map((letter) => (
            <Row key={letter.id} bridge={bridge} letter={letter} />
          ))}
        </ul>
      )}
    </Loaded>
  );
}

function Row({ bridge, letter }: { bridge: Bridge; letter: Letter }) {
  const path = `/bridges/${bridge.id}/letters/${letter.id}`;
  const again = useChange({ run: () => post(`${path}/again`), touches: ["bridges"], said: "It is on its way again." });
  const drop = useChange({ run: () => del(path), touches: ["bridges"], said: "Let be." });
  const target = letter.thread && `/threads/${letter.thread}${letter.post ? `#post-${letter.post}` : ""}`;
  return (
    <li>
      <div>
        <p className="small quiet">
          {STEPS[letter.step]}, <At at={letter.made_at} relative />
        </p>
        <p>{target ? <Link to={target}>{letter.about}</Link> : letter.about}</p>
        <p className="small letter-fault">{letter.fault}</p>
      </div>
      <div className="actions tight">
        <Button size="compact-sm" variant="default" loading={again.isPending} onClick={() => again.mutate()}>
          {letter.step === "take" ? "Take again" : "Send again"}
        </Button>
        <Button size="compact-sm" variant="subtle" loading={drop.isPending} onClick={() => drop.mutate()}>
          Let be
        </Button>
      </div>
    </li>
  );
}
