// Words with a shape: severity, kind, verdict, link state, "simulated". Never colour alone.
import type { AnomalyState, BootEnd, LinkState, Severity, Verdict } from "../api/types";
import { LINK, SEVERITY, VERDICT } from "../words/vocabulary";

/** Five bars, as many filled as the severity has rank. */
export function SeverityMark({ severity, meaning = false }: { severity: Severity; meaning?: boolean }) {
  const { word, rank, meaning: asks } = SEVERITY[severity];
  return (
    <span className={`severity ${severity}`}>
      <svg width="17" height="12" viewBox="0 0 17 12" aria-hidden="true">
        {[0, 1, 2, 3, 4].map((bar) => (
          <rect
            key={bar}
            x={bar * 3.5}
            y={8 - bar * 2}
            width="2.4"
            height={4 + bar * 2}
            fill={bar <= rank ? "currentColor" : "var(--rule-strong)"}
            opacity={bar <= rank ? 1 : 0.6}
          />
        ))}
      </svg>
      {word}
      {meaning && <span className="asks">: {asks}</span>}
    </span>
  );
}

export const Simulated = ({ when }: { when: boolean }) =>
  when ? <span className="mark simulated">simulated</span> : null;

export const StateMark = ({ state }: { state: AnomalyState }) =>
  state === "open" ? (
    <span className="mark indigo">Open</span>
  ) : state === "acknowledged" ? (
    <span className="mark">Acknowledged</span>
  ) : (
    <span className="mark good">Resolved</span>
  );

export const LinkMark = ({ state }: { state: LinkState }) => (
  <span
    className={`mark ${state === "confirmed" ? "good" : state === "rejected" ? "bad" : state === "automatic" ? "indigo" : ""}`}
  >
    {state === "confirmed" ? "✓ " : state === "rejected" ? "✕ " : ""}
    {LINK[state]}
  </span>
);

export const VerdictMark = ({ verdict }: { verdict: Verdict | null }) =>
  verdict === null ? (
    <span className="mark">No verdict yet</span>
  ) : (
    <span className={`mark ${verdict === "sanctioned" ? "good" : verdict === "tolerated" ? "warn" : "bad"}`}>
      {verdict === "sanctioned" ? "✓" : verdict === "tolerated" ? "◷" : "✕"} {VERDICT[verdict]}
    </span>
  );

/** The shape of a boot's end, centred on (x, y); one shape per cause. */
export function EndShape({ end, x, y, size }: { end: BootEnd; x: number; y: number; size: number }) {
  const r = size / 2;
  switch (end) {
    case "crash":
      return (
        <path
          className="end-unexpected"
          d={`M${x} ${y - r * 1.2}l${r * 1.2} ${r * 1.2}l${-r * 1.2} ${r * 1.2}l${-r * 1.2} ${-r * 1.2}z`}
        />
      );
    case "forced_off":
      return <rect className="end-unexpected" x={x - r} y={y - r} width={size} height={size} />;
    case "power_loss_or_hang":
      return <path className="end-unexpected" d={`M${x - r * 1.15} ${y - r}h${r * 2.3}l${-r * 1.15} ${r * 2.1}z`} />;
    case "failed_boot":
      return <path className="end-cross" d={`M${x - r} ${y - r}l${size} ${size}m0 ${-size}l${-size} ${size}`} />;
    case "update":
      return <path className="end-update" d={`M${x - r} ${y + r * 0.8}h${size}l${-r} ${-r * 1.8}z`} />;
    case "clean_restart":
      return <circle className="end-planned" cx={x} cy={y} r={r * 0.72} />;
    case "clean_poweroff":
      return <path className="end-planned" d={`M${x - r} ${y}h${size}`} strokeWidth="2" />;
    case "running":
      return <circle className="end-running" cx={x} cy={y} r={r * 0.8} />;
    case "unknown":
      return <circle className="end-planned" cx={x} cy={y} r={r * 0.8} strokeDasharray="2 1.6" />;
  }
}
