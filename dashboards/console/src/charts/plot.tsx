// A time series by uPlot, in the page's colours; one small plot per measure, cursors tied together.
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { useWidth } from "./width";

interface PlotProps {
  name: string;
  /** Seconds since 1970. */
  at: number[];
  values: (number | null)[];
  say: (value: number) => string;
  /** Fixed top of the scale, e.g. 100 for per cent. */
  top?: number;
}

const HEIGHT = 118;

/** Midnights as dates, other hours as times, both 24-hour and local. */
function axisWord(seconds: number): string {
  const at = new Date(seconds * 1000);
  const midnight = at.getHours() === 0 && at.getMinutes() === 0;
  return at.toLocaleString(
    "en-GB",
    midnight ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" },
  );
}

export default function Plot({ name, at, values, say, top }: PlotProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const host = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const [cursor, setCursor] = useState<number | null>(null);
  const known = values.filter((value): value is number => value !== null);
  const shown = cursor === null ? known.at(-1) : values[cursor];

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes the colours that are read below
  useEffect(() => {
    if (!host.current) return;
    const style = getComputedStyle(document.documentElement);
    const dye = (token: string) => style.getPropertyValue(token).trim();
    const axis = {
      stroke: dye("--ink-3"),
      font: `12px ${dye("--sans")}`,
      grid: { stroke: dye("--rule"), width: 1 },
      ticks: { show: false },
    };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { sync: { key: "vitals" }, y: false, drag: { x: true, y: false }, points: { size: 6 } },
        legend: { show: false },
        scales: { y: { range: (_, low, high) => [0, top ?? Math.max(high * 1.1, low + 1)] } },
        axes: [
          { ...axis, size: 26, grid: { show: false }, space: 80, values: (_, marks) => marks.map(axisWord) },
          {
            ...axis,
            size: 46,
            splits: top ? () => [0, top / 2, top] : undefined,
            values: (_, marks) => marks.map((mark) => say(mark)),
          },
        ],
        series: [
          {},
          { stroke: dye("--indigo"), width: 1.4, fill: dye("--indigo-wash"), spanGaps: false, points: { show: false } },
        ],
        hooks: { setCursor: [(self) => setCursor(self.cursor.idx ?? null)] },
      },
      [at, values],
      host.current,
    );
    return () => plot.destroy();
  }, [width, at, values, scheme, top, say]);

  const most = Math.max(...known);
  return (
    <div ref={ref}>
      <div className="plot-head">
        <strong>{name}</strong>
        <span>{shown == null ? "no value here" : say(shown)}</span>
      </div>
      <div
        className="plot"
        ref={host}
        role="img"
        aria-label={
          known.length ? `${name}: newest ${say(known.at(-1) ?? 0)}, highest ${say(most)}` : `${name}: no values`
        }
      />
    </div>
  );
}
