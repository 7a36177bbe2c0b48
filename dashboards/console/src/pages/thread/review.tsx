// Above a private talk: the review that it is about. The owner answers here, security decides here, both read what was said.
import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { type Review, useReviewOf } from "../../api/reviewing";
import { At } from "../../parts/clock";
import { AnswerForm } from "../reviews/answer";
import { DecideForm } from "../reviews/decide";
import { OUTCOME_SCOPE, ReviewState } from "../reviews/state";

export default function ReviewInTalk({ thread }: { thread: string }) {
  const review = useReviewOf(thread, true);
  if (!review.data) return null;
  return <Box key={review.data.id} review={review.data} />;
}

function Box({ review }: { review: Review }) {
  const [answering, setAnswering] = useState(false);
  const [deciding, setDeciding] = useState(false);
  const form = review.can_answer && (answering || (review.state === "asked" && !review.reason));
  return (
    <section className="review-box" aria-labelledby="review">
      <header className="row">
        <h2 id="review">Review of {review.app_name}</h2>
        <ReviewState review={review} />
      </header>
      <p className="small quiet">
        Asked about {review.device.name}, <At at={review.opened_at} relative /> by {review.opened_by.name}. Only{" "}
        {review.can_answer ? "you" : review.owner.name} and security read this talk.
      </p>
      {review.reason && !form && (
        <dl className="pairs">
          <dt>Used for</dt>
          <dd>{review.reason.purpose_words}</dd>
          {review.reason.missing && (
            <>
              <dt>Missing elsewhere</dt>
              <dd>{review.reason.missing}</dd>
            </>
          )}
          {review.reason.words && (
            <>
              <dt>In words</dt>
              <dd>{review.reason.words}</dd>
            </>
          )}
        </dl>
      )}
      {form && <AnswerForm review={review} done={review.reason ? () => setAnswering(false) : undefined} />}
      {review.decision && (
        <p className="decision">
          <b>{review.decision.told}</b> For {OUTCOME_SCOPE[review.decision.scope](review)}. {review.decision.words}{" "}
          <span className="quiet">
            {review.decision.by.name}, <At at={review.decision.at} />
          </span>
        </p>
      )}
      {!form && (review.can_answer || review.can_decide) && (
        <div className="actions tight">
          {review.can_answer && !review.decision && (
            <Button size="xs" variant="default" onClick={() => setAnswering(true)}>
              Change my answer
            </Button>
          )}
          {review.can_decide && (
            <Button size="xs" onClick={() => setDeciding(true)}>
              Decide…
            </Button>
          )}
        </div>
      )}
      <Modal opened={deciding} onClose={() => setDeciding(false)} title={`Decide on ${review.app_name}`} size="xl">
        {deciding && <DecideForm review={review} done={() => setDeciding(false)} />}
      </Modal>
    </section>
  );
}
