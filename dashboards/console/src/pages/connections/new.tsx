// A new bridge: which platform, what it wants to know, what is mirrored. Secrets go in and are never shown again.
import { Button, NativeSelect, PasswordInput, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChange } from "../../api/changes";
import { patch, post } from "../../api/client";
import { type Bridge, type PlatformField, usePlatforms } from "../../api/connecting";
import { useSpaces } from "../../api/queries";
import { Loaded } from "../../parts/state";

export function Connect({ done }: { done: () => void }) {
  const platforms = usePlatforms();
  const spaces = useSpaces();
  const [platform, setPlatform] = useState("");
  const [name, setName] = useState("");
  const [space, setSpace] = useState("");
  const [way, setWay] = useState("both");
  const [given, setGiven] = useState<Record<string, string>>({});
  const [bots, setBots] = useState(false);
  const [beyond, setBeyond] = useState(false);
  const open = (spaces.data ?? []).filter((each) => each.slug !== "security");
  const chosen = platforms.data?.find((each) => each.platform === (platform || platforms.data?.[0]?.platform));
  const target = open.find((each) => each.slug === space) ?? open[0];
  const make = useChange<void, Bridge>({
    run: () =>
      post<Bridge>("/bridges", {
        name: name.trim(),
        platform: chosen?.platform,
        address: given.address ?? "",
        place: given.place ?? "",
        secrets: Object.fromEntries((chosen?.secrets ?? []).map((field) => [field.name, given[field.name] ?? ""])),
        space: target?.slug,
        outward: way !== "in",
        inward: way !== "out",
        bots,
        beyond_everyone: beyond,
      }),
    touches: ["bridges"],
    said: "Connected. It begins with what is said from now on.",
    after: done,
  });
  const set = (field: PlatformField) => (value: string) => setGiven({ ...given, [field.name]: value });
  return (
    <Loaded query={platforms} lines={6}>
      {(all) => (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <NativeSelect
            label="Platform"
            description={chosen?.about}
            value={chosen?.platform}
            onChange={(event) => setPlatform(event.currentTarget.value)}
            data={all.map((each) => ({ value: each.platform, label: each.name }))}
          />
          <TextInput
            label="Name"
            placeholder={`Help in ${chosen?.name ?? ""}`}
            required
            withAsterisk={false}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          {chosen && (
            <>
              <Field field={chosen.address} value={given.address ?? ""} set={set(chosen.address)} />
              <Field field={chosen.place} value={given.place ?? ""} set={set(chosen.place)} />
              {chosen.secrets.map((field) => (
                <Field key={field.name} field={field} value={given[field.name] ?? ""} set={set(field)} secret="new" />
              ))}
            </>
          )}
          <NativeSelect
            label="Space that is mirrored"
            value={target?.slug}
            onChange={(event) => setSpace(event.currentTarget.value)}
            data={open.map((each) => ({ value: each.slug, label: each.name }))}
          />
          {target?.staff_only && (
            <Switch
              label="Talk of staff may leave the house by this bridge"
              description="Here only staff reads this space. Over there, whoever is in the room does."
              checked={beyond}
              onChange={(event) => setBeyond(event.currentTarget.checked)}
            />
          )}
          <NativeSelect
            label="Direction"
            value={way}
            onChange={(event) => setWay(event.currentTarget.value)}
            data={[
              { value: "both", label: "Both ways" },
              { value: "out", label: "Only what is said here goes there" },
              { value: "in", label: "Only what is said there comes here" },
            ]}
          />
          <Switch
            label="Mirror what programs say there too"
            checked={bots}
            onChange={(event) => setBots(event.currentTarget.checked)}
          />
          <div className="actions">
            <Button type="submit" loading={make.isPending} disabled={!name.trim() || !target}>
              Connect
            </Button>
            <Button variant="default" onClick={done}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </Loaded>
  );
}

/** New secrets of a bridge; what is left empty stays as it is. */
export function Credentials({ bridge, done }: { bridge: Bridge; done: () => void }) {
  const platforms = usePlatforms();
  const [given, setGiven] = useState<Record<string, string>>({});
  const change = useChange({
    run: () => patch(`/bridges/${bridge.id}`, { secrets: given }),
    touches: ["bridges"],
    said: `${bridge.name} begins anew with them.`,
    after: done,
  });
  return (
    <Loaded query={platforms} lines={2}>
      {(all) => (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate();
          }}
        >
          <p className="small quiet">
            What is set is never shown. Fill in what changes; what you leave empty stays as it is.
          </p>
          {all
            .find((each) => each.platform === bridge.platform)
            ?.secrets.map((field) => (
              <Field
                key={field.name}
                field={field}
                value={given[field.name] ?? ""}
                set={(value) => setGiven({ ...given, [field.name]: value })}
                secret={bridge.secrets.includes(field.name) ? "set" : "missing"}
              />
            ))}
          <div className="actions">
            <Button type="submit" loading={change.isPending} disabled={!Object.values(given).some(Boolean)}>
              Save
            </Button>
            <Button variant="default" onClick={done}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </Loaded>
  );
}

interface FieldProps {
  field: PlatformField;
  value: string;
  set: (value: string) => void;
  /** A secret of a bridge that is there (`set`, so empty leaves it) or that it still lacks; `new` where there is no bridge yet. */
  secret?: "new" | "set" | "missing";
}

function Field({ field, value, set, secret }: FieldProps) {
  const name = field.label.charAt(0).toUpperCase() + field.label.slice(1);
  const kept = secret === "set";
  const shared = {
    label: kept ? `New ${field.label}` : field.required ? name : `${name} (optional)`,
    description: field.help,
    required: field.required && !kept,
    withAsterisk: false,
    value,
    placeholder: kept ? "stays as it is" : undefined,
    autoComplete: "off",
    onChange: (event: { currentTarget: { value: string } }) => set(event.currentTarget.value),
  };
  return secret ? <PasswordInput {...shared} /> : <TextInput {...shared} />;
}
