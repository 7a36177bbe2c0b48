// The boot timeline: every day is a warp thread, hours run downward, a thread is drawn while the laptop was on and
// ends in a knot whose shape names the cause. Pointer or arrow keys choose a boot; its evidence stands below.
import { SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type KeyboardEvent, useMemo, useState } from "react";
import type { Boot } from "../api/types";
import { At, useNow } from "../parts/clock";
import { EndShape } from "../parts/marks";
import { percent, plural } from "../words/numbers";
import { momentOf, spanOf, weekdayOf, zone } from "../words/time";
import { END_ORDER, ENDS, plain } from "../words/vocabulary";
import { ChartFrame } from "./frame";
import { lanesOf } from "./loom";
import { useWidth } from "./width";

const HEIGHT = 300;
const TOP = 22;
const BOTTOM = 6;
const LEFT = 30;
const HOURS = [0, 6, 12, 18, 24];

interface TimelineProps {
  /** Newest first, as the API gives them. */
  boots: Boot[];
  lastReport: string | null;
}

export function BootTimeline({ boots, lastReport }: TimelineProps) {
  const now = useNow();
  const narrow = useMediaQuery("(max-width: 720px)", false, { getInitialValueInEffect: false });
  const [range, setRange] = useState<string | null>(null);
  const days = Number(range ?? (narrow ? 14 : 60));
  const ordered = useMemo(
    () => [...boots].sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at)),
    [boots],
  );
  const seen = useMemo(() => (lastReport ? new Date(lastReport) : now), [lastReport, now]);
  const lanes = useMemo(() => lanesOf(ordered, days, now, seen), [ordered, days, now, seen]);
  const first = lanes.reduce(
    (least, lane) => Math.min(least, ...lane.runs.map((run) => run.boot), ...lane.knots.map((knot) => knot.boot)),
    ordered.length,
  );
  const inRange = ordered.slice(first);
  const unexpected = inRange.filter((boot) => ENDS[boot.end]?.family === "unexpected").length;
  const [chosen, setChosen] = useState<number | null>(null);
  const lastBad = ordered.findLastIndex((boot) => ENDS[boot.end]?.family === "unexpected");
  const at = chosen ?? (lastBad >= first ? lastBad : ordered.length - 1);

  return (
    <ChartFrame
      level={2}
      title={`Boots of the last ${days} days`}
      summary={
        unexpected === 0
          ? `${plural(inRange.length, "boot")}, none ended unexpectedly.`
          : `${plural(inRange.length, "boot")}; ${unexpected} ended unexpectedly.`
      }
      table={{
        head: ["Started", "Ended", "How it ended", "Ran for", "Sure", "Evidence"],
        rows: [...inRange]
          .reverse()
          .map((boot) => [
            momentOf(boot.started_at, now),
            boot.ended_at ? momentOf(boot.ended_at, now) : "",
            ENDS[boot.end]?.word ?? boot.end,
            boot.ended_at ? spanOf(Date.parse(boot.ended_at) - Date.parse(boot.started_at)) : "",
            percent(boot.confidence),
            boot.evidence.join("; "),
          ]),
      }}
    >
      <SegmentedControl
        size="xs"
        mb="md"
        aria-label="Days shown"
        value={String(days)}
        onChange={setRange}
        data={[
          { value: "14", label: "14 days" },
          { value: "30", label: "30 days" },
          { value: "60", label: "60 days" },
        ]}
      />
      <Loom lanes={lanes} boots={ordered} first={first} at={at} choose={setChosen} now={now} />
      <Detail boot={ordered[at]} />
      <Legend boots={inRange} />
    </ChartFrame>
  );
}

interface LoomProps {
  lanes: ReturnType<typeof lanesOf>;
  boots: Boot[];
  first: number;
  at: number;
  choose: (boot: number) => void;
  now: Date;
}

