// Curves of teams stacked on each other: the largest at the bottom, the small ones together on top. Plain numbers.

export interface Band {
  name: string;
  /** In the newest week. */
  now: number;
  low: number[];
  high: number[];
}

export function stacked(
  teams: { team: string; devices: number; curve: number[] }[],
  weeks: number,
  most: number,
): Band[] {
  const order = [...teams].sort((a, b) => b.devices - a.devices || a.team.localeCompare(b.team));
  const own = order.slice(0, most);
  const rest = order.slice(most);
  const groups = own.map((team) => ({ name: team.team || "no team", curves: [team.curve] }));
  if (rest.length > 0)
    groups.push({
      name: rest.length === 1 ? rest[0]?.team || "no team" : `${rest.length} other teams`,
      curves: rest.map((team) => team.curve),
    });
  let floor: number[] = new Array(weeks).fill(0);
  return groups.map(({ name, curves }) => {
    const low = floor;
    const high = low.map((at, week) => at + curves.reduce((sum, curve) => sum + Math.max(0, curve[week] ?? 0), 0));
    floor = high;
    return { name, now: (high.at(-1) ?? 0) - (low.at(-1) ?? 0), low, high };
  });
}
