// How an app spread, week by week: teams stacked on each other, with where it will be in four weeks if it goes on like this.

import { useId } from "react";
import { plural } from "../words/numbers";
import { ChartFrame } from "./frame";
import { linear, ticks } from "./scale";
import { stacked } from "./stack";
import { useWidth } from "./width";

interface Team {
  team: string;
  devices: number;
  curve: number[];
}
interface AdoptionProps {
  name: string;
  curve: number[];
  teams: Team[];
  forecast: { devices: number; low: number; high: number; words: string } | null;
}

const HEIGHT = 190;
const TOP = 12;
const BOTTOM = 22;
const LEFT = 26;
/** Weeks that the forecast looks ahead; the collector's own. */
const AHEAD = 4;
/** Teams with a band of their own; the rest is one band. */
const SHOWN = 4;

const was = (devices: number) => (devices === 0 ? "none" : devices === 1 ? "it was 1" : `they were ${devices}`);

export function Adoption({ name, curve, teams, forecast }: AdoptionProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const id = useId();
  const fills = ["var(--indigo-mid)", `url(#${id}h)`, "var(--indigo-pale)", `url(#${id}d)`, "var(--rule)"];
  const weeks = curve.length;
  const bands = stacked(teams, weeks, SHOWN);
  const top = ticks(Math.max(1, ...curve, ...bands.map((band) => Math.max(0, ...band.high)), forecast?.high ?? 0));
  const right = width - 34;
  const x = linear(0, Math.max(1, weeks - 1 + AHEAD), LEFT, right);
  const y = linear(0, top.at(-1) ?? 1, HEIGHT - BOTTOM, TOP);
  const at = (values: number[], index: number) => `${x(index).toFixed(1)} ${y(values[index] ?? 0).toFixed(1)}`;
  const area = (low: number[], high: number[]) =>
    `M${high.map((_, index) => at(high, index)).join("L")}L${low.map((_, index) => at(low, weeks - 1 - index)).join("L")}Z`;
  const now = curve.at(-1) ?? 0;
  const summary = `${plural(now, "laptop")} now; ${plural(weeks - 1, "week")} ago ${was(curve[0] ?? 0)}.${forecast ? ` ${forecast.words}` : " Too little to forecast from."}`;
  return (
    <ChartFrame
      title="Adoption"
      summary={summary}
      table={{
        head: ["Week", ...teams.map((team) => team.team || "no team"), "All"],
        rows: curve.map((all, index) => [
          index === weeks - 1 ? "now" : `${weeks - 1 - index} weeks ago`,
          ...teams.map((team) => team.curve[index] ?? 0),
          all,
        ]),
      }}
    >
      <div ref={ref}>
        <svg
          height={HEIGHT}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          role="img"
          aria-label={`Adoption of ${name}. ${summary} By team: ${teams.map((team) => `${team.team || "no team"} ${team.devices}`).join(", ")}`}
        >
          <defs>
            <pattern id={`${id}h`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="5" height="5" fill="var(--verdigris-wash)" />
              <rect width="2" height="5" fill="var(--verdigris)" />
            </pattern>
            <pattern id={`${id}d`} width="5" height="5" patternUnits="userSpaceOnUse">
              <rect width="5" height="5" fill="var(--weld-wash)" />
              <circle cx="2.5" cy="2.5" r="1.3" fill="var(--weld)" />
            </pattern>
          </defs>
          {top.map((value) => (
            <g key={value}>
              <line
                className={value === 0 ? "axis-line" : "grid-line"}
                x1={LEFT}
                x2={right}
                y1={y(value)}
                y2={y(value)}
              />
              <text x={LEFT - 7} y={y(value) + 4} textAnchor="end">
                {value}
              </text>
            </g>
          ))}
          {bands.map((band, index) => (
            <path key={band.name} className="band" fill={fills[index]} d={area(band.low, band.high)} />
          ))}
          <path className="adoption-all" d={`M${curve.map((_, index) => at(curve, index)).join("L")}`} />
          {forecast && (
            <g className="forecast">
              <path
                className="fan"
                d={`M${x(weeks - 1)} ${y(now)}L${x(weeks - 1 + AHEAD)} ${y(forecast.high)}V${y(forecast.low)}Z`}
              />
              <path d={`M${x(weeks - 1)} ${y(now)}L${x(weeks - 1 + AHEAD)} ${y(forecast.devices)}`} />
              <circle cx={x(weeks - 1 + AHEAD)} cy={y(forecast.devices)} r="3" />
              <text x={x(weeks - 1 + AHEAD) + 7} y={y(forecast.devices) + 4} className="strong">
                {forecast.devices}
              </text>
            </g>
          )}
          <line className="grid-line" x1={x(weeks - 1)} x2={x(weeks - 1)} y1={TOP} y2={HEIGHT - BOTTOM} />
          <text x={LEFT} y={HEIGHT - 5}>
            {weeks - 1} weeks ago
          </text>
          <text x={x(weeks - 1)} y={HEIGHT - 5} textAnchor="middle">
            now
          </text>
          {forecast && (
            <text x={x(weeks - 1 + AHEAD)} y={HEIGHT - 5} textAnchor="end">
              in {AHEAD} weeks
            </text>
          )}
        </svg>
      </div>
      <ul className="legend">
        {bands.map((band, index) => (
          <li key={band.name}>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <rect className="band" fill={fills[index]} width="14" height="14" />
            </svg>
            {band.name} {band.now}
          </li>
        ))}
      </ul>
    </ChartFrame>
  );
}
