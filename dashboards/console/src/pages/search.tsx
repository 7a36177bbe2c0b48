// One question: talk first (ranked, with what was found marked), then anomalies and devices. Filters are chips over the text.
import { TextInput } from "@mantine/core";
import { Link } from "react-router";
import { everyItem, useAnomalies, useDevices, useSpaces } from "../api/queries";
import { type SearchHit, useSearch } from "../api/talking";
import { AnomalyRow } from "../parts/anomaly-row";
import { At } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { Simulated } from "../parts/marks";
import { PageFrame, Section } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { isStaff, useSession } from "../session";
import { plural } from "../words/numbers";
import { chipsOf, withChip, without, wordsOf } from "../words/question";

const FILTERS = ["q"];
const EACH = 6;

export default function SearchPage() {
  const me = useSession();
  const { values, query, set } = useFilters(FILTERS);
  const typed = values.q ?? "";
  const question = (query.q ?? "").trim();
  const words = wordsOf(question);
  const asked = question !== "";
  const talk = useSearch(question, asked);
  const anomalies = useAnomalies({ q: words, limit: EACH }, words !== "");
  const devices = useDevices({ q: words, limit: EACH }, words !== "" && isStaff(me));
  const hits = asked ? everyItem(talk.data) : [];
  const found = words === "" ? [] : everyItem(anomalies.data);
  const laptops = words === "" ? [] : everyItem(devices.data);
  const all = [talk, anomalies, devices];
  return (
    <PageFrame title="Search">
      <TextInput
        type="search"
        label="Search threads, anomalies and devices"
        size="md"
        value={typed}
        onChange={(event) => set("q", event.currentTarget.value)}
      />
      <Chips question={typed} change={(next) => set("q", next)} />
      {all.map(
        (list, index) => list.error && <Failure key={["threads", "anomalies", "devices"][index]} error={list.error} />,
      )}
      {asked && talk.isPending && <Loading lines={5} />}
      {!asked && (
        <Empty title="What are you looking for?">
          All words must occur; the last may be a beginning. “Quotes” keep words together, a minus leaves a word out.
        </Empty>
      )}
      {asked && hits.length + found.length + laptops.length === 0 && !all.some((list) => list.isLoading) && (
        <Empty title="Nothing found">Try fewer or other words, or take a filter away.</Empty>
      )}
      {hits.length > 0 && (
        <Section title="Threads" note="Best first">
          <ul className="rows hits">
            {hits.map((hit) => (
              <Hit key={hit.thread.id} hit={hit} />
            ))}
          </ul>
          <More {...talk} shown={hits.length} noun="threads" />
          {talk.data?.pages.some((page) => page.cut) && (
            <p className="small quiet">There are more: the oldest were left out. A filter brings them near.</p>
          )}
        </Section>
      )}
      {found.length > 0 && (
        <Section
          title="Anomalies"
          note={<Link to={`/anomalies?state=all&q=${encodeURIComponent(words)}`}>All of them</Link>}
        >
          <ul className="rows">
            {found.map((anomaly) => (
              <AnomalyRow key={anomaly.id} anomaly={anomaly} />
            ))}
          </ul>
        </Section>
      )}
      {laptops.length > 0 && (
        <Section title="Devices" note={<Link to={`/devices?q=${encodeURIComponent(words)}`}>All of them</Link>}>
          <ul className="stack">
            {laptops.map((device) => (
              <li key={device.id} className="row">
                <Link to={`/devices/${device.id}`} data-row>
                  {device.name}
                </Link>
                <span className="quiet">
                  {device.model}, {device.owner?.name ?? "no owner"}
                </span>
                <Simulated when={device.simulated} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </PageFrame>
  );
}

const OFFERS: { key: string; value: string; word: string }[] = [
  { key: "is", value: "open", word: "Open" },
  { key: "is", value: "solved", word: "Solved" },
  { key: "has", value: "anomaly", word: "With an anomaly" },
];

function Chips({ question, change }: { question: string; change: (question: string) => void }) {
  const me = useSession();
  const spaces = useSpaces();
  const chips = chipsOf(question);
  const set = new Set(chips.map((chip) => chip.text));
  const offers = [
    ...OFFERS,
    { key: "author", value: me.login, word: "By me" },
    ...(spaces.data ?? []).map((space) => ({ key: "space", value: space.slug, word: space.name })),
  ].filter(({ key, value }) => !set.has(`${key}:${value}`));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame and is for forms that are sent
    <div className="chips" role="group" aria-label="Filters">
      {chips.map((chip) => (
        <button
          key={chip.text}
          type="button"
          className="chip on"
          onClick={() => change(without(question, chip.text))}
          aria-label={`Take away the filter ${chip.key} ${chip.value}`}
        >
          <span>{chip.key}</span> {chip.value} <span aria-hidden="true">✕</span>
        </button>
      ))}
      {offers.map(({ key, value, word }) => (
        <button
          key={`${key}:${value}`}
          type="button"
          className="chip"
          onClick={() => change(withChip(question, key, value))}
        >
          + {word}
        </button>
      ))}
    </div>
  );
}

const PLACE: Record<SearchHit["found_in"][number], string> = {
  title: "in the title",
  posts: "in posts",
  facts: "in linked facts",
};

function Hit({ hit: { thread, post, snippet, found_in, posts } }: { hit: SearchHit }) {
  return (
    <li>
      <Link className="row-link" to={`/threads/${thread.id}${post ? `#post-${post}` : ""}`} data-row>
        <span className="row-state">
          {thread.solved ? <span className="mark good">✓ Solved</span> : <span className="mark">Open</span>}
        </span>
        <span className="row-side">
          <At at={thread.last_post_at} relative />
        </span>
        <span className="row-title">{thread.title}</span>
        <span className="snippet">
          {snippet.map((piece, index) => {
            const key = `${index}`;
            return piece.hit ? <mark key={key}>{piece.text}</mark> : <span key={key}>{piece.text}</span>;
          })}
        </span>
        <span className="row-meta">
          <span>{thread.space.name}</span>
          <span>by {thread.author.name}</span>
          <span>
            {posts > 0 ? `${plural(posts, "post")} meet it` : "found"}{" "}
            {found_in.map((place) => PLACE[place]).join(", ")}
          </span>
          <Simulated when={thread.simulated} />
        </span>
      </Link>
    </li>
  );
}
