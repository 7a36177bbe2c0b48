// How much one hears of a thread: a menu that says what each level means.
import { Button, Menu } from "@mantine/core";
import { useChange } from "../../api/changes";
import { put } from "../../api/client";
import { LEVELS } from "../../api/talking";
import type { Level, Thread } from "../../api/types";

const ORDER: Level[] = ["watching", "tracking", "normal", "muted"];

export function Follow({ thread }: { thread: Thread }) {
  const change = useChange({
    run: (level: Level) => put(`/threads/${thread.id}/level`, { level }),
    touches: ["thread", "threads"],
  });
  const current = LEVELS[thread.level];
  return (
    <Menu position="bottom-start" width={270} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          loading={change.isPending}
          aria-label={`${current.word}: ${current.meaning}. Change`}
        >
          {thread.level === "muted" ? "⌀ " : thread.level === "normal" ? "" : "✓ "}
          {thread.level === "normal" ? "Follow" : current.word}
          <span aria-hidden="true">&nbsp;▾</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ORDER.map((level) => (
          <Menu.Item
            key={level}
            role="menuitemradio"
            aria-checked={level === thread.level}
            onClick={() => change.mutate(level)}
          >
            <b>
              {level === thread.level ? "✓ " : ""}
              {LEVELS[level].word}
            </b>
            <span className="small quiet" style={{ display: "block" }}>
              {LEVELS[level].meaning}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
