import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import type { EChartsCoreOption } from "echarts/core";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useShownTheme } from "@/app/theme";
import { type Colours, readColours } from "./colours";

use([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, SVGRenderer]);

/** A chart in the colours of the theme, with its figures as a table for whoever does not see it. */
export default function EChart({
  option,
  height,
  label,
  rows,
}: {
  /** What is drawn. Kept by the caller, so that the chart is drawn anew only when its figures change. */
  option: (colours: Colours) => EChartsCoreOption;
  /** Pixels. */
  height: number;
  label: string;
  /** The same figures in words: a name, then its values. Left out where a table beside the chart says them. */
  rows?: string[][];
}) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useShownTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read through the style sheet's variables
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const chart = init(element, null, { renderer: "svg" });
    const colours = readColours();
    chart.setOption({
      animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
      textStyle: { fontFamily: "Inter Variable, system-ui, sans-serif", color: colours.fg2 },
      ...option(colours),
    });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option, theme]);
  return (
    <figure className="m-0">
      <div ref={host} role="img" aria-label={label} style={{ height }} />
      {rows && (
        <table className="sr-only">
          <caption>{label}</caption>
          <tbody>
            {rows.map(([name, ...values]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {values.map((value, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
                  <td key={at}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}
