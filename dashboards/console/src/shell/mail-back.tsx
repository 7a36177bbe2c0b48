// One line on every page while mail to oneself comes back: whoever waits for mail would otherwise wait for nothing.
import { Link, useLocation } from "react-router";
import { useMyMail } from "../api/mailing";

const SETTINGS = "/notices/settings";

export function MailBack() {
  const { data } = useMyMail();
  const { pathname } = useLocation();
  const main = data?.on ? data.addresses.find((one) => one.main) : undefined;
  // The page of settings says it itself, with the reason.
  if (!main?.paused_at || pathname === SETTINGS) return null;
  return (
    <p className="mail-back" role="note">
      <span className="mark warn">no mail</span>{" "}
      <span>
        Mail to {main.address} came back, so nothing is sent there. <Link to={SETTINGS}>See to it</Link>
      </span>
    </p>
  );
}
