// Finding people with the same laptop or the same trouble who agreed to be found, and asking them in. A no looks like silence.
import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { type Invitation, type Peer, useInvitations, useMyInvitations, usePeers } from "../../api/beside";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import { At } from "../../parts/clock";
import { Failure, Loading } from "../../parts/state";
import { useSession } from "../../session";
import { ROLE } from "../../words/vocabulary";

/** The collector takes no more. */
const MOST_WORDS = 500;

export function Peers({ thread }: { thread: string }) {
  const me = useSession();
  const [asked, setAsked] = useState(false);
  const peers = usePeers(thread, asked);
  const invitations = useInvitations(thread);
  const sent = (invitations.data ?? []).filter((one) => one.inviter.id === me.id);
  return (
    <section aria-labelledby="peers">
      <h2 id="peers">Peers</h2>
      <div className="stack">
        {!asked && (
          <>
            <p className="small quiet">
              People with the same laptop or the same trouble, who agreed to be found. Nobody else is listed.
            </p>
            <Button variant="default" size="xs" onClick={() => setAsked(true)}>
              Find peers
            </Button>
          </>
        )}
        {asked && peers.isPending && <Loading lines={3} label="Looking for peers" />}
        {peers.error && <Failure error={peers.error} again={() => peers.refetch()} />}
        {asked && peers.data?.length === 0 && (
          <p className="quiet small" role="status">
            Nobody who agreed to be found has the same laptop or trouble, or they are here already.{" "}
            <Link to="/mine#peers">Be found yourself</Link>.
          </p>
        )}
        {asked && peers.data && peers.data.length > 0 && (
          <ul className="people">
            {peers.data.map((peer) => (
              <Found key={peer.person.id} peer={peer} thread={thread} />
            ))}
          </ul>
        )}
        {sent.length > 0 && (
          <div>
            <h3 className="small-head">You invited</h3>
            <ul className="small">
              {sent.map((one) => (
                <li key={one.id}>
                  {one.invitee.name}{" "}
                  {one.state === "accepted" ? (
                    <span className="mark good">✓ joined</span>
                  ) : (
                    <span className="quiet">
                      asked <At at={one.at} relative />
                    </span>
                  )}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

function Found({ peer, thread }: { peer: Peer; thread: string }) {
  const [writing, setWriting] = useState(false);
  const [words, setWords] = useState("");
  const invite = useChange({
    run: () => post(`/threads/${thread}/invitations`, { account: peer.person.id, words: words.trim() }),
    touches: ["thread"],
    said: `${peer.person.name} was asked. Whether they come is up to them.`,
    after: () => setWriting(false),
  });
  const titles = peer.person.roles.filter((role) => role !== "user").map((role) => ROLE[role]);
  return (
    <li>
      <div className="person">
        <span>
          <b>{peer.person.name}</b> {titles.length > 0 && <span className="quiet small">{titles.join(", ")}</span>}
          <span className="small quiet sub">{peer.reasons.join("; ")}</span>
        </span>
        {!writing && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setWriting(true)}
            aria-label={`Invite ${peer.person.name}`}
          >
            Invite…
          </Button>
        )}
      </div>
      {writing && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate();
          }}
        >
          <Textarea
            label={`A few words to ${peer.person.name} (optional)`}
            rows={2}
            maxLength={MOST_WORDS}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            data-autofocus
          />
          <div className="actions tight">
            <Button type="submit" size="compact-sm" loading={invite.isPending}>
              Send the invitation
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setWriting(false)}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </li>
  );
}

/** The reader was asked into this talk and has not answered. */
export function AskedHere({ thread }: { thread: string }) {
  const mine = useMyInvitations();
  const open = mine.data?.find((one) => one.thread.id === thread && one.state === "open");
  return open ? (
    <div className="asked-here">
      <InvitationCard invitation={open} here />
    </div>
  ) : null;
}

export function InvitationCard({ invitation, here = false }: { invitation: Invitation; here?: boolean }) {
  const touches = ["thread", "threads", "peers"];
  const accept = useChange({
    run: () => post(`/invitations/${invitation.id}/accept`),
    touches,
    said: "You follow this thread from now on.",
  });
  const decline = useChange({
    run: () => post(`/invitations/${invitation.id}/decline`),
    touches,
    said: "Declined. Nobody is told, and nobody asks again about this thread.",
  });
  return (
    <article className="invitation" aria-label={`Invitation by ${invitation.inviter.name}`}>
      <p>
        <b>{invitation.inviter.name}</b> asks you into{" "}
        {here ? "this talk" : <Link to={`/threads/${invitation.thread.id}`}>{invitation.thread.title}</Link>}
        {invitation.reasons.length > 0 && <span className="quiet">: you {invitation.reasons.map(you).join("; ")}</span>}
        .
      </p>
      {invitation.words && <blockquote>{invitation.words}</blockquote>}
      <div className="actions tight">
        <Button size="compact-sm" loading={accept.isPending} onClick={() => accept.mutate()}>
          Join
        </Button>
        <Button size="compact-sm" variant="default" loading={decline.isPending} onClick={() => decline.mutate()}>
          No, thanks
        </Button>
      </div>
    </article>
  );
}

/** "has the same laptop" is said of somebody else; to oneself it is "have". */
export const you = (reason: string) => reason.replace(/^has /, "have ").replace(/^is /, "are ");
