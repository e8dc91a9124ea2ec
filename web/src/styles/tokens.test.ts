import fs from "node:fs";
import { describe, expect, it } from "vitest";

type Linear = [red: number, green: number, blue: number];

/** OKLCH to linear sRGB, clipped to the gamut as a screen would. */
function oklch(lightness: number, chroma: number, hue: number): Linear {
  const angle = (hue * Math.PI) / 180;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (x: number) => Math.min(1, Math.max(0, x));
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}
const luminance = ([red, green, blue]: Linear) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
function contrast(one: Linear, other: Linear): number {
  const [high, low] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const css = fs.readFileSync(`${process.cwd()}/src/styles/tokens.css`, "utf8");
function tokensOf(selector: string): (name: string) => Linear {
  const block = css.slice(css.indexOf(selector)).split("}")[0] ?? "";
  const found = new Map<string, Linear>();
  for (const [, name, l, c, h] of block.matchAll(/--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);/g))
    found.set(name ?? "", oklch(Number(l), Number(c), Number(h)));
  return (name) => {
    const value = found.get(name);
    if (!value) throw new Error(`no token --${name} under ${selector}`);
    return value;
  };
}

describe.each([
  ["light", tokensOf(":root")],
  ["dark", tokensOf('[data-theme="dark"]')],
])("%s theme", (_name, token) => {
  const grounds = ["canvas", "sunken", "raised", "hover", "selected"];
  const texts = ["fg", "fg-2", "fg-3", "danger-text", "accent-text", "success-text", "warning-text"];
  it.each(grounds.flatMap((ground) => texts.map((text) => [text, ground])))("%s reads on %s", (text, ground) => {
    expect(contrast(token(text), token(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(["accent", "accent-hover", "danger"])("button text reads on %s", (ground) => {
    expect(contrast(token("accent-fg"), token(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it.each([
    ["danger-text", "danger-soft"],
    ["warning-text", "warning-soft"],
    ["accent-text", "accent-soft"],
    ["success-text", "success-soft"],
    ["fg", "success-soft"],
    ["fg-2", "success-soft"],
    ["fg-2", "accent-soft"],
    ["fg-3", "accent-soft"],
    ["fg", "active"],
    ["fg-2", "active"],
  ])("%s reads on %s", (text, ground) => {
    expect(contrast(token(text), token(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(["canvas", "raised"].flatMap((ground) => ["control", "ring"].map((mark) => [mark, ground])))(
    "%s is seen on %s",
    (mark, ground) => {
      expect(contrast(token(mark), token(ground))).toBeGreaterThanOrEqual(3);
    },
  );
});

describe("tags", () => {
  const hues = { gray: 264, red: 25, orange: 50, amber: 82, green: 152, teal: 195, blue: 250, violet: 295, pink: 350 };
  it.each(Object.entries(hues))("%s reads in both themes", (name, hue) => {
    const gray = name === "gray";
    expect(contrast(oklch(0.42, gray ? 0.012 : 0.105, hue), oklch(0.95, gray ? 0.004 : 0.027, hue))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(oklch(0.86, gray ? 0.012 : 0.075, hue), oklch(0.295, gray ? 0.004 : 0.048, hue))).toBeGreaterThanOrEqual(4.5);
  });
});
