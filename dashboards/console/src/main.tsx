// Start: style, theme, cache, routes. Pages arrive as chunks of their own when they are visited.
import "./styles/mantine.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/charts.css";
import "./styles/beside.css";
import "./styles/talk.css";
import { Button, createTheme, localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { Problem } from "./api/problem";
import { retry } from "./api/queries";
import { Clock } from "./parts/clock";
import { router } from "./routes";
import { become } from "./session";

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session ended elsewhere: back to sign-in, from wherever we are.
      if (error instanceof Problem && error.status === 401) become(client, null);
    },
  }),
  defaultOptions: { queries: { retry, refetchOnWindowFocus: true } },
});

const theme = createTheme({
  fontFamily: "var(--sans)",
  respectReducedMotion: true,
  cursorType: "pointer",
  defaultRadius: 4,
  components: {
    // White on a pale dye is not readable: in the dark the word on a filled button is dark.
    Button: Button.extend({
      vars: (_, props) => ({
        root: props.variant === undefined || props.variant === "filled" ? { "--button-color": "var(--on-dye)" } : {},
      }),
    }),
    Modal: {
      defaultProps: {
        lockScroll: false,
        radius: 6,
        closeButtonProps: { "aria-label": "Close" },
        // Mantine draws it as a <header>; a page has one banner, and it is the masthead.
        attributes: { header: { role: "presentation" } },
      },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } },
    Tooltip: { defaultProps: { withArrow: false, transitionProps: { duration: 0 } } },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      {/* No injected style elements: the variables come from styles/, so the policy can be style-src 'self'. */}
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={localStorageColorSchemeManager({ key: "weft.scheme" })}
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <Notifications position="bottom-right" />
        <QueryClientProvider client={client}>
          <Clock>
            <RouterProvider router={router} />
          </Clock>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
