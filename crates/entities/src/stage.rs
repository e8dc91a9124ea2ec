//! A step of a pipeline.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::access::Action;
use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Caller, Change, Draft, Engine, EngineError, Rules};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use uuid::Uuid;

use crate::{lead, naming};

pub const PIPELINE: Col<Uuid> = col("pipeline_id");
pub const KEY: Col<String> = col("key");
pub const NAME: Col<String> = col("name");
pub const POSITION: Col<i64> = col("position");
pub const PROBABILITY: Col<i64> = col("probability");
pub const COLOR: Col<String> = col("color");
pub const KIND: Col<String> = col("kind");
pub const LEAD_STATUS: Col<String> = col("lead_status");
pub const IS_ACTIVE: Col<bool> = col("is_active");

const KINDS: &[Choice] = &[
    Choice::new("open", "Open", "blue"),
    Choice::new("won", "Won", "green"),
    Choice::new("lost", "Lost", "red"),
];

pub static STAGE: Entity = Entity {
    name: "stage",
    table: "stages",
    is_view: false,
    path: "stages",
    label: "Stage",
    label_plural: "Stages",
    icon: "list-ordered",
    resource: "pipelines",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(PIPELINE, "Pipeline", Kind::Reference)
            .references("pipeline")
            .required()
            .writer(Writer::OnCreate)
            .filterable(),
        Field::of(KEY, "Key", Kind::Text)
            .required()
            .max_length(50)
            .writer(Writer::OnCreate)
            .help("The name in the interface; made from the name when left empty"),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
        Field::of(PROBABILITY, "Probability", Kind::Percent).default(Default::Integer(0)),
        Field::of(COLOR, "Colour", Kind::Color),
        Field::of(KIND, "Kind", Kind::Choice)
            .choices(KINDS)
            .required()
            .default(Default::Text("open"))
            .writer(Writer::OnCreate),
        Field::of(LEAD_STATUS, "Lead status", Kind::Choice)
            .choices(lead::STATUSES)
            .help("What a lead in this stage is; for pipelines of leads"),
        Field::of(IS_ACTIVE, "Active", Kind::Boolean)
            .default(Default::Boolean(true))
            .help("A retired stage keeps what is in it and takes nothing new"),
    ],
    children: &[
        Child {
            name: "deals",
            label: "Deals",
            entity: "deal",
            field: "stage_id",
        },
        Child {
            name: "leads",
            label: "Leads",
            entity: "lead",
            field: "stage_id",
        },
    ],
    layout: Layout {
        table: &[
            "name",
            "pipeline_id",
            "position",
            "probability",
            "kind",
            "color",
            "is_active",
        ],
        sections: &[Section {
            label: "About",
            fields: &[
                "name",
                "pipeline_id",
                "key",
                "position",
                "probability",
                "kind",
                "lead_status",
                "color",
                "is_active",
            ],
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
    natural_keys: &["name", "key"],
    default_sort: ("position", false),
    all: fields_of!(STAGE),
};

/// Rules of stages.
pub struct StageRules;

impl Rules for StageRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            for change in batch.changes.iter_mut() {
                if change.is_new()
                    && !change.gives(KEY)
                    && let Some(key) = change.get(NAME).as_deref().and_then(naming::key)
                {
                    change.set(KEY, key);
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if let Some(key) = change.get(KEY)
            && naming::key(&key).as_deref() != Some(key.as_str())
        {
            faults.push(
                Fault::new(
                    "not_a_key",
                    "has lower-case letters, digits and _ only and begins with a letter",
                )
                .at("key"),
            );
        }
    }
}

/// Moves every record of a stage to another stage of the same pipeline and removes the stage.
///
/// # Errors
/// [`EngineError::NotFound`] for either stage; [`EngineError::Conflict`] when the stages belong to
/// different pipelines or some records could not be moved.
pub async fn merge(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    stage: Uuid,
    into: Uuid,
) -> Result<(), EngineError> {
    caller.require(&STAGE, Action::Delete)?;
    let statement = Statement::new(
        "SELECT a.pipeline_id = b.pipeline_id, p.entity FROM stages a, stages b, pipelines p \
         WHERE a.id = $1 AND b.id = $2 AND a.id <> b.id AND p.id = a.pipeline_id",
    )
    .with(stage, Type::UUID)
    .with(into, Type::UUID);
    let row = tx
        .query_opt(&statement)
        .await?
        .ok_or(EngineError::NotFound)?;
    if !row.try_get(0).unwrap_or(false) {
        return Err(EngineError::Conflict {
            field: Some("into".to_owned()),
            message: "a stage can only be merged into another stage of its own pipeline".to_owned(),
        });
    }
    let worked: &str = row.try_get(1).unwrap_or_default();
    let worked = engine
        .catalogue
        .by_name(worked)
        .ok_or(EngineError::NotFound)?;
    let statement = Statement::new(format!(
        "UPDATE {} SET stage_id = $2 WHERE stage_id = $1",
        worked.table
    ))
    .with(stage, Type::UUID)
    .with(into, Type::UUID);
    tx.execute(&statement).await?;
    kith_engine::delete(engine, tx, caller, &STAGE, &[stage]).await
}
