// Around every chart: a title, a sentence that says what it shows, and the same numbers as a table.
import { UnstyledButton } from "@mantine/core";
import { type ReactNode, useId, useState } from "react";

export interface TableOf {
  head: string[];
  rows: (string | number)[][];
}

interface FrameProps {
  title: string;
  summary: ReactNode;
  table: TableOf;
  /** Level of its heading: 2 when the chart is a section of its own. */
  level?: 2 | 3;
  children: ReactNode;
}

export function ChartFrame({ title, summary, table, level = 3, children }: FrameProps) {
  const Heading = level === 2 ? "h2" : "h3";
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <figure className="chart" aria-labelledby={id}>
      <div className="chart-head">
        <Heading id={id}>{title}</Heading>
        <UnstyledButton aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? "Show chart" : "Show table"}
          <span className="hidden"> of {title}</span>
        </UnstyledButton>
      </div>
      <p className="chart-summary">{summary}</p>
      {asTable ? <NumberTable table={table} title={title} /> : children}
    </figure>
  );
}

export function NumberTable({ table, title }: { table: TableOf; title: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className="chart-table" tabIndex={0} aria-label={`${title}, table`}>
      <table className="table">
        <thead>
          <tr>
            {table.head.map((cell) => (
              <th key={cell} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are rebuilt as a whole
            <tr key={index}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns are fixed
                <td key={column} className={typeof cell === "number" ? "num" : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
