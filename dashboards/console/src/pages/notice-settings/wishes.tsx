// What comes by mail and how soon, the digest, quiet hours. Each choice is saved when it is made.
import { NativeSelect, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { put } from "../../api/client";
import type { About, Pace, Rhythm, Wishes } from "../../api/mailing";
import { Section } from "../../parts/page";
import { isStaff, useSession } from "../../session";
import { clockOf, minutesOf } from "../../words/minutes";

const ABOUT: { about: About; label: string; description: string; staff?: true }[] = [
  {
    about: "direct",
    label: "Words to me",
    description: "Mentions, answers, invitations, what staff did with my posts",
  },
  { about: "talk", label: "Threads I watch", description: "Every new post" },
  { about: "outcome", label: "Solved and reopened", description: "Threads that I follow" },
  {
    about: "machines",
    label: "What laptops show",
    description: "In threads that I follow: it fits, it is back, it is over",
  },
  { about: "staff", label: "Calls for my role", description: "Threads that were escalated to it", staff: true },
];
const PACES: { value: Pace; label: string }[] = [
  { value: "instant", label: "At once" },
  { value: "hourly", label: "Together, once an hour" },
  { value: "digest", label: "Only in the digest" },
  { value: "off", label: "Not by mail" },
];
const RHYTHMS: { value: Rhythm; label: string }[] = [
  { value: "off", label: "No digest" },
  { value: "daily", label: "Every day" },
  { value: "weekly", label: "On Mondays" },
];
const NIGHT = { from: 22 * 60, until: 7 * 60 };

export function WishForm({ saved }: { saved: Wishes }) {
  const me = useSession();
  const save = useChange({ run: (next: Wishes) => put("/me/mail/wishes", next), touches: ["mail"] });
  // What was just chosen shows at once; a refusal brings the old state back.
  const wishes = save.isPending && save.variables ? save.variables : saved;
  const choose = (change: Partial<Wishes>) => save.mutate({ ...wishes, ...change });
  return (
    <>
      <Section title="By mail" note="What came while you slept, or too much at once, comes together in one mail.">
        <div className="paces">
          {ABOUT.filter((one) => !one.staff || isStaff(me)).map(({ about, label, description }) => (
            <NativeSelect
              key={about}
              label={label}
              description={description}
              data={PACES}
              value={wishes.mail[about]}
              onChange={(event) => choose({ mail: { ...wishes.mail, [about]: event.currentTarget.value as Pace } })}
            />
          ))}
        </div>
      </Section>
      <Section title="Digest" note="What is new in your threads, and what answers did. Nothing new: no mail.">
        <div className="paces">
          <NativeSelect
            label="How often"
            data={RHYTHMS}
            value={wishes.digest}
            onChange={(event) => choose({ digest: event.currentTarget.value as Rhythm })}
          />
          <NativeSelect
            label="At"
            disabled={wishes.digest === "off"}
            data={Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: clockOf(hour * 60) }))}
            value={String(wishes.digest_hour)}
            onChange={(event) => choose({ digest_hour: Number(event.currentTarget.value) })}
          />
        </div>
      </Section>
      <Section
        title="Quiet hours"
        note="For mail, and for notices on the desktop of your laptops. The digest keeps its own hour."
      >
        <div className="stack">
          <Switch
            label="Leave me in peace at certain hours"
            checked={wishes.quiet !== null}
            onChange={(event) => choose({ quiet: event.currentTarget.checked ? NIGHT : null })}
          />
          {wishes.quiet && (
            <Hours
              key={`${wishes.quiet.from}-${wishes.quiet.until}`}
              quiet={wishes.quiet}
              choose={(quiet) => choose({ quiet })}
            />
          )}
          <Zone key={wishes.zone} zone={wishes.zone} choose={(zone) => choose({ zone })} />
        </div>
      </Section>
    </>
  );
}

type Quiet = NonNullable<Wishes["quiet"]>;

function Hours({ quiet, choose }: { quiet: Quiet; choose: (quiet: Quiet) => void }) {
  const [from, setFrom] = useState(clockOf(quiet.from));
  const [until, setUntil] = useState(clockOf(quiet.until));
  const [begin, end] = [minutesOf(from), minutesOf(until)];
  const same = begin !== null && begin === end;
  const done = () => {
    if (begin === null || end === null || same) return;
    if (begin !== quiet.from || end !== quiet.until) choose({ from: begin, until: end });
  };
  return (
    <div className="paces">
      <TextInput label="From" type="time" value={from} onChange={(e) => setFrom(e.currentTarget.value)} onBlur={done} />
      <TextInput
        label="Until"
        type="time"
        value={until}
        error={same && "That would be the whole day, or none of it"}
        onChange={(e) => setUntil(e.currentTarget.value)}
        onBlur={done}
      />
    </div>
  );
}

function Zone({ zone, choose }: { zone: string; choose: (zone: string) => void }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = new Set(Intl.supportedValuesOf("timeZone"));
  const zones = [...new Set([zone, here, "UTC", ...known])];
  return (
    <div className="paces">
      <NativeSelect
        label="Time zone"
        description={here !== zone ? `This browser is in ${here}` : "The one of this browser"}
        data={zones}
        value={zone}
        onChange={(event) => choose(event.currentTarget.value)}
      />
    </div>
  );
}
