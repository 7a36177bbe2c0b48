// Numbers in words.
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const count = (value: number) => whole.format(value);
export const percent = (ratio: number, digits = 0) => `${(ratio * 100).toFixed(digits)} %`;
export const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number): string {
  let left = value;
  let unit = 0;
  while (left >= 1024 && unit < UNITS.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${left >= 100 || unit === 0 ? left.toFixed(0) : left.toFixed(1)} ${UNITS[unit]}`;
}

/** Few significant figures for rates: 0.034, 1.4, 12. */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value < 0.1) return value.toFixed(3);
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

/** Minutes of work as people say them: "45 min", "7 h 51 min", "312 h"; a minus stays. */
export function worktime(minutes: number): string {
  const sign = minutes <= -0.5 ? "−" : "";
  const whole = Math.round(Math.abs(minutes));
  if (whole < 60) return `${sign}${whole} min`;
  const hours = Math.floor(whole / 60);
  if (hours >= 100) return `${sign}${count(Math.round(whole / 60))} h`;
  const rest = whole % 60;
  return rest === 0 ? `${sign}${hours} h` : `${sign}${hours} h ${rest} min`;
}

/** "6.1 ×", "0.34 ×", "12 ×". */
export const times = (ratio: number) =>
  `${ratio >= 10 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(1) : ratio.toFixed(2)} ×`;
