// Ratios with their intervals on a ladder where twice and half are equally far from 1. Each row says its words; the picture
// only lets them be compared.
import type { ReactNode } from "react";
import { times } from "../words/numbers";
import { ChartFrame } from "./frame";
import { clampRatio, ladder, ratioTicks } from "./scale";
import { useWidth } from "./width";

export interface Ratio {
  key: string;
  label: ReactNode;
  /** For the table. */
  name: string;
  ratio: number;
  low: number;
  high: number;
  /** Is more of it bad (restarts of a cohort), or is less of it good (after a fix)? */
  note?: ReactNode;
}

interface ForestProps {
  title: string;
  summary: ReactNode;
  rows: Ratio[];
  /** Words under 1 on the ladder. */
  once: string;
  level?: 2 | 3;
}

const ROW = 22;
const AXIS = 18;
const PAD = 10;
/** A digit of a mark takes this much, and a little air beside it. */
const DIGIT = 6.5;
const AIR = 8;

export function Forest({ title, summary, rows, once, level }: ForestProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const low = Math.min(...rows.map((row) => clampRatio(row.low)));
  const high = Math.max(...rows.map((row) => clampRatio(row.high)));
  const all = ratioTicks(low, high);
  const x = ladder(all[0] ?? 0.5, all.at(-1) ?? 2, PAD, width - PAD);
  // Marks that would touch are left out; 1 always stays.
  const gap = (x(all.at(-1) ?? 2) - x(all[0] ?? 1)) / Math.max(1, all.length - 1);
  const widest = Math.max(...all.map((mark) => `${mark}×`.length)) * DIGIT + AIR;
  const every = Math.max(1, Math.ceil(widest / Math.max(1, gap)));
  const one = all.indexOf(1);
  const marks = all.filter((_, index) => (index - one) % every === 0);
  return (
    <ChartFrame
      level={level}
      title={title}
      summary={summary}
      table={{
        head: ["What", "Times", "95 % from", "to"],
        rows: rows.map((row) => [row.name, row.ratio.toFixed(2), row.low.toFixed(2), row.high.toFixed(2)]),
      }}
    >
      <div ref={ref} className="forest">
        <ul>
          {rows.map((row) => {
            const tone = row.low > 1 ? "more" : row.high < 1 ? "less" : "even";
            return (
              <li key={row.key} className={tone}>
                <span className="forest-label">{row.label}</span>
                <span className="forest-value">{times(row.ratio)}</span>
                <svg height={ROW} viewBox={`0 0 ${width} ${ROW}`} aria-hidden="true">
                  <line className="forest-one" x1={x(1)} x2={x(1)} y1="0" y2={ROW} />
                  <line className="forest-reach" x1={x(row.low)} x2={x(row.high)} y1={ROW / 2} y2={ROW / 2} />
                  <path className="forest-end" d={`M${x(row.low)} ${ROW / 2 - 4}v8M${x(row.high)} ${ROW / 2 - 4}v8`} />
                  <rect className="forest-at" x={x(row.ratio) - 4} y={ROW / 2 - 4} width="8" height="8" />
                </svg>
                {row.note && <span className="forest-note">{row.note}</span>}
              </li>
            );
          })}
        </ul>
        <svg height={AXIS} viewBox={`0 0 ${width} ${AXIS}`} aria-hidden="true">
          <line className="axis-line" x1={PAD} x2={width - PAD} y1="0.5" y2="0.5" />
          {marks.map((mark) => (
            <g key={mark}>
              <line className="axis-line" x1={x(mark)} x2={x(mark)} y1="0" y2="4" />
              <text x={x(mark)} y="16" textAnchor="middle" className={mark === 1 ? "strong" : undefined}>
                {mark}×
              </text>
            </g>
          ))}
        </svg>
        <p className="forest-once small quiet">1× is {once}.</p>
      </div>
    </ChartFrame>
  );
}
