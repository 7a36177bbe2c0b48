// Where people write: a field, a preview, and a draft that survives.
import { Button, SegmentedControl, Switch, Textarea } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { keepDraft, readDraft } from "./draft";
import { Preview } from "./preview";

interface ComposerProps {
  /** Names the draft, e.g. the thread's id. */
  place: string;
  label: string;
  button: string;
  start?: string;
  /** Offers a post that only staff sees. */
  mayWhisper?: boolean;
  busy: boolean;
  /** Something else that is still missing, in words; the words cannot be sent before. */
  missing?: string;
  send: (markdown: string, whisper: boolean) => Promise<unknown>;
  cancel?: () => void;
}

export function Composer({
  place,
  label,
  button,
  start = "",
  mayWhisper = false,
  busy,
  missing,
  send,
  cancel,
}: ComposerProps) {
  const [text, setText] = useState(() => readDraft(localStorage, place) || start);
  const [kept, setKept] = useState(true);
  const [view, setView] = useState("write");
  const [whisper, setWhisper] = useState(false);
  const write = (value: string) => {
    setText(value);
    setKept(keepDraft(localStorage, place, value === start ? "" : value));
  };
  const submit = async () => {
    if (!text.trim() || busy || missing) return;
    try {
      await send(text, whisper);
      write("");
      setView("write");
    } catch {
      // The failure was already said; the words stay where they are.
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="row" style={{ justifyContent: "space-between", marginBottom: 10 }}>
        <h2 style={{ fontSize: 15 }}>{label}</h2>
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
      {view === "write" ? (
        <Textarea
          aria-label={label}
          placeholder="Markdown works: **bold**, `code`, lists, links."
          rows={6}
          value={text}
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          styles={{ input: { resize: "vertical", fontSize: 15.5, lineHeight: 1.55 } }}
        />
      ) : (
        <div className="panel">
          {text.trim() ? <Preview source={text} /> : <p className="quiet">Nothing written yet.</p>}
          <p className="small quiet" style={{ marginTop: 10 }}>
            Close to how it will look; the collector renders the final post.
          </p>
        </div>
      )}
      <div className="row" style={{ marginTop: 12 }}>
        <Button type="submit" loading={busy} disabled={!text.trim() || missing !== undefined}>
          {button}
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
            onChange={(event) => setWhisper(event.currentTarget.checked)}
          />
        )}
        {missing && text.trim() && <span className="small">{missing}</span>}
        <span className="small quiet">
          {text.trim() &&
            (kept ? "Draft kept in this browser." : "This draft could not be kept: send it before you leave.")}
        </span>
      </div>
    </form>
  );
}
