// Times in words. Every function takes the moment it speaks from; only components read the clock.
const LOCALE = "en-GB";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const moment = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const momentWithYear = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const date = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dateWithYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short", day: "numeric", month: "short" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });

const near = (at: Date, now: Date) => Math.abs(at.getTime() - now.getTime()) < 180 * DAY;

export function momentOf(at: string, now: Date): string {
  const when = new Date(at);
  return (near(when, now) ? moment : momentWithYear).format(when);
}
export function dateOf(at: string, now: Date): string {
  const when = new Date(at);
  return (near(when, now) ? date : dateWithYear).format(when);
}
export const fullOf = (at: string) => full.format(new Date(at));
export const weekdayOf = (at: Date) => weekday.format(at);
export const clockOf = (at: string) => clock.format(new Date(at));
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "just now", "12 min ago", "in 3 days", then a date. */
export function relativeOf(at: string, now: Date): string {
  const gap = now.getTime() - new Date(at).getTime();
  const size = Math.abs(gap);
  const say = (text: string) => (gap >= 0 ? `${text} ago` : `in ${text}`);
  if (size < MINUTE) return "just now";
  if (size < HOUR) return say(`${Math.round(size / MINUTE)} min`);
  if (size < DAY) return say(`${Math.round(size / HOUR)} h`);
  if (size < 14 * DAY) {
    const days = Math.round(size / DAY);
    return say(days === 1 ? "1 day" : `${days} days`);
  }
  return dateOf(at, now);
}

/** "2 h 03 min", "5 d 4 h", "38 s". */
export function spanOf(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < DAY) {
    const minutes = Math.round(ms / MINUTE);
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  }
  const hours = Math.round(ms / HOUR);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "just now", "3 s ago", "2 min ago". */
export function secondsAgo(seconds: number): string {
  if (seconds < 2) return "just now";
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}
