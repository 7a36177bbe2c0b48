// Who speaks over there, and as whom they speak here.
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { del, put } from "../../api/client";
import { type Bridge, type RemotePerson, useRemotePeople } from "../../api/connecting";
import { At } from "../../parts/clock";
import { Empty, Loaded } from "../../parts/state";

/** How it became known who they are here; a guest is nobody here yet. */
const HOW: Record<RemotePerson["how"], { word: string; tone: string }> = {
  guest: { word: "guest", tone: "" },
  mail: { word: "by their address", tone: "good" },
  own: { word: "said so themselves", tone: "good" },
  admin: { word: "set by IT", tone: "good" },
  unlinked: { word: "guest, unlinked by IT", tone: "" },
};

export function People({ bridge }: { bridge: Bridge }) {
  const people = useRemotePeople(bridge.id);
  return (
    <>
      <p className="modal-words">
        Whoever is not known here speaks as a guest. Linked to an account, they speak as that person from then on.
      </p>
      <Loaded query={people} lines={3}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nobody yet">People appear here when they first speak over there.</Empty>
          ) : (
            <ul className="rows ways">
              {page.items.map((person) => (
                <Row key={person.remote} bridge={bridge} person={person} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Ahead bridge={bridge} />
    </>
  );
}

function Row({ bridge, person }: { bridge: Bridge; person: RemotePerson }) {
  const [naming, setNaming] = useState(false);
  const unlink = useChange({
    run: () => del(`/bridges/${bridge.id}/people`, { remote: person.remote }),
    touches: ["bridges"],
    said: `${person.name} speaks as a guest from now on, until you or they link them again.`,
  });
  const guest = person.how === "guest" || person.how === "unlinked";
  return (
    <li className="way">
      <div>
        <strong className="way-name">{person.name}</strong>{" "}
        <span className={`mark ${HOW[person.how].tone}`}>{HOW[person.how].word}</span>
        <span className="sub way-name">
          {person.name !== person.remote && <code>{person.remote}</code>} speaks here as {person.account.name},{" "}
          <At at={person.at} relative />
        </span>
      </div>
      <div className="way-acts">
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={naming}
          aria-label={`${guest ? "Link" : "Change who is"} ${person.name}`}
          onClick={() => setNaming(!naming)}
        >
          {naming ? "Cancel" : guest ? "Link…" : "Change…"}
        </Button>
        {!guest && (
          <Button
            variant="subtle"
            size="compact-sm"
            loading={unlink.isPending}
            aria-label={`Unlink ${person.name}`}
            onClick={() => unlink.mutate()}
          >
            Unlink
          </Button>
        )}
      </div>
      {naming && <Link bridge={bridge} person={person} done={() => setNaming(false)} />}
    </li>
  );
}

function Link({ bridge, person, done }: { bridge: Bridge; person: RemotePerson; done: () => void }) {
  const [login, setLogin] = useState("");
  const link = useLink(bridge, done);
  return (
    <form
      className="way-add"
      onSubmit={(event) => {
        event.preventDefault();
        link.mutate({ remote: person.remote, login });
      }}
    >
      <TextInput
        label={`Login of ${person.name} here`}
        placeholder="@login"
        autoComplete="off"
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={link.isPending} disabled={!login.trim()}>
        Link
      </Button>
    </form>
  );
}

/** Somebody who has not spoken yet, known before they do. */
function Ahead({ bridge }: { bridge: Bridge }) {
  const [remote, setRemote] = useState("");
  const [login, setLogin] = useState("");
  const link = useLink(bridge, () => {
    setRemote("");
    setLogin("");
  });
  return (
    <form
      className="way-ahead"
      aria-label="Link somebody who has not spoken yet"
      onSubmit={(event) => {
        event.preventDefault();
        link.mutate({ remote, login });
      }}
    >
      <TextInput
        label="Not spoken yet: their id over there"
        autoComplete="off"
        maxLength={255}
        value={remote}
        onChange={(event) => setRemote(event.currentTarget.value)}
      />
      <TextInput
        label="Login here"
        placeholder="@login"
        autoComplete="off"
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={link.isPending} disabled={!remote.trim() || !login.trim()}>
        Link
      </Button>
    </form>
  );
}

function useLink(bridge: Bridge, after: () => void) {
  return useChange({
    run: ({ remote, login }: { remote: string; login: string }) =>
      put(`/bridges/${bridge.id}/people`, { remote: remote.trim(), login: login.trim().replace(/^@/, "") }),
    touches: ["bridges"],
    said: "Linked. What they say from now on is theirs here.",
    after,
  });
}
