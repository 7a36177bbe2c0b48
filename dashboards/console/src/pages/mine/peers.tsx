// What I agreed to about being found, who asked me into a talk, and who thanked me. Nothing is on until I say so; nothing is summed.
import { Switch } from "@mantine/core";
import { Link } from "react-router";
import { type MyPeers, useMyInvitations, useMyPeers, useMyThanks } from "../../api/beside";
import { useChange } from "../../api/changes";
import { put } from "../../api/client";
import { useReviews } from "../../api/reviewing";
import { At } from "../../parts/clock";
import { Section } from "../../parts/page";
import { Loaded } from "../../parts/state";
import { useSession } from "../../session";
import { ReviewState } from "../reviews/state";
import { InvitationCard } from "../thread/peers";

const SWITCHES: { key: keyof MyPeers; label: string; description: string }[] = [
  {
    key: "by_model",
    label: "People with the same laptop model may find me",
    description: "They learn that you have that model, and can invite you into a talk.",
  },
  {
    key: "by_problem",
    label: "People whose laptop has the same trouble may find me",
    description: "They learn that yours has it or had it in the last 90 days. Never programs or apps.",
  },
  {
    key: "show_thanks",
    label: "Thanks to me may be shown beside my answer",
    description: "Only where the giver agrees, too. They are never counted.",
  },
];

export function BeingFound() {
  const mine = useMyPeers();
  return (
    <Section title="Being found" note="Off until you say so; off again at once when you change your mind.">
      <div id="peers">
        <Loaded query={mine} lines={3}>
          {(agreed) => <Switches agreed={agreed} />}
        </Loaded>
      </div>
    </Section>
  );
}

function Switches({ agreed }: { agreed: MyPeers }) {
  const save = useChange({
    run: (next: MyPeers) => put("/me/peers", next),
    touches: ["peers", "thread"],
  });
  // What was just chosen shows at once; a refusal brings the old state back.
  const shown = save.isPending && save.variables ? save.variables : agreed;
  return (
    <div className="stack">
      {SWITCHES.map(({ key, label, description }) => (
        <Switch
          key={key}
          label={label}
          description={description}
          checked={shown[key]}
          onChange={(event) => save.mutate({ ...shown, [key]: event.currentTarget.checked })}
        />
      ))}
    </div>
  );
}

/** Things that wait for me: invitations, and questions by security. Shows nothing when nothing waits. */
export function Waiting() {
  const me = useSession();
  const invitations = useMyInvitations();
  const reviews = useReviews("false");
  const open = (invitations.data ?? []).filter((one) => one.state === "open");
  const questions = (reviews.data ?? []).filter((review) => review.owner.id === me.id);
  if (open.length === 0 && questions.length === 0) return null;
  return (
    <Section title="Asked of you" note="Nobody is told when you decline an invitation.">
      <div className="stack">
        {questions.map((review) => (
          <p key={review.id} className="question">
            <Link to={`/threads/${review.thread}`}>Why do you use {review.app_name}?</Link>{" "}
            <ReviewState review={review} />
            <span className="small quiet sub">
              Security asks before anything is decided, <At at={review.opened_at} relative />. You and security alone
              read it.
            </span>
          </p>
        ))}
        {open.map((one) => (
          <InvitationCard key={one.id} invitation={one} />
        ))}
      </div>
    </Section>
  );
}

export function ThanksToMe() {
  const me = useSession();
  const thanks = useMyThanks();
  const got = (thanks.data ?? []).filter((one) => one.to.id === me.id);
  if (got.length === 0) return null;
  return (
    <Section title="Thanks">
      <ul className="quotes">
        {got.map((one) => (
          <li key={one.post + one.from.id}>
            {one.words ? <blockquote>{one.words}</blockquote> : <p>Thank you.</p>}
            <p className="small quiet">
              {one.from.name}, <At at={one.at} relative />, for <Link to={`/threads/${one.thread}`}>your answer</Link>
              {!one.shown && ". Only the two of you see it"}.
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}
