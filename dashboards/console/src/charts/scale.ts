// From data to pixels: plain functions, no drawing.

/** Round numbers from 0 to at least `max`, about `count` steps. */
export function ticks(max: number, count = 4): number[] {
  if (!(max > 0)) return [0, 1];
  const raw = max / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const list = [0];
  // Multiplying keeps 0.1 + 0.2 out of the labels.
  for (let index = 1; (list.at(-1) ?? 0) < max; index++) list.push(Number((index * step).toPrecision(12)));
  return list;
}

export const linear = (from: number, to: number, low: number, high: number) => {
  const span = to - from || 1;
  return (value: number) => low + ((value - from) / span) * (high - low);
};

/** Labels on one side, moved apart so that none covers another; order is kept. */
export function apart(wanted: number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  let floor = low;
  for (const label of order) {
    label.y = Math.max(label.y, floor);
    floor = label.y + gap;
  }
  let ceiling = high;
  for (const label of order.reverse()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - gap;
  }
  const placed = new Array<number>(wanted.length);
  for (const label of order) placed[label.index] = label.y;
  return placed;
}

/** Ratios on a ladder where twice and half are equally far from 1: round marks from below `low` to above `high`. */
export function ratioTicks(low: number, high: number): number[] {
  const from = clampRatio(Math.min(low, 1));
  const to = clampRatio(Math.max(high, 1));
  const all = [-3, -2, -1, 0, 1, 2, 3].flatMap((power) =>
    [1, 2, 5].map((step) => Number((step * 10 ** power).toPrecision(1))),
  );
  const first = Math.max(
    0,
    all.findLastIndex((mark) => mark <= from),
  );
  const last = all.findIndex((mark) => mark >= to);
  return all.slice(first, (last < 0 ? all.length - 1 : last) + 1);
}

/** What a ladder of ratios can show: nothing is infinitely rare. */
export const clampRatio = (ratio: number) => Math.min(1000, Math.max(0.001, Number.isFinite(ratio) ? ratio : 1000));

export const ladder = (from: number, to: number, low: number, high: number) => {
  const line = linear(Math.log(clampRatio(from)), Math.log(clampRatio(to)), low, high);
  return (ratio: number) => line(Math.log(clampRatio(ratio)));
};
