// What a browser has to load, held against a budget. Run after `npm run build`; fails when a limit is passed.
import fs from "node:fs";
import zlib from "node:zlib";

/**
 * KiB after gzip. "first" is what the sign-in page loads before it can be used, "page" the most that any page loads with
 * the frame around it; "script" is all there is but the charts, which nobody loads at once.
 */
const BUDGET = { first: 200, page: 380, script: 620, style: 18, largest: 110, charts: 200 };

const dist = new URL("../dist/", import.meta.url);
const size = (path) => zlib.gzipSync(fs.readFileSync(new URL(path, dist)), { level: 9 }).length / 1024;
const files = fs
  .readdirSync(new URL("assets/", dist))
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => ({ name, kib: size(`assets/${name}`) }))
  .sort((one, other) => other.kib - one.kib);
const sum = (list) => list.reduce((total, file) => total + file.kib, 0);

/** A script with everything that it imports before it can run. */
function closure(names, seen = new Set()) {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const source = fs.readFileSync(new URL(`assets/${name}`, dist), "utf8");
    closure(
      [...source.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)].map((match) => match[1]),
      seen,
    );
  }
  return seen;
}
const kib = (names) => sum(files.filter((file) => names.has(file.name)));

const html = fs.readFileSync(new URL("index.html", dist), "utf8");
const first = files.filter((file) => html.includes(file.name));
const frame = files.filter((file) => /^(index|Shell)-.*\.js$/.test(file.name)).map((file) => file.name);
const pages = files
  .filter((file) => /^(\w+Page|Board)-/.test(file.name))
  .map((file) => ({ name: file.name.replace(/-[^-]+\.js$/, ""), kib: kib(closure([...frame, file.name])) }))
  .sort((one, other) => other.kib - one.kib);
const [charts, others] = [true, false].map((wanted) => files.filter((file) => file.name.startsWith("charts-") === wanted));
const measured = {
  first: sum(first),
  page: pages[0]?.kib ?? 0,
  script: sum(others.filter((file) => file.name.endsWith(".js"))),
  charts: sum(charts),
  style: sum(files.filter((file) => file.name.endsWith(".css"))),
  largest: others[0]?.kib ?? 0,
};
for (const file of files.slice(0, 15)) console.log(`${file.kib.toFixed(1).padStart(8)} KiB  ${file.name}`);
for (const page of pages.slice(0, 6)) console.log(`${page.kib.toFixed(1).padStart(8)} KiB  ${page.name} with all it needs`);
let failed = false;
for (const [name, limit] of Object.entries(BUDGET)) {
  const over = measured[name] > limit;
  failed ||= over;
  console.log(`${over ? "OVER" : "ok  "}  ${name.padEnd(8)} ${measured[name].toFixed(1)} of ${limit} KiB`);
}
process.exit(failed ? 1 : 0);
