// A dialogue that asks why, before something is done to what others wrote.
import { Button, Modal, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";

/** The collector takes no more. */
const MAX_REASON = 500;

interface ReasonProps {
  title: string;
  /** What will happen, and who is told. */
  children: ReactNode;
  label: string;
  button: string;
  /** Nothing is done without a reason. */
  needed?: boolean;
  danger?: boolean;
  busy: boolean;
  run: (reason: string) => void;
  close: () => void;
}

export function AskReason({ title, children, label, button, needed = true, danger, busy, run, close }: ReasonProps) {
  const [reason, setReason] = useState("");
  return (
    <Modal opened onClose={close} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() || !needed) run(reason.trim());
        }}
      >
        <div className="modal-words">{children}</div>
        <Textarea
          label={label}
          rows={3}
          maxLength={MAX_REASON}
          value={reason}
          data-autofocus
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="actions">
          <Button type="submit" color={danger ? "red" : undefined} loading={busy} disabled={needed && !reason.trim()}>
            {button}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}
