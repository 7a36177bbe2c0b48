// Masthead, navigation, shortcuts, and the place where pages appear. Knows the session, knows no page.
import { ActionIcon, Button, Menu, Modal, Switch, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { useChange } from "../api/changes";
import { del } from "../api/client";
import { ACT } from "../pages/thread/acts";
import { forgetDrafts } from "../pages/thread/draft";
import { Loading } from "../parts/state";
import { Logo, Selvedge } from "../parts/weave";
import { become, homeOf, useSession } from "../session";
import { ROLE } from "../words/vocabulary";
import { Bell } from "./bell";
import { isTyping, Keys } from "./keys";
import { MailBack } from "./mail-back";
import { headsOf, isAt, placesOf } from "./places";
import { SimulatedFleet } from "./simulated-fleet";

const SHORTCUTS_OFF = "weft.shortcuts.off";

export function Shell() {
  const me = useSession();
  const navigate = useNavigate();
  const location = useLocation();
  const [help, setHelp] = useState(false);
  const [open, setOpen] = useState(false);
  const [off, setOff] = useState(() => localStorage.getItem(SHORTCUTS_OFF) === "1");
  const main = useRef<HTMLElement>(null);
  const keys = useRef(new Keys());
  const path = useRef(location.pathname);

  // A new page: close the menu, tell screen readers, start at the top.
  useEffect(() => {
    if (path.current === location.pathname) return;
    path.current = location.pathname;
    setOpen(false);
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [location.pathname]);

  useEffect(() => {
    if (off) return;
    const onKey = (event: KeyboardEvent) => {
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector("[role=dialog]")
      )
        return;
      const wish = keys.current.press(event.key, event.timeStamp);
      if (!wish) return;
      if (wish.kind === "act") {
        // A page that acts cancels it; otherwise the key stays the browser's.
        const asked = new CustomEvent(ACT, { detail: wish.key, cancelable: true });
        if (!window.dispatchEvent(asked)) event.preventDefault();
        return;
      }
      event.preventDefault();
      switch (wish.kind) {
        case "go": {
          const place = placesOf(me).find((candidate) => candidate.key === wish.key);
          if (place) navigate(place.path);
          return;
        }
        case "search":
          focusSearch();
          return;
        case "help":
          setHelp(true);
          return;
        case "new":
          navigate("/threads/new");
          return;
        case "step":
          step(wish.by);
          return;
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [me, navigate, off]);

  const heads = headsOf(me);
  const nearby = heads.find((head) => head.places.some((place) => isAt(place, location.pathname)))?.places ?? [];
  const nav = heads.map((head) => (
    <Link
      key={head.path}
      to={head.path}
      aria-current={head.places.some((place) => isAt(place, location.pathname)) ? "page" : undefined}
    >
      {head.word}
    </Link>
  ));
  const everywhere = placesOf(me).map((place) => (
    <NavLink key={place.path} to={place.path}>
      {place.word}
    </NavLink>
  ));

  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="masthead">
        <div className="masthead-row">
          <Link to={homeOf(me)} className="wordmark" aria-label="Weft, home">
            <Logo />
            Weft
          </Link>
          <nav className="nav" aria-label="Main">
            {nav}
          </nav>
          <div className="masthead-tools">
            <Find label="Search everything" />
            <Bell />
            <Scheme />
            <Account help={() => setHelp(true)} />
            <Button
              className="nav-toggle"
              variant="default"
              size="compact-md"
              aria-expanded={open}
              aria-controls="nav-panel"
              onClick={() => setOpen(!open)}
            >
              Menu
            </Button>
          </div>
        </div>
        {open && (
          <div className="nav-panel" id="nav-panel">
            <Find label="Search everything (menu)" />
            <nav aria-label="Menu">{everywhere}</nav>
          </div>
        )}
        <Selvedge />
      </header>
      <main className="page" id="main" ref={main} tabIndex={-1}>
        {nearby.length > 1 && (
          <nav className="nearby" aria-label="Nearby">
            {nearby.map((place) => (
              <NavLink key={place.path} to={place.path}>
                {place.word}
              </NavLink>
            ))}
          </nav>
        )}
        <SimulatedFleet />
        <MailBack />
        <Suspense fallback={<Loading lines={6} />}>
          <Outlet />
        </Suspense>
      </main>
      <footer className="foot">
        <span>Weft ties what devices show to what people say.</span>
        <UnstyledButton onClick={() => setHelp(true)}>Keyboard shortcuts</UnstyledButton>
        <a href="/licenses.txt">Licences</a>
      </footer>
      <Help opened={help} close={() => setHelp(false)} off={off} setOff={setOff} />
    </>
  );
}

/** The nearest search: a page's own if it has one, else the masthead's. */
function focusSearch() {
  const field =
    document.querySelector<HTMLInputElement>("main input[type=search]") ??
    document.querySelector<HTMLInputElement>(".masthead input[type=search]");
  field?.focus();
  field?.select();
}

/** j and k walk through the rows of a list. */
function step(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]?.focus();
}

function Find({ label }: { label: string }) {
  const navigate = useNavigate();
  return (
    <search>
      <form
        className="find"
        onSubmit={(event) => {
          event.preventDefault();
          const words = String(new FormData(event.currentTarget).get("q") ?? "").trim();
          if (words) navigate(`/search?q=${encodeURIComponent(words)}`);
        }}
      >
        <input type="search" name="q" placeholder="Search" aria-label={label} aria-keyshortcuts="/" />
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a kbd takes no focus; the field itself names the key */}
        <kbd aria-hidden="true">/</kbd>
      </form>
    </search>
  );
}

function Scheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = { auto: "light", light: "dark", dark: "auto" } as const;
  const word = { auto: "as the system", light: "light", dark: "dark" } as const;
  return (
    <ActionIcon
      variant="subtle"
      color="blue"
      size="lg"
      aria-label={`Colours: ${word[colorScheme]}. Switch to ${word[next[colorScheme]]}`}
      title={`Colours: ${word[colorScheme]}`}
      onClick={() => setColorScheme(next[colorScheme])}
    >
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="6.4" fill="none" stroke="currentColor" strokeWidth="1.5" />
        {colorScheme === "auto" && <path d="M9 2.6a6.4 6.4 0 0 1 0 12.8z" fill="currentColor" />}
        {colorScheme === "dark" && <circle cx="9" cy="9" r="6.4" fill="currentColor" />}
      </svg>
    </ActionIcon>
  );
}

