// Speaking in a connected chat as oneself: a code, said there once.
import { Button } from "@mantine/core";
import { useChange } from "../../api/changes";
import { post } from "../../api/client";
import type { BridgeCode } from "../../api/connecting";
import { At } from "../../parts/clock";
import { Section } from "../../parts/page";
import { Copied } from "./copied";

export function Elsewhere() {
  const code = useChange<void, BridgeCode>({ run: () => post<BridgeCode>("/me/bridge-code"), touches: [] });
  return (
    <Section
      title="Your name in connected chats"
      note="Where a space also lives in a chat or a forum, what you say there stands here as a guest's, until we know that it is you."
    >
      <p role="status" className={code.data ? "card own-code" : "hidden"}>
        {code.data && (
          <>
            <code>{code.data.say}</code>
            <Copied key={code.data.say} text={code.data.say} what="the code" />
            <span className="small quiet">
              Send it there from your own account, in the connected room or channel, alone in a message. It works once,
              until <At at={code.data.until} />, and does not become a post.
            </span>
          </>
        )}
      </p>
      <Button variant="default" size="xs" loading={code.isPending} onClick={() => code.mutate()}>
        {code.data ? "Another code" : "Get a code"}
      </Button>
    </Section>
  );
}
