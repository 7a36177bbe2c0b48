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
