import { SettingsPage } from "../frame";
import { ApiKeysSection } from "./ApiKeysSection";
import { CalendarSection } from "./CalendarSection";
import { PasswordSection } from "./PasswordSection";
import { ProfileSection } from "./ProfileSection";
import { SecondFactorSection } from "./SecondFactorSection";
import { SessionsSection } from "./SessionsSection";

/** Everything about oneself: profile, password, second factor, where one is signed in, keys for programs. */
export default function AccountPage() {
  return (
    <SettingsPage page="account">
      <ProfileSection />
      <PasswordSection />
      <SecondFactorSection />
      <SessionsSection />
      <CalendarSection />
      <ApiKeysSection />
    </SettingsPage>
  );
}
