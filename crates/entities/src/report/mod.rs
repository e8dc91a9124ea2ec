//! Reports: questions that are asked again and again, each a statement of its own beside the others
//! (`questions.rs`), asked as whoever reads the answer.

mod custom;
mod questions;
mod request;
mod run;
mod schedule;

pub use request::{Request, TYPES};
pub use run::{data, generate, run, summary, types};
pub use schedule::{Keeper, keeper, scheduled_reports, tell_keeper};

use jiff::Timestamp;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const TYPE: Col<String> = col("type");
pub const COMPANY: Col<Uuid> = col("company_id");
pub const PROJECT: Col<Uuid> = col("project_id");
pub const CONFIG: Col<Json> = col("config");
pub const DATA: Col<Json> = col("data");
pub const GENERATED_BY: Col<Uuid> = col("generated_by");
pub const GENERATED_AT: Col<Timestamp> = col("generated_at");
pub const SCHEDULE: Col<String> = col("schedule");
pub const OWNER: Col<Uuid> = col("owner_id");

const SCHEDULES: &[Choice] = &[
    Choice::new("daily", "Every day", "blue"),
    Choice::new("weekly", "Every week", "violet"),
    Choice::new("monthly", "Every month", "teal"),
];

/// What no client is shown, as the database's CHECK says too.
const INTERNAL: &[&str] = &["project_profitability", "activity", "won_lost", "custom"];

pub static REPORT: Entity = Entity {
    name: "report",
    table: "reports",
    is_view: false,
    path: "reports",
    label: "Report",
    label_plural: "Reports",
    icon: "chart-column",
    resource: "reports",
    title: "name",
    access: Access::Owned {
        owner: "owner_id",
        also: &[],
        company: Some("company_id"),
    },
    fields: &[
        Field::of(NAME, "Name", Kind::Text).required().sortable(),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
        Field::of(TYPE, "Type", Kind::Choice)
            .choices(TYPES)
            .required()
            .filterable(),
        Field::of(COMPANY, "For", Kind::Reference)
            .references("company")
            .filterable()
            .help("The people of this company read the report, too"),
        Field::of(PROJECT, "Project", Kind::Reference)
            .references("project")
            .filterable(),
        Field::of(CONFIG, "Settings", Kind::Json)
            .default(Default::Empty)
            .help("What GET /reports/types tells for the type: from, to, owner_id …"),
        Field::of(DATA, "Kept answer", Kind::Json).system(),
        Field::of(GENERATED_BY, "Kept by", Kind::User).system(),
        Field::of(GENERATED_AT, "Kept", Kind::Timestamp)
            .sortable()
            .system(),
        Field::of(SCHEDULE, "Kept again", Kind::Choice)
            .choices(SCHEDULES)
            .filterable(),
        Field::of(OWNER, "Owner", Kind::User)
            .writer(Writer::Assigner)
            .default(Default::CurrentUser)
            .filterable(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "name",
            "type",
            "company_id",
            "project_id",
            "owner_id",
            "generated_at",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Report",
                fields: &[
                    "name",
                    "type",
                    "description",
                    "project_id",
                    "company_id",
                    "owner_id",
                    "config",
                    "schedule",
                ],
            },
            Section {
                label: "Kept answer",
                fields: &["generated_at", "generated_by", "data"],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: true,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("name", false),
    all: fields_of!(REPORT),
};

/// Rules of reports.
pub struct ReportRules;

impl Rules for ReportRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let Some(kind) = change.get(TYPE) else {
            return;
        };
        if change.get(COMPANY).is_some() && INTERNAL.contains(&kind.as_str()) {
            let message = "a report of this type is internal; its people would read it";
            faults.push(Fault::new("rule", message).at("company_id"));
        }
        let mut config = change.get(CONFIG).unwrap_or_else(|| json!({}));
        if let (Json::Object(members), Some(project)) = (&mut config, change.get(PROJECT)) {
            members.insert("project_id".to_owned(), json!(project));
        }
        if (change.changes(CONFIG) || change.changes(TYPE) || change.is_new())
            && let Err(problems) = Request::parse(&kind, &config)
        {
            for problem in problems.into_vec() {
                let missing_project = problem.field == "project_id" && problem.code == "required";
                let field = if missing_project {
                    "project_id".to_owned()
                } else {
                    format!("config.{}", problem.field)
                };
                faults.push(Fault { field, ..problem });
            }
        }
    }
}
