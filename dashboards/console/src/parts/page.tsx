// The frame of a page: kicker, headline, a standfirst that says the state in one sentence, sections with side heads.
import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  /** For the window's title when the headline is long. */
  name?: string;
  kicker?: ReactNode;
  standfirst?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function PageFrame({ title, name, kicker, standfirst, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${name ?? title} · Weft`;
  }, [title, name]);
  return (
    <>
      <header className="page-head">
        {kicker && <div className="kicker">{kicker}</div>}
        <h1>{title}</h1>
        {standfirst && <p className="standfirst">{standfirst}</p>}
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface SectionProps {
  title: string;
  note?: ReactNode;
  /** Label in the left margin on wide screens. */
  side?: boolean;
  children: ReactNode;
}

export function Section({ title, note, side = true, children }: SectionProps) {
  const id = `s-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return (
    <section className={side ? "section side" : "section"} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {note && <p>{note}</p>}
      </header>
      <div>{children}</div>
    </section>
  );
}
