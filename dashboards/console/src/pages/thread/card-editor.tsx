// What peers see of my laptop in this talk: chosen fact by fact, until a day, with the very card that they will see beside it.
import { Button, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { type Card, useCard, useCardPreview } from "../../api/beside";
import { useChange } from "../../api/changes";
import { del, put } from "../../api/client";
import { At, useNow } from "../../parts/clock";
import { Failure, Loaded, Loading } from "../../parts/state";
import { Ticks } from "../../parts/ticks";
import { dayIn, endOf } from "../../words/day";
import { CardBody } from "./context";

/** Ticking settles this long before the preview is asked for. */
const PAUSE_MS = 200;
const TOUCHES = ["thread", "device"];
/** The collector shares for no longer. */
const LONGEST_DAYS = 365;

interface EditorProps {
  thread: string;
  device: string;
  name: string;
  opened: boolean;
  close: () => void;
}

export default function CardEditor({ thread, device, name, opened, close }: EditorProps) {
  return (
    <Modal opened={opened} onClose={close} title={`What peers see of ${name} here`} size="xl">
      {opened && <Editor thread={thread} device={device} close={close} />}
    </Modal>
  );
}

function Editor({ thread, device, close }: { thread: string; device: string; close: () => void }) {
  const card = useCard(thread, device);
  return (
    <Loaded query={card} lines={8}>
      {(data) => <Choose key={data.shared?.facts.join() ?? ""} thread={thread} card={data} close={close} />}
    </Loaded>
  );
}

function Choose({ thread, card, close }: { thread: string; card: Card; close: () => void }) {
  const now = useNow();
  const path = `/threads/${thread}/cards/${card.device}`;
  const [facts, setFacts] = useState(card.shared?.facts ?? []);
  const [until, setUntil] = useState(card.shared ? dayOf(card.shared.until) : dayIn(now, 30));
  const [settled] = useDebouncedValue(facts, PAUSE_MS);
  const preview = useCardPreview(thread, card.device, settled);
  const share = useChange({
    run: () => put(path, { facts, until: until ? endOf(until) : null }),
    touches: TOUCHES,
    said: "Peers see what you chose, from now on.",
    after: close,
  });
  const unshare = useChange({
    run: () => del(path),
    touches: TOUCHES,
    said: "Taken back. Peers see no card of this laptop here.",
    after: close,
  });
  return (
    <form
      className="card-editor"
      onSubmit={(event) => {
        event.preventDefault();
        share.mutate();
      }}
    >
      <div>
        <Ticks
          legend="Facts to show"
          items={card.choices.map((choice) => ({ value: choice.fact, word: choice.label }))}
          chosen={facts}
          choose={setFacts}
        />
        <TextInput
          type="date"
          label="Until"
          description="Left empty: until you take it back."
          value={until}
          min={dayIn(now, 0)}
          max={dayIn(now, LONGEST_DAYS)}
          onChange={(event) => setUntil(event.currentTarget.value)}
          maw={240}
        />
      </div>
      <section aria-label="Preview" aria-live="polite">
        <h3 className="small-head">As a peer sees it</h3>
        {facts.length === 0 ? (
          <p className="preview-none">No card. Peers see nothing of this laptop in this talk.</p>
        ) : preview.error ? (
          <Failure error={preview.error} again={() => preview.refetch()} />
        ) : preview.data === undefined ? (
          <Loading lines={4} label="Drawing the preview" />
        ) : preview.data === null ? (
          <p className="preview-none">No card: there is nothing to say about these facts yet.</p>
        ) : (
          <div className="card">
            <CardBody card={preview.data} link={false} />
          </div>
        )}
      </section>
      <ul className="stated">
        {card.stated.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <div className="actions tight">
        <Button type="submit" disabled={facts.length === 0} loading={share.isPending}>
          {card.shared ? "Change what is shown" : "Show this to peers"}
        </Button>
        {card.shared && (
          <Button color="red" variant="light" loading={unshare.isPending} onClick={() => unshare.mutate()}>
            Take it back now
          </Button>
        )}
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        {card.shared && (
          <span className="small quiet">
            Shown now
            {card.shared.until ? (
              <>
                {" "}
                until <At at={card.shared.until} />
              </>
            ) : (
              ", with no end"
            )}
          </span>
        )}
      </div>
    </form>
  );
}

const dayOf = (until: string | null) => (until ? dayIn(new Date(until), 0) : "");
