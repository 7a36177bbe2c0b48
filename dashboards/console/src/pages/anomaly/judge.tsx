// A judgement teaches: it becomes a visible, reversible rule. Its effect is shown before it is saved.
import { Button, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import { usePreview } from "../../api/queries";
import type { Anomaly, Judgement } from "../../api/types";
import { Choices } from "../../parts/choices";
import { At } from "../../parts/clock";
import { Section } from "../../parts/page";
import { isStaff, useSession } from "../../session";
import { plural } from "../../words/numbers";
import { JUDGEMENT } from "../../words/vocabulary";

type Scope = "device" | "cohort" | "fleet";

export function Judge({ anomaly }: { anomaly: Anomaly }) {
  const me = useSession();
  const [judgement, setJudgement] = useState<Judgement | "">("");
  const [scope, setScope] = useState<Scope>(anomaly.device ? "device" : "cohort");
  const [until, setUntil] = useState("");
  const [note, setNote] = useState("");
  const preview = usePreview(anomaly.id, judgement === "true" ? "" : judgement, scope);
  const save = useChange({
    run: () =>
      post(`/anomalies/${anomaly.id}/judgement`, {
        judgement,
        scope,
        // The chosen day counts to its end, in the judge's own time zone.
        ...(until && judgement !== "true" ? { until: new Date(`${until}T23:59:59`).toISOString() } : {}),
        note: note.trim(),
      }),
    touches: ["anomaly", "anomalies", "overview", "rules"],
    said: "Judgement saved; the next evaluation respects it.",
    after: () => setJudgement(""),
  });
  const undo = useChange({
    run: (rule: string) => post(`/rules/${rule}/end`),
    touches: ["rules", "anomaly", "anomalies", "overview"],
    said: "Taken back. From the next round on the detectors speak again.",
  });
  if (!isStaff(me)) return null;
  const quiets = judgement === "false" || judgement === "expected";
  return (
    <Section title="Judgement" note="Teaches the detectors. Every rule is listed with its end, and can be taken back.">
      {anomaly.rule && (
        <p className="state boxed" style={{ marginBottom: 18 }}>
          Rule in force: judged <b>{JUDGEMENT[anomaly.rule.judgement].word.toLowerCase()}</b> for the{" "}
          {anomaly.rule.scope} by {anomaly.rule.by}, <At at={anomaly.rule.at} />
          {anomaly.rule.until && (
            <>
              , until <At at={anomaly.rule.until} />
            </>
          )}
          . <Link to="/rules">All rules</Link>
          <Button
            size="compact-xs"
            variant="default"
            ml="sm"
            loading={undo.isPending}
            onClick={() => undo.mutate(anomaly.rule?.id ?? "")}
          >
            Take it back
          </Button>
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Choices
          legend="What is it?"
          value={judgement}
          choose={setJudgement}
          choices={(["true", "expected", "false"] as const).map((value) => ({ value, ...JUDGEMENT[value] }))}
        />
        {judgement && (
          <>
            {quiets && (
              <>
                <Choices<Scope>
                  legend="For whom?"
                  value={scope}
                  choose={setScope}
                  choices={[
                    ...(anomaly.device
                      ? [{ value: "device" as const, word: "This laptop", meaning: anomaly.device.name }]
                      : []),
                    {
                      value: "cohort",
                      word: "Laptops like it",
                      meaning: anomaly.cohort ? anomaly.cohort.value : "the same model, build or team",
                    },
                    { value: "fleet", word: "The whole fleet", meaning: "the widest; use with care" },
                  ]}
                />
                <TextInput
                  type="date"
                  label="Until (optional)"
                  description="Afterwards the detectors speak again."
                  value={until}
                  onChange={(event) => setUntil(event.currentTarget.value)}
                  mb="md"
                  maw={260}
                />
              </>
            )}
            <Textarea
              label="Note (optional)"
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
              autosize={false}
              rows={2}
              mb="md"
              maw={620}
            />
            {quiets && (
              <p role="status" style={{ marginBottom: 14 }}>
                {preview.data
                  ? preview.data.would_hide === 0
                    ? "This would have hidden nothing in the last 30 days."
                    : `This would have hidden ${plural(preview.data.would_hide, "anomaly", "anomalies")} of the last 30 days.`
                  : preview.error
                    ? "The effect could not be worked out; saving is still possible."
                    : "Working out what this would hide…"}
              </p>
            )}
            <Button type="submit" loading={save.isPending}>
              Save judgement
            </Button>
          </>
        )}
      </form>
    </Section>
  );
}
