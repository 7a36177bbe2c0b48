// A post as a quotation in an answer. Pure.

/** A quotation reminds; it does not repeat. */
const MAX_LINES = 6;
const MAX_CHARS = 500;

/** Markdown that quotes these words; what was quoted in them is left out. */
export function quoted(words: string, name: string): string {
  const lines = words
    .replaceAll("\r\n", "\n")
    .split("\n")
    .filter((line) => !line.startsWith(">"))
    .join("\n")
    .trim()
    .split("\n");
  let kept = lines.slice(0, MAX_LINES).join("\n");
  let cut = lines.length > MAX_LINES;
  if (kept.length > MAX_CHARS) {
    kept = kept.slice(0, MAX_CHARS).replace(/\s+\S*$/, "");
    cut = true;
  }
  if (kept === "") return "";
  const text = cut ? `${kept} …` : kept;
  return `> **${name}** wrote:\n${text
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n")}\n\n`;
}

/** The beginning of a post in one line, for "in reply to". */
export function gist(markdown: string, most = 90): string {
  const line = markdown
    .split("\n")
    .map((each) => each.trim())
    .find((each) => each !== "" && !each.startsWith(">"));
  const plain = (line ?? "").replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[*_`#]/g, "");
  return plain.length > most ? `${plain.slice(0, most).trimEnd()}…` : plain;
}
