/** The colours of the theme as a chart library can read them: it knows no oklch(). */
const NAMES = {
  fg: "--fg",
  fg2: "--fg-2",
  fg3: "--fg-3",
  line: "--line",
  accent: "--accent",
  raised: "--raised",
  danger: "--danger",
  warning: "--warning-text",
  success: "--success-text",
  control: "--control",
} as const;
export type Colours = Record<keyof typeof NAMES, string>;

let pixel: CanvasRenderingContext2D | null | undefined;
/** A colour of the style sheet as rgb(), painted on one pixel and read back. */
function resolve(variable: string): string {
  pixel ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  if (!pixel) return "#888888";
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable).trim() || "#888888";
  pixel.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = pixel.getImageData(0, 0, 1, 1).data;
  return `rgb(${red},${green},${blue})`;
}
export const readColours = (): Colours =>
  Object.fromEntries(Object.entries(NAMES).map(([name, variable]) => [name, resolve(variable)])) as Colours;
