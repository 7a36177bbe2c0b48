// Asking one person into a thread by their login.
import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import type { Thread } from "../../api/types";

export function AskIn({ thread, close }: { thread: Thread; close: () => void }) {
  const [login, setLogin] = useState("");
  const ask = useChange({
    run: () => post<{ name: string }>(`/threads/${thread.id}/members`, { login: login.trim().replace(/^@/, "") }),
    touches: ["thread"],
    said: "Asked in; they are told.",
    after: close,
  });
  return (
    <Modal opened onClose={close} title="Ask somebody in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <p className="modal-words">
          They may read and write in this thread from now on, also if its space is not theirs.
          {thread.members.length > 0 && ` Here already: ${thread.members.map((member) => member.name).join(", ")}.`}
        </p>
        <TextInput
          label="Login"
          placeholder="@login"
          value={login}
          data-autofocus
          onChange={(event) => setLogin(event.currentTarget.value)}
        />
        <div className="actions">
          <Button type="submit" loading={ask.isPending} disabled={!login.trim()}>
            Ask in
          </Button>
        </div>
      </form>
    </Modal>
  );
}
