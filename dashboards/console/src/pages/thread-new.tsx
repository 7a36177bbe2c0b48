// Open a thread.
import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate, useSearchParams } from "react-router";
import { useChange } from "../api/changes";
import { post } from "../api/client";
import { everyItem, useSpaces, useThreads } from "../api/queries";
import type { Thread } from "../api/types";
import { PageFrame } from "../parts/page";
import { Failure, Loading } from "../parts/state";
import { ThreadRow } from "../parts/thread-row";
import { Composer } from "./thread/composer";
import { useDraft } from "./thread/saving";

/** Shorter titles match everything. */
const ENOUGH_WORDS = 8;

export default function NewThreadPage() {
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const spaces = useSpaces();
  const draft = useDraft("new-thread", "new", { space: params.get("space") ?? "" });
  const { title, space } = draft.fields;
  const [settled] = useDebouncedValue(title.trim(), 400);
  const similar = useThreads({ q: settled, limit: 3 }, settled.length >= ENOUGH_WORDS);
  const found = settled.length >= ENOUGH_WORDS ? everyItem(similar.data) : [];
  const chosen = space || spaces.data?.[0]?.slug || "";
  const open = useChange<string, Thread>({
    run: (markdown) => post<Thread>("/threads", { space: chosen, title: title.trim(), markdown }),
    touches: ["threads", "spaces", "overview"],
    after: (thread) => draft.forget().then(() => navigate(`/threads/${thread.id}`)),
  });
  return (
    <PageFrame
      title="New thread"
      standfirst="Say what happens, since when, and what you were doing. Weft looks whether your laptop saw it too."
    >
      {spaces.error && <Failure error={spaces.error} again={() => spaces.refetch()} />}
      {spaces.isPending ? (
        <Loading lines={4} />
      ) : (
        <div style={{ maxWidth: 720 }}>
          <div className="filters">
            <NativeSelect
              label="Space"
              value={chosen}
              onChange={(event) => draft.write({ space: event.currentTarget.value })}
              data={(spaces.data ?? []).map((each) => ({ value: each.slug, label: each.name }))}
            />
            <TextInput
              className="grow whole"
              label="Title"
              value={title}
              maxLength={200}
              required
              withAsterisk={false}
              onChange={(event) => draft.write({ title: event.currentTarget.value })}
              placeholder="My laptop restarts by itself since the update"
            />
          </div>
          {found.length > 0 && (
            <section className="panel" aria-label="Threads that may already answer it">
              <h2 style={{ fontSize: 15, marginBottom: 8 }}>People may already be talking about it</h2>
              <ul className="rows">
                {found.map((thread) => (
                  <ThreadRow key={thread.id} thread={thread} />
                ))}
              </ul>
            </section>
          )}
          <Composer
            draft={draft}
            label="First post"
            button="Open thread"
            busy={open.isPending}
            missing={title.trim() ? undefined : "A title is needed first."}
            send={(markdown) => open.mutateAsync(markdown)}
          />
        </div>
      )}
    </PageFrame>
  );
}
