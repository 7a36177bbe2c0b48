// Words that were typed and not yet sent survive a closed tab. One draft per place; signing out forgets them all.
const PREFIX = "weft.draft.";
/** Larger texts are kept only on the page: storage is shared and small. */
const MAX_CHARS = 100_000;

export interface Fields {
  markdown: string;
  title: string;
  space: string;
  whisper: boolean;
}
export const NOTHING: Fields = { markdown: "", title: "", space: "", whisper: false };

/** Do two drafts say the same? Where it will stand is no difference. */
export const same = (a: Pick<Fields, "markdown" | "title">, b: Pick<Fields, "markdown" | "title">) =>
  a.markdown === b.markdown && a.title === b.title;

export function readDraft(storage: Storage, place: string): string {
  return storage.getItem(PREFIX + place) ?? "";
}

/** What was kept, whatever somebody or an older console left there; null: nothing. */
export function readFields(storage: Storage, place: string): Fields | null {
  const text = readDraft(storage, place);
  if (text === "") return null;
  try {
    const kept: unknown = JSON.parse(text);
    if (typeof kept === "object" && kept !== null && "markdown" in kept) {
      const { markdown, title, space, whisper } = kept as Partial<Record<keyof Fields, unknown>>;
      const word = (value: unknown) => (typeof value === "string" ? value : "");
      return { markdown: word(markdown), title: word(title), space: word(space), whisper: whisper === true };
    }
  } catch {
    // Not ours: it is shown as the words it is.
  }
  return { ...NOTHING, markdown: text };
}

/** False when it could not be kept (too long, storage full or forbidden): the page then says so. */
export function keepDraft(storage: Storage, place: string, text: string): boolean {
  try {
    if (text === "") storage.removeItem(PREFIX + place);
    else if (text.length > MAX_CHARS) return false;
    else storage.setItem(PREFIX + place, text);
    return true;
  } catch {
    return false;
  }
}

export function forgetDrafts(storage: Storage): void {
  const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const name of names) if (name?.startsWith(PREFIX)) storage.removeItem(name);
}
