// Time lost per month: one bar a month, its sum written on it, and the formula of the month that is pointed at or chosen.
import { useState } from "react";
import type { ImpactRow } from "../api/reviewing";
import { plural, worktime } from "../words/numbers";
import { ChartFrame } from "./frame";
import { linear } from "./scale";
import { useWidth } from "./width";

const HEIGHT = 190;
const TOP = 22;
const BOTTOM = 24;
/** Wider than this, a bar is a wall. */
const WIDEST = 96;
const month = new Intl.DateTimeFormat("en-GB", { month: "short", year: "2-digit", timeZone: "UTC" });

/** "2026-03" as people write it; anything else as it is. */
export const monthOf = (name: string) =>
  /^\d{4}-\d\d$/.test(name) ? month.format(new Date(`${name}-15T00:00:00Z`)) : name;

export function MonthBars({ rows }: { rows: ImpactRow[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const most = Math.max(1, ...rows.map((row) => row.minutes));
  const y = linear(0, most, HEIGHT - BOTTOM, TOP);
  const pitch = Math.min(WIDEST * 1.35, width / Math.max(1, rows.length));
  const bar = Math.min(WIDEST, pitch * 0.72);
  // Labels that would touch: every second one.
  const every = pitch < 44 ? 2 : 1;
  const worst = rows.reduce((worst, row) => (row.minutes > worst.minutes ? row : worst), rows[0] ?? EMPTY);
  const shown = rows[at ?? rows.length - 1];
  return (
    <ChartFrame
      title="Time lost by month"
      summary={`Most in ${monthOf(worst.name)}: ${worktime(worst.minutes)} on ${plural(worst.devices, "laptop")}.`}
      table={{
        head: ["Month", "Laptops", "Minutes", "Formula"],
        rows: rows.map((row) => [monthOf(row.name), row.devices, Math.round(row.minutes), row.formula]),
      }}
    >
      <div ref={ref}>
        <svg
          height={HEIGHT}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          aria-hidden="true"
          onPointerLeave={() => setAt(null)}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const index = Math.floor((event.clientX - box.left) / pitch);
            setAt(index >= 0 && index < rows.length ? index : null);
          }}
        >
          <line className="axis-line" x1="0" x2={pitch * rows.length} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
          {rows.map((row, index) => (
            <g key={row.name} opacity={at === null || at === index ? 1 : 0.55}>
              <rect
                className={row === worst ? "fill-unexpected" : "fill-lost"}
                x={index * pitch}
                width={bar}
                y={y(row.minutes)}
                height={y(0) - y(row.minutes)}
              />
              {(rows.length - 1 - index) % every === 0 && (
                <>
                  <text x={index * pitch + bar / 2} y={y(row.minutes) - 6} textAnchor="middle" className="strong">
                    {pitch < 84 ? `${Math.round(row.minutes / 60)} h` : worktime(row.minutes)}
                  </text>
                  <text x={index * pitch + bar / 2} y={HEIGHT - 7} textAnchor="middle">
                    {monthOf(row.name)}
                  </text>
                </>
              )}
            </g>
          ))}
        </svg>
      </div>
      {shown && (
        <p className="readout" aria-hidden="true">
          {monthOf(shown.name)}: <code>{shown.formula}</code>
        </p>
      )}
    </ChartFrame>
  );
}

const EMPTY: ImpactRow = { name: "", devices: 0, minutes: 0, formula: "" };
