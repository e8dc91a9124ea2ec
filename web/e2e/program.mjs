// The program itself, on a fresh data folder and a free port.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { startFront } from "./front.mjs";

const START_MS = 90_000;
const STOP_MS = 30_000;

/**
 * Starts the program and waits until it can answer. Returns where it is, the folder of its data, what it said so far, and
 * how to end it. With WEB=dist the web application is the one that was built last, whatever the program holds.
 */
export async function startProgram() {
  const program = path.resolve(process.env.KITH_BIN ?? new URL("../../target/debug/kith", import.meta.url).pathname);
  if (!fs.existsSync(program))
    throw new Error(`${program} is not there: build it with \`cargo build -p kith\`, or name it in KITH_BIN`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kith-e2e-"));
  // The private database may run as another user than this one, and has to reach its folder.
  fs.chmodSync(folder, 0o755);
  const said = [];
  const child = spawn(program, ["serve"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KITH_") && name !== "DATABASE_URL")),
      ...(process.env.KITH_PG_BIN ? { KITH_PG_BIN: process.env.KITH_PG_BIN } : {}),
      KITH_DATA_DIR: path.join(folder, "data"),
      KITH_LISTEN: "127.0.0.1:0",
      KITH_METRICS_LISTEN: "",
      KITH_LOG_FORMAT: "text",
    },
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    const how = await ended;
    clearTimeout(late);
    fs.rmSync(folder, { recursive: true, force: true });
    return how;
  };
  const address = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        said.push(text);
        const found = /listening on (http:\/\/[\d.:]+)/.exec(said.join(""));
        if (found) resolve(found[1]);
      });
  });
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, START_MS, "late");
  });
  const base = await Promise.race([address, ended, late]);
  clearTimeout(timer);
  if (typeof base !== "string" || !base.startsWith("http")) {
    if (base === "late") await stop();
    throw new Error(`the program did not start (${base}):\n${said.join("").slice(-4000)}`);
  }
  for (let tries = 0; tries < 100; tries++) {
    const ready = await fetch(`${base}/health/ready`).catch(() => null);
    if (ready?.ok) {
      const front = process.env.WEB === "dist" ? await startFront(base) : null;
      return {
        base: front?.base ?? base,
        data: path.join(folder, "data"),
        said,
        stop: () => {
          front?.stop();
          return stop();
        },
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`the program is not ready:\n${said.join("").slice(-4000)}`);
}
