// The discussion: spaces beside the list, search over words.
import { Button, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { Link } from "react-router";
import { everyItem, useSpaces, useThreads } from "../api/queries";
import { useFilters } from "../parts/filters";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";

const FILTERS = ["space", "q", "state", "mine"];
const DEFAULTS = { state: "all" };

export default function ThreadsPage() {
  const { values, query, set } = useFilters(FILTERS, DEFAULTS);
  const spaces = useSpaces();
  const threads = useThreads({ ...query, state: query.state === "all" ? "" : query.state, limit: 30 });
  const items = everyItem(threads.data);
  const space = spaces.data?.find((candidate) => candidate.slug === values.space);
  return (
    <PageFrame
      title={space ? space.name : "Threads"}
      standfirst={space ? space.description : "What people say, with the facts of their laptops beside it."}
      actions={
        <Button component={Link} to={`/threads/new${values.space ? `?space=${values.space}` : ""}`}>
          New thread
        </Button>
      }
    >
      {spaces.data && spaces.data.length > 0 && (
        <nav className="spaces" aria-label="Spaces">
          <button type="button" aria-pressed={!values.space} onClick={() => set("space", "")}>
            All
          </button>
          {spaces.data.map((each) => (
            <button
              key={each.id}
              type="button"
              aria-pressed={values.space === each.slug}
              title={each.description}
              onClick={() => set("space", each.slug)}
            >
              {each.name} <span className="quiet">{each.threads}</span>
              {each.staff_only && <span className="quiet"> · staff only</span>}
            </button>
          ))}
        </nav>
      )}
      <div className="filters">
        <TextInput
          className="grow whole"
          type="search"
          label="Search threads"
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label="State"
          value={values.state}
          onChange={(value) => set("state", value)}
          data={[
            { value: "all", label: "All" },
            { value: "open", label: "Open" },
            { value: "solved", label: "Solved" },
          ]}
        />
        <Switch
          label="Mine"
          checked={values.mine === "true"}
          onChange={(event) => set("mine", event.currentTarget.checked ? "true" : "")}
          pb={8}
        />
      </div>
      {threads.error && <Failure error={threads.error} again={() => threads.refetch()} />}
      {threads.isPending && <Loading lines={8} />}
      {threads.data && items.length === 0 && (
        <Empty title="No thread here">
          {values.q
            ? "Nobody wrote these words. Ask in a new thread."
            : "Be the first: open a thread and say what happens."}
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <ul className="rows">
            {items.map((thread) => (
              <ThreadRow key={thread.id} thread={thread} />
            ))}
          </ul>
          <More {...threads} shown={items.length} noun="threads" />
        </>
      )}
    </PageFrame>
  );
}
