// Under the accepted answer: did it help? Who applied it, the measured effect with its interval, or what is still missing.
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { type AnswerEffect, type Effect, useEffectOf } from "../../api/beside";
import { useChange } from "../../api/changes";
import { del, post } from "../../api/client";
import { BeforeAfter } from "../../charts/before-after";
import { Forest } from "../../charts/forest";
import { At, useNow } from "../../parts/clock";
import { Failure, Loading } from "../../parts/state";
import { Ticks } from "../../parts/ticks";
import { isStaff, useSession } from "../../session";
import { dayIn, momentIn } from "../../words/day";
import { plural } from "../../words/numbers";

/** The collector believes nobody's memory further back. */
const FURTHEST_DAYS = 90;

export default function VerifiedFix({ thread }: { thread: string }) {
  const effect = useEffectOf(thread);
  return (
    <section className="effect" aria-labelledby="effect">
      <h2 id="effect">Did it help?</h2>
      {effect.error && <Failure error={effect.error} again={() => effect.refetch()} />}
      {effect.isPending && <Loading lines={2} />}
      {effect.data && <Measured effect={effect.data} thread={thread} />}
    </section>
  );
}

/** What the interval says: it speaks only where it does not reach across 1. */
export function verdictOf(effect: Effect | null): "helped" | "worse" | "unclear" | "waiting" {
  if (!effect?.enough || effect.low === null || effect.high === null) return "waiting";
  if (effect.high < 1) return "helped";
  return effect.low > 1 ? "worse" : "unclear";
}
const VERDICT = {
  helped: { mark: "mark good", word: "✓ Verified: it helped" },
  worse: { mark: "mark bad", word: "▲ It made things worse" },
  unclear: { mark: "mark", word: "No effect can be shown" },
  waiting: { mark: "mark warn", word: "◷ Not yet enough" },
};

