// A refusal is information: who may see this, and why that is so.
import { asProblem } from "../../api/problem";
import { Failure } from "../../parts/state";

export function Refused({ error, what, who, again }: { error: unknown; what: string; who: string; again: () => void }) {
  if (asProblem(error).status !== 403) return <Failure error={error} again={again} />;
  return (
    <div className="state boxed">
      <h2>{what} of this laptop are not shown to you</h2>
      <p>
        They say much about a person and little about a fault. Only {who} can see them, and every look is written into
        the owner's ledger.
      </p>
      <p>If you are helping the owner, ask them to share a context card in a thread.</p>
    </div>
  );
}
