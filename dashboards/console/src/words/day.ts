// Days as date fields give and take them ("2026-03-09"), in the reader's own time zone. Pure.

const DAY = 86_400_000;

const two = (value: number) => String(value).padStart(2, "0");

/** The day that lies `days` after `now`, for a date field. */
export function dayIn(now: Date, days: number): string {
  const at = new Date(now.getTime() + days * DAY);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** A chosen day counts to its end. `null`: not a day. */
export function endOf(day: string): string | null {
  const at = new Date(`${day}T23:59:59`);
  return /^\d{4,}-\d\d-\d\d$/.test(day) && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

/** A day of the past as a moment, its noon; `"now"` when it is today, whose clock is the collector's. `null`: not a day, or not past. */
export function momentIn(day: string, now: Date): string | "now" | null {
  if (day === dayIn(now, 0)) return "now";
  const noon = new Date(`${day}T12:00:00`);
  return endOf(day) === null || noon >= now ? null : noon.toISOString();
}