function Measured({ effect, thread }: { effect: AnswerEffect; thread: string }) {
  const me = useSession();
  const found = effect.effect;
  const verdict = VERDICT[verdictOf(found)];
  const waits = found !== null && !found.enough && found.missing.length > 0;
  return (
    <div className="stack">
      <p className="row">
        <span className={verdict.mark}>{verdict.word}</span>
        {found && (
          <span className="small quiet">
            n = {plural(found.devices, "laptop")}, against {found.controls}
            {effect.measured_at && (
              <>
                , measured <At at={effect.measured_at} relative />
              </>
            )}
          </span>
        )}
      </p>
      <p className="lead">{waits ? "Not yet enough to say whether it helped." : effect.words}</p>
      {waits && (
        <div className="missing">
          <p className="small">
            <b>What is missing</b>
          </p>
          <ul className="small">
            {found?.missing.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </div>
      )}
      {found?.enough && <Figure found={found} />}
      <Mine effect={effect} thread={thread} />
      {isStaff(me) && effect.applied.length > 0 && <Applied effect={effect} thread={thread} />}
      {effect.waiting.length > 0 && <RollOut effect={effect} thread={thread} />}
      <details className="small quiet">
        <summary>What this cannot rule out</summary>
        <ul>
          {effect.caveats.map((caveat) => (
            <li key={caveat}>{caveat}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Figure({ found }: { found: Effect }) {
  const [before, after, likeBefore, likeAfter] = found.rates ?? [];
  return (
    <div className="effect-figure">
      {before !== undefined && after !== undefined && likeBefore !== undefined && likeAfter !== undefined && (
        <BeforeAfter
          title="Before and after"
          summary="Those that applied it, beside laptops like them that did not."
          unit="Unexpected restarts per laptop and month"
          pairs={[
            { key: "own", name: `applied it (${found.devices})`, before, after },
            { key: "like", name: `like them, without it (${found.controls})`, before: likeBefore, after: likeAfter },
          ]}
        />
      )}
      {found.ratio !== null && found.low !== null && found.high !== null && (
        <Forest
          title="Effect"
          summary={
            found.difference === null || found.difference_low === null || found.difference_high === null
              ? "Restarts with the fix over restarts without, with the 95 % interval."
              : `${signed(found.difference)} restarts per laptop and month (95 % interval ${signed(found.difference_low)} to ${signed(found.difference_high)}).`
          }
          once="as if nothing had been done; left of it is fewer restarts"
          rows={[
            {
              key: "ratio",
              name: "With the fix",
              label: "With the fix",
              ratio: found.ratio,
              low: found.low,
              high: found.high,
            },
          ]}
        />
      )}
    </div>
  );
}

export const signed = (value: number) =>
  `${value > 0.05 ? "+" : value < -0.05 ? "−" : ""}${Math.abs(value).toFixed(1)}`;

function Mine({ effect, thread }: { effect: AnswerEffect; thread: string }) {
  const now = useNow();
  const [days, setDays] = useState<Record<string, string>>({});
  const touches = ["thread"];
  const mark = useChange({
    run: (device: string) => {
      const at = momentIn(days[device] ?? dayIn(now, 0), now);
      return post(`/threads/${thread}/applied`, { device, ...(at && at !== "now" ? { at } : {}) });
    },
    touches,
    said: "Noted. Your laptop counts towards the measurement.",
  });
  const unmark = useChange({ run: (device: string) => del(`/threads/${thread}/applied/${device}`), touches });
  if (effect.mine.length === 0) return null;
  return (
    <ul className="applied" aria-label="Your laptops">
      {effect.mine.map((device) => (
        <li key={device.id}>
          {device.applied_at ? (
            <>
              <span>
                <b>✓ You applied it</b> to {device.name} <At at={device.applied_at} relative />
              </span>
              <Button
                size="compact-xs"
                variant="default"
                loading={unmark.isPending}
                onClick={() => unmark.mutate(device.id)}
                aria-label={`I did not apply it to ${device.name}`}
              >
                I did not
              </Button>
            </>
          ) : (
            <>
              <span>Did you apply it to {device.name}?</span>
              <TextInput
                type="date"
                size="xs"
                aria-label={`The day on which you applied it to ${device.name}`}
                value={days[device.id] ?? dayIn(now, 0)}
                min={dayIn(now, -FURTHEST_DAYS)}
                max={dayIn(now, 0)}
                onChange={(event) => setDays({ ...days, [device.id]: event.currentTarget.value })}
              />
              <Button
                size="compact-sm"
                disabled={momentIn(days[device.id] ?? dayIn(now, 0), now) === null}
                loading={mark.isPending}
                onClick={() => mark.mutate(device.id)}
              >
                I applied it
              </Button>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Whoever rolled the fix out says so for many laptops at once. */
function RollOut({ effect, thread }: { effect: AnswerEffect; thread: string }) {
  const now = useNow();
  const [chosen, setChosen] = useState<string[]>([]);
  const [day, setDay] = useState(dayIn(now, 0));
  const at = momentIn(day, now);
  const mark = useChange({
    // One after the other: each mark measures anew.
    run: async () => {
      for (const device of chosen) {
        await post(`/threads/${thread}/applied`, { device, ...(at && at !== "now" ? { at } : {}) });
      }
    },
    touches: ["thread"],
    said: "Noted. These laptops count towards the measurement.",
    after: () => setChosen([]),
  });
  const all = effect.waiting.map((one) => one.id);
  return (
    <details className="small">
      <summary>Rolled out to other laptops</summary>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          mark.mutate();
        }}
      >
        <Ticks
          legend="Laptops with this trouble that got the fix"
          items={effect.waiting.map((one) => ({ value: one.id, word: one.name }))}
          chosen={chosen}
          choose={setChosen}
        />
        <div className="row">
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setChosen(chosen.length === all.length ? [] : all)}
          >
            {chosen.length === all.length ? "None" : "All"}
          </Button>
          <TextInput
            type="date"
            size="xs"
            aria-label="The day on which they got it"
            value={day}
            min={dayIn(now, -FURTHEST_DAYS)}
            max={dayIn(now, 0)}
            onChange={(event) => setDay(event.currentTarget.value)}
          />
          <Button
            type="submit"
            size="compact-sm"
            disabled={chosen.length === 0 || at === null}
            loading={mark.isPending}
          >
            Mark {plural(chosen.length, "laptop")}
          </Button>
        </div>
      </form>
    </details>
  );
}

function Applied({ effect, thread }: { effect: AnswerEffect; thread: string }) {
  const unmark = useChange({
    run: (device: string) => del(`/threads/${thread}/applied/${device}`),
    touches: ["thread"],
  });
  return (
    <details className="small">
      <summary>{plural(effect.applied.length, "laptop")} said to have it</summary>
      <ul>
        {effect.applied.map((one) => (
          <li key={one.id} className="row">
            <span>
              {one.name}, <At at={one.applied_at} />, says {one.how === "owner" ? "its owner" : one.by.name}
            </span>
            {one.how === "staff" && (
              <Button
                size="compact-xs"
                variant="subtle"
                color="red"
                onClick={() => unmark.mutate(one.id)}
                aria-label={`Remove the mark of ${one.name}`}
              >
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