function Loom({ lanes, boots, first, at, choose, now }: LoomProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const pitch = (width - LEFT) / lanes.length;
  const inner = HEIGHT - TOP - BOTTOM;
  const x = (lane: number) => LEFT + (lane + 0.5) * pitch;
  const y = (part: number) => TOP + part * inner;
  const stroke = Math.max(2.5, Math.min(6, pitch * 0.42));
  const knot = Math.max(6, Math.min(10, pitch * 0.72));
  const last = boots.length - 1;
  const boot = boots[at];

  const bad = (index: number) => ENDS[boots[index]?.end ?? "unknown"]?.family === "unexpected";
  const wantedBy = (key: string): number | undefined => {
    switch (key) {
      case "ArrowRight":
      case "ArrowDown":
        return at + 1;
      case "ArrowLeft":
      case "ArrowUp":
        return at - 1;
      case "Home":
        return first;
      case "End":
        return last;
      // From one unexpected end to the next.
      case "PageDown":
        return boots.findIndex((_, index) => index > at && bad(index));
      case "PageUp":
        return boots.findLastIndex((_, index) => index < at && index >= first && bad(index));
      default:
        return undefined;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const wanted = wantedBy(event.key);
    if (wanted === undefined) return;
    event.preventDefault();
    if (wanted >= first && wanted <= last) choose(wanted);
  };

  /** The boot whose knot or thread is nearest to the pointer. */
  const nearest = (px: number, py: number) => {
    const index = Math.max(0, Math.min(lanes.length - 1, Math.floor((px - LEFT) / pitch)));
    const lane = lanes[index];
    if (!lane) return;
    const part = (py - TOP) / inner;
    let best: { boot: number; gap: number } | null = null;
    for (const end of lane.knots) {
      const gap = Math.abs(end.at - part);
      if (gap < 0.03 && (!best || gap < best.gap)) best = { boot: end.boot, gap };
    }
    if (!best) {
      const run = lane.runs.find((candidate) => candidate.from <= part && part <= candidate.to);
      if (run) best = { boot: run.boot, gap: 0 };
    }
    if (best) choose(best.boot);
  };

  return (
    <div
      ref={ref}
      className="loom"
      role="slider"
      tabIndex={0}
      aria-label="Boots, oldest to newest. Arrow keys choose a boot, Page Up and Page Down the unexpected ends."
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last - first)}
      aria-valuenow={Math.max(0, at - first)}
      aria-valuetext={boot ? inWords(boot, now) : "no boots"}
      onKeyDown={onKeyDown}
    >
      <svg
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        aria-hidden="true"
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          nearest(event.clientX - box.left, event.clientY - box.top);
        }}
        onPointerDown={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          nearest(event.clientX - box.left, event.clientY - box.top);
        }}
      >
        {lanes.map((lane, index) =>
          lane.day.getDay() % 6 === 0 ? (
            <rect
              key={lane.day.getTime()}
              className="loom-band"
              x={x(index) - pitch / 2}
              width={pitch}
              y={TOP}
              height={inner}
            />
          ) : null,
        )}
        {HOURS.map((hour) => (
          <g key={hour}>
            <line className="grid-line" x1={LEFT} x2={width} y1={y(hour / 24)} y2={y(hour / 24)} />
            {hour < 24 && (
              <text x={LEFT - 8} y={y(hour / 24) + 4} textAnchor="end">
                {String(hour).padStart(2, "0")}
              </text>
            )}
          </g>
        ))}
        {lanes.map((lane, index) => (
          <g key={lane.day.getTime()}>
            <line className="loom-warp" x1={x(index)} x2={x(index)} y1={TOP} y2={TOP + inner} />
            {lane.runs.map((run) => (
              <line
                key={`${run.boot}.${run.from}`}
                className={`loom-run${run.open ? " unknown" : ""}${run.boot === at ? " chosen" : ""}`}
                x1={x(index)}
                x2={x(index)}
                y1={y(run.from)}
                y2={Math.max(y(run.to), y(run.from) + 1)}
                strokeWidth={stroke}
              />
            ))}
            {dayLabel(lane.day, index, pitch) && (
              <text x={x(index)} y={14} textAnchor={index === 0 ? "start" : "middle"}>
                {dayLabel(lane.day, index, pitch)}
              </text>
            )}
          </g>
        ))}
        {lanes.map((lane, index) =>
          lane.knots.map((end) => {
            const kind = boots[end.boot]?.end ?? "unknown";
            const planned = ENDS[kind]?.family === "planned";
            return (
              <g key={end.boot}>
                <EndShape end={kind} x={x(index)} y={y(end.at)} size={planned ? knot * 0.72 : knot} />
                {end.boot === at && <circle className="end-chosen" cx={x(index)} cy={y(end.at)} r={knot} />}
              </g>
            );
          }),
        )}
      </svg>
    </div>
  );
}

