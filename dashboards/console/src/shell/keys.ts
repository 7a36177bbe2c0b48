// Single-key shortcuts as a pure machine: keys in, wishes out. It can be switched off (some people's tools type for them).
export type Wish =
  | { kind: "go"; key: string }
  | { kind: "search" }
  | { kind: "help" }
  | { kind: "new" }
  | { kind: "step"; by: 1 | -1 }
  /** For the page, if it knows the key. */
  | { kind: "act"; key: string };

/** Keys that pages may use: reply, quote, edit, unread, solution. */
const ACTS = "rqeus";

/** How long `g` waits for its second key. */
const CHORD_MS = 1200;

export class Keys {
  private chordAt = Number.NEGATIVE_INFINITY;

  press(key: string, now: number): Wish | null {
    const chord = now - this.chordAt < CHORD_MS;
    this.chordAt = Number.NEGATIVE_INFINITY;
    if (chord && /^[a-z]$/.test(key)) return { kind: "go", key };
    switch (key) {
      case "g":
        this.chordAt = now;
        return null;
      case "/":
        return { kind: "search" };
      case "?":
        return { kind: "help" };
      case "n":
        return { kind: "new" };
      case "j":
        return { kind: "step", by: 1 };
      case "k":
        return { kind: "step", by: -1 };
      default:
        return key.length === 1 && ACTS.includes(key) ? { kind: "act", key } : null;
    }
  }
}

/** Typing into a field is never a shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
