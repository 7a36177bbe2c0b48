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
