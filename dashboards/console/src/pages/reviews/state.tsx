// How a review stands, as a mark, and whom a decision concerns, in words.
import type { Review, Scope } from "../../api/reviewing";

export function ReviewState({ review }: { review: Review }) {
  switch (review.state) {
    case "asked":
      return <span className="mark warn">◷ Waits for the owner</span>;
    case "answered":
      return <span className="mark indigo">● Answered, to be decided</span>;
    case "decided":
      return <span className="mark good">✓ Decided</span>;
  }
}

export const OUTCOME_SCOPE: Record<Scope, (review: Review) => string> = {
  device: (review) => review.device.name,
  team: (review) => `team ${review.team}`,
  fleet: () => "everybody",
};
