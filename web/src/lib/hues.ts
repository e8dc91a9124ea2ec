import { HUES, type Hue } from "@/api/types";

/** Where the hues of the palette stand on the colour wheel, in degrees. */
const PLACES: [Hue, number][] = [
  ["red", 0],
  ["orange", 24],
  ["amber", 42],
  ["green", 146],
  ["teal", 180],
  ["blue", 218],
  ["violet", 262],
  ["pink", 326],
  ["red", 360],
];
/** Colours paler than this are grey to the eye. Share of full saturation. */
const GREY = 0.3;

/**
 * The hue of the palette that comes nearest to a colour: records may carry any colour (#8b5cf6), but only the palette
 * is readable in both themes. Null where the text is no colour.
 */
export function nearestHue(color: unknown): Hue | null {
  if (typeof color !== "string") return null;
  if ((HUES as readonly string[]).includes(color)) return color as Hue;
  const digits = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(color)?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? digits.replaceAll(/./g, "$&$&") : digits;
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255);
  const high = Math.max(red, green, blue);
  const spread = high - Math.min(red, green, blue);
  if (high === 0 || spread / high < GREY) return "gray";
  const turn =
    high === red ? ((green - blue) / spread + 6) % 6 : high === green ? (blue - red) / spread + 2 : (red - green) / spread + 4;
  const degrees = turn * 60;
  let nearest: Hue = "gray";
  let distance = 360;
  for (const [hue, place] of PLACES)
    if (Math.abs(place - degrees) < distance) {
      distance = Math.abs(place - degrees);
      nearest = hue;
    }
  return nearest;
}

/** A hue made from a text, so that the same word has the same colour everywhere. */
export function hueOfText(text: string): Hue {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return HUES[1 + (sum % (HUES.length - 1))] ?? "gray";
}
