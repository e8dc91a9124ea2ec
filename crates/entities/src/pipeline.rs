//! The ways in which deals (and leads) are worked, each a row of stages.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, EngineError, Rules};
use kith_store::Statement;
use kith_store::types::Type;

pub const NAME: Col<String> = col("name");
pub const ENTITY: Col<String> = col("entity");
pub const IS_DEFAULT: Col<bool> = col("is_default");
pub const POSITION: Col<i64> = col("position");

const ENTITIES: &[Choice] = &[
    Choice::new("deal", "Deals", "violet"),
    Choice::new("lead", "Leads", "blue"),
];

pub static PIPELINE: Entity = Entity {
    name: "pipeline",
    table: "pipelines",
    is_view: false,
    path: "pipelines",
    label: "Pipeline",
    label_plural: "Pipelines",
    icon: "git-branch",
    resource: "pipelines",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .unique()
            .max_length(100)
            .sortable(),
        Field::of(ENTITY, "For", Kind::Choice)
            .choices(ENTITIES)
            .required()
            .default(Default::Text("deal"))
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(IS_DEFAULT, "Default", Kind::Boolean)
            .default(Default::Boolean(false))
            .help("New records go here; making another pipeline the default replaces it"),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
    ],
    children: &[
        Child {
            name: "stages",
            label: "Stages",
            entity: "stage",
            field: "pipeline_id",
        },
        Child {
            name: "deals",
            label: "Deals",
            entity: "deal",
            field: "pipeline_id",
        },
        Child {
            name: "leads",
            label: "Leads",
            entity: "lead",
            field: "pipeline_id",
        },
    ],
    layout: Layout {
        table: &["name", "entity", "is_default", "position"],
        sections: &[Section {
            label: "About",
            fields: &["name", "entity", "is_default", "position"],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("position", false),
    all: fields_of!(PIPELINE),
};

/// Rules of pipelines.
pub struct PipelineRules;

impl Rules for PipelineRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            // One default for each entity: a new one replaces the one before.
            for change in batch.changes.iter() {
                if change.changes(IS_DEFAULT)
                    && change.get(IS_DEFAULT) == Some(true)
                    && let Some(entity) = change.get(ENTITY)
                {
                    let statement = Statement::new("UPDATE pipelines SET is_default = false WHERE entity = $1 AND is_default AND id <> $2")
                        .with(entity, Type::TEXT)
                        .with(change.id(), Type::UUID);
                    batch.tx.execute(&statement).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}
