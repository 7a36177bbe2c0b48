// How many notices wait. Beside the search on every page; the number is also in the window's name for those who cannot see it here.
import { useEffect } from "react";
import { Link } from "react-router";
import { useUnseen } from "../api/talking";

/** The collector counts to here. */
const MOST = 100;

export function Bell() {
  const unseen = useUnseen();
  const word = unseen >= MOST ? `${MOST - 1}+` : String(unseen);
  useEffect(() => {
    const name = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = unseen > 0 ? `(${word}) ${name}` : name;
  });
  return (
    <>
      <Link className="bell" to="/notices" aria-label={unseen > 0 ? `Notices, ${word} new` : "Notices, none new"}>
        <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" fill="none" stroke="currentColor">
          <path
            strokeWidth="1.5"
            strokeLinejoin="round"
            d="M9 2.2c-2.7 0-4.4 2-4.4 4.6 0 3.4-1.4 4.8-1.9 5.6h12.6c-.5-.8-1.9-2.2-1.9-5.6 0-2.6-1.7-4.6-4.4-4.6z"
          />
          <path strokeWidth="1.5" strokeLinecap="round" d="M7.3 15.2c.8.9 2.6.9 3.4 0" />
        </svg>
        {unseen > 0 && <span className="bell-count">{word}</span>}
      </Link>
      <span className="hidden" role="status">
        {unseen > 0 ? `${word} new notices` : ""}
      </span>
    </>
  );
}
