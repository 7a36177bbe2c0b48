// Private Atom feeds: their addresses, a new set of them, none.
import { Button } from "@mantine/core";
import { useChange } from "../../api/changes";
import { del, post } from "../../api/client";
import { type MyFeeds, useMyFeeds } from "../../api/mailing";
import { useSpaces } from "../../api/queries";
import { Section } from "../../parts/page";
import { Loaded } from "../../parts/state";
import { Copied } from "./copied";

export function Feeds() {
  const feeds = useMyFeeds();
  return (
    <Section
      title="Feeds"
      note="For a feed reader. Whoever has the address reads what you may read, but for whispers and private talks."
    >
      <Loaded query={feeds} lines={3}>
        {(mine) => <Addresses mine={mine} />}
      </Loaded>
    </Section>
  );
}

function Addresses({ mine }: { mine: MyFeeds }) {
  const renew = useChange({ run: () => post("/me/feeds"), touches: ["feeds"] });
  const close = useChange({ run: () => del("/me/feeds"), touches: ["feeds"] });
  const spaces = useSpaces();
  if (mine.all === null || mine.base === null) {
    return (
      <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate(undefined)}>
        Make feed addresses
      </Button>
    );
  }
  const lines = [
    { name: "Everything", address: mine.all },
    ...(spaces.data ?? [])
      .filter((space) => space.slug !== "security")
      .map((space) => ({ name: space.name, address: `${mine.base}/space/${space.slug}.atom` })),
    { name: "One thread", address: `${mine.base}/thread/…its id….atom` },
  ];
  return (
    <>
      <ul className="rows ways">
        {lines.map((line) => (
          <li key={line.name} className="way">
            <div>
              <strong>{line.name}</strong>
              <span className="sub way-name">{line.address}</span>
            </div>
            <div className="way-acts">
              <Copied text={line.address} what={`the feed address of ${line.name}`} />
            </div>
          </li>
        ))}
      </ul>
      <div className="way-acts">
        <Button variant="default" size="xs" loading={renew.isPending} onClick={() => renew.mutate(undefined)}>
          New addresses; the old ones end
        </Button>
        <Button variant="subtle" size="xs" loading={close.isPending} onClick={() => close.mutate(undefined)}>
          No feeds
        </Button>
      </div>
    </>
  );
}
