// Makes TypeScript types from the description of the HTTP interface: run.mjs <openapi.json> <schema.d.ts>. bin/generate
// calls it. A package of its own, because the generator needs an older compiler than the application.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const [document, output] = process.argv.slice(2).map((file) => path.resolve(file));
if (!document || !output) {
  console.error("usage: run.mjs <openapi.json> <schema.d.ts>");
  process.exit(2);
}
const here = new URL("./", import.meta.url);
const installed = new URL("node_modules/.package-lock.json", here);
const lock = new URL("package-lock.json", here);
if (!fs.existsSync(installed) || fs.statSync(installed).mtimeMs < fs.statSync(lock).mtimeMs)
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: here,
    stdio: ["ignore", "ignore", "inherit"],
  });
execFileSync(path.join(here.pathname, "node_modules/.bin/openapi-typescript"), [document, "--output", output], {
  cwd: here,
  stdio: ["ignore", "ignore", "inherit"],
});
