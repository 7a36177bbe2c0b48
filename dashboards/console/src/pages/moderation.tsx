// The desk of staff: who was asked for, what was flagged, what is out of sight.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { useChange } from "../api/changes";
import { del, post } from "../api/client";
import { everyItem, useThreads } from "../api/queries";
import { type Flag, useEscalations, useFlags } from "../api/talking";
import { At } from "../parts/clock";
import { PageFrame, Section } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";
import { EscalationWords } from "./thread/escalate";
import { AskReason } from "./thread/reason";

export default function ModerationPage() {
  const escalations = useEscalations();
  const flags = useFlags();
  const hidden = useThreads({ hidden: true, limit: 20 });
  return (
    <PageFrame
      title="Moderation"
      standfirst="Who asks for somebody, what people flagged, and what was taken out of sight."
    >
      <Section title="Asked for" note="Oldest first">
        <Loaded query={escalations} lines={3}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="Nobody waits" />
            ) : (
              <ul className="rows desk">
                {list.map((each) => (
                  <li key={each.id}>
                    <EscalationWords escalation={each} />
                    <p className="small">
                      <Link to={`/threads/${each.thread}`} data-row>
                        Open the thread
                      </Link>
                    </p>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <Section title="Flagged posts" note="Oldest first">
        <Loaded query={flags} lines={3}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No flags" />
            ) : (
              <ul className="rows desk">
                {list.map((each) => (
                  <li key={each.id}>
                    <Flagged flag={each} />
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <Section title="Hidden threads" note="Only staff sees them">
        <Loaded query={hidden} lines={3}>
          {(pages) => {
            const items = everyItem(pages);
            return items.length === 0 ? (
              <Empty title="Nothing is hidden" />
            ) : (
              <ul className="rows">
                {items.map((each) => (
                  <ThreadRow key={each.id} thread={each} />
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
    </PageFrame>
  );
}

function Flagged({ flag }: { flag: Flag }) {
  const [hiding, setHiding] = useState(false);
  const touches = ["flags", "thread", "threads"];
  const dismiss = useChange({
    run: () => post(`/posts/${flag.post}/flags/close`, { outcome: "dismissed" }),
    touches,
    said: "The post stays.",
  });
  const hide = useChange({
    run: (reason: string) => del(`/posts/${flag.post}`, { reason }),
    touches,
    said: "Out of sight. Its author is told why.",
    after: () => setHiding(false),
  });
  return (
    <>
      <p>
        <b>{flag.by.name}</b> flagged a post by {flag.author.name} in{" "}
        <Link to={`/threads/${flag.thread}#post-${flag.post}`} data-row>
          {flag.thread_title}
        </Link>{" "}
        <span className="quiet">
          <At at={flag.at} relative />
        </span>
        : {flag.reason}
      </p>
      <blockquote className="clamp">{flag.markdown}</blockquote>
      <div className="row">
        <Button size="xs" variant="default" onClick={() => setHiding(true)}>
          Hide the post …
        </Button>
        <Button size="xs" variant="default" loading={dismiss.isPending} onClick={() => dismiss.mutate()}>
          It is fine
        </Button>
      </div>
      {hiding && (
        <AskReason
          title={`Hide the post by ${flag.author.name}?`}
          label="Why: its author is told"
          button="Hide"
          danger
          busy={hide.isPending}
          run={(reason) => hide.mutate(reason)}
          close={() => setHiding(false)}
        >
          <p>It disappears for everybody. Staff can bring it back.</p>
        </AskReason>
      )}
    </>
  );
}
