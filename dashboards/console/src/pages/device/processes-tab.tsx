// Programs seen on this laptop, rarest in the fleet first as the API orders them.
import { everyItem, useProcesses } from "../../api/queries";
import { At } from "../../parts/clock";
import { Empty, Loading, More } from "../../parts/state";
import { bytes, count, plural } from "../../words/numbers";
import { spanOf } from "../../words/time";
import { plain } from "../../words/vocabulary";
import { Refused } from "./refused";

export function ProcessesTab({ device }: { device: string }) {
  const processes = useProcesses(device);
  if (processes.error) {
    return (
      <Refused
        error={processes.error}
        what="The processes"
        who="the owner, security staff and administrators"
        again={() => processes.refetch()}
      />
    );
  }
  if (processes.isPending) return <Loading lines={8} />;
  const items = everyItem(processes.data);
  if (items.length === 0) return <Empty title="No processes reported yet" />;
  return (
    <>
      <div className="table-wrap">
        <table className="table stacks">
          <thead>
            <tr>
              <th scope="col">Program</th>
              <th scope="col">Belongs to</th>
              <th scope="col">Started by</th>
              <th scope="col" className="num">
                Laptops
              </th>
              <th scope="col" className="num">
                Starts
              </th>
              <th scope="col" className="num">
                Processor, memory
              </th>
              <th scope="col">Seen</th>
            </tr>
          </thead>
          <tbody>
            {items.map((process) => (
              <tr key={process.executable_path + process.executable_sha256}>
                <td className="clip">
                  <span className="name">{process.executable_name}</span>
                  <span className="sub mono">{process.executable_path}</span>
                  <span className="row" style={{ gap: 4, marginTop: 3 }}>
                    {["temp", "deleted", "memory_only", "removable"].includes(process.place) && (
                      <span className="mark bad">{plain(process.place)}</span>
                    )}
                    {process.traits.map((trait) => (
                      <span key={trait} className="mark warn">
                        {plain(trait)}
                      </span>
                    ))}
                  </span>
                </td>
                <td data-label="Belongs to" className="clip">
                  {process.package || process.signer || <span className="quiet">nobody known</span>}
                </td>
                <td data-label="Started by">
                  {process.parent_executable_name || "unknown"} <span className="quiet">({process.user_class})</span>
                </td>
                <td data-label="Laptops" className="num">
                  {process.devices_in_fleet <= 2 ? (
                    <span className="mark warn">{plural(process.devices_in_fleet, "laptop")}</span>
                  ) : (
                    count(process.devices_in_fleet)
                  )}
                </td>
                <td data-label="Starts" className="num">
                  {count(process.starts)}
                </td>
                <td data-label="Cost" className="num">
                  {spanOf(process.cpu_time * 1000)}
                  <span className="sub">{bytes(process.memory_usage)}</span>
                </td>
                <td data-label="Seen">
                  <At at={process.last_seen} relative />
                  {process.first_seen && (
                    <span className="sub">
                      first <At at={process.first_seen} relative />
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More {...processes} shown={items.length} noun="programs" />
    </>
  );
}
