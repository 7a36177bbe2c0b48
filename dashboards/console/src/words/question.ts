// A search question as words and filters, both ways: the text stays the truth, the chips are another look at it. Pure.
export interface Chip {
  /** As it stands in the text: `space:laptops`, `-fan`, `"two words"`. */
  text: string;
  key: string;
  value: string;
}

const KEYS = new Set(["space", "author", "is", "has", "model", "app", "code", "symptom", "build", "process"]);
const PIECE = /(-?[a-z]+:"[^"]*"|-?"[^"]*"|\S+)/gi;

const pieces = (question: string) => question.match(PIECE) ?? [];
const chipOf = (text: string): Chip | null => {
  const at = text.indexOf(":");
  const key = text.slice(0, at).toLowerCase();
  return at > 0 && at < text.length - 1 && KEYS.has(key)
    ? { text, key, value: text.slice(at + 1).replaceAll('"', "") }
    : null;
};

export const chipsOf = (question: string): Chip[] =>
  pieces(question)
    .map(chipOf)
    .filter((chip): chip is Chip => chip !== null);

/** Only the words, for lists that know no filters. */
export const wordsOf = (question: string): string =>
  pieces(question)
    .filter((piece) => chipOf(piece) === null && !piece.startsWith("-"))
    .map((piece) => piece.replaceAll('"', ""))
    .join(" ")
    .trim();

export const without = (question: string, chip: string): string =>
  pieces(question)
    .filter((piece) => piece !== chip)
    .join(" ");

/** Adds a filter; one of the same key and another value gives way where only one can hold. */
export function withChip(question: string, key: string, value: string): string {
  const text = `${key}:${/\s/.test(value) ? `"${value}"` : value}`;
  const alone = key === "space" || key === "is" || key === "author";
  const rest = pieces(question).filter((piece) => piece !== text && !(alone && chipOf(piece)?.key === key));
  return [...rest, text].join(" ");
}
