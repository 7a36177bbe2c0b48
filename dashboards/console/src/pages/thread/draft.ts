// Words that were typed and not yet sent survive a closed tab. One draft per place; signing out forgets them all.
const PREFIX = "weft.draft.";
/** Larger texts are kept only on the page: storage is shared and small. */
const MAX_CHARS = 100_000;

export function readDraft(storage: Storage, place: string): string {
  return storage.getItem(PREFIX + place) ?? "";
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
