// The web application as it is built right now, in front of a program that was built earlier: for looking at pages without
// building the program anew. Everything but the application's own files is handed on.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const DIST = new URL("../dist/", import.meta.url).pathname;
const TYPES = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};
const HANDED_ON = /^\/(api|health|docs|forms|calendar|files)(\/|$)/;
// As the program sends it.
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

function sendFile(response, pathname) {
  let file = path.join(DIST, path.normalize(pathname));
  if (!file.startsWith(DIST) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) file = path.join(DIST, "index.html");
  response.writeHead(200, {
    "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
  });
  response.end(fs.readFileSync(file));
}

/** Starts it before the program at `base`; answers where it is and how to end it. */
export async function startFront(base) {
  const program = new URL(base);
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, base);
    if (!HANDED_ON.test(pathname)) return sendFile(response, pathname);
    const handed = http.request(
      { host: program.hostname, port: program.port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    handed.on("error", () => response.destroy());
    request.pipe(handed);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
