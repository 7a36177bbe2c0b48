// Thanks for a post: between two people, shown to others only where both agree. Never counted.
import { Button, Switch, Textarea, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useThanks } from "../../api/beside";
import { useChange } from "../../api/changes";
import { del, put } from "../../api/client";
import { useSession } from "../../session";

const MOST_WORDS = 500;

/** The button among a post's tools, and the form that it opens. */
export function Thank({ thread, post, author }: { thread: string; post: string; author: string }) {
  const me = useSession();
  const thanks = useThanks(thread);
  const given = thanks.data?.find((one) => one.post === post && one.from.id === me.id);
  const [writing, setWriting] = useState(false);
  const [words, setWords] = useState("");
  const [show, setShow] = useState(false);
  const send = useChange({
    run: () => put(`/posts/${post}/thanks`, { words: words.trim(), show }),
    touches: ["thread", "peers"],
    said: `${author} can read your thanks.`,
    after: () => setWriting(false),
  });
  const takeBack = useChange({ run: () => del(`/posts/${post}/thanks`), touches: ["thread", "peers"] });
  if (given) {
    return <UnstyledButton onClick={() => takeBack.mutate()}>Take your thanks back</UnstyledButton>;
  }
  if (!writing) {
    return (
      <UnstyledButton onClick={() => setWriting(true)} aria-label={`Thank ${author} for this post`}>
        Thank
      </UnstyledButton>
    );
  }
  return (
    <form
      className="thank"
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <Textarea
        label={`Thanks to ${author}, in a few words (optional)`}
        rows={2}
        maxLength={MOST_WORDS}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <Switch
        size="xs"
        mt="xs"
        label="Others may see it, if they agree too"
        checked={show}
        onChange={(event) => setShow(event.currentTarget.checked)}
      />
      <div className="actions tight">
        <Button type="submit" size="compact-sm" loading={send.isPending}>
          Say thanks
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setWriting(false)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** Thanks under a post, as far as the reader may read them. */
export function ThanksFor({ thread, post }: { thread: string; post: string }) {
  const me = useSession();
  const thanks = useThanks(thread);
  const here = (thanks.data ?? []).filter((one) => one.post === post);
  if (here.length === 0) return null;
  return (
    <ul className="thanks" aria-label="Thanks">
      {here.map((one) => (
        <li key={one.from.id}>
          {one.from.id === me.id ? "You said thanks" : `${one.from.name} says thanks`}
          {one.words && <>: “{one.words}”</>}
          {!one.shown && (
            <span className="quiet">
              {" "}
              (only {one.from.id === me.id ? one.to.name : one.from.name} and you see this)
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
