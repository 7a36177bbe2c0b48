// What an edit changed, word by word. Pure, and quick also for the longest post.
export interface Piece {
  kind: "same" | "gone" | "new";
  text: string;
}

/** Words compared one by one; the table of a longer stretch would be large, and it is shown as replaced instead. */
const MOST_CELLS = 4_000_000;
/** Spaces are words here, so that the pieces put together give the text. */
const words = (text: string) => text.match(/\s+|[^\s]+/g) ?? [];

export function difference(before: string, after: string): Piece[] {
  const a = words(before);
  const b = words(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const pieces: Piece[] = [];
  const say = (kind: Piece["kind"], text: string) => {
    const last = pieces.at(-1);
    if (text === "") return;
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  say("same", a.slice(0, head).join(""));
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), say);
  say("same", tail > 0 ? a.slice(a.length - tail).join("") : "");
  return pieces;
}

function middle(a: string[], b: string[], say: (kind: Piece["kind"], text: string) => void) {
  if (a.length * b.length > MOST_CELLS) {
    say("gone", a.join(""));
    say("new", b.join(""));
    return;
  }
  const width = b.length + 1;
  // Length of the longest common rest from (i, j).
  const rest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => rest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      rest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      say("same", a[i] ?? "");
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      say("gone", a[i] ?? "");
      i += 1;
    } else {
      say("new", b[j] ?? "");
      j += 1;
    }
  }
}
