import {
  AtSign,
  Calendar,
  CalendarClock,
  CircleDot,
  Coins,
  Hash,
  Link2,
  ListChecks,
  type LucideIcon,
  Percent,
  Phone,
  Sigma,
  TextCursorInput,
  TextQuote,
  ToggleLeft,
  UserRound,
  Waypoints,
} from "lucide-react";
import type { Kind } from "@/api/types";

const ICONS: Partial<Record<Kind, LucideIcon>> = {
  text: TextCursorInput,
  long_text: TextQuote,
  email: AtSign,
  phone: Phone,
  url: Link2,
  integer: Hash,
  decimal: Sigma,
  money: Coins,
  percent: Percent,
  boolean: ToggleLeft,
  date: Calendar,
  timestamp: CalendarClock,
  choice: CircleDot,
  multi_choice: ListChecks,
  reference: Waypoints,
  user: UserRound,
};

/** The mark of a kind of field. */
export function KindIcon({ kind, size = 16 }: { kind: Kind; size?: number }) {
  const Icon = ICONS[kind] ?? TextCursorInput;
  return <Icon size={size} strokeWidth={1.8} aria-hidden />;
}
