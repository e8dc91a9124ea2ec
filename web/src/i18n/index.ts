import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { setLocale } from "@/lib/format";
import type { AuthTexts } from "./auth";
import type { ConnectTexts } from "./connect";
import en from "./en";
import type { SettingsTexts } from "./settings";
import type { WorkTexts } from "./work";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en & AuthTexts & ConnectTexts & SettingsTexts & WorkTexts };
  }
}

void i18n.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
});
setLocale(typeof navigator === "undefined" ? "en" : navigator.language);
i18n.on("languageChanged", (language) => {
  document.documentElement.lang = language;
  document.documentElement.dir = i18n.dir(language);
});
export default i18n;
