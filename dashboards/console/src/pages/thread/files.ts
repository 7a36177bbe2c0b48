// Which files a post may take, said before they are sent. The collector judges again, by their bytes.
import { bytes } from "../../words/numbers";

/** The collector's own limits: per file, per post. */
export const MAX_FILE = 8 * 1024 * 1024;
export const MAX_FILES = 10;
export const LIMITS = `Up to ${MAX_FILES} files, ${bytes(MAX_FILE)} each. Pictures are shown, other files are offered for saving.`;

/** Splits what was dropped into what can be sent and why the rest cannot. */
export function admit<F extends { name: string; size: number }>(files: F[], already: number) {
  const taken: F[] = [];
  const refused: string[] = [];
  for (const file of files) {
    if (file.size === 0) refused.push(`${file.name} is empty.`);
    else if (file.size > MAX_FILE)
      refused.push(`${file.name} has ${bytes(file.size)}; at most ${bytes(MAX_FILE)} are kept. Link to it instead.`);
    else if (already + taken.length >= MAX_FILES)
      refused.push(`${file.name} is one too many: a post takes ${MAX_FILES} files.`);
    else taken.push(file);
  }
  return { taken, refused };
}

/** How many files the text names. */
export const countIn = (markdown: string) => new Set(markdown.match(/attachment:[0-9a-f-]{36}/g)).size;

/** Puts a piece of text where the caret is, on a line of its own. */
export function insert(text: string, at: number, piece: string): string {
  const before = text.slice(0, at);
  const after = text.slice(at);
  const lead = before === "" || before.endsWith("\n") ? "" : "\n";
  const tail = after.startsWith("\n") ? "" : "\n";
  return `${before}${lead}${piece}${tail}${after}`;
}

export const isPicture = (media: string) => ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(media);
