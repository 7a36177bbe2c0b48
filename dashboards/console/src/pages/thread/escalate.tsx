// Asking for a role, and what became of it. Nothing moves: people of that role are told, and one of them takes it.
import { Button, Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import type { Escalation, Role, Thread } from "../../api/types";
import { Choices } from "../../parts/choices";
import { At } from "../../parts/clock";
import { has, useSession } from "../../session";
import { AskReason } from "./reason";

type Asked = "technician" | "security" | "admin";
const CHOICES: { value: Asked; word: string; meaning: string }[] = [
  { value: "technician", word: "A technician", meaning: "to look into it and help" },
  { value: "security", word: "Security", meaning: "something may be wrong or risky" },
  { value: "admin", word: "An administrator", meaning: "something must be decided or changed" },
];

export function Escalate({ thread, close }: { thread: Thread; close: () => void }) {
  const [to, setTo] = useState<Asked | "">("");
  const [reason, setReason] = useState("");
  const ask = useChange({
    run: () => post(`/threads/${thread.id}/escalations`, { to, reason: reason.trim() }),
    touches: ["thread", "escalations"],
    said: "They are told.",
    after: close,
  });
  return (
    <Modal opened onClose={close} title="Ask for somebody" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <Choices legend="Who is needed?" value={to} choose={setTo} choices={CHOICES} />
        <Textarea
          label="Why does it need them?"
          rows={3}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="actions">
          <Button type="submit" loading={ask.isPending} disabled={to === "" || !reason.trim()}>
            Ask
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

const mayDo = (roles: Role[], escalation: Escalation) => roles.includes(escalation.to) || roles.includes("admin");

/** The words of an escalation and the buttons of whoever may do it. */
export function EscalationWords({ escalation }: { escalation: Escalation }) {
  const me = useSession();
  const [closing, setClosing] = useState(false);
  const touches = ["thread", "escalations"];
  const take = useChange({
    run: () => post(`/escalations/${escalation.id}/take`),
    touches,
    said: "It is yours now.",
  });
  const done = useChange({
    run: (note: string) => post(`/escalations/${escalation.id}/close`, { note }),
    touches,
    said: "Closed.",
    after: () => setClosing(false),
  });
  const may = mayDo(me.roles, escalation) && has(me, "technician", "security", "admin");
  return (
    <>
      <p>
        <span
          className={`mark ${escalation.state === "open" ? "warn" : escalation.state === "taken" ? "indigo" : "good"}`}
        >
          {escalation.state === "open" ? "◔ Waiting" : escalation.state === "taken" ? "◑ Taken" : "✓ Done"}
        </span>{" "}
        <b>{escalation.by.name}</b> asked for{" "}
        {CHOICES.find((choice) => choice.value === escalation.to)?.word.toLowerCase() ?? escalation.to}{" "}
        <span className="quiet">
          <At at={escalation.at} relative />
        </span>
        : {escalation.reason}
        {escalation.taken_by && <span className="quiet"> Taken by {escalation.taken_by.name}.</span>}
        {escalation.note && <span> “{escalation.note}”</span>}
      </p>
      {may && escalation.state !== "closed" && (
        <div className="row">
          {escalation.state === "open" && (
            <Button size="xs" variant="default" loading={take.isPending} onClick={() => take.mutate()}>
              I take it
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => setClosing(true)}>
            Done …
          </Button>
        </div>
      )}
      {closing && (
        <AskReason
          title="What came of it?"
          label="Note (optional)"
          button="Close it"
          needed={false}
          busy={done.isPending}
          run={(note) => done.mutate(note)}
          close={() => setClosing(false)}
        >
          <p>The thread stays open; only the request is done.</p>
        </AskReason>
      )}
    </>
  );
}
