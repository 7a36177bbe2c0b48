// What happened where: one row per device, a dot per event, and above it how many devices were hit each day.
import type { Anomaly } from "../api/types";
import { useNow } from "../parts/clock";
import { plural } from "../words/numbers";
import { DAY, dateOf, momentOf } from "../words/time";
import { ChartFrame } from "./frame";
import { linear } from "./scale";
import { useWidth } from "./width";

/** More rows would not be read; the table has them all. */
const MOST_ROWS = 14;
const ROW = 22;
const DAYS_HEIGHT = 46;
const BOTTOM = 24;

type Event = Anomaly["timeline"][number];

export function EventRows({ events, names }: { events: Event[]; names: Map<string, string> }) {
  const now = useNow();
  const { ref, width } = useWidth<HTMLDivElement>();
  const byDevice = new Map<string, Event[]>();
  for (const event of events) byDevice.set(event.device, [...(byDevice.get(event.device) ?? []), event]);
  const nameOf = (device: string) => names.get(device) ?? device;
  const rows = [...byDevice].slice(0, MOST_ROWS);
  const times = events.map((event) => Date.parse(event.at));
  const from = Math.min(...times);
  const to = Math.max(...times);
  // A single moment still needs a width.
  const pad = Math.max((to - from) * 0.03, DAY / 12);
  const left = Math.min(130, width * 0.3);
  const x = linear(from - pad, to + pad, left, width - 8);
  const top = rows.length > 1 ? DAYS_HEIGHT : 8;
  const height = top + rows.length * ROW + BOTTOM;
  const days = devicesPerDay(events);
  const most = Math.max(1, ...days.map((day) => day.devices));
  const wanted = Math.max(2, Math.min(7, Math.floor((width - left) / 95)));
  const marks = Array.from({ length: wanted }, (_, index) => from + ((to - from) * index) / (wanted - 1));
  const short = to - from < 2 * DAY;
  return (
    <ChartFrame
      title="What happened, and where"
      summary={`${plural(events.length, "event")} on ${plural(byDevice.size, "device")} between ${momentOf(new Date(from).toISOString(), now)} and ${momentOf(new Date(to).toISOString(), now)}.`}
      table={{
        head: ["When", "Device", "What"],
        rows: events.map((event) => [momentOf(event.at, now), nameOf(event.device), event.text]),
      }}
    >
      <div ref={ref}>
        <svg
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label="Events by device over time; the table has the same events"
        >
          {rows.length > 1 && (
            <>
              <text x={left - 12} y={18} textAnchor="end">
                devices a day
              </text>
              {days.map((day) => {
                const size = (day.devices / most) * (DAYS_HEIGHT - 16);
                const start = Math.max(left, x(day.start));
                const wide = Math.max(3, Math.min(width, x(day.start + DAY)) - start - 2);
                return (
                  <rect
                    key={day.start}
                    className="fill-clean"
                    x={start}
                    y={DAYS_HEIGHT - 8 - size}
                    width={wide}
                    height={size}
                  />
                );
              })}
            </>
          )}
          {rows.map(([device, list], index) => {
            const y = top + index * ROW + ROW / 2;
            return (
              <g key={device}>
                <line className="grid-line" x1={left} x2={width} y1={y} y2={y} />
                <text x={left - 12} y={y + 4} textAnchor="end" style={{ fill: "var(--ink-2)" }}>
                  {nameOf(device).slice(0, 16)}
                </text>
                {list.map((event) => (
                  <Dot
                    key={event.at + event.text}
                    kind={event.kind}
                    x={x(Date.parse(event.at))}
                    y={y}
                    title={`${momentOf(event.at, now)}: ${event.text}`}
                  />
                ))}
              </g>
            );
          })}
          <line className="axis-line" x1={left} x2={width} y1={height - BOTTOM} y2={height - BOTTOM} />
          {marks.map((mark, index) => (
            <text key={mark} x={x(mark)} y={height - 6} textAnchor={index === marks.length - 1 ? "end" : "middle"}>
              {short
                ? momentOf(new Date(mark).toISOString(), now).replace(/^.*, /, "")
                : dateOf(new Date(mark).toISOString(), now)}
            </text>
          ))}
        </svg>
      </div>
      {byDevice.size > rows.length && (
        <p className="small quiet">
          The first {rows.length} of {byDevice.size} devices; the table has all.
        </p>
      )}
      <ul className="legend">
        {[...new Set(events.map((event) => event.kind))].map((kind) => (
          <li key={kind}>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <Dot kind={kind} x={7} y={7} />
            </svg>
            {kind}
          </li>
        ))}
      </ul>
    </ChartFrame>
  );
}

function Dot({ kind, x, y, title }: { kind: string; x: number; y: number; title?: string }) {
  const label = title ? <title>{title}</title> : null;
  switch (kind) {
    case "boot":
      return (
        <path className="end-unexpected" d={`M${x} ${y - 6}l6 6l-6 6l-6 -6z`}>
          {label}
        </path>
      );
    case "process":
      return (
        <rect x={x - 5} y={y - 5} width="10" height="10" fill="var(--indigo)" stroke="var(--surface)">
          {label}
        </rect>
      );
    case "app":
      return (
        <path d={`M${x - 6} ${y + 5}h12l-6 -11z`} fill="var(--weld)" stroke="var(--weld-ink)">
          {label}
        </path>
      );
    default:
      return (
        <circle cx={x} cy={y} r="5" fill="var(--verdigris)" stroke="var(--surface)">
          {label}
        </circle>
      );
  }
}

/** How many different devices had an event on each local day. */
export function devicesPerDay(events: Event[]): { start: number; devices: number }[] {
  const days = new Map<number, Set<string>>();
  for (const event of events) {
    const at = new Date(event.at);
    const start = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
    const devices = days.get(start) ?? new Set();
    devices.add(event.device);
    days.set(start, devices);
  }
  return [...days].map(([start, devices]) => ({ start, devices: devices.size })).sort((a, b) => a.start - b.start);
}
