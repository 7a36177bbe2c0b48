// Where people talk about this: every link with its reasons, and a person's yes or no.
import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { Link as To } from "react-router";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import { everyItem, useThreads } from "../../api/queries";
import type { Anomaly } from "../../api/types";
import { LinkCard } from "../../parts/link-card";
import { Section } from "../../parts/page";
import { isStaff, useSession } from "../../session";

export function LinkedThreads({ anomaly }: { anomaly: Anomaly }) {
  const me = useSession();
  const links = [...anomaly.links].sort(
    (a, b) => Number(a.state === "rejected") - Number(b.state === "rejected") || b.score - a.score,
  );
  return (
    <Section title="Linked threads" note="Where people are talking about it, and why Weft thinks so.">
      {links.length === 0 && <p className="quiet">No thread speaks about this yet.</p>}
      <ul className="stack">
        {links.map((link) => (
          <li key={link.thread.id}>
            <LinkCard link={link} side="thread" mayDecide={isStaff(me)} />
          </li>
        ))}
      </ul>
      {isStaff(me) && <LinkAnother anomaly={anomaly} />}
    </Section>
  );
}

function LinkAnother({ anomaly }: { anomaly: Anomaly }) {
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 250);
  const found = useThreads({ q: settled, limit: 6 }, open && settled.length > 1);
  const linked = new Set(anomaly.links.map((link) => link.thread.id));
  const link = useChange({
    run: (thread: string) => post("/links", { anomaly: anomaly.id, thread }),
    touches: ["anomaly", "anomalies", "thread"],
    said: "Linked.",
    after: () => setOpen(false),
  });
  if (!open) {
    return (
      <Button variant="subtle" size="compact-sm" mt="md" onClick={() => setOpen(true)}>
        Link another thread
      </Button>
    );
  }
  return (
    <div className="panel" style={{ marginTop: 16 }}>
      <TextInput
        type="search"
        label="Find the thread"
        value={words}
        autoFocus
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <ul className="stack" style={{ marginTop: 12 }}>
        {(settled.length > 1 ? everyItem(found.data) : [])
          .filter((thread) => !linked.has(thread.id))
          .map((thread) => (
            <li key={thread.id} className="row">
              <Button
                size="compact-xs"
                variant="default"
                loading={link.isPending}
                onClick={() => link.mutate(thread.id)}
              >
                Link
              </Button>
              <To to={`/threads/${thread.id}`}>{thread.title}</To>
            </li>
          ))}
      </ul>
    </div>
  );
}
