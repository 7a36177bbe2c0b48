// Where my mail goes, and from where my mail counts as mine.
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import type { MailAddress, MyMail } from "../../api/mailing";
import { At } from "../../parts/clock";
import { Section } from "../../parts/page";

export function Addresses({ mine }: { mine: MyMail }) {
  const test = useChange({
    run: () => post("/me/mail/test"),
    touches: [],
    said: "A mail is on its way to you.",
  });
  if (!mine.on) {
    return (
      <Section title="Addresses">
        <p className="quiet">
          {mine.waits
            ? `No mail comes or goes just now: ${mine.waits}. IT has to see to it; notices in the console go on.`
            : "IT has not set mail up here. Feeds and notices in the console work without it."}
        </p>
      </Section>
    );
  }
  const reached = mine.addresses.some((one) => one.main && one.confirmed_at !== null && one.paused_at === null);
  return (
    <Section
      title="Addresses"
      note={mine.replies ? "Answer a mail of ours from one of them, and your words stand in the thread." : undefined}
    >
      <ul className="rows ways">
        {mine.addresses.map((one) => (
          <Row key={one.address} one={one} />
        ))}
      </ul>
      <Add />
      {reached && (
        <Button variant="default" size="xs" loading={test.isPending} onClick={() => test.mutate(undefined)}>
          Send me a test mail
        </Button>
      )}
    </Section>
  );
}

function Row({ one }: { one: MailAddress }) {
  const act = useChange({
    run: (what: "" | "/main" | "/resume" | "/remove") => post(`/me/mail/addresses${what}`, { address: one.address }),
    touches: ["mail"],
  });
  const button = (label: string, what: "" | "/main" | "/resume" | "/remove") => (
    <Button variant="subtle" size="compact-sm" loading={act.isPending} onClick={() => act.mutate(what)}>
      {label}
    </Button>
  );
  return (
    <li className="way">
      <div>
        <strong className="way-name">{one.address}</strong>{" "}
        {one.paused_at ? (
          <span className="mark bad">Paused</span>
        ) : one.confirmed_at === null ? (
          <span className="mark warn">Waits for your yes</span>
        ) : one.main ? (
          <span className="mark good">Mail goes here</span>
        ) : (
          <span className="mark">Answers only</span>
        )}
        <span className="sub">
          {one.paused_at ? (
            <>
              Mail came back from here <At at={one.paused_at} relative />
              {one.paused_why && `: “${one.paused_why}”`}
            </>
          ) : one.confirmed_at === null ? (
            "Open the link in the mail that we sent there."
          ) : one.by_it ? (
            "Set by IT"
          ) : (
            <>
              Confirmed <At at={one.confirmed_at} relative />
            </>
          )}
        </span>
      </div>
      <div className="way-acts">
        {one.paused_at && button("Try again", "/resume")}
        {one.confirmed_at === null && button("Send the link again", "")}
        {one.confirmed_at !== null && !one.main && button("Send mail here", "/main")}
        {button("Remove", "/remove")}
      </div>
    </li>
  );
}

function Add() {
  const [typed, setTyped] = useState("");
  const add = useChange({
    run: (address: string) => post("/me/mail/addresses", { address }),
    touches: ["mail"],
    said: "A mail with a link is on its way there.",
    after: () => setTyped(""),
  });
  return (
    <form
      className="way-add"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim()) add.mutate(typed.trim());
      }}
    >
      <TextInput
        label="Another address"
        type="email"
        autoComplete="email"
        placeholder="you@example.org"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={add.isPending} disabled={!typed.trim()}>
        Add
      </Button>
    </form>
  );
}
