// Accounts, as IT keeps them: making, roles, closing and opening, a new password. Nobody sees a password twice.
import { Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../api/changes";
import { patch, post } from "../api/client";
import { type Account, useAccounts } from "../api/keeping";
import { everyItem } from "../api/queries";
import type { Role } from "../api/types";
import { At } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { Simulated } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { Ticks } from "../parts/ticks";
import { useSession } from "../session";
import { ROLE, ROLE_MEANING } from "../words/vocabulary";
import { changes, MIN_PASSWORD, passphrase, unfitLogin } from "./accounts/account";

const FILTERS = ["q"];

export default function AccountsPage() {
  const { values, query, set } = useFilters(FILTERS);
  const accounts = useAccounts(query.q ?? "");
  const [creating, setCreating] = useState(false);
  const [edited, setEdited] = useState<string | null>(null);
  const items = everyItem(accounts.data);
  const account = items.find((each) => each.id === edited);
  return (
    <PageFrame
      title="Accounts"
      standfirst="Who may sign in, and as what. Every change stands in the audit log."
      actions={<Button onClick={() => setCreating(true)}>New account</Button>}
    >
      <div className="filters">
        <TextInput
          className="grow"
          type="search"
          label="Search"
          description="By login or name."
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
      </div>
      {accounts.error && <Failure error={accounts.error} again={() => accounts.refetch()} />}
      {accounts.isPending && <Loading lines={8} />}
      {accounts.data && items.length === 0 && <Empty title="Nobody matches" />}
      {items.length > 0 && (
        <>
          <div className="table-wrap">
            <table className="table stacks">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Team</th>
                  <th scope="col">Roles</th>
                  <th scope="col">Made</th>
                  <th scope="col">State</th>
                  <th scope="col">
                    <span className="hidden">Change</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((each) => (
                  <tr key={each.id}>
                    <td>
                      <span className="name">{each.name}</span>
                      <span className="sub">{each.login}</span>
                    </td>
                    <td data-label="Team">{each.team}</td>
                    <td data-label="Roles">{each.roles.map((role) => ROLE[role] ?? role).join(", ")}</td>
                    <td data-label="Made">
                      <At at={each.created_at} relative />
                    </td>
                    <td data-label="State">
                      <span className="row" style={{ gap: 6 }}>
                        {each.disabled ? (
                          <span className="mark bad">✕ Disabled</span>
                        ) : (
                          <span className="quiet">may sign in</span>
                        )}
                        <Simulated when={each.simulated} />
                      </span>
                    </td>
                    <td>
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => setEdited(each.id)}
                        aria-label={`Change ${each.name}`}
                      >
                        Change…
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More {...accounts} shown={items.length} noun="accounts" />
        </>
      )}
      <Modal opened={creating} onClose={() => setCreating(false)} title="New account" closeOnClickOutside={false}>
        {creating && <Create done={() => setCreating(false)} />}
      </Modal>
      <Modal
        opened={account !== undefined}
        onClose={() => setEdited(null)}
        title={account?.name ?? ""}
        closeOnClickOutside={false}
      >
        {account && <Edit key={account.id} account={account} done={() => setEdited(null)} />}
      </Modal>
    </PageFrame>
  );
}

function Roles({ roles, choose }: { roles: Role[]; choose: (roles: Role[]) => void }) {
  return (
    <Ticks
      legend="Roles"
      items={(Object.keys(ROLE_MEANING) as Role[]).map((role) => ({
        value: role,
        word: ROLE[role],
        meaning: ROLE_MEANING[role],
      }))}
      chosen={roles}
      choose={(chosen) => choose(chosen as Role[])}
    />
  );
}

function NewPassword({ value, set, label }: { value: string; set: (value: string) => void; label: string }) {
  return (
    <div className="new-password">
      <PasswordInput
        label={label}
        description={`At least ${MIN_PASSWORD} characters. Give it to them in person; they change it after signing in.`}
        autoComplete="new-password"
        value={value}
        error={value && value.length < MIN_PASSWORD ? `${MIN_PASSWORD - value.length} more characters` : undefined}
        onChange={(event) => set(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
      />
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => set(passphrase((bytes) => crypto.getRandomValues(bytes)))}
      >
        Make one up
      </Button>
      {value && (
        <p className="secret">
          <code>{value}</code>
        </p>
      )}
    </div>
  );
}

function Create({ done }: { done: () => void }) {
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [team, setTeam] = useState("");
  const [roles, setRoles] = useState<Role[]>(["user"]);
  const [password, setPassword] = useState("");
  const unfit = login ? unfitLogin(login) : "";
  const create = useChange({
    run: () =>
      post("/accounts", {
        login: login.trim(),
        name: name.trim(),
        team: team.trim(),
        roles,
        ...(password ? { password } : {}),
      }),
    touches: ["accounts"],
    said: `${name.trim()} has an account.`,
    after: done,
  });
  const fits = login.trim() && !unfit && name.trim() && roles.length > 0;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits) create.mutate();
      }}
    >
      <TextInput
        label="Login"
        description="Small letters, digits, and . - _ between them."
        required
        withAsterisk={false}
        autoComplete="off"
        value={login}
        error={unfit || undefined}
        onChange={(event) => setLogin(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        label="Name"
        required
        withAsterisk={false}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Team (optional)"
        maxLength={100}
        value={team}
        onChange={(event) => setTeam(event.currentTarget.value)}
      />
      <Roles roles={roles} choose={setRoles} />
      <NewPassword label="First password (optional)" value={password} set={setPassword} />
      <div className="actions">
        <Button
          type="submit"
          loading={create.isPending}
          disabled={!fits || (password !== "" && password.length < MIN_PASSWORD)}
        >
          Make the account
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Edit({ account, done }: { account: Account; done: () => void }) {
  const me = useSession();
  const self = me.id === account.id;
  const [name, setName] = useState(account.name);
  const [team, setTeam] = useState(account.team);
  const [roles, setRoles] = useState<Role[]>(account.roles);
  const [password, setPassword] = useState("");
  const changed = changes(account, { name, team, roles, password });
  const touches = ["accounts"];
  const save = useChange({
    run: () => patch(`/accounts/${account.id}`, changed),
    touches,
    said: changed.password ? `Saved. ${account.name} is signed out everywhere.` : "Saved.",
    after: done,
  });
  const close = useChange({
    run: () => patch(`/accounts/${account.id}`, { disabled: !account.disabled }),
    touches,
    said: account.disabled ? `${account.name} may sign in again.` : `${account.name} can no longer sign in.`,
    after: done,
  });
  const fits = name.trim() !== "" && roles.length > 0 && (password === "" || password.length >= MIN_PASSWORD);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits) save.mutate();
      }}
    >
      <p className="small quiet">
        Login <code>{account.login}</code>, made <At at={account.created_at} />
      </p>
      <TextInput label="Name" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label="Team" maxLength={100} value={team} onChange={(event) => setTeam(event.currentTarget.value)} />
      <Roles roles={roles} choose={setRoles} />
      <NewPassword label="New password (optional)" value={password} set={setPassword} />
      <div className="actions">
        <Button type="submit" loading={save.isPending} disabled={!fits || Object.keys(changed).length === 0}>
          Save
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
        {!self && (
          <Button
            color={account.disabled ? "blue" : "red"}
            variant="light"
            loading={close.isPending}
            onClick={() => close.mutate()}
          >
            {account.disabled ? "Let them sign in again" : "Disable the account"}
          </Button>
        )}
      </div>
      {!self && !account.disabled && (
        <p className="small quiet">Disabling ends their sessions now. What they wrote stays.</p>
      )}
    </form>
  );
}
