// The literal records: exactly what left the laptop, nothing summarised.
import { NativeSelect } from "@mantine/core";
import { useState } from "react";
import { everyItem, useSent } from "../../api/queries";
import { At } from "../../parts/clock";
import { Empty, Loading, More } from "../../parts/state";
import { plain } from "../../words/vocabulary";
import { Refused } from "./refused";

const KIND_CHOICES = ["", "boot", "resume", "process", "app", "vitals", "inventory", "agent_health"];

export function SentTab({ device }: { device: string }) {
  const [kind, setKind] = useState("");
  const sent = useSent(device, kind);
  const items = everyItem(sent.data);
  return (
    <>
      <p className="prose" style={{ marginBottom: 16 }}>
        Every record as it left the laptop, newest first. Numbers have no gaps: a missing one would be listed as lost.
        On the laptop itself, <code>weft-agent sent --last 24h</code> shows the same.
      </p>
      <div className="filters">
        <NativeSelect
          label="Kind"
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
          data={KIND_CHOICES.map((value) => ({ value, label: value ? plain(value) : "All" }))}
        />
      </div>
      {sent.error ? (
        <Refused
          error={sent.error}
          what="The records"
          who="the owner and administrators"
          again={() => sent.refetch()}
        />
      ) : sent.isPending ? (
        <Loading lines={6} />
      ) : items.length === 0 ? (
        <Empty title="Nothing of this kind was sent" />
      ) : (
        <>
          <ol className="records">
            {items.map((record) => (
              <li key={`${record.epoch}.${record.seq}`}>
                <details>
                  <summary>
                    <span className="num">No. {record.seq}</span> <strong>{plain(record.kind)}</strong>{" "}
                    <At at={record.observed_at} />
                  </summary>
                  <pre>{JSON.stringify(record.observation, null, 2)}</pre>
                </details>
              </li>
            ))}
          </ol>
          <More {...sent} shown={items.length} noun="records" />
        </>
      )}
    </>
  );
}
