// What reaches me outside the console: by mail and feed, how soon, and when not. Everything here is one's own.
import { Link } from "react-router";
import { useMyMail } from "../api/mailing";
import { PageFrame } from "../parts/page";
import { Loaded } from "../parts/state";
import { Addresses } from "./notice-settings/addresses";
import { Elsewhere } from "./notice-settings/elsewhere";
import { Feeds } from "./notice-settings/feeds";
import { Muted, Spaces } from "./notice-settings/threads";
import { WishForm } from "./notice-settings/wishes";

export default function NoticeSettingsPage() {
  const mail = useMyMail();
  return (
    <PageFrame
      title="Mail and feeds"
      kicker={<Link to="/notices">Notices</Link>}
      standfirst="What you are told of is decided by where you take part. Here you say by which way, how soon, and when not."
    >
      <Loaded query={mail} lines={10}>
        {(mine) => (
          <>
            <Addresses mine={mine} />
            <WishForm saved={mine.wishes} />
            <Spaces mine={mine} />
            <Muted mine={mine} />
          </>
        )}
      </Loaded>
      <Feeds />
      <Elsewhere />
    </PageFrame>
  );
}
