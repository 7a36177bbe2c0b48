// The motif: threads over and under each other. Pure drawing, hidden from screen readers.

/** Logo: three warps, two wefts. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" fill="none" strokeLinecap="round" strokeWidth="3.6">
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

const PITCH = 22;
const SIZE = 44;

/** A piece of cloth for the sign-in page: plain weave, with one thread that breaks and is picked up again. */
export function Cloth() {
  const lines = Array.from({ length: SIZE }, (_, index) => index);
  const dye = (index: number) =>
    index % 11 === 5 ? "var(--madder)" : index % 7 === 2 ? "var(--weld)" : index % 3 === 0 ? "var(--indigo)" : "var(--indigo-mid)";
  return (
    <svg viewBox="0 0 640 800" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      {lines.map((column) => (
        <path
          key={`warp${column}`}
          d={`M${column * PITCH + 11} -10V900`}
          stroke={column % 5 === 1 ? "var(--indigo-pale)" : "var(--rule)"}
          strokeWidth="7"
        />
      ))}
      {lines.map((row) => {
        const y = row * PITCH + 11;
        const broken = row === 17;
        const length = PITCH * 0.98;
        return lines.map((column) => {
          if ((row + column) % 2 === 0) return null;
          if (broken && column > 13 && column < 19) return null;
          const x = column * PITCH + 11 - length / 2;
          return (
            <path
              key={`weft${row}.${column}`}
              d={`M${x} ${y}h${length}`}
              stroke={broken ? "var(--madder)" : dye(row)}
              strokeWidth={broken ? 9 : 7}
              strokeLinecap="round"
              opacity={broken ? 1 : 0.82}
            />
          );
        });
      })}
    </svg>
  );
}
