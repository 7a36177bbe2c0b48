// Every laptop: search, filters in the address, pages by cursor.
import { NativeSelect, TextInput } from "@mantine/core";
import { Link } from "react-router";
import { everyItem, useDevices } from "../api/queries";
import type { DeviceSummary } from "../api/types";
import { At } from "../parts/clock";
import { useFilters } from "../parts/filters";
import { Simulated } from "../parts/marks";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";
import { osName, plain } from "../words/vocabulary";

const FILTERS = ["q", "team", "model", "os"];

export default function DevicesPage() {
  const { values, query, set } = useFilters(FILTERS);
  const devices = useDevices({ ...query, limit: 50 });
  const items = everyItem(devices.data);
  const filtered = Object.values(values).some(Boolean);
  const known = (pick: (device: DeviceSummary) => string) => [...new Set(items.map(pick).filter(Boolean))].sort();
  return (
    <PageFrame title="Devices" standfirst="Every enrolled laptop, and when it last spoke.">
      <div className="filters">
        <TextInput
          className="grow whole"
          type="search"
          label="Search"
          placeholder="Name, owner, model"
          value={values.q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
        <TextInput
          label="Team"
          list="teams"
          value={values.team}
          onChange={(event) => set("team", event.currentTarget.value)}
        />
        <TextInput
          label="Model"
          list="models"
          value={values.model}
          onChange={(event) => set("model", event.currentTarget.value)}
        />
        <NativeSelect
          label="System"
          value={values.os}
          onChange={(event) => set("os", event.currentTarget.value)}
          data={[
            { value: "", label: "All" },
            { value: "windows", label: "Windows" },
            { value: "linux", label: "Linux" },
            { value: "darwin", label: "macOS" },
          ]}
        />
        <datalist id="teams">
          {known((device) => device.team).map((team) => (
            <option key={team} value={team} />
          ))}
        </datalist>
        <datalist id="models">
          {known((device) => device.model).map((model) => (
            <option key={model} value={model} />
          ))}
        </datalist>
      </div>
      {devices.error && <Failure error={devices.error} again={() => devices.refetch()} />}
      {devices.isPending && <Loading lines={8} />}
      {devices.data && items.length === 0 && (
        <Empty title={filtered ? "No laptop matches" : "No laptops yet"}>
          {filtered ? "Remove a filter or search for less." : "Enrol one with a token and weft-agent enroll."}
        </Empty>
      )}
      {items.length > 0 && (
        <>
          <div className="table-wrap">
            <table className="table stacks">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Model</th>
                  <th scope="col">System</th>
                  <th scope="col">Team</th>
                  <th scope="col" className="num">
                    Unexpected, 30 days
                  </th>
                  <th scope="col" className="num">
                    Anomalies
                  </th>
                  <th scope="col">Last report</th>
                </tr>
              </thead>
              <tbody>
                {items.map((device) => (
                  <Row key={device.id} device={device} />
                ))}
              </tbody>
            </table>
          </div>
          <More {...devices} shown={items.length} noun="laptops" />
        </>
      )}
    </PageFrame>
  );
}

function Row({ device }: { device: DeviceSummary }) {
  return (
    <tr>
      <td>
        <span className="row" style={{ gap: 8 }}>
          <Link className="name" to={`/devices/${device.id}`} data-row>
            {device.name}
          </Link>
          <Simulated when={device.simulated} />
          {device.state !== "active" && <span className="mark bad">{plain(device.state)}</span>}
        </span>
        <span className="sub">{device.owner?.name ?? "no owner"}</span>
      </td>
      <td data-label="Model">{device.model}</td>
      <td data-label="System">
        {osName(device.os_type)} <span className="quiet">{device.os_build}</span>
      </td>
      <td data-label="Team">{device.team}</td>
      <td data-label="Unexpected" className="num">
        {device.unexpected_30d}
      </td>
      <td data-label="Anomalies" className="num">
        {device.open_anomalies > 0 ? <span className="mark bad">{device.open_anomalies} open</span> : "0"}
      </td>
      <td data-label="Last report">
        {device.last_report ? <At at={device.last_report} relative /> : <span className="mark warn">never</span>}
      </td>
    </tr>
  );
}
