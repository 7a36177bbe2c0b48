// A button that copies and says that it did.
import { Button } from "@mantine/core";
import { useState } from "react";

export function Copied({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  return (
    <Button
      variant="subtle"
      size="compact-sm"
      aria-label={`Copy ${what}`}
      onClick={() => navigator.clipboard?.writeText(text).then(() => setDone(true))}
    >
      {done ? "Copied" : "Copy"}
    </Button>
  );
}
