//! When a deal entered and left each stage. Kept by the database; read only.

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use uuid::Uuid;

pub const DEAL: Col<Uuid> = col("deal_id");
pub const STAGE: Col<Uuid> = col("stage_id");
pub const ENTERED_AT: Col<Timestamp> = col("entered_at");
pub const LEFT_AT: Col<Timestamp> = col("left_at");
pub const USER: Col<Uuid> = col("user_id");

pub static DEAL_STAGE: Entity = Entity {
    name: "deal_stage",
    table: "deal_stage_history",
    is_view: false,
    path: "stage-history",
    label: "Stage entry",
    label_plural: "Stage history",
    icon: "history",
    resource: "deals",
    title: "entered_at",
    access: Access::Through {
        column: "deal_id",
        parent: "deal",
    },
    fields: &[
        Field::of(DEAL, "Deal", Kind::Reference)
            .references("deal")
            .required()
            .filterable()
            .system(),
        Field::of(STAGE, "Stage", Kind::Reference)
            .references("stage")
            .filterable()
            .system(),
        Field::of(ENTERED_AT, "Entered", Kind::Timestamp)
            .filled()
            .required()
            .sortable()
            .system(),
        Field::of(LEFT_AT, "Left", Kind::Timestamp).system(),
        Field::of(USER, "By", Kind::User).system(),
    ],
    children: &[],
    layout: Layout {
        table: &["stage_id", "entered_at", "left_at", "user_id"],
        sections: &[Section {
            label: "Entry",
            fields: &["deal_id", "stage_id", "entered_at", "left_at", "user_id"],
        }],
        board: None,
    },
    verbs: Verbs::READ,
    soft_delete: false,
    versioned: false,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("entered_at", false),
    all: fields_of!(DEAL_STAGE),
};
