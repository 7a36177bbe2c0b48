// A line without axes beside a number that says it all; screen readers get the number.
import { linear } from "./scale";

export function Spark({ values, width = 84, height = 22 }: { values: number[]; width?: number; height?: number }) {
  if (values.length < 2) return null;
  const x = linear(0, values.length - 1, 2, width - 4);
  const y = linear(0, Math.max(1, ...values), height - 3, 3);
  const last = values.length - 1;
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path
        d={values.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("")}
      />
      <circle cx={x(last)} cy={y(values[last] ?? 0)} r="2.2" />
    </svg>
  );
}

/** Thirty days of boots: a tick per day, madder and taller where an end was unexpected. */
export function DayTicks({ days }: { days: { day: string; expected: number; unexpected: number }[] }) {
  const most = Math.max(1, ...days.map((day) => day.unexpected));
  const total = days.reduce((sum, day) => sum + day.unexpected, 0);
  const on = days.filter((day) => day.unexpected > 0).length;
  return (
    <svg
      width="100%"
      height="34"
      viewBox={`0 0 ${days.length * 8} 34`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Last ${days.length} days: ${total} unexpected ends on ${on} days`}
    >
      {days.map((day, index) => (
        <g key={day.day}>
          <rect
            x={index * 8 + 1}
            y="30"
            width="6"
            height="2"
            fill={day.expected > 0 ? "var(--indigo-mid)" : "var(--rule)"}
          />
          {day.unexpected > 0 && (
            <rect
              x={index * 8 + 1}
              width="6"
              y={28 - (day.unexpected / most) * 26}
              height={(day.unexpected / most) * 26}
              fill="var(--madder)"
            />
          )}
        </g>
      ))}
    </svg>
  );
}
