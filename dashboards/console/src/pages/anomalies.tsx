// The list of anomalies, most severe and newest first, as the API orders them.
import { NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { everyItem, useAnomalies } from "../api/queries";
import { AnomalyRow } from "../parts/anomaly-row";
import { useFilters } from "../parts/filters";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { KINDS, SEVERITY } from "../words/vocabulary";

const FILTERS = ["state", "kind", "severity", "q"];
const DEFAULTS = { state: "open" };

export default function AnomaliesPage() {
  const { values, query, set } = useFilters(FILTERS, DEFAULTS);
  const anomalies = useAnomalies({ ...query, state: query.state === "all" ? "" : query.state, limit: 30 });
  const items = everyItem(anomalies.data);
  return (
    <PageFrame title="Anomalies" standfirst="What the detectors found, one per cause, each with its reasons.">
      <div className="filters">
        <SegmentedControl
          className="whole"
          aria-label="State"
          value={values.state}
          onChange={(value) => set("state", value)}
          data={[
            { value: "open", label: "Open" },
            { value: "acknowledged", label: "Acknowledged" },
            { value: "resolved", label: "Resolved" },
            { value: "all", label: "All" },
          ]}
        />
        <NativeSelect
          label="Kind"
          value={values.kind}
          onChange={(event) => set("kind", event.currentTarget.value)}
          data={[{ value: "", label: "All" }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))]}
        />
        <NativeSelect
          label="Severity"
          value={values.severity}
          onChange={(event) => set("severity", event.currentTarget.value)}
          data={[
            { value: "", label: "All" },
            ...Object.entries(SEVERITY)
              .reverse()
              .map(([value, { word, meaning }]) => ({ value, label: `${word}: ${meaning}` })),
          ]}
        />
        <TextInput
          className="grow"
          type="search"
          label="Search"
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
      </div>
      {anomalies.error && <Failure error={anomalies.error} again={() => anomalies.refetch()} />}
      {anomalies.isPending && <Loading lines={8} />}
      {anomalies.data && items.length === 0 && (
        <Empty title="Nothing here">
          {values.state === "open" && !values.kind && !values.severity && !values.q
            ? "No open anomalies. Detectors look again every minute or so."
            : "Nothing matches these filters."}
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <ul className="rows">
            {items.map((anomaly) => (
              <AnomalyRow key={anomaly.id} anomaly={anomaly} />
            ))}
          </ul>
          <More {...anomalies} shown={items.length} noun="anomalies" />
        </>
      )}
    </PageFrame>
  );
}
