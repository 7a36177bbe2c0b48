// Sign-in or the shell: nothing of the console is shown before the collector said who this is.
import { useMe } from "../api/queries";
import { SignIn } from "../pages/sign-in";
import { Failure, Loading } from "../parts/state";
import { Session } from "../session";
import { Shell } from "./shell";

export function Gate() {
  const me = useMe();
  if (me.isPending) {
    return (
      <main className="page">
        <Loading lines={5} label="Loading Weft" />
      </main>
    );
  }
  if (me.error) {
    return (
      <main className="page">
        <h1 className="hidden">Weft</h1>
        <Failure error={me.error} again={() => me.refetch()} />
      </main>
    );
  }
  if (!me.data) return <SignIn />;
  return (
    <Session.Provider value={me.data}>
      <Shell />
    </Session.Provider>
  );
}
