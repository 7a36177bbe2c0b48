// Horizontal bars with their numbers written out: for a handful of named things.
import type { ReactNode } from "react";
import { ChartFrame, type TableOf } from "./frame";

export interface Bar {
  key: string;
  label: ReactNode;
  value: number;
  said: string;
  hot?: boolean;
}

export function HBars({
  title,
  summary,
  bars,
  table,
}: {
  title: string;
  summary: ReactNode;
  bars: Bar[];
  table: TableOf;
}) {
  const most = Math.max(...bars.map((bar) => bar.value), Number.EPSILON);
  return (
    <ChartFrame level={2} title={title} summary={summary} table={table}>
      <ul className="hbars">
        {bars.map((bar) => (
          <li key={bar.key} className={bar.hot ? "hbar hot" : "hbar"}>
            <span>{bar.label}</span>
            <span className="value">{bar.said}</span>
            <span className="track" aria-hidden="true">
              <span style={{ width: `${(bar.value / most) * 100}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </ChartFrame>
  );
}
