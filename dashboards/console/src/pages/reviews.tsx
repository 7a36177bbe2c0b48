// Asking first: every private question about an app, what was answered, and what was decided.
import { Button, Modal, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { type Review, useReviews } from "../api/reviewing";
import { At } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { PageFrame } from "../parts/page";
import { Empty, Loaded } from "../parts/state";
import { has, useSession } from "../session";
import { plural } from "../words/numbers";
import { AskForm } from "./reviews/ask";
import { DecideForm } from "./reviews/decide";
import { OUTCOME_SCOPE, ReviewState } from "./reviews/state";

const FILTERS = ["state"];
const DEFAULTS = { state: "open" };
const DECIDED = { open: "false", decided: "true", all: "" } as const;

export default function ReviewsPage() {
  const me = useSession();
  const { values, set } = useFilters(FILTERS, DEFAULTS);
  const reviews = useReviews(DECIDED[values.state as keyof typeof DECIDED] ?? "");
  const [asking, setAsking] = useState(false);
  const [decided, setDecided] = useState<string | null>(null);
  const security = has(me, "security", "admin");
  const deciding = reviews.data?.find((review) => review.id === decided);
  const answered = reviews.data?.filter((review) => review.state === "answered") ?? [];
  const waiting = reviews.data?.filter((review) => review.state === "asked") ?? [];
  return (
    <PageFrame
      title="Reviews"
      standfirst={
        !reviews.data
          ? undefined
          : answered.length + waiting.length === 0
            ? "Ask the owner why an app is used, before anything is decided about it."
            : `${plural(answered.length, "answer waits", "answers wait")} for a decision; ${plural(waiting.length, "owner has", "owners have")} not answered yet.`
      }
      actions={security && <Button onClick={() => setAsking(true)}>Ask an owner…</Button>}
    >
      <div className="filters">
        <SegmentedControl
          className="whole"
          aria-label="State"
          value={values.state}
          onChange={(value) => set("state", value)}
          data={[
            { value: "open", label: "Open" },
            { value: "decided", label: "Decided" },
            { value: "all", label: "All" },
          ]}
        />
      </div>
      <Loaded query={reviews} lines={6}>
        {(items) =>
          items.length === 0 ? (
            <Empty title={values.state === "decided" ? "Nothing was decided yet" : "Nobody is being asked"}>
              A review opens a private talk with the owner of a laptop: from an app anomaly, a laptop's apps, or here.
            </Empty>
          ) : (
            <ul className="reviews">
              {items.map((review) => (
                <Row key={review.id} review={review} decide={() => setDecided(review.id)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Modal opened={asking} onClose={() => setAsking(false)} title="Ask an owner about an app" size="lg">
        {asking && <AskForm done={() => setAsking(false)} />}
      </Modal>
      <Modal
        opened={deciding !== undefined}
        onClose={() => setDecided(null)}
        title={`Decide on ${deciding?.app_name ?? ""}`}
        size="xl"
      >
        {deciding && <DecideForm key={deciding.id} review={deciding} done={() => setDecided(null)} />}
      </Modal>
    </PageFrame>
  );
}

function Row({ review, decide }: { review: Review; decide: () => void }) {
  return (
    <li>
      <div className="review-who">
        <span className="row-title">{review.app_name}</span>
        <span className="small quiet">
          {review.owner.name}
          {review.team && `, ${review.team}`}
          <br />
          <Link to={`/devices/${review.device.id}/apps`}>{review.device.name}</Link>
        </span>
      </div>
      <div className="review-said">
        {review.reason ? (
          <>
            <p>
              <b>{capital(review.reason.purpose_words)}.</b> {review.reason.words}
            </p>
            {review.reason.missing && <p className="small">Missing elsewhere: {review.reason.missing}</p>}
          </>
        ) : (
          <p className="quiet">No answer yet.</p>
        )}
        {review.decision && (
          <p className="decision small">
            <b>{review.decision.told}</b> For {OUTCOME_SCOPE[review.decision.scope](review)}; {review.decision.by.name},{" "}
            <At at={review.decision.at} relative />.
          </p>
        )}
        <p className="small quiet">
          Asked <At at={review.opened_at} relative /> by {review.opened_by.name}
          {review.anomaly && (
            <>
              , because of an <Link to={`/anomalies/${review.anomaly}`}>anomaly</Link>
            </>
          )}
        </p>
      </div>
      <div className="review-do">
        <ReviewState review={review} />
        <div className="actions tight">
          <Button
            component={Link}
            to={`/threads/${review.thread}`}
            size="compact-sm"
            variant="default"
            aria-label={`Read the talk with ${review.owner.name} about ${review.app_name}`}
          >
            Read the talk
          </Button>
          {review.can_decide && (
            <Button
              size="compact-sm"
              onClick={decide}
              aria-label={`Decide on ${review.app_name} for ${review.owner.name}`}
            >
              Decide…
            </Button>
          )}
        </div>
      </div>
    </li>
  );
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
