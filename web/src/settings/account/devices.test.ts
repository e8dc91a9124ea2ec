import { expect, it } from "vitest";
import { deviceOf } from "./devices";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
it.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`, "Chrome", "Windows", "desktop"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
    "Edge",
    "Windows",
    "desktop",
  ],
  ["Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox", "Ubuntu", "desktop"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    "Safari",
    "iPhone",
    "phone",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    "Safari",
    "macOS",
    "desktop",
  ],
  [`Mozilla/5.0 (Linux; Android 16; Pixel 9) ${WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36`, "Chrome", "Android", "phone"],
  [`Mozilla/5.0 (Linux; Android 15; SM-X710) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`, "Chrome", "Android", "tablet"],
  ["curl/8.5.0", "curl", null, "program"],
  ["python-requests/2.32.3", "python-requests", null, "program"],
  ["", null, null, "desktop"],
  [null, null, null, "desktop"],
])("%s", (text, browser, system, form) => expect(deviceOf(text)).toEqual({ browser, system, form }));
