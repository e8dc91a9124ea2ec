import { type ComponentType, lazy } from "react";
import type { Entity, PipelineStage, Rec } from "@/api/types";
import type { ListSearch, SearchChange } from "@/filters/search";
import { ConversionHost } from "@/leads/ConversionHost";
import { askConversion } from "@/leads/conversion";

export type ListProps = {
  entity: Entity;
  search: ListSearch;
  set: (change: SearchChange) => void;
  /** Takes a whole other address of the list, as a view has one. */
  onView: (search: ListSearch) => void;
};

/** What an entity has beyond what its metadata says. */
export type Special = {
  /** Stands under the name of a record: what can be done with it, or what has become of it. */
  Head?: ComponentType<{ entity: Entity; record: Rec }>;
  /** Stands over the timeline of a record: what it is made of, where that is more than fields. */
  Body?: ComponentType<{ entity: Entity; record: Rec }>;
  /** Fields that the head or the body tells of already. */
  told?: string[];
  /** The body wants the page to itself; what the record is and what belongs to it stand below. */
  sheet?: boolean;
  /** The body wants all the middle; what belongs to the record stands below its fields. */
  broad?: boolean;
  /** Children that the body shows, and that need no place beside it. */
  shown?: string[];
  /** A list of its own, beside the table and the board. */
  List?: ComponentType<ListProps>;
  /** Takes over when a card is put into a stage that is entered in another way. Resolves to whether it got there. */
  enterStage?: (entity: Entity, record: Rec, stage: PipelineStage) => Promise<boolean> | undefined;
};

const SPECIAL: Record<string, Special> = {
  lead: {
    Head: lazy(() => import("@/leads/LeadHead")),
    told: ["converted_at", "converted_company_id", "converted_contact_id", "converted_deal_id"],
    enterStage: (entity, record, stage) => (stage.kind === "won" ? askConversion(entity, record) : undefined),
  },
  task: { Head: lazy(() => import("@/tasks/TaskHead")), List: lazy(() => import("@/tasks/TaskList")) },
  ticket: {
    Head: lazy(() => import("@/support/TicketHead")),
    Body: lazy(() => import("@/support/TicketBody")),
    told: ["description", "first_response_due_at", "sla_due_at"],
    shown: ["comments"],
  },
  invoice: {
    Head: lazy(() => import("@/finance/InvoiceHead")),
    Body: lazy(() => import("@/finance/InvoiceBody")),
    told: [
      "subtotal",
      "discount_amount",
      "tax_amount",
      "total_amount",
      "amount_paid",
      "amount_credited",
      "balance",
      "tax_breakdown",
    ],
    shown: ["items", "payments", "refunds"],
    broad: true,
  },
  conversation: { Head: lazy(() => import("@/inbox/ConversationHead")) },
  campaign: { Body: lazy(() => import("@/marketing/CampaignBody")), told: ["metrics"] },
  report: { Body: lazy(() => import("@/reports/ReportBody")), told: ["data", "generated_at", "generated_by"], sheet: true },
  dashboard: { Body: lazy(() => import("@/reports/DashboardBody")), told: ["widgets"], sheet: true },
  webhook_endpoint: {
    Body: lazy(() => import("@/connect/WebhookBody")),
    told: ["has_secret", "secret_changed_at"],
    shown: ["deliveries"],
  },
  webhook_delivery: { Head: lazy(() => import("@/connect/DeliveryHead")) },
  automation: {
    Body: lazy(() => import("@/connect/AutomationBody")),
    told: ["trigger_entity", "trigger_event", "trigger_fields", "conditions", "actions"],
    shown: ["runs"],
  },
  channel_account: {
    Body: lazy(() => import("@/connect/ChannelBody")),
    told: ["secret_names", "secrets_set_at", "last_error"],
  },
  inbound_form: {
    Body: lazy(() => import("@/connect/FormBody")),
    told: ["public_id", "submission_count", "last_submitted_at"],
  },
  deal: { Head: lazy(() => import("@/finance/InvoiceFrom")) },
  project: {
    Head: lazy(() => import("@/finance/InvoiceFrom")),
    Body: lazy(() => import("@/delivery/ProjectBody")),
    told: ["progress", "task_count", "completed_task_count", "actual_hours", "actual_cost"],
    shown: ["members"],
  },
};
const PLAIN: Special = {};

export const specialOf = (entity: Entity): Special => SPECIAL[entity.name] ?? PLAIN;

/** Dialogs that special entities may open from anywhere; each is nothing until it is asked for. */
export const HOSTS: ComponentType[] = [ConversionHost];
