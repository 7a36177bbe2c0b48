// Where people write: a field that knows people and files, a preview, and a draft that survives.
import { Button, SegmentedControl, Switch, Textarea } from "@mantine/core";
import { type ReactNode, type Ref, useId, useImperativeHandle, useRef, useState } from "react";
import { asProblem } from "../../api/problem";
import { upload, useDirectory } from "../../api/talking";
import { Since } from "../../parts/clock";
import { has, useSession } from "../../session";
import { admit, countIn, insert, LIMITS } from "./files";
import { complete, fitting, type Mentionable, typedAt } from "./mention";
import { Preview } from "./preview";
import type { Writing } from "./saving";

export interface ComposerHandle {
  /** Adds words at the end, and goes there. */
  add: (words: string) => void;
  focus: () => void;
}

interface ComposerProps {
  draft: Writing;
  label: string;
  button: string;
  /** Offers a post that only staff sees. */
  mayWhisper?: boolean;
  busy: boolean;
  /** Something else that is still missing, in words; the words cannot be sent before. */
  missing?: string;
  /** People of the thread. */
  people?: Mentionable[];
  /** Stands over the field: what is answered. */
  above?: ReactNode;
  send: (markdown: string, whisper: boolean) => Promise<unknown>;
  cancel?: () => void;
  handle?: Ref<ComposerHandle>;
}

const NOBODY: Mentionable[] = [];

