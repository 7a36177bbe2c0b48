// "@" and what follows it, while it is typed: which people fit, and what the text becomes. Pure; knows no field.
export interface Mentionable {
  login: string;
  name: string;
}
export interface Typed {
  /** Where the "@" stands. */
  from: number;
  /** What stands behind it up to the caret, lower case. */
  word: string;
}

/** More would hide the text. */
const MOST = 6;
const LOGIN = /^[\p{L}\p{N}._-]{0,64}$/u;

/** The mention that the caret stands in, if any. An "@" inside a word (an address) is none, nor is one inside `code`. */
export function typedAt(text: string, caret: number): Typed | null {
  const before = text.slice(0, caret);
  const from = before.lastIndexOf("@");
  if (from < 0) return null;
  const word = before.slice(from + 1);
  if (!LOGIN.test(word)) return null;
  if (from > 0 && /[\p{L}\p{N}._`@/-]/u.test(before[from - 1] ?? "")) return null;
  const line = before.slice(before.lastIndexOf("\n") + 1, from);
  if ((line.split("`").length - 1) % 2 === 1) return null;
  return { from, word: word.toLowerCase() };
}

/** Beginnings of the login first, then beginnings of a part of the name. */
export function fitting(people: Mentionable[], word: string): Mentionable[] {
  const rank = ({ login, name }: Mentionable) => {
    if (login.toLowerCase().startsWith(word)) return 0;
    if (
      name
        .toLowerCase()
        .split(/\s+/)
        .some((part) => part.startsWith(word))
    )
      return 1;
    return 2;
  };
  const seen = new Set<string>();
  return people
    .filter((one) => one.login !== "" && rank(one) < 2 && !seen.has(one.login) && seen.add(one.login))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .slice(0, MOST);
}

/** The text with the login in its place, and where the caret goes. */
export function complete(text: string, typed: Typed, caret: number, login: string): { text: string; caret: number } {
  const after = text.slice(caret);
  const gap = after.startsWith(" ") ? "" : " ";
  const start = `${text.slice(0, typed.from)}@${login}${gap}`;
  return { text: start + after, caret: start.length + (gap === "" ? 1 : 0) };
}
