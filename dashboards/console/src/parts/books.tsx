// The books: where every observation ended. Plain words, because this is the promise people are asked to believe.
import type { Books } from "../api/types";
import { count, plural } from "../words/numbers";

export function BooksStrip({ books, whose }: { books: Books; whose: string }) {
  const total = Math.max(1, books.stored + books.rejected + books.lost + books.pending);
  const share = (part: number) => ({ flexGrow: part / total, flexBasis: 0, display: part > 0 ? undefined : "none" });
  return (
    <div>
      <div className="books-bar" aria-hidden="true">
        <span className="stored" style={share(books.stored)} />
        <span className="rejected" style={share(books.rejected)} />
        <span className="lost" style={share(books.lost)} />
        <span className="pending" style={share(books.pending)} />
      </div>
      <dl className="equation">
        <div>
          <dt>sent</dt>
          <dd>{count(books.sent)}</dd>
        </div>
        <div>
          <dt>stored</dt>
          <dd>
            <span className="sign">= </span>
            {count(books.stored)}
          </dd>
        </div>
        <div>
          <dt>rejected</dt>
          <dd>
            <span className="sign">+ </span>
            {count(books.rejected)}
          </dd>
        </div>
        <div>
          <dt>lost</dt>
          <dd>
            <span className="sign">+ </span>
            {count(books.lost)}
          </dd>
        </div>
        {books.pending > 0 && (
          <div>
            <dt>on the way</dt>
            <dd>
              <span className="sign">+ </span>
              {count(books.pending)}
            </dd>
          </div>
        )}
      </dl>
      <p className="small quiet prose" style={{ marginTop: 8 }}>
        {books.balanced
          ? `The books balance: every observation that ${whose} numbered has ended in exactly one place.`
          : books.pending > 0
            ? `${plural(books.pending, "observation")} numbered but not settled yet: still on a laptop, or on the way.`
            : "The books do not balance. That is a defect in Weft: please tell IT."}
        {books.lost > 0 && ` ${plural(books.lost, "observation")} lost on a laptop, and declared as lost.`}
        {books.dropped > 0 &&
          ` Not counted here: ${plural(books.dropped, "observation")} that a laptop's own quota or its full disk refused before numbering.`}
      </p>
    </div>
  );
}