export function Composer(props: ComposerProps) {
  const {
    draft,
    label,
    button,
    mayWhisper = false,
    busy,
    missing,
    people = NOBODY,
    above,
    send,
    cancel,
    handle,
  } = props;
  const me = useSession();
  const { fields, write } = draft;
  const [view, setView] = useState("write");
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  const [shut, setShut] = useState(false);
  const [over, setOver] = useState(false);
  const [sending, setSending] = useState<string[]>([]);
  const [refused, setRefused] = useState<string[]>([]);
  const field = useRef<HTMLTextAreaElement>(null);
  const latest = useRef(fields.markdown);
  latest.current = fields.markdown;
  const picker = useRef<HTMLInputElement>(null);
  const list = useId();
  const whisper = mayWhisper && fields.whisper;

  const goTo = (at: number) =>
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at, at);
      setCaret(at);
    });
  useImperativeHandle(handle, () => ({
    add: (words) => {
      setView("write");
      const text = latest.current;
      const gap = text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
      write({ markdown: text + gap + words });
      goTo((text + gap + words).length);
      field.current?.scrollIntoView({ block: "center" });
    },
    focus: () => {
      setView("write");
      goTo(latest.current.length);
      field.current?.scrollIntoView({ block: "center" });
    },
  }));

  const typed = shut || view !== "write" ? null : typedAt(fields.markdown, caret);
  const wide = has(me, "admin");
  const directory = useDirectory(typed?.word ?? "", wide && typed !== null && typed.word !== "");
  const found = typed
    ? fitting([...people, ...(directory.data?.items ?? [])], typed.word).filter((one) => one.login !== typed.word)
    : [];
  const chosen = found[Math.min(active, found.length - 1)];

  const take = (one: Mentionable) => {
    if (!typed) return;
    const done = complete(fields.markdown, typed, caret, one.login);
    write({ markdown: done.text });
    setShut(true);
    goTo(done.caret);
  };
  const submit = async () => {
    if (!fields.markdown.trim() || busy || missing || sending.length > 0) return;
    try {
      await send(fields.markdown, whisper);
      await draft.forget();
      setView("write");
      setRefused([]);
    } catch {
      // The failure was already said; the words stay where they are.
    }
  };
  const attach = async (files: File[]) => {
    if (files.length === 0) return;
    const { taken, refused: not } = admit(files, countIn(fields.markdown) + sending.length);
    setRefused(not);
    setSending((old) => [...old, ...taken.map((file) => file.name)]);
    for (const file of taken) {
      try {
        const kept = await upload(file);
        const at = field.current?.selectionStart ?? latest.current.length;
        latest.current = insert(latest.current, at, kept.markdown);
        write({ markdown: latest.current });
        goTo(Math.min(latest.current.length, at + kept.markdown.length + 2));
      } catch (error) {
        const problem = asProblem(error);
        setRefused((old) => [...old, `${file.name}: ${problem.detail || problem.title || "it was not taken."}`]);
      } finally {
        setSending((old) => old.filter((_, index) => index !== old.indexOf(file.name)));
      }
    }
  };

  return (
    <form
      className={["composer", whisper && "whispering", over && "over"].filter(Boolean).join(" ")}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        setOver(false);
        setView("write");
        attach([...event.dataTransfer.files]);
      }}
    >
      <div className="composer-head">
        <h2>{whisper ? `${label}, to staff only` : label}</h2>
        <SegmentedControl
          size="xs"
          aria-label="Write or preview"
          value={view}
          onChange={setView}
          data={[
            { value: "write", label: "Write" },
            { value: "preview", label: "Preview" },
          ]}
        />
      </div>
      {above}
      {draft.kept.kind === "other" && (
        <div className="composer-other" role="alert">
          <p>
            <b>You wrote something else in another window or browser.</b> Which one stays?
          </p>
          <blockquote className="clamp">{draft.kept.draft.markdown || draft.kept.draft.title}</blockquote>
          <div className="row">
            <Button size="xs" variant="default" onClick={() => draft.settle("theirs")}>
              Take that one
            </Button>
            <Button size="xs" variant="default" onClick={() => draft.settle("mine")}>
              Keep what is here
            </Button>
          </div>
        </div>
      )}
      {view === "write" ? (
        <div className="composer-field">
          <Textarea
            ref={field}
            aria-label={label}
            aria-autocomplete="list"
            aria-controls={found.length > 0 ? list : undefined}
            aria-activedescendant={chosen ? `${list}-${chosen.login}` : undefined}
            placeholder="Markdown works: **bold**, `code`, lists, links. @ names a person; drop or paste files."
            rows={6}
            value={fields.markdown}
            onChange={(event) => {
              write({ markdown: event.currentTarget.value });
              setCaret(event.currentTarget.selectionStart);
              setShut(false);
              setActive(0);
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
            onBlur={() => setShut(true)}
            onPaste={(event) => {
              const files = [...event.clipboardData.files];
              if (files.length === 0) return;
              event.preventDefault();
              attach(files);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                submit();
              } else if (chosen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
                event.preventDefault();
                setActive((active + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
              } else if (chosen && (event.key === "Enter" || event.key === "Tab")) {
                event.preventDefault();
                take(chosen);
              } else if (event.key === "Escape" && found.length > 0) {
                event.preventDefault();
                event.stopPropagation();
                setShut(true);
              }
            }}
            styles={{ input: { resize: "vertical", fontSize: 15.5, lineHeight: 1.55 } }}
          />
          {found.length > 0 && (
            <div className="mentions" id={list} role="listbox" aria-label="People">
              {found.map((one) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which names the active one
                <div
                  key={one.login}
                  id={`${list}-${one.login}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={one === chosen}
                  // The field keeps the focus.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => take(one)}
                >
                  <b>{one.name}</b> <span>@{one.login}</span>
                </div>
              ))}
            </div>
          )}
          <span className="hidden" role="status">
            {found.length > 0 ? `${found.length} people; arrow keys choose, Enter takes` : ""}
          </span>
        </div>
      ) : (
        <div className="panel">
          {fields.markdown.trim() ? (
            <Preview source={fields.markdown} />
          ) : (
            <p className="quiet">Nothing written yet.</p>
          )}
          <p className="small quiet" style={{ marginTop: 10 }}>
            Close to how it will look; the collector renders the final post.
          </p>
        </div>
      )}
      <div className="composer-files">
        <button type="button" className="plain" onClick={() => picker.current?.click()}>
          Attach files
        </button>
        <span className="small quiet">{LIMITS}</span>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            setView("write");
            attach(files);
          }}
        />
      </div>
      <div role="status">
        {sending.length > 0 && <p className="small">Sending {sending.join(", ")} …</p>}
        {refused.map((why) => (
          <p key={why} className="small refused">
            ▲ {why}
          </p>
        ))}
      </div>
      <div className="composer-foot">
        <Button
          type="submit"
          loading={busy}
          disabled={!fields.markdown.trim() || missing !== undefined || sending.length > 0}
        >
          {whisper ? "Whisper to staff" : button}
        </Button>
        {cancel && (
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
        )}
        {mayWhisper && (
          <Switch
            label="Only staff sees it"
            checked={whisper}
            onChange={(event) => write({ whisper: event.currentTarget.checked })}
          />
        )}
        {missing && fields.markdown.trim() && <span className="small">{missing}</span>}
        <span className="small quiet composer-kept">
          <KeptWords draft={draft} discard={cancel === undefined} />
        </span>
      </div>
    </form>
  );
}

function KeptWords({ draft, discard }: { draft: Writing; discard: boolean }) {
  const { kept, restored, fields, forget } = draft;
  if (!fields.markdown.trim() && !fields.title.trim()) return null;
  const words = () => {
    switch (kept.kind) {
      case "writing":
        return "Saving …";
      case "saved":
        return (
          <>
            {restored && kept.number === 0 ? "Your draft is back. " : ""}✓ Saved{" "}
            {kept.number > 0 ? <Since mark={kept.number} /> : "before"}
          </>
        );
      case "here":
        return `Kept in this browser${kept.why ? `: ${kept.why}` : ""}.`;
      case "nowhere":
        return "This draft could not be kept: send it before you leave.";
      case "other":
        return "Not saved: there are two drafts.";
      case "empty":
        return "";
    }
  };
  return (
    <>
      {words()}{" "}
      {discard && (
        <button type="button" className="plain" onClick={() => forget()}>
          Discard
        </button>
      )}
    </>
  );
}
