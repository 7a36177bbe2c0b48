// Opening a review: a private question to the owner of a laptop about an app, before anything is decided.
import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import { everyItem, useApps, useDevices } from "../../api/queries";
import type { Review } from "../../api/reviewing";
import { appNamed } from "./named";

interface AskProps {
  /** Laptops to choose from; without them any can be looked for. */
  devices?: { id: string; name: string }[];
  /** Catalog id, where it is known. */
  app?: string;
  /** A sentence that may name the app. */
  about?: string;
  anomaly?: string;
  done: () => void;
}

/** More are found by typing. */
const SHOWN = 20;

export function AskForm({ devices, app, about = "", anomaly, done }: AskProps) {
  const navigate = useNavigate();
  const apps = useApps();
  const [q, setQ] = useState("");
  const [settled] = useDebouncedValue(q, 250);
  const found = useDevices({ q: settled, limit: SHOWN }, !devices);
  const known = everyItem(apps.data);
  const choices = devices ?? everyItem(found.data).filter((device) => device.owner);
  const [chosenApp, setApp] = useState<string | null>(null);
  const [chosenDevice, setDevice] = useState("");
  const [words, setWords] = useState("");
  const theApp = chosenApp ?? app ?? appNamed(about, known);
  const device = choices.some((each) => each.id === chosenDevice) ? chosenDevice : (choices[0]?.id ?? "");
  const open = useChange<void, Review>({
    run: () => post<Review>("/reviews", { app: theApp, device, anomaly: anomaly ?? null, words: words.trim() }),
    touches: ["reviews", "threads", "anomaly"],
    said: "Asked. The talk is for the owner and security alone.",
    after: (review) => {
      done();
      navigate(`/threads/${review.thread}`);
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (theApp && device) open.mutate();
      }}
    >
      <p className="prose">
        The owner gets a friendly question in a private talk: why they use it, and what the approved tool lacks. Nothing
        is decided by asking. Their reason goes into the demand register without their name.
      </p>
      <NativeSelect
        label="App"
        value={theApp}
        onChange={(event) => setApp(event.currentTarget.value)}
        data={[
          { value: "", label: apps.isPending ? "Loading…" : "Choose" },
          ...known.map((each) => ({ value: each.app, label: each.name })),
          ...(theApp && !known.some((each) => each.app === theApp) ? [{ value: theApp, label: theApp }] : []),
        ]}
      />
      {!devices && (
        <TextInput
          type="search"
          label="Find the laptop"
          description="By its name, model or owner."
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      )}
      <NativeSelect
        label="Laptop"
        description="Its owner is asked."
        value={device}
        onChange={(event) => setDevice(event.currentTarget.value)}
        data={
          choices.length === 0
            ? [{ value: "", label: "None found" }]
            : choices.map((each) => ({
                value: each.id,
                label:
                  "owner" in each && each.owner ? `${each.name}, ${(each.owner as { name: string }).name}` : each.name,
              }))
        }
      />
      <Textarea
        label="A few words of your own (optional)"
        description="Added below the question."
        rows={2}
        maxLength={2_000}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <div className="actions tight">
        <Button type="submit" disabled={!theApp || !device} loading={open.isPending}>
          Ask the owner
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
