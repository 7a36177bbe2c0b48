// The discussion: spaces beside the list, search over words.
import { Button, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { Link } from "react-router";
import { everyItem, useSpaces, useThreads } from "../api/queries";
import { useFilters } from "../parts/filters";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";

const FILTERS = ["space", "q", "state", "mine", "unread"];
const DEFAULTS = { state: "all" };

export default function ThreadsPage() {
  const { values, query, set } = useFilters(FILTERS, DEFAULTS);
  const spaces = useSpaces();
  const { unread, state, ...rest } = query;
  const asked = { ...rest, state: state === "all" ? "" : state };
  // Pinned ones stand above; with words or a filter the order is the list's own.
  const plain = !rest.q && !rest.mine && !unread && !asked.state;
  const pinned = useThreads({ ...asked, pinned: true, limit: 10 }, plain);
  const threads = useThreads({ ...asked, pinned: plain ? false : undefined, limit: 30 });
  const above = plain ? everyItem(pinned.data) : [];
  const loaded = everyItem(threads.data);
  const items = [...above, ...loaded].filter((thread) => !unread || thread.unread > 0);
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
          label="Unread"
          checked={values.unread === "true"}
          onChange={(event) => set("unread", event.currentTarget.checked ? "true" : "")}
          pb={8}
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
        <Empty title={unread ? "Nothing unread" : "No thread here"}>
          {unread
            ? "Unread posts are counted in threads that you follow; older ones may stand further down."
            : values.q
              ? "Nobody wrote these words. Ask in a new thread."
              : "Be the first: open a thread and say what happens."}
        </Empty>
      )}
      {(items.length > 0 || (unread && threads.hasNextPage)) && (
        <>
          <ul className="rows threads">
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
