// Boots per day, stacked by how they ended. Unexpected ends stand on the base line, where lengths can be compared.
import { useState } from "react";
import type { Overview } from "../api/types";
import { plural } from "../words/numbers";
import { weekdayOf } from "../words/time";
import { ChartFrame } from "./frame";
import { linear, ticks } from "./scale";
import { useWidth } from "./width";

type Day = Overview["boots_by_day"][number];
const HEIGHT = 210;
const TOP = 8;
const BOTTOM = 22;
const LEFT = 30;

const dayOf = (day: string) => new Date(`${day.slice(0, 10)}T12:00:00`);

export function BootsByDay({ days }: { days: Day[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const sum = (pick: (day: Day) => number) => days.reduce((total, day) => total + pick(day), 0);
  const unexpected = sum((day) => day.unexpected);
  const all = unexpected + sum((day) => day.clean + day.update);
  const top = ticks(Math.max(1, ...days.map((day) => day.clean + day.update + day.unexpected)));
  const y = linear(0, top.at(-1) ?? 1, HEIGHT - BOTTOM, TOP);
  const pitch = (width - LEFT) / Math.max(1, days.length);
  const bar = Math.max(2, pitch - Math.max(1, pitch * 0.22));
  const shown = at === null ? null : days[at];
  return (
    <ChartFrame
      level={2}
      title="Boots by day"
      summary={`${plural(all, "boot")} in ${days.length} days; ${plural(unexpected, "of them ended", "of them ended")} unexpectedly.`}
      table={{
        head: ["Day", "Unexpected", "Update", "Clean"],
        rows: days.map((day) => [day.day.slice(0, 10), day.unexpected, day.update, day.clean]),
      }}
    >
      <p className="readout" aria-hidden="true">
        {shown
          ? `${weekdayOf(dayOf(shown.day))}: ${shown.unexpected} unexpected, ${shown.update} by update, ${shown.clean} clean`
          : "Point at a day to read it."}
      </p>
      <div ref={ref}>
        <svg
          height={HEIGHT}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          aria-hidden="true"
          onPointerLeave={() => setAt(null)}
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const index = Math.floor((event.clientX - box.left - LEFT) / pitch);
            setAt(index >= 0 && index < days.length ? index : null);
          }}
        >
          <defs>
            <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="4" height="4" fill="var(--weld-wash)" />
              <rect width="2" height="4" fill="var(--weld)" />
            </pattern>
          </defs>
          {top.map((value) => (
            <g key={value}>
              <line
                className={value === 0 ? "axis-line" : "grid-line"}
                x1={LEFT}
                x2={width}
                y1={y(value)}
                y2={y(value)}
              />
              <text x={LEFT - 8} y={y(value) + 4} textAnchor="end">
                {value}
              </text>
            </g>
          ))}
          {days.map((day, index) => {
            const x = LEFT + index * pitch + (pitch - bar) / 2;
            const bad = y(0) - y(day.unexpected);
            const update = y(0) - y(day.update);
            const clean = y(0) - y(day.clean);
            return (
              <g key={day.day} opacity={at === null || at === index ? 1 : 0.5}>
                <rect className="fill-unexpected" x={x} width={bar} y={y(0) - bad} height={bad} />
                <rect fill="url(#hatch)" x={x} width={bar} y={y(0) - bad - update} height={update} />
                <rect className="fill-clean" x={x} width={bar} y={y(0) - bad - update - clean} height={clean} />
              </g>
            );
          })}
          {days.map((day, index) =>
            dayOf(day.day).getDay() === 1 && (width > 700 || index % 2 === 0) ? (
              <text key={day.day} x={LEFT + index * pitch} y={HEIGHT - 5}>
                {weekdayOf(dayOf(day.day)).replace(/^\w+,? /, "")}
              </text>
            ) : null,
          )}
        </svg>
      </div>
      <ul className="legend">
        <li>
          <svg viewBox="0 0 14 14" aria-hidden="true">
            <rect className="fill-unexpected" width="14" height="14" />
          </svg>
          Unexpected: crash, forced off, power loss or hang
        </li>
        <li>
          <svg viewBox="0 0 14 14" aria-hidden="true">
            <rect fill="url(#hatch)" width="14" height="14" />
          </svg>
          Update
        </li>
        <li>
          <svg viewBox="0 0 14 14" aria-hidden="true">
            <rect className="fill-clean" width="14" height="14" />
          </svg>
          Clean
        </li>
      </ul>
    </ChartFrame>
  );
}