function Account({ help }: { help: () => void }) {
  const me = useSession();
  const client = useQueryClient();
  const signOut = useChange({
    run: () => del("/session"),
    touches: [],
    after: () => {
      // Another person may sit down here next.
      forgetDrafts(localStorage);
      become(client, null);
    },
  });
  const initials = me.name
    .split(/\s+/)
    .map((part) => part[0] ?? "")
    .slice(0, 2)
    .join("");
  return (
    <Menu position="bottom-end" width={240} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="light" size="lg" radius="xl" aria-label={`Account of ${me.name}`}>
          <span style={{ fontSize: 13, fontWeight: 650 }}>{initials}</span>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {/* An item, not a label: a menu may only hold items. */}
        <Menu.Item component={Link} to="/mine">
          {me.name}
          {me.team && ` · ${me.team}`}
          <span className="small quiet" style={{ display: "block" }}>
            {me.roles.map((role) => ROLE[role] ?? role).join(", ")}
          </span>
        </Menu.Item>
        <Menu.Item onClick={help}>Keyboard shortcuts</Menu.Item>
        <Menu.Item onClick={() => signOut.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface HelpProps {
  opened: boolean;
  close: () => void;
  off: boolean;
  setOff: (off: boolean) => void;
}

function Help({ opened, close, off, setOff }: HelpProps) {
  const me = useSession();
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" lockScroll={false}>
      <dl className="pairs">
        {placesOf(me).map((place) => (
          <Shortcut key={place.path} keys={["g", place.key]} does={`go to ${place.word}`} />
        ))}
        <Shortcut keys={["/"]} does="search" />
        <Shortcut keys={["j"]} does="next row" />
        <Shortcut keys={["k"]} does="previous row" />
        <Shortcut keys={["n"]} does="new thread" />
        <Shortcut keys={["?"]} does="this help" />
        <dt className="pairs-head">In a thread</dt>
        <dd className="small quiet">j and k walk through the posts; these act on the post at hand</dd>
        <Shortcut keys={["r"]} does="reply" />
        <Shortcut keys={["q"]} does="quote (what is marked, or the post)" />
        <Shortcut keys={["e"]} does="edit your post" />
        <Shortcut keys={["u"]} does="go to the first unread post" />
        <Shortcut keys={["s"]} does="go to the accepted answer" />
        <Shortcut keys={["Ctrl", "Enter"]} does="send what you write" />
      </dl>
      <Switch
        mt="lg"
        label="Single-key shortcuts"
        description="Switch them off if you dictate or use software that types for you."
        checked={!off}
        onChange={(event) => {
          const now = !event.currentTarget.checked;
          localStorage.setItem(SHORTCUTS_OFF, now ? "1" : "0");
          setOff(now);
        }}
      />
    </Modal>
  );
}

function Shortcut({ keys, does }: { keys: string[]; does: string }) {
  return (
    <>
      <dt>
        {keys.map((key) => (
          <kbd key={key} style={{ marginRight: 4 }}>
            {key}
          </kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </>
  );
}
