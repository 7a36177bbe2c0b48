// Security's decision about an app: a verdict with a scope, told to the people concerned in the words shown here first.
import { Button, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import type { Outcome, Review, Scope } from "../../api/reviewing";
import { Choices } from "../../parts/choices";
import { useNow } from "../../parts/clock";
import { dayIn, endOf } from "../../words/day";
import { complete, draft } from "./decision";

export function DecideForm({ review, done }: { review: Review; done: () => void }) {
  const now = useNow();
  const [outcome, setOutcome] = useState<Outcome | "">("");
  const [scope, setScope] = useState<Scope>("device");
  const [until, setUntil] = useState("");
  const [replaceBy, setReplaceBy] = useState("");
  const [words, setWords] = useState("");
  const asked = { outcome, until, replaceBy, words };
  const decide = useChange({
    run: () =>
      post(`/reviews/${review.id}/decision`, {
        outcome,
        scope,
        until: (outcome === "tolerate" || outcome === "replace") && until ? endOf(until) : null,
        replace_by: outcome === "replace" ? replaceBy.trim() : "",
        words: words.trim(),
      }),
    touches: ["reviews", "apps", "demand", "anomalies", "overview", "thread", "threads"],
    said: `Decided on ${review.app_name}. The people concerned were told in their talks.`,
    after: done,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (complete(asked, now)) decide.mutate();
      }}
    >
      <Choices<Outcome>
        legend="What is decided?"
        value={outcome}
        choose={setOutcome}
        choices={[
          { value: "sanction", word: "Sanction", meaning: "it may be used, for good" },
          { value: "tolerate", word: "Tolerate until", meaning: "it may be used up to a day" },
          { value: "replace", word: "Replace by", meaning: "without a day, not allowed from now on" },
          { value: "remove", word: "Remove", meaning: "not allowed from now on" },
        ]}
      />
      <Choices<Scope>
        legend="For whom?"
        value={scope}
        choose={setScope}
        choices={[
          { value: "device", word: "This laptop", meaning: `${review.device.name}, ${review.owner.name}` },
          ...(review.team ? [{ value: "team" as const, word: "The team", meaning: review.team }] : []),
          { value: "fleet", word: "Everybody", meaning: "the whole fleet; everybody who was asked is told" },
        ]}
      />
      <div className="filters">
        {outcome === "replace" && (
          <TextInput
            className="grow"
            label="Replaced by"
            required
            withAsterisk={false}
            maxLength={200}
            value={replaceBy}
            onChange={(event) => setReplaceBy(event.currentTarget.value)}
          />
        )}
        {(outcome === "tolerate" || outcome === "replace") && (
          <TextInput
            type="date"
            label={outcome === "tolerate" ? "Until" : "Until (optional: a time of grace)"}
            required={outcome === "tolerate"}
            withAsterisk={false}
            min={dayIn(now, 1)}
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        )}
      </div>
      <Textarea
        label="Why, for the people concerned"
        rows={2}
        required
        withAsterisk={false}
        maxLength={2_000}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      {outcome && (
        <div className="told-preview" role="status">
          <p className="small quiet">They will read</p>
          <blockquote>
            <b>Decided:</b> {draft(review.app_name, asked)}
            {words.trim() && <> {words.trim()}</>}
          </blockquote>
        </div>
      )}
      <div className="actions">
        <Button type="submit" disabled={!complete(asked, now)} loading={decide.isPending}>
          Decide and tell them
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
