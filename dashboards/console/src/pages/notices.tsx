// What others did that concerns the reader, newest first; following a notice marks it seen.
import { Button, SegmentedControl } from "@mantine/core";
import { Link } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import { everyItem } from "../api/queries";
import { LEVELS, type Notice, useNotices } from "../api/talking";
import { At } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { PageFrame, Section } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { addressOf, sentenceOf } from "../words/notices";

const FILTERS = ["show"];
const DEFAULTS = { show: "all" };

export default function NoticesPage() {
  const { values, set } = useFilters(FILTERS, DEFAULTS);
  const notices = useNotices(values.show === "unseen");
  const items = everyItem(notices.data);
  const see = useChange({
    run: (which: { all: true } | { ids: string[] }) => post("/notifications/seen", which),
    touches: ["notices"],
  });
  return (
    <PageFrame
      title="Notices"
      standfirst="Who mentioned you, answered you, or wrote where you listen."
      actions={
        items.some((notice) => notice.seen_at === null) && (
          <Button variant="default" size="xs" loading={see.isPending} onClick={() => see.mutate({ all: true })}>
            Mark all as seen
          </Button>
        )
      }
    >
      <div className="filters">
        <SegmentedControl
          aria-label="Which notices"
          value={values.show}
          onChange={(value) => set("show", value)}
          data={[
            { value: "all", label: "All" },
            { value: "unseen", label: "New" },
          ]}
        />
      </div>
      {notices.error && <Failure error={notices.error} again={() => notices.refetch()} />}
      {notices.isPending && <Loading lines={6} />}
      {notices.data && items.length === 0 && (
        <Empty title={values.show === "unseen" ? "Nothing new" : "No notices yet"}>
          Follow a thread, or take part in one: then this is where you hear of it.
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <ul className="rows notices">
            {items.map((notice) => (
              <Row key={notice.id} notice={notice} see={() => see.mutate({ ids: [notice.id] })} />
            ))}
          </ul>
          <More {...notices} shown={items.length} noun="notices" />
        </>
      )}
      <Section
        title="What you hear"
        note={
          <>
            Chosen on each thread, beside its title. <Link to="/notices/settings">Mail, feeds, quiet hours</Link>
          </>
        }
      >
        <dl className="pairs">
          {Object.entries(LEVELS).map(([level, { word, meaning }]) => (
            <Level key={level} word={word} meaning={meaning} />
          ))}
        </dl>
        <p className="small quiet" style={{ marginTop: 12 }}>
          Notices on the desktop come from Weft on your laptop, outside IT's quiet hours and{" "}
          <Link to="/notices/settings">your own</Link>; “weft-agent notice off” silences them.
        </p>
      </Section>
    </PageFrame>
  );
}

function Level({ word, meaning }: { word: string; meaning: string }) {
  return (
    <>
      <dt>{word}</dt>
      <dd>{meaning}</dd>
    </>
  );
}

function Row({ notice, see }: { notice: Notice; see: () => void }) {
  const fresh = notice.seen_at === null;
  return (
    <li className={fresh ? "notice fresh" : "notice"}>
      <Link to={addressOf(notice)} data-row onClick={() => fresh && see()}>
        <span className="notice-what">
          {fresh && (
            <span className="dot">
              <span className="hidden">New: </span>
            </span>
          )}
          {sentenceOf(notice)}
        </span>
        <span className="row-side">
          <At at={notice.at} relative />
        </span>
        <span className="row-title">{notice.thread.title || "A thread"}</span>
        {notice.words && <span className="notice-words">“{notice.words}”</span>}
      </Link>
    </li>
  );
}
