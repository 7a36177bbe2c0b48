// Light or dark before the first paint. Reads the same key as Mantine's colour scheme manager.
(() => {
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("weft.scheme") || "auto";
  } catch {
    // Storage may be forbidden; the system's preference then decides.
  }
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
