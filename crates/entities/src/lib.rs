//! What *this* CRM has: one declaration per entity, and the rules that are special to it.
//!
//! A declaration says everything generic (fields, access, layout); a rule file says how one thing
//! becomes another. Dependencies: the catalogue's words and the engine's hooks; never HTTP.

pub mod activity;
pub mod audit_log;
pub mod automation;
pub mod business_hours;
pub mod campaign;
pub mod campaign_member;
pub mod channel_account;
pub mod company;
pub mod company_member;
pub mod contact;
pub mod conversation;
pub mod custom_field;
pub mod dashboard;
pub mod deal;
pub mod deal_item;
pub mod document;
pub mod email_template;
pub mod exchange_rate;
pub mod holiday;
pub mod inbound_form;
pub mod industry;
pub mod interaction;
pub mod invoice;
pub mod invoice_item;
pub mod lead;
pub mod message;
pub mod metric;
mod naming;
pub mod note;
pub mod notification;
pub mod organization;
pub mod payment;
pub mod pipeline;
mod preferences;
pub mod privacy;
pub mod product;
pub mod project;
pub mod project_member;
mod rank;
pub mod rate;
mod reading;
pub mod refund;
pub mod report;
pub mod role;
pub mod sla_policy;
pub mod stage;
pub mod staged;
pub mod subject;
pub mod suppression;
pub mod tag;
pub mod task;
pub mod team;
pub mod team_member;
pub mod ticket;
pub mod ticket_comment;
pub mod time_entry;
pub mod user;
pub mod view;
pub mod webhook;

use std::sync::LazyLock;

use kith_catalogue::{Catalogue, Entity};
use kith_engine::{RuleBook, Rules};

static ENTITIES: &[&Entity] = &[
    &company::COMPANY,
    &contact::CONTACT,
    &lead::LEAD,
    &deal::DEAL,
    &project::PROJECT,
    &task::TASK,
    &time_entry::TIME_ENTRY,
    &note::NOTE,
    &interaction::INTERACTION,
    &document::DOCUMENT,
    &webhook::WEBHOOK_ENDPOINT,
    &webhook::WEBHOOK_DELIVERY,
    &automation::AUTOMATION,
    &automation::AUTOMATION_RUN,
    &product::PRODUCT,
    &campaign::CAMPAIGN,
    &campaign_member::CAMPAIGN_MEMBER,
    &channel_account::CHANNEL_ACCOUNT,
    &conversation::CONVERSATION,
    &message::MESSAGE,
    &email_template::EMAIL_TEMPLATE,
    &inbound_form::INBOUND_FORM,
    &suppression::SUPPRESSION,
    &activity::ACTIVITY,
    &deal_item::DEAL_ITEM,
    &invoice::INVOICE,
    &invoice_item::INVOICE_ITEM,
    &payment::PAYMENT,
    &refund::REFUND,
    &exchange_rate::EXCHANGE_RATE,
    &deal::history::DEAL_STAGE,
    &company_member::COMPANY_MEMBER,
    &project_member::PROJECT_MEMBER,
    &rate::RATE,
    &pipeline::PIPELINE,
    &stage::STAGE,
    &industry::INDUSTRY,
    &tag::TAG,
    &custom_field::CUSTOM_FIELD,
    &ticket::TICKET,
    &ticket_comment::TICKET_COMMENT,
    &sla_policy::SLA_POLICY,
    &business_hours::BUSINESS_HOURS,
    &holiday::HOLIDAY,
    &user::USER,
    &team::TEAM,
    &team_member::TEAM_MEMBER,
    &role::ROLE,
    &audit_log::AUDIT_ENTRY,
    &report::REPORT,
    &dashboard::DASHBOARD,
    &metric::METRIC,
    &view::VIEW,
];

/// Every entity of the product.
pub static CATALOGUE: Catalogue = Catalogue::new(ENTITIES);

static RULES: LazyLock<RuleBook> = LazyLock::new(|| {
    let rules: &[(&'static str, &'static dyn Rules)] = &[
        ("company", &company::CompanyRules),
        ("contact", &contact::ContactRules),
        ("lead", &lead::LeadRules),
        ("deal", &deal::DealRules),
        ("project", &project::ProjectRules),
        ("project_member", &project_member::ProjectMemberRules),
        ("rate", &rate::RateRules),
        ("time_entry", &time_entry::TimeEntryRules),
        ("task", &task::TaskRules),
        ("note", &note::NoteRules),
        ("deal_item", &deal_item::DealItemRules),
        ("invoice", &invoice::InvoiceRules),
        ("invoice_item", &invoice_item::InvoiceItemRules),
        ("payment", &payment::PaymentRules),
        ("refund", &refund::RefundRules),
        ("exchange_rate", &exchange_rate::ExchangeRateRules),
        ("pipeline", &pipeline::PipelineRules),
        ("stage", &stage::StageRules),
        ("custom_field", &custom_field::CustomFieldRules),
        ("role", &role::RoleRules),
        ("user", &user::UserRules),
        ("report", &report::ReportRules),
        ("dashboard", &dashboard::DashboardRules),
        ("view", &view::ViewRules),
        ("ticket", &ticket::TicketRules),
        ("business_hours", &business_hours::BusinessHoursRules),
        ("campaign", &campaign::CampaignRules),
        ("campaign_member", &campaign_member::CampaignMemberRules),
        ("channel_account", &channel_account::ChannelAccountRules),
        ("conversation", &conversation::ConversationRules),
        ("message", &message::MessageRules),
        ("email_template", &email_template::EmailTemplateRules),
        ("inbound_form", &inbound_form::InboundFormRules),
        ("suppression", &suppression::SuppressionRules),
        ("document", &document::DocumentRules),
        ("webhook_endpoint", &webhook::WebhookRules),
        ("automation", &automation::AutomationRules),
    ];
    RuleBook::new(rules.iter().copied())
});

/// The rules of every entity that has some.
pub fn rules() -> &'static RuleBook {
    &RULES
}
