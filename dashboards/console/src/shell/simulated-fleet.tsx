// One line on every page while part of the fleet is invented: counts on any page include it, so every page says so.
import { useOverview } from "../api/queries";

export function SimulatedFleet() {
  const { data } = useOverview();
  if (!data || data.devices.simulated === 0) return null;
  const { simulated, total } = data.devices;
  return (
    <p className="simulated-fleet" role="note">
      <span className="mark simulated">simulated</span> {simulated} of {total} laptops here are invented; what is
      counted includes them.
    </p>
  );
}
