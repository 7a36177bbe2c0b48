// The talk's call: start it, or join the one that runs.
import { Button } from "@mantine/core";
import { type Call, useCalls } from "../../api/beside";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import { useNow } from "../../parts/clock";
import { relativeOf } from "../../words/time";

export function CallButton({ thread }: { thread: string }) {
  const now = useNow();
  const calls = useCalls(thread);
  const start = useChange<void, Call>({
    run: () => post<Call>(`/threads/${thread}/call`),
    touches: ["thread"],
    said: "The call is open; its link stands in the talk.",
  });
  if (!calls.data?.available) return null;
  const { call } = calls.data;
  if (!call) {
    return (
      <Button variant="default" size="xs" loading={start.isPending} onClick={() => start.mutate()}>
        Start a call
      </Button>
    );
  }
  return (
    <Button
      component="a"
      size="xs"
      variant="light"
      href={safe(call.url)}
      target="_blank"
      rel="noopener noreferrer"
      title={`Started by ${call.started_by.name} ${relativeOf(call.at, now)}`}
    >
      Join the call
      <span className="hidden">
        , started by {call.started_by.name} {relativeOf(call.at, now)}, opens in a new window
      </span>
    </Button>
  );
}

/** The template comes from IT, but a link that could run a script is never followed. */
export const safe = (url: string) => (/^https?:\/\//i.test(url) ? url : undefined);
