// The audit log, newest first.
import { everyItem, useAudit } from "../api/queries";
import { At } from "../parts/clock";
import { PageFrame } from "../parts/page";
import { Empty, Failure, Loading, More } from "../parts/state";

export default function AuditPage() {
  const audit = useAudit();
  const items = everyItem(audit.data);
  return (
    <PageFrame title="Audit log" standfirst="Who did what, and what was refused.">
      {audit.error && <Failure error={audit.error} again={() => audit.refetch()} />}
      {audit.isPending && <Loading lines={8} />}
      {audit.data && items.length === 0 && <Empty title="Nothing happened yet" />}
      {items.length > 0 && (
        <>
          <div className="table-wrap">
            <table className="table stacks">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">Action</th>
                  <th scope="col">Object</th>
                  <th scope="col">Outcome</th>
                  <th scope="col">Detail</th>
                </tr>
              </thead>
              <tbody>
                {items.map((entry) => (
                  <tr key={entry.id}>
                    <td data-label="When">
                      <At at={entry.at} />
                    </td>
                    <td data-label="Who">{entry.actor}</td>
                    <td data-label="Action">
                      <code>{entry.action}</code>
                    </td>
                    <td data-label="Object" className="clip">
                      {entry.object}
                    </td>
                    <td data-label="Outcome">
                      {entry.outcome === "ok" ? "done" : <span className="mark bad">✕ refused</span>}
                    </td>
                    <td data-label="Detail" className="clip small">
                      {entry.detail}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More {...audit} shown={items.length} noun="entries" />
        </>
      )}
    </PageFrame>
  );
}
