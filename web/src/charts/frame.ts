import type { Colours } from "./colours";

/** What is drawn about most charts: thin lines, no frame, words in the theme's colours. */
export const frame = (colours: Colours) => ({
  grid: { left: 0, right: 8, top: 12, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
  tooltip: {
    trigger: "axis",
    backgroundColor: colours.raised,
    borderColor: colours.line,
    textStyle: { color: colours.fg, fontSize: 12 },
  },
});
export const legend = (colours: Colours) => ({
  legend: { right: 0, top: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: colours.fg2 } },
});
export const axis = (colours: Colours) => ({
  axisLabel: { color: colours.fg2, fontSize: 11 },
  axisLine: { lineStyle: { color: colours.line } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: colours.line } },
});
