// What the laptop is made of, as last reported.
import type { Device } from "../../api/types";
import { At } from "../../parts/clock";
import { Section } from "../../parts/page";
import { Empty } from "../../parts/state";
import { bytes, percent } from "../../words/numbers";
import { osName } from "../../words/vocabulary";
import { Fact } from "../device";

export function InventoryTab({ device }: { device: Device }) {
  const found = device.inventory;
  if (!found) return <Empty title="No inventory yet">It comes with the first reports after enrolment.</Empty>;
  return (
    <>
      <Section
        title="Machine"
        note={
          <>
            Seen <At at={found.observed_at} relative />
          </>
        }
      >
        <dl className="facts">
          <Fact word="Maker">{found.device_manufacturer}</Fact>
          <Fact word="Model">{found.device_model_name}</Fact>
          <Fact word="Kind">{found.chassis || "unknown"}</Fact>
          <Fact word="Processor">
            {found.cpu_model_name}, {found.cpu_logical_count} threads
          </Fact>
          <Fact word="Memory">{bytes(found.memory_limit)}</Fact>
          <Fact word="Architecture">{found.host_arch}</Fact>
          <Fact word="Firmware">{found.bios_version || "unknown"}</Fact>
          {found.host_name && <Fact word="Host name">{found.host_name}</Fact>}
        </dl>
      </Section>
      <Section title="System">
        <dl className="facts">
          <Fact word="System">{found.os_name || osName(found.os_type)}</Fact>
          <Fact word="Version">{found.os_version}</Fact>
          <Fact word="Build">{found.os_build_id || "none"}</Fact>
          <Fact word="Kernel">{found.os_kernel}</Fact>
        </dl>
      </Section>
      {found.disks.length > 0 && (
        <Section title="Disks">
          <dl className="facts">
            {found.disks.map((disk) => (
              <Fact key={disk.name} word={disk.name}>
                {disk.model || disk.type} {bytes(disk.size)}
                <br />
                <span className="small quiet">
                  {disk.type}
                  {disk.endurance_utilization !== null &&
                    `, ${percent(disk.endurance_utilization)} of its rated writes used`}
                </span>{" "}
                {disk.health && <span className={`mark ${disk.health === "ok" ? "good" : "bad"}`}>{disk.health}</span>}
              </Fact>
            ))}
          </dl>
        </Section>
      )}
      {found.batteries.length > 0 && (
        <Section title="Battery">
          <dl className="facts">
            {found.batteries.map((battery) => (
              <Fact key={battery.model} word={battery.model || "Battery"}>
                holds {percent(battery.health)} of its first charge
                <br />
                <span className="small quiet">
                  {battery.chemistry}
                  {battery.cycles !== null && `, ${battery.cycles} cycles`}
                </span>
              </Fact>
            ))}
          </dl>
        </Section>
      )}
      {found.components.length > 0 && (
        <Section title="Versions" note="What an outbreak may be blamed on.">
          <dl className="facts">
            {found.components.map((component) => (
              <Fact key={component.name} word={component.name}>
                <code>{component.version}</code>
              </Fact>
            ))}
          </dl>
        </Section>
      )}
    </>
  );
}
