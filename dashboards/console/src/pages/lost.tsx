// No such page.
import { Link } from "react-router";
import { PageFrame } from "../parts/page";
import { homeOf, useSession } from "../session";

export default function LostPage() {
  const me = useSession();
  return (
    <PageFrame
      title="There is nothing at this address"
      name="Not found"
      standfirst="The link may be old, or a letter is missing."
    >
      <p>
        <Link to={homeOf(me)}>Go to your home page</Link>, or press <kbd>/</kbd> to search.
      </p>
    </PageFrame>
  );
}
