// The observations behind an anomaly, read from the store when asked for, and the SQL that shows them.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { type EvidenceRows, useEvidence } from "../../api/keeping";
import { Failure, Loading } from "../../parts/state";
import { plural } from "../../words/numbers";
import { plain } from "../../words/vocabulary";
import { cellText, columnsOf, csv, filled } from "./sql";

export function Behind({ anomaly, names }: { anomaly: string; names: Map<string, string> }) {
  const [open, setOpen] = useState(false);
  const evidence = useEvidence(anomaly, open);
  if (!open) {
    return (
      <Button variant="default" size="xs" mt="md" onClick={() => setOpen(true)}>
        Open the rows and the SQL behind them
      </Button>
    );
  }
  return (
    <div className="behind">
      {evidence.error && <Failure error={evidence.error} again={() => evidence.refetch()} />}
      {evidence.isPending && <Loading lines={5} label="Reading the store" />}
      {evidence.data && <Shown evidence={evidence.data} names={names} />}
    </div>
  );
}

function Shown({ evidence, names }: { evidence: EvidenceRows; names: Map<string, string> }) {
  const [said, setSaid] = useState("");
  const columns = columnsOf(evidence.rows);
  const sql = filled(evidence.sql, evidence.parameters).trim();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(sql);
      setSaid("Copied.");
    } catch {
      setSaid("The browser did not allow copying: select it and copy by hand.");
    }
  };
  return (
    <>
      <h3 className="small-head">{plural(evidence.rows.length, "row")} in the store</h3>
      {evidence.rows.length === 0 ? (
        <p className="quiet">
          No row is left: it was about a time that is no longer kept, or about a rule over many laptops.
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <section className="rows-wrap" tabIndex={0} aria-label="Rows behind the anomaly">
          <table className="table dense">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {plain(column)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {evidence.rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity of their own
                <tr key={index}>
                  {columns.map((column) => (
                    <td key={column} className={typeof row[column] === "number" ? "num" : undefined}>
                      {column === "device" && typeof row[column] === "string" ? (
                        <Link to={`/devices/${row[column]}`}>{names.get(row[column]) ?? row[column].slice(0, 8)}</Link>
                      ) : (
                        cellText(row[column])
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <h3 className="small-head">The SQL that shows them</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className="sql" tabIndex={0} aria-label="SQL">
        <pre>{sql}</pre>
      </section>
      <div className="actions tight">
        <Button size="compact-sm" variant="default" onClick={copy}>
          Copy the SQL
        </Button>
        {evidence.rows.length > 0 && (
          <Button size="compact-sm" variant="default" onClick={() => download(csv(evidence.rows))}>
            Save the rows as CSV
          </Button>
        )}
        <span role="status" className="small">
          {said}
        </span>
      </div>
    </>
  );
}

function download(text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "evidence.csv";
  link.click();
  URL.revokeObjectURL(url);
}
