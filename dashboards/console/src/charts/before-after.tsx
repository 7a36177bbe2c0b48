// Two groups before and after one moment: two lines, named at both ends with their numbers.
import { ChartFrame } from "./frame";
import { apart, linear, ticks } from "./scale";
import { useWidth } from "./width";

export interface Pair {
  key: string;
  name: string;
  before: number;
  after: number;
}

interface BeforeAfterProps {
  title: string;
  summary: string;
  unit: string;
  /** The first is the one that is measured; the others are what it is compared with. */
  pairs: Pair[];
}

const HEIGHT = 156;
const TOP = 26;
const BOTTOM = 14;
const LEFT = 46;
const RIGHT = 46;
/** Wider than this, slopes look flat. */
const WIDEST = 460;

const say = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(1));

export function BeforeAfter({ title, summary, unit, pairs }: BeforeAfterProps) {
  const { ref, width: measured } = useWidth<HTMLDivElement>();
  const width = Math.min(WIDEST, measured);
  const top = ticks(Math.max(0.5, ...pairs.flatMap((pair) => [pair.before, pair.after])), 3);
  const y = linear(0, top.at(-1) ?? 1, HEIGHT - BOTTOM, TOP);
  const [left, right] = [LEFT, width - RIGHT];
  const labels = (pick: (pair: Pair) => number) =>
    apart(
      pairs.map((pair) => y(pick(pair))),
      15,
      TOP,
      HEIGHT - BOTTOM,
    );
  const before = labels((pair) => pair.before);
  const after = labels((pair) => pair.after);
  return (
    <ChartFrame
      title={title}
      summary={summary}
      table={{
        head: ["Laptops", "Before", "After"],
        rows: pairs.map((pair) => [pair.name, Number(pair.before.toFixed(2)), Number(pair.after.toFixed(2))]),
      }}
    >
      <div ref={ref} className="before-after">
        <svg
          height={HEIGHT}
          width={width}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          role="img"
          aria-label={`${title}, ${unit}. ${pairs.map((pair) => `${pair.name}: ${say(pair.before)} before, ${say(pair.after)} after`).join("; ")}`}
        >
          <text x={left} y="12" textAnchor="middle">
            before
          </text>
          <text x={right} y="12" textAnchor="middle">
            after
          </text>
          <line className="grid-line" x1={left} x2={left} y1={TOP - 6} y2={HEIGHT - BOTTOM} />
          <line className="grid-line" x1={right} x2={right} y1={TOP - 6} y2={HEIGHT - BOTTOM} />
          <line className="axis-line" x1={left} x2={right} y1={y(0)} y2={y(0)} />
          {pairs.map((pair, index) => (
            <g key={pair.key} className={index === 0 ? "slope own" : "slope"}>
              <path d={`M${left} ${y(pair.before)}L${right} ${y(pair.after)}`} />
              <circle cx={left} cy={y(pair.before)} r="4" />
              <circle cx={right} cy={y(pair.after)} r="4" />
              <text x={left - 10} y={(before[index] ?? 0) + 4} textAnchor="end">
                {say(pair.before)}
              </text>
              <text x={right + 10} y={(after[index] ?? 0) + 4}>
                {say(pair.after)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <ul className="legend">
        {pairs.map((pair, index) => (
          <li key={pair.key} className={index === 0 ? "slope own" : "slope"}>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <path d="M0 7H14" />
              <circle cx="7" cy="7" r="3.5" />
            </svg>
            {pair.name}
          </li>
        ))}
      </ul>
      <p className="small quiet">{unit}</p>
    </ChartFrame>
  );
}
