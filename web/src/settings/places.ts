import { currentLocale } from "@/lib/format";
import type { PickItem } from "@/ui";

/** Languages offered first; any other can be typed. */
const LOCALES = (
  "en en-US en-GB en-CA en-AU de de-AT de-CH fr fr-CA fr-CH es es-MX it nl pt pt-BR pl cs sv da nb fi el tr ro hu uk ja ko zh-CN " +
  "zh-TW hi id"
).split(" ");

export function nameOfLocale(locale: string): string {
  try {
    return new Intl.DisplayNames([currentLocale()], { type: "language" }).of(locale) ?? locale;
  } catch {
    return locale;
  }
}
export const localeItems = (): PickItem[] =>
  LOCALES.map((locale) => ({ value: locale, label: nameOfLocale(locale), hint: locale }));

export const timeZoneItems = (): PickItem[] =>
  ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")].map((zone) => ({
    value: zone,
    label: zone.replaceAll("_", " "),
  }));