/** Mondays; every day when there is room. */
function dayLabel(day: Date, index: number, pitch: number): string {
  const month = day.toLocaleDateString("en-GB", { month: "short" });
  if (pitch > 34) return `${day.getDate()}${index === 0 || day.getDate() === 1 ? ` ${month}` : ""}`;
  if (day.getDay() !== 1) return "";
  const room = pitch * 7 > 40;
  return room ? `${day.getDate()} ${month}` : day.getDate() <= 14 ? `${day.getDate()} ${month}` : "";
}

function inWords(boot: Boot, now: Date): string {
  const end = ENDS[boot.end];
  const parts = [`started ${momentOf(boot.started_at, now)}`];
  if (boot.ended_at) {
    parts.push(`${end?.word ?? boot.end} ${momentOf(boot.ended_at, now)}`);
    parts.push(`ran ${spanOf(Date.parse(boot.ended_at) - Date.parse(boot.started_at))}`);
  } else parts.push(end?.word ?? boot.end);
  parts.push(`${percent(boot.confidence)} sure`);
  return [...parts, ...boot.evidence].join(", ");
}

function Detail({ boot }: { boot: Boot | undefined }) {
  if (!boot) return null;
  const end = ENDS[boot.end];
  const ran = boot.ended_at ? Date.parse(boot.ended_at) - Date.parse(boot.started_at) : null;
  return (
    <div className={`loom-detail ${end?.family ?? ""}`}>
      <p className="head">
        {end?.word ?? plain(boot.end)}
        {boot.ended_at && (
          <>
            {", "}
            {weekdayOf(new Date(boot.ended_at)).slice(0, 3)} <At at={boot.ended_at} />
          </>
        )}
      </p>
      <p className="quiet">
        {end?.meaning}; {percent(boot.confidence)} sure. Started <At at={boot.started_at} />
        {ran !== null && ran >= 0 && `, ran ${spanOf(ran)}`}
        {boot.initiator && `, asked for by ${boot.initiator}`}
        {boot.stop_code && (
          <>
            , stop code <code>{boot.stop_code}</code>
          </>
        )}
        .
      </p>
      {boot.evidence.length > 0 && (
        <ul>
          {boot.evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {boot.tags.length > 0 && <p className="small quiet">{boot.tags.map(plain).join(" · ")}</p>}
    </div>
  );
}

function Legend({ boots }: { boots: Boot[] }) {
  return (
    <>
      <ul className="legend">
        {END_ORDER.map((end) => {
          const found = boots.filter((boot) => boot.end === end).length;
          return found > 0 ? (
            <li key={end}>
              <svg viewBox="0 0 14 14" aria-hidden="true">
                <EndShape end={end} x={7} y={7} size={9} />
              </svg>
              {ENDS[end].word} {found}
            </li>
          ) : null;
        })}
      </ul>
      <p className="small quiet" style={{ marginTop: 6 }}>
        Each thread is a day, midnight at the top, in your time zone ({zone()}). A thread is drawn while the laptop was
        on; sleep counts as on. Shaded days are weekends.
      </p>
    </>
  );
}
