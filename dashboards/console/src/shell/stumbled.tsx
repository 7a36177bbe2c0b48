// A page that could not be loaded or drawn. The usual cause is an upgrade: the old page asks for a file that is gone.
import { Button } from "@mantine/core";
import { useRouteError } from "react-router";

export function Stumbled() {
  const error = useRouteError();
  return (
    <main className="page">
      <div className="state boxed failed" role="alert">
        <h1 className="state-title">This page could not be shown</h1>
        <p>
          Weft may have been upgraded since this page was opened: load it again. If it stays, tell IT what stands below.
        </p>
        <p className="small quiet">
          <code>{error instanceof Error ? error.message : String(error)}</code>
        </p>
        <div className="actions">
          <Button onClick={() => window.location.reload()}>Load again</Button>
        </div>
      </div>
    </main>
  );
}
