// The SQL behind an anomaly as a person can run it: parameters filled in, rows as a table. Pure.
import type { Cell } from "../../api/keeping";

/** ClickHouse string literal. */
const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function literal(value: Cell): string {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return quoted(JSON.stringify(value));
  return typeof value === "string" ? quoted(value) : String(value);
}

/** `{devices:Array(UUID)}` becomes its value; a parameter without one stays as it is. */
export function filled(sql: string, parameters: Record<string, Cell>): string {
  return sql.replace(/\{(\w+):([A-Za-z0-9(), ]+)\}/g, (whole, name: string, type: string) => {
    if (!Object.hasOwn(parameters, name)) return whole;
    const text = literal(parameters[name] ?? null);
    return /^U?Int\d+$|^Float\d+$|^Bool$|^String$/.test(type) ? text : `CAST(${text}, ${quoted(type)})`;
  });
}

/** Columns in the order of their first row; later rows may add some. */
export function columnsOf(rows: Record<string, Cell>[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

export function cellText(value: Cell | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(cellText).filter(Boolean).join("; ");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is made text. */
export function csv(rows: Record<string, Cell>[]): string {
  const columns = columnsOf(rows);
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellText(row[column])))];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}
