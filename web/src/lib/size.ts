import { currentLocale } from "@/lib/format";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
/** "184 kB", as the locale writes it. */
export function fileSize(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(currentLocale(), {
    style: "unit",
    unit: UNITS[unit] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: unit > 1 ? 1 : 0,
  }).format(size);
}
