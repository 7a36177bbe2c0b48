// The owner's answer to "why do you use it?": a purpose, what the approved tool lacks, and free words. All but the purpose optional.
import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { put } from "../../api/client";
import type { Purpose, Review } from "../../api/reviewing";
import { PURPOSE } from "../../words/vocabulary";

const MOST_WORDS = 2_000;

export function AnswerForm({ review, done }: { review: Review; done?: () => void }) {
  const [purpose, setPurpose] = useState<Purpose | "">(review.reason?.purpose ?? "");
  const [missing, setMissing] = useState(review.reason?.missing ?? "");
  const [words, setWords] = useState(review.reason?.words ?? "");
  const answer = useChange({
    run: () => put(`/reviews/${review.id}/reason`, { purpose, missing: missing.trim(), words: words.trim() }),
    touches: ["reviews", "thread", "threads"],
    said: "Thank you. Security reads it; the register gets it without your name.",
    after: () => done?.(),
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (purpose) answer.mutate();
      }}
    >
      <NativeSelect
        label={`What do you use ${review.app_name} for?`}
        value={purpose}
        onChange={(event) => setPurpose(event.currentTarget.value as Purpose | "")}
        data={[{ value: "", label: "Choose" }, ...Object.entries(PURPOSE).map(([value, label]) => ({ value, label }))]}
        maw={420}
      />
      <Textarea
        label="What does the approved tool lack? (optional)"
        rows={2}
        maxLength={MOST_WORDS}
        value={missing}
        onChange={(event) => setMissing(event.currentTarget.value)}
      />
      <Textarea
        label="In your own words (optional)"
        rows={2}
        maxLength={MOST_WORDS}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <div className="actions tight">
        <Button type="submit" disabled={!purpose} loading={answer.isPending}>
          {review.reason ? "Change my answer" : "Answer"}
        </Button>
        {done && (
          <Button variant="default" onClick={done}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}
