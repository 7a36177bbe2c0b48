// The ledger: who looked at this laptop, when, at what.
import { everyItem, useLooks } from "../../api/queries";
import { At } from "../../parts/clock";
import { Empty, Loading, More } from "../../parts/state";
import { ROLE } from "../../words/vocabulary";
import { Refused } from "./refused";

export function LooksTab({ device }: { device: string }) {
  const looks = useLooks(device);
  const items = everyItem(looks.data);
  if (looks.error) {
    return (
      <Refused error={looks.error} what="The looks" who="the owner and administrators" again={() => looks.refetch()} />
    );
  }
  if (looks.isPending) return <Loading lines={5} />;
  if (items.length === 0)
    return <Empty title="Nobody has looked at this laptop">Looks by its owner are not listed.</Empty>;
  return (
    <>
      <div className="table-wrap">
        <table className="table stacks">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">At what</th>
            </tr>
          </thead>
          <tbody>
            {items.map((look) => (
              <tr key={look.at + look.who.id + look.what}>
                <td data-label="When">
                  <At at={look.at} />
                </td>
                <td data-label="Who">
                  <span className="name">{look.who.name}</span>{" "}
                  <span className="quiet">{look.who.roles.map((role) => ROLE[role] ?? role).join(", ")}</span>
                </td>
                <td data-label="At what">{look.what}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More {...looks} shown={items.length} noun="looks" />
    </>
  );
}
