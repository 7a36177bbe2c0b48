// Vitals over time: small plots one below the other, and the same numbers as a table.
import { SegmentedControl } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import { useVitals } from "../../api/queries";
import type { VitalsSeries } from "../../api/types";
import { ChartFrame } from "../../charts/frame";
import { useNow } from "../../parts/clock";
import { Empty, Loaded, Loading } from "../../parts/state";
import { DAY, momentOf } from "../../words/time";

const Plot = lazy(() => import("../../charts/plot"));
const HOUR = DAY / 24;
const asPercent = (value: number) => `${value.toFixed(0)} %`;
const asDegrees = (value: number) => `${value.toFixed(0)} °C`;

export function VitalsTab({ device }: { device: string }) {
  const now = useNow();
  const [days, setDays] = useState("7");
  const from = new Date(Math.floor(now.getTime() / HOUR) * HOUR - Number(days) * DAY).toISOString();
  const vitals = useVitals(device, from);
  return (
    <>
      <SegmentedControl
        size="xs"
        mb="lg"
        aria-label="Time shown"
        value={days}
        onChange={setDays}
        data={[
          { value: "1", label: "24 hours" },
          { value: "7", label: "7 days" },
          { value: "30", label: "30 days" },
        ]}
      />
      <Loaded query={vitals} lines={8}>
        {(series) =>
          series.at.length === 0 ? (
            <Empty title="No vitals in this time">The laptop was off or not yet enrolled.</Empty>
          ) : (
            <Plots series={series} />
          )
        }
      </Loaded>
    </>
  );
}

function Plots({ series }: { series: VitalsSeries }) {
  const now = useNow();
  const at = useMemo(() => series.at.map((when) => Date.parse(when) / 1000), [series]);
  const measures = useMemo(() => {
    const ratio = (values: (number | null)[]) => values.map((value) => (value === null ? null : value * 100));
    const list = [
      { name: "Processor", values: ratio(series.cpu_utilization), say: asPercent, top: 100 },
      {
        name: "Memory",
        values: ratio(
          series.memory_usage.map((used, index) =>
            series.memory_limit[index] ? used / (series.memory_limit[index] ?? 1) : null,
          ),
        ),
        say: asPercent,
        top: 100,
      },
      { name: "Fullest disk", values: ratio(series.disk_usage_ratio), say: asPercent, top: 100 },
      { name: "Battery", values: ratio(series.battery_charge), say: asPercent, top: 100 },
      { name: "Hottest sensor", values: series.temperature_max, say: asDegrees, top: 110 },
    ];
    return list.filter((measure) => measure.values.some((value) => value !== null));
  }, [series]);
  const newest = measures.map((measure) => {
    const last = measure.values.findLast((value) => value !== null);
    return `${measure.name.toLowerCase()} ${last == null ? "unknown" : measure.say(last)}`;
  });
  return (
    <ChartFrame
      level={2}
      title="Vitals"
      summary={`Newest: ${newest.join(", ")}.`}
      table={{
        head: ["When", ...measures.map((measure) => measure.name)],
        rows: series.at
          .map((when, index) => [
            momentOf(when, now),
            ...measures.map((measure) =>
              measure.values[index] == null ? "" : measure.say(measure.values[index] ?? 0),
            ),
          ])
          .reverse(),
      }}
    >
      <Suspense fallback={<Loading lines={6} />}>
        <div className="plots">
          {measures.map((measure) => (
            <Plot key={measure.name} at={at} {...measure} />
          ))}
        </div>
      </Suspense>
    </ChartFrame>
  );
}
