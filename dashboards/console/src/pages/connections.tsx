// Connections: spaces whose talk also lives in a forum or a chat, how each of them goes, and what to do where one does not.
import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api/changes";
import { del, patch, post } from "../api/client";
import { type Bridge, type BridgeState, type Tried, useBridges, usePlatforms } from "../api/connecting";
import { useSpaces } from "../api/queries";
import { At } from "../parts/clock";
import { PageFrame } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { plural } from "../words/numbers";
import { Letters } from "./connections/letters";
import { Connect, Credentials } from "./connections/new";
import { People } from "./connections/people";

const STATES: Record<BridgeState, { word: string; tone: string }> = {
  new: { word: "starting", tone: "indigo" },
  running: { word: "running", tone: "good" },
  waiting: { word: "waiting, tries again", tone: "warn" },
  locked: { word: "needs you", tone: "bad" },
  paused: { word: "paused", tone: "" },
};

export default function ConnectionsPage() {
  const bridges = useBridges();
  const [connecting, setConnecting] = useState(false);
  const items = bridges.data?.items ?? [];
  const troubled = items.filter((bridge) => bridge.state === "locked" || bridge.dead > 0).length;
  return (
    <PageFrame
      title="Connections"
      standfirst={
        bridges.data &&
        (items.length === 0
          ? "Talk can live in two places: what is said here is carried there, and what is said there is taken here."
          : `${plural(items.length, "bridge")} to other places. ${troubled === 0 ? "All of them do their work." : `${plural(troubled, "needs", "need")} somebody.`}`)
      }
      actions={<Button onClick={() => setConnecting(true)}>Connect a space</Button>}
    >
      <Loaded query={bridges} lines={6}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nothing is connected">
              Whispers, hidden threads and talk about what people run never leave, whatever is connected.
            </Empty>
          ) : (
            <div>
              {page.items.map((bridge) => (
                <Card key={bridge.id} bridge={bridge} />
              ))}
            </div>
          )
        }
      </Loaded>
      <Modal
        opened={connecting}
        onClose={() => setConnecting(false)}
        title="Connect a space"
        closeOnClickOutside={false}
      >
        {connecting && <Connect done={() => setConnecting(false)} />}
      </Modal>
    </PageFrame>
  );
}

function Card({ bridge }: { bridge: Bridge }) {
  const platforms = usePlatforms();
  const spaces = useSpaces();
  const [letters, setLetters] = useState(false);
  const state = STATES[bridge.state];
  const platform = platforms.data?.find((each) => each.platform === bridge.platform)?.name ?? bridge.platform;
  const space = spaces.data?.find((each) => each.id === bridge.space)?.name;
  const way = bridge.outward && bridge.inward ? "both ways" : bridge.outward ? "only out" : "only in";
  return (
    <section className="card bridge" aria-labelledby={`bridge-${bridge.id}`}>
      <header className="bridge-head">
        <h2 id={`bridge-${bridge.id}`}>{bridge.name}</h2>
        <span className={`mark ${state.tone}`}>{state.word}</span>
        <span className="small quiet">
          since <At at={bridge.state_at} relative />
        </span>
      </header>
      <p className="bridge-way">
        {space ?? "One thread"}{" "}
        <span aria-hidden="true">{way === "both ways" ? "⇄" : way === "only out" ? "→" : "←"}</span>
        <span className="hidden">, {way}, </span> {platform}
        {bridge.place && (
          <>
            {" "}
            <code>{bridge.place}</code>
          </>
        )}
        <span className="small quiet"> {bridge.address}</span>
      </p>
      {bridge.hook && (
        <p className="small quiet bridge-way">
          Deliveries come to <code>{bridge.hook}</code>
        </p>
      )}
      {bridge.fault && (
        <div className={`bridge-fault ${bridge.state === "locked" ? "bad" : ""}`}>
          <p>{bridge.fault}</p>
          {bridge.advice && <p className="small">{bridge.advice}</p>}
        </div>
      )}
      <dl className="bridge-counts">
        <Count word="carried there" value={bridge.sent} />
        <Count word="taken from there" value={bridge.taken} />
        <Count word="on their way" value={bridge.waiting} />
        <Count word="did not get through" value={bridge.dead} />
      </dl>
      <Doings bridge={bridge} letters={letters} toggle={() => setLetters(!letters)} />
      {letters && <Letters bridge={bridge} />}
    </section>
  );
}

function Count({ word, value }: { word: string; value: number }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{value.toLocaleString("en")}</dd>
    </div>
  );
}

function Doings({ bridge, letters, toggle }: { bridge: Bridge; letters: boolean; toggle: () => void }) {
  const [sure, setSure] = useState(false);
  const [keying, setKeying] = useState(false);
  const [people, setPeople] = useState(false);
  const test = useChange<void, Tried>({ run: () => post<Tried>(`/bridges/${bridge.id}/test`), touches: [] });
  const turn = useChange({
    run: () => patch(`/bridges/${bridge.id}`, { enabled: !bridge.enabled }),
    touches: ["bridges"],
    said: bridge.enabled
      ? `${bridge.name} rests. What is said meanwhile is carried when it goes on.`
      : `${bridge.name} goes on where it stopped.`,
  });
  const remove = useChange({
    run: () => del(`/bridges/${bridge.id}`),
    touches: ["bridges"],
    said: `${bridge.name} is gone. What it brought stays.`,
  });
  return (
    <>
      <div className="actions tight">
        <Button
          size="compact-sm"
          variant="default"
          loading={test.isPending}
          onClick={() => test.mutate()}
          aria-label={`Test ${bridge.name}`}
        >
          Test
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          loading={turn.isPending}
          onClick={() => turn.mutate()}
          aria-label={`${bridge.enabled ? "Pause" : "Resume"} ${bridge.name}`}
        >
          {bridge.enabled ? "Pause" : "Resume"}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setKeying(true)}
          aria-label={`New credentials of ${bridge.name}`}
        >
          Credentials…
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setPeople(true)}
          aria-label={`People of ${bridge.name}`}
        >
          People…
        </Button>
        {bridge.dead > 0 && (
          <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={letters}>
            {letters ? "Hide" : "Show"} what did not get through
          </Button>
        )}
        {sure ? (
          <>
            <Button
              size="compact-sm"
              color="red"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
              aria-label={`Remove ${bridge.name} for good`}
            >
              Remove for good
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setSure(false)}>
              Keep it
            </Button>
          </>
        ) : (
          <Button size="compact-sm" variant="subtle" onClick={() => setSure(true)} aria-label={`Remove ${bridge.name}`}>
            Remove…
          </Button>
        )}
      </div>
      <Modal
        opened={keying}
        onClose={() => setKeying(false)}
        title={`Credentials of ${bridge.name}`}
        closeOnClickOutside={false}
      >
        {keying && <Credentials bridge={bridge} done={() => setKeying(false)} />}
      </Modal>
      <Modal opened={people} onClose={() => setPeople(false)} title={`People of ${bridge.name}`} size="lg">
        {people && <People bridge={bridge} />}
      </Modal>
      <p role="status" className={test.data ? `bridge-tried ${test.data.works ? "good" : "bad"}` : "hidden"}>
        {test.data &&
          (test.data.works
            ? `It works: ${test.data.words}.`
            : `It does not work: ${test.data.words}. ${test.data.advice}`)}
      </p>
    </>
  );
}
