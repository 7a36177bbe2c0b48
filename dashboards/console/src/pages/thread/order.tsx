// Keeping order in a thread: rename, pin, lock, move, merge, hide, bring posts back. For staff; each step is in the audit log.
import { Button, Menu, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useChange } from "../../api/changes";
import { patch, post } from "../../api/client";
import { everyItem, useSpaces, useThreads } from "../../api/queries";
import { useRemoved } from "../../api/talking";
import type { Thread } from "../../api/types";
import { At } from "../../parts/clock";
import { Empty, Loaded } from "../../parts/state";
import { AskReason } from "./reason";

type Open = "title" | "hide" | "lock" | "move" | "merge" | "removed" | null;
const TOUCHES = ["thread", "threads", "spaces", "overview"];

export function KeepOrder({ thread }: { thread: Thread }) {
  const [open, setOpen] = useState<Open>(null);
  const shut = () => setOpen(null);
  const change = useChange({
    run: (what: Record<string, unknown>) => patch(`/threads/${thread.id}`, what),
    touches: TOUCHES,
    after: shut,
  });
  return (
    <>
      <Menu position="bottom-start" width={230} withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" size="xs">
            Keep order<span aria-hidden="true">&nbsp;▾</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setOpen("title")}>Rename …</Menu.Item>
          {thread.can_keep_order && (
            <>
              <Menu.Item onClick={() => change.mutate({ pinned: !thread.pinned })}>
                {thread.pinned ? "Unpin" : "Pin to the top"}
              </Menu.Item>
              <Menu.Item onClick={() => (thread.locked ? change.mutate({ locked: false }) : setOpen("lock"))}>
                {thread.locked ? "Unlock" : "Lock …"}
              </Menu.Item>
              <Menu.Item onClick={() => setOpen("move")}>Move to another space …</Menu.Item>
              <Menu.Item onClick={() => setOpen("merge")}>Merge into another thread …</Menu.Item>
              <Menu.Item onClick={() => (thread.hidden ? change.mutate({ hidden: false }) : setOpen("hide"))}>
                {thread.hidden ? "Bring back into sight" : "Hide with a reason …"}
              </Menu.Item>
              <Menu.Item onClick={() => setOpen("removed")}>Hidden posts …</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {open === "title" && (
        <Rename thread={thread} busy={change.isPending} close={shut} run={(title) => change.mutate({ title })} />
      )}
      {open === "hide" && (
        <AskReason
          title="Hide this thread?"
          label="Why"
          button="Hide"
          danger
          busy={change.isPending}
          run={(reason) => change.mutate({ hidden: true, reason })}
          close={shut}
        >
          <p>Only staff will see it. Nothing is lost, and it can be brought back.</p>
        </AskReason>
      )}
      {open === "lock" && (
        <AskReason
          title="Lock this thread?"
          label="Why (optional)"
          button="Lock"
          needed={false}
          busy={change.isPending}
          run={(reason) => change.mutate({ locked: true, reason })}
          close={shut}
        >
          <p>Everybody can read on; only staff can write.</p>
        </AskReason>
      )}
      {open === "move" && (
        <Move thread={thread} busy={change.isPending} close={shut} run={(space) => change.mutate({ space })} />
      )}
      {open === "merge" && <MergeInto thread={thread} close={shut} />}
      {open === "removed" && <Removed thread={thread} close={shut} />}
    </>
  );
}

interface OneField {
  thread: Thread;
  busy: boolean;
  close: () => void;
  run: (value: string) => void;
}

function Rename({ thread, busy, close, run }: OneField) {
  const [title, setTitle] = useState(thread.title);
  return (
    <Modal opened onClose={close} title="Rename this thread">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim()) run(title.trim());
        }}
      >
        <TextInput
          label="Title"
          maxLength={200}
          value={title}
          data-autofocus
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <div className="actions">
          <Button type="submit" loading={busy} disabled={!title.trim() || title.trim() === thread.title}>
            Rename
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Move({ thread, busy, close, run }: OneField) {
  const spaces = useSpaces();
  const others = (spaces.data ?? []).filter((space) => space.id !== thread.space.id);
  const [space, setSpace] = useState("");
  const chosen = space || others[0]?.slug || "";
  const staffOnly = others.find((each) => each.slug === chosen)?.staff_only;
  return (
    <Modal opened onClose={close} title="Move to another space">
      <NativeSelect
        label="Space"
        value={chosen}
        onChange={(event) => setSpace(event.currentTarget.value)}
        data={others.map((each) => ({ value: each.slug, label: each.name }))}
      />
      {staffOnly && (
        <p className="small" style={{ marginTop: 8 }}>
          ▲ Only staff reads that space: others will not see this thread any more.
        </p>
      )}
      <div className="actions">
        <Button loading={busy} disabled={chosen === ""} onClick={() => run(chosen)}>
          Move
        </Button>
      </div>
    </Modal>
  );
}

function MergeInto({ thread, close }: { thread: Thread; close: () => void }) {
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const found = useThreads({ q: words.trim(), limit: 6 }, words.trim().length > 2);
  const merge = useChange<string, Thread>({
    run: (into) => post<Thread>(`/threads/${thread.id}/merge`, { into }),
    touches: TOUCHES,
    said: "Merged. The old address leads here.",
    after: (into) => navigate(`/threads/${into.id}`),
  });
  const others = words.trim().length > 2 ? everyItem(found.data).filter((each) => each.id !== thread.id) : [];
  return (
    <Modal opened onClose={close} size="lg" title="Merge into another thread">
      <p className="modal-words">All posts go there, in the order of their times. This cannot be undone.</p>
      <TextInput
        label="Find the other thread"
        value={words}
        data-autofocus
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <ul className="rows" style={{ marginTop: 12 }}>
        {others.map((each) => (
          <li key={each.id} className="pick">
            <span>
              {each.title} <span className="small quiet">{each.space.name}</span>
            </span>
            <Button size="xs" variant="default" loading={merge.isPending} onClick={() => merge.mutate(each.id)}>
              Merge into this
            </Button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}

function Removed({ thread, close }: { thread: Thread; close: () => void }) {
  const removed = useRemoved(thread.id, true);
  const restore = useChange({
    run: (id: string) => post(`/posts/${id}/restore`),
    touches: ["thread", "threads"],
    said: "Back in sight.",
  });
  return (
    <Modal opened onClose={close} size="lg" title="Hidden posts">
      <Loaded query={removed} lines={4}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="Nothing was hidden here" />
          ) : (
            <ul className="rows">
              {list.map((one) => (
                <li key={one.id} className="removed">
                  <p className="small">
                    <b>{one.author.name}</b> wrote <At at={one.posted_at} />; hidden by {one.removed_by?.name ?? "Weft"}{" "}
                    <At at={one.removed_at} relative />
                    {one.reason && `: “${one.reason}”`}
                  </p>
                  <blockquote className="clamp">{one.markdown}</blockquote>
                  <Button
                    size="xs"
                    variant="default"
                    loading={restore.isPending}
                    onClick={() => restore.mutate(one.id)}
                  >
                    Bring back
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Modal>
  );
}
