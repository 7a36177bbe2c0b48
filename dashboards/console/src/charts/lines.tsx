// A few lines over weeks, each named at its end; dash patterns tell them apart without colour.

import { useNow } from "../parts/clock";
import { dateOf } from "../words/time";
import { ChartFrame } from "./frame";
import { apart, linear, ticks } from "./scale";
import { useWidth } from "./width";

export interface Line {
  key: string;
  name: string;
  /** One value per week; null where nothing is known. */
  values: (number | null)[];
}

const HEIGHT = 230;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 26;
const STROKES = [
  { stroke: "var(--madder)", dash: undefined },
  { stroke: "var(--indigo)", dash: undefined },
  { stroke: "var(--verdigris)", dash: "7 3" },
  { stroke: "var(--weld)", dash: undefined },
  { stroke: "var(--indigo-mid)", dash: "3 3" },
  { stroke: "var(--ink-3)", dash: "8 3 2 3" },
];

interface LinesProps {
  title: string;
  summary: string;
  unit: string;
  weeks: string[];
  lines: Line[];
}

export function Lines({ title, summary, unit, weeks, lines }: LinesProps) {
  const now = useNow();
  const { ref, width } = useWidth<HTMLDivElement>();
  const right = Math.min(132, width * 0.32);
  const top = ticks(Math.max(1, ...lines.flatMap((line) => line.values.map((value) => value ?? 0))));
  const x = linear(0, Math.max(1, weeks.length - 1), LEFT, width - right);
  const y = linear(0, top.at(-1) ?? 1, HEIGHT - BOTTOM, TOP);
  const ends = lines.map((line) => y(line.values.findLast((value) => value !== null) ?? 0));
  const labels = apart(ends, 15, TOP + 4, HEIGHT - BOTTOM);
  const every = Math.max(1, Math.ceil(weeks.length / Math.max(2, Math.floor((width - right) / 80))));
  return (
    <ChartFrame
      level={2}
      title={title}
      summary={summary}
      table={{
        head: ["Week of", ...lines.map((line) => line.name)],
        rows: weeks.map((week, index) => [week.slice(0, 10), ...lines.map((line) => line.values[index] ?? 0)]),
      }}
    >
      <div ref={ref}>
        <svg height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={`${title}. ${summary}`}>
          {top.map((value) => (
            <g key={value}>
              <line
                className={value === 0 ? "axis-line" : "grid-line"}
                x1={LEFT}
                x2={width - right}
                y1={y(value)}
                y2={y(value)}
              />
              <text x={LEFT - 7} y={y(value) + 4} textAnchor="end">
                {value}
              </text>
            </g>
          ))}
          {weeks.map((week, index) =>
            index % every === 0 ? (
              <text key={week} x={x(index)} y={HEIGHT - 6} textAnchor={index === 0 ? "start" : "middle"}>
                {dateOf(week, now)}
              </text>
            ) : null,
          )}
          {lines.map((line, index) => {
            const look = STROKES[index % STROKES.length];
            const d = line.values
              .map((value, week) =>
                value === null
                  ? ""
                  : `${week === 0 || line.values[week - 1] == null ? "M" : "L"}${x(week).toFixed(1)} ${y(value).toFixed(1)}`,
              )
              .join("");
            const endX = x(line.values.length - 1);
            const labelY = labels[index] ?? 0;
            return (
              <g key={line.key}>
                <path
                  d={d}
                  fill="none"
                  stroke={look?.stroke}
                  strokeWidth="2"
                  strokeDasharray={look?.dash}
                  strokeLinejoin="round"
                />
                <circle cx={endX} cy={ends[index]} r="3" fill={look?.stroke} />
                <line
                  x1={endX + 4}
                  y1={ends[index]}
                  x2={endX + 12}
                  y2={labelY}
                  stroke={look?.stroke}
                  strokeWidth="1"
                  opacity="0.6"
                />
                <text x={endX + 15} y={labelY + 4} style={{ fill: "var(--ink)" }}>
                  {line.name.length > 16 ? `${line.name.slice(0, 15)}…` : line.name}
                </text>
              </g>
            );
          })}
          <text className="hidden">{unit}</text>
        </svg>
      </div>
    </ChartFrame>
  );
}
