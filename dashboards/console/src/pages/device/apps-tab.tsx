// Apps of the catalog on this laptop, with the verdict in force and what proves their presence.
import { Button, Modal } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { everyItem, useDeviceApps } from "../../api/queries";
import { At } from "../../parts/clock";
import { VerdictMark } from "../../parts/marks";
import { Empty, Loading, More } from "../../parts/state";
import { has, useSession } from "../../session";
import { bytes, count, percent } from "../../words/numbers";
import { CATEGORY, plain } from "../../words/vocabulary";
import { Refused } from "./refused";

const AskForm = lazy(() => import("../reviews/ask").then((module) => ({ default: module.AskForm })));

export function AppsTab({ device, name, owned }: { device: string; name: string; owned: boolean }) {
  const me = useSession();
  const mayAsk = owned && has(me, "security", "admin");
  const [asked, setAsked] = useState<string | null>(null);
  const apps = useDeviceApps(device);
  if (apps.error) {
    return (
      <Refused
        error={apps.error}
        what="The apps"
        who="the owner, security staff and administrators"
        again={() => apps.refetch()}
      />
    );
  }
  if (apps.isPending) return <Loading lines={6} />;
  const items = everyItem(apps.data);
  if (items.length === 0) return <Empty title="No app of the catalog was seen here" />;
  return (
    <>
      <div className="table-wrap">
        <table className="table stacks">
          <thead>
            <tr>
              <th scope="col">App</th>
              <th scope="col">Verdict</th>
              <th scope="col">State</th>
              <th scope="col">Account</th>
              <th scope="col" className="num">
                Changed
              </th>
              <th scope="col">Seen</th>
              <th scope="col">Evidence</th>
              {mayAsk && (
                <th scope="col">
                  <span className="hidden">Ask</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {items.map((app) => (
              <tr key={app.app}>
                <td>
                  <span className="name">{app.name}</span>
                  <span className="sub">{CATEGORY[app.category] ?? plain(app.category)}</span>
                </td>
                <td data-label="Verdict">
                  <VerdictMark verdict={app.verdict} />
                </td>
                <td data-label="State">
                  {plain(app.state)}, {percent(app.confidence)} sure
                  {app.flags.map((flag) => (
                    <span key={flag} className="mark warn" style={{ marginLeft: 6 }}>
                      {plain(flag)}
                    </span>
                  ))}
                </td>
                <td data-label="Account">
                  {app.account ? plain(app.account) : "unknown"}
                  {app.account_domain && <span className="sub">{app.account_domain}</span>}
                </td>
                <td data-label="Changed" className="num">
                  {bytes(app.bytes_changed)}
                  <span className="sub">{count(app.files_changed)} files</span>
                </td>
                <td data-label="Seen">
                  <At at={app.last_seen} relative />
                </td>
                <td data-label="Evidence" className="clip small">
                  {app.evidence.join("; ")}
                </td>
                {mayAsk && (
                  <td>
                    {app.verdict !== "sanctioned" && (
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => setAsked(app.app)}
                        aria-label={`Ask the owner why they use ${app.name}`}
                      >
                        Ask why…
                      </Button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More {...apps} shown={items.length} noun="apps" />
      <Modal opened={asked !== null} onClose={() => setAsked(null)} title="Ask the owner about an app" size="lg">
        <Suspense fallback={<Loading lines={4} />}>
          {asked !== null && <AskForm devices={[{ id: device, name }]} app={asked} done={() => setAsked(null)} />}
        </Suspense>
      </Modal>
    </>
  );
}
