// A series without its empty days, and with them again. Pure; "now" comes from outside.
interface Day {
  day: string;
  expected: number;
  unexpected: number;
}
const DAY_MS = 86_400_000;

/** One entry per day, oldest first, the last one today (UTC, like the collector's days). */
export function filled(days: Day[], now: Date, length: number): Day[] {
  const known = new Map(days.map((day) => [day.day.slice(0, 10), day]));
  return Array.from({ length }, (_, index) => {
    const day = new Date(now.getTime() - (length - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, expected: 0, unexpected: 0 };
  });
}
