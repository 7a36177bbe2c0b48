// Enrolment tokens: made here, shown once, used on a laptop.
import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api/changes";
import { del, post } from "../api/client";
import { useTokens } from "../api/queries";
import type { Token, TokenSecret } from "../api/types";
import { At, useNow } from "../parts/clock";
import { PageFrame } from "../parts/page";
import { Empty, Loaded } from "../parts/state";

const HOUR_S = 3600;

export default function TokensPage() {
  const tokens = useTokens();
  const [creating, setCreating] = useState(false);
  return (
    <PageFrame
      title="Enrolment tokens"
      standfirst="A token lets a laptop enrol, a limited number of times, until it expires. Its secret is shown once."
      actions={<Button onClick={() => setCreating(true)}>New token</Button>}
    >
      <Loaded query={tokens} lines={6}>
        {(items) =>
          items.length === 0 ? (
            <Empty title="No tokens">Create one to enrol the first laptop.</Empty>
          ) : (
            <div className="table-wrap">
              <table className="table stacks">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Team</th>
                    <th scope="col" className="num">
                      Uses left
                    </th>
                    <th scope="col">Created</th>
                    <th scope="col">Expires</th>
                    <th scope="col">State</th>
                    <th scope="col">
                      <span className="hidden">Revoke</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((token) => (
                    <Row key={token.id} token={token} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      <Modal opened={creating} onClose={() => setCreating(false)} title="New token" closeOnClickOutside={false}>
        {creating && <Create done={() => setCreating(false)} />}
      </Modal>
    </PageFrame>
  );
}

function Row({ token }: { token: Token }) {
  const now = useNow();
  const revoke = useChange({
    run: () => del(`/tokens/${token.id}`),
    touches: ["tokens"],
    said: `${token.name} can no longer enrol anything.`,
  });
  const expired = new Date(token.expires_at) <= now;
  const state = token.revoked ? "revoked" : expired ? "expired" : token.uses_left === 0 ? "used up" : "usable";
  return (
    <tr>
      <td className="name">{token.name}</td>
      <td data-label="Team">{token.team || "any"}</td>
      <td data-label="Uses left" className="num">
        {token.uses_left} of {token.uses}
      </td>
      <td data-label="Created">
        <At at={token.created_at} relative />
      </td>
      <td data-label="Expires">
        <At at={token.expires_at} relative />
      </td>
      <td data-label="State">
        <span className={`mark ${state === "usable" ? "good" : ""}`}>{state}</span>
      </td>
      <td>
        {state === "usable" && (
          <Button
            size="compact-sm"
            variant="default"
            loading={revoke.isPending}
            onClick={() => revoke.mutate()}
            aria-label={`Revoke ${token.name}`}
          >
            Revoke
          </Button>
        )}
      </td>
    </tr>
  );
}

function Create({ done }: { done: () => void }) {
  const [name, setName] = useState("");
  const [team, setTeam] = useState("");
  const [owner, setOwner] = useState("");
  const [uses, setUses] = useState("1");
  const [hours, setHours] = useState("24");
  const create = useChange<void, TokenSecret>({
    run: () =>
      post<TokenSecret>("/tokens", {
        name: name.trim(),
        uses: Number(uses),
        expires_in: Number(hours) * HOUR_S,
        ...(team.trim() ? { team: team.trim() } : {}),
        ...(owner.trim() ? { owner: owner.trim() } : {}),
      }),
    touches: ["tokens"],
  });
  if (create.data) return <Secret secret={create.data.secret} done={done} />;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <TextInput
        label="Name"
        placeholder="Sales, November"
        required
        withAsterisk={false}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        label="Laptops it may enrol"
        type="number"
        min={1}
        max={100_000}
        required
        withAsterisk={false}
        value={uses}
        onChange={(event) => setUses(event.currentTarget.value)}
      />
      <NativeSelect
        label="Expires in"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.value)}
        data={[
          { value: "1", label: "1 hour" },
          { value: "24", label: "1 day" },
          { value: "168", label: "7 days" },
          { value: "720", label: "30 days" },
        ]}
      />
      <TextInput label="Team (optional)" value={team} onChange={(event) => setTeam(event.currentTarget.value)} />
      <TextInput
        label="Owner's login (optional)"
        description="For one person's laptop."
        value={owner}
        onChange={(event) => setOwner(event.currentTarget.value)}
      />
      <div className="actions">
        <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
          Create
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Secret({ secret, done }: { secret: string; done: () => void }) {
  const [copied, setCopied] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied("Copied.");
    } catch {
      setCopied("The browser did not allow copying: select it and copy by hand.");
    }
  };
  return (
    <div className="stack">
      <p>This is the only time the secret is shown.</p>
      <p className="secret">
        <code>{secret}</code>
      </p>
      <p className="small quiet">
        On the laptop: <code>weft-agent enroll --server URL --token …</code>
      </p>
      <div className="actions">
        <Button onClick={copy}>Copy</Button>
        <Button variant="default" onClick={done}>
          I have kept it
        </Button>
        <span role="status" className="small">
          {copied}
        </span>
      </div>
    </div>
  );
}
