// The motif: threads over and under each other. Pure drawing, hidden from screen readers.

/** Logo: three warps, two wefts. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      aria-hidden="true"
      fill="none"
      strokeLinecap="round"
      strokeWidth="3.6"
    >
      <path stroke="var(--indigo-mid)" d="M8 4v4m0 8.4v11.6M16 4v11.6m0 8.4v4M24 4v4m0 8.4v11.6" />
      <path stroke="var(--indigo)" d="M4 12h8.2m7.6 0H28" />
      <path stroke="var(--indigo)" d="M12 12h8" />
      <path stroke="var(--madder)" d="M4 20h.2m7.6 0h.4M4 20h7.6m8.8 0H28" />
    </svg>
  );
}

/** The woven edge under the masthead. */
export function Selvedge() {
  return (
    <svg className="selvedge" aria-hidden="true" preserveAspectRatio="none">
      <defs>
        <pattern id="selvedge" width="48" height="5" patternUnits="userSpaceOnUse">
          <rect width="48" height="5" fill="var(--surface)" />
          <path d="M0 1.5h18m6 0h18m6 0" stroke="var(--indigo)" strokeWidth="1.4" />
          <path d="M12 3.6h18m6 0h12M0 3.6h6" stroke="var(--madder)" strokeWidth="1.4" opacity=".8" />
        </pattern>
      </defs>
      <rect width="100%" height="5" fill="url(#selvedge)" />
    </svg>
  );
}

const PITCH = 24;
const THREAD = 13;
/** The row whose thread breaks, and between which warps. */
const BROKEN = { row: 13, from: 12, to: 17 };
const WARPS = 40;
const WEFTS = 36;

/** Rows and columns are dyed by their number, so that the cloth is the same each time. */
function weftDye(row: number): string {
  if (row === BROKEN.row) return "var(--madder)";
  if (row % 9 === 4) return "var(--weld)";
  return row % 3 === 0 ? "var(--indigo-mid)" : "var(--indigo)";
}

/** Cloth for the sign-in page: plain weave, with one thread that breaks and is picked up again. */
export function Cloth() {
  const warp = (column: number) => column * PITCH + PITCH / 2;
  return (
    <svg viewBox="0 0 640 800" preserveAspectRatio="xMidYMid slice" aria-hidden="true" fill="none" strokeWidth={THREAD}>
      {Array.from({ length: WARPS }, (_, column) => (
        <path
          key={warp(column)}
          d={`M${warp(column)} -20V900`}
          stroke={column % 6 === 2 ? "var(--indigo-pale)" : "var(--rule)"}
        />
      ))}
      {Array.from({ length: WEFTS }, (_, row) => {
        const y = row * PITCH + PITCH / 2;
        // Over one warp, under the next: visible for two pitches less the thread that lies above.
        const over = 2 * PITCH - THREAD - 2;
        const dashes = `${over} ${2 * PITCH - over}`;
        const shift = (row % 2) * PITCH - (THREAD + 2) / 2 - PITCH / 2;
        const pieces =
          row === BROKEN.row
            ? [`M0 ${y}H${warp(BROKEN.from) + 6}`, `M${warp(BROKEN.to) + 6} ${y}H1000`]
            : [`M0 ${y}H1000`];
        return pieces.map((d, piece) => (
          <path
            key={d}
            d={d}
            stroke={weftDye(row)}
            strokeDasharray={dashes}
            strokeDashoffset={shift + (piece === 0 ? 0 : warp(BROKEN.to) + 6)}
          />
        ));
      })}
    </svg>
  );
}
