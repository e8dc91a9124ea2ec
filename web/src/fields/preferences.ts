import i18n from "@/i18n";
import { lineOf } from "./structured";
import { isObject } from "./values";

/** What somebody may forbid; the server asks these before anything is sent. */
export const FORBIDDING = ["do_not_contact", "do_not_email", "do_not_sms", "do_not_whatsapp", "do_not_call"] as const;
export const CHANNELS = ["email", "phone", "whatsapp", "sms", "post"] as const;

/** Preferences in one line: what is forbidden first. */
export function preferencesInWords(value: unknown): string {
  if (!isObject(value)) return "";
  const { channels, ...others } = value;
  const forbidden = FORBIDDING.filter((name) => others[name] === true).map((name) => i18n.t(`preferences.${name}`));
  const liked = (Array.isArray(channels) ? channels : []).map((channel) => {
    const known = CHANNELS.find((one) => one === channel);
    return known ? i18n.t(`preferences.channel.${known}`) : String(channel);
  });
  const rest = Object.fromEntries(Object.entries(others).filter(([name]) => !FORBIDDING.some((one) => one === name)));
  return [
    ...forbidden,
    ...(liked.length > 0 ? [i18n.t("preferences.prefers", { channels: liked.join(", ") })] : []),
    lineOf(rest, { yes: i18n.t("common.yes"), no: i18n.t("common.no") }),
  ]
    .filter(Boolean)
    .join(" · ");
}
