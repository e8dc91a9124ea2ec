// Runs before the first paint so that no page flashes in the wrong theme. A file of its own, because the
// content security policy allows no inline script. Keep the key and the values in step with src/app/theme.ts.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("kith.theme") || "system";
  } catch {
    // Storage may be blocked; the system's choice is a good answer then.
  }
  const dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
