// From boots to threads on the loom: which part of which local day a device was up, and where each run ended.
// Pure: the zone is the environment's (Date's local getters), "now" and the last sign of life are arguments.
import type { Boot } from "../api/types";

export interface Run {
  boot: number;
  /** Part of the day, 0..1. */
  from: number;
  to: number;
  /** The end of this run is not known: the thread is drawn broken. */
  open: boolean;
}
export interface Knot {
  boot: number;
  at: number;
}
export interface Lane {
  day: Date;
  runs: Run[];
  knots: Knot[];
}

const startOfDay = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
const nextDay = (day: Date) => new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1);

/** Day and part of the day of a moment. A day of 23 or 25 hours still reaches from 0 to 1. */
function place(at: Date): { day: Date; part: number } {
  const day = startOfDay(at);
  const length = nextDay(day).getTime() - day.getTime();
  return { day, part: (at.getTime() - day.getTime()) / length };
}

/** Until when a boot's thread is drawn, and whether that is known. */
function endOf(boot: Boot, next: Boot | undefined, seen: Date): { at: Date; open: boolean } {
  if (boot.ended_at) return { at: new Date(boot.ended_at), open: false };
  if (boot.end === "running") return { at: seen, open: false };
  return { at: next ? new Date(next.started_at) : seen, open: true };
}

/** `boots` in order of time, oldest first; lanes for the `days` days up to and including `now`'s. */
export function lanesOf(boots: Boot[], days: number, now: Date, seen: Date): Lane[] {
  const today = startOfDay(now);
  const lanes: Lane[] = Array.from({ length: days }, (_, index) => ({
    day: new Date(today.getFullYear(), today.getMonth(), today.getDate() - days + 1 + index),
    runs: [],
    knots: [],
  }));
  const laneOf = new Map(lanes.map((lane) => [lane.day.getTime(), lane]));
  boots.forEach((boot, index) => {
    const start = new Date(boot.started_at);
    const { at: end, open } = endOf(boot, boots[index + 1], seen);
    // Clocks that ran backwards give an end before the start: only the knot is drawn.
    if (end > start) {
      for (let day = startOfDay(start); day <= end; day = nextDay(day)) {
        const lane = laneOf.get(day.getTime());
        if (!lane) {
          if (lanes[0] && day < lanes[0].day) {
            // Skips years of history in one step.
            const first = lanes[0].day;
            day = new Date(first.getFullYear(), first.getMonth(), first.getDate() - 1);
            continue;
          }
          break;
        }
        const from = start < day ? 0 : place(start).part;
        const to = end >= nextDay(day) ? 1 : place(end).part;
        lane.runs.push({ boot: index, from, to, open });
      }
    }
    if (!open || boot.ended_at === null) {
      const knot = place(boot.ended_at ? new Date(boot.ended_at) : end);
      laneOf.get(knot.day.getTime())?.knots.push({ boot: index, at: knot.part });
    }
  });
  return lanes;
}
