// Threads without mail, and addresses to which a mail opens a thread.
import { Button } from "@mantine/core";
import { Link } from "react-router";
import { useChange } from "../../api/changes";
import { del } from "../../api/client";
import type { MyMail } from "../../api/mailing";
import { Section } from "../../parts/page";
import { Copied } from "./copied";

export function Spaces({ mine }: { mine: MyMail }) {
  if (mine.spaces.length === 0) return null;
  return (
    <Section
      title="Ask by mail"
      note="A mail to one of these opens a thread in your name. They are yours alone: do not pass them on."
    >
      <ul className="rows ways">
        {mine.spaces.map((space) => (
          <li key={space.slug} className="way">
            <div>
              <strong>{space.name}</strong>
              <span className="sub way-name">{space.address}</span>
            </div>
            <div className="way-acts">
              <Copied text={space.address} what={`the address of ${space.name}`} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function Muted({ mine }: { mine: MyMail }) {
  const unmute = useChange({ run: (thread: string) => del(`/me/mail/mutes/${thread}`), touches: ["mail"] });
  if (mine.muted.length === 0) return null;
  return (
    <Section title="Threads without mail" note="In the console they go on telling you.">
      <ul className="rows ways">
        {mine.muted.map((thread) => (
          <li key={thread.id} className="way">
            <Link to={`/threads/${thread.id}`}>{thread.name}</Link>
            <div className="way-acts">
              <Button
                variant="subtle"
                size="compact-sm"
                loading={unmute.isPending && unmute.variables === thread.id}
                onClick={() => unmute.mutate(thread.id)}
              >
                Mail again
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
