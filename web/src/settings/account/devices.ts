export type Device = {
  /** "Chrome on Windows": the name of the browser or program, and of what it runs on. Either may be unknown. */
  browser: string | null;
  system: string | null;
  form: "desktop" | "phone" | "tablet" | "program";
};

/** In this order: browsers call themselves by each other's names, and the most particular one is the true one. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?(?:iOS)?\//, "Edge"],
  [/\bOPR\/|\bOpera\b/, "Opera"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\//, "Chrome without a window"],
  [/\bChrom(?:e|ium)\/|\bCriOS\//, "Chrome"],
  [/\bVersion\/[\d.]+.*\bSafari\//, "Safari"],
];
const SYSTEMS: [RegExp, string, Device["form"]][] = [
  [/\biPad\b/, "iPad", "tablet"],
  [/\biPhone\b|\biPod\b/, "iPhone", "phone"],
  [/\bAndroid\b.*\bMobile\b/, "Android", "phone"],
  [/\bAndroid\b/, "Android", "tablet"],
  [/\bWindows\b/, "Windows", "desktop"],
  [/\bCrOS\b/, "ChromeOS", "desktop"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS", "desktop"],
  [/\bUbuntu\b/, "Ubuntu", "desktop"],
  [/\bLinux\b|\bX11\b/, "Linux", "desktop"],
];

/** What a browser says of itself, in plain words. */
export function deviceOf(userAgent: string | null): Device {
  const text = userAgent?.trim() ?? "";
  const browser = BROWSERS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  const found = SYSTEMS.find(([pattern]) => pattern.test(text));
  if (browser || found) return { browser, system: found?.[1] ?? null, form: found?.[2] ?? "desktop" };
  // Programs name themselves first: curl/8.5.0, python-requests/2.32.
  const program = /^([A-Za-z][\w .-]{0,40}?)(?:\/|$)/.exec(text)?.[1] ?? null;
  return { browser: program, system: null, form: text ? "program" : "desktop" };
}
