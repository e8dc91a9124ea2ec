//! Records that are worked through the stages of a pipeline and laid out on a board: deals and leads.
//!
//! Their tables have `pipeline_id`, `stage_id` and `board_position`.

mod pipeline;
mod stage;

pub use pipeline::pipeline;
pub use stage::{StageMove, move_stage};

use std::collections::HashMap;

use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::{Col, col};
use kith_engine::{Batch, Change, Draft, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement};
use uuid::Uuid;

use crate::{deal, lead, rank};

pub(crate) const PIPELINE: Col<Uuid> = col("pipeline_id");
pub(crate) const STAGE: Col<Uuid> = col("stage_id");
pub(crate) const BOARD_POSITION: Col<String> = col("board_position");

/// What the board of an entity adds up.
#[derive(Debug)]
pub struct Staged {
    pub entity: &'static Entity,
    /// The money column.
    pub(crate) value: &'static str,
    /// The record's own probability, in percent; `None` where the stage's counts.
    pub(crate) probability: Option<&'static str>,
}

/// How an entity is worked through stages; `None` for one that is not.
pub fn of(entity: &Entity) -> Option<&'static Staged> {
    [&deal::STAGED, &lead::STAGED]
        .into_iter()
        .find(|staged| staged.entity.name == entity.name)
}

/// A stage, as far as rules need it.
pub(crate) struct Stage {
    pub(crate) id: Uuid,
    pipeline: Uuid,
    pub(crate) kind: String,
    /// What a lead in it is.
    pub(crate) lead_status: Option<String>,
    default_pipeline: bool,
}

/// The stages of an entity: active ones first, in their order.
pub(crate) struct Stages {
    order: Vec<Stage>,
    position: HashMap<Uuid, usize>,
}

impl Stages {
    /// The stage that a record will be in.
    pub(crate) fn of(&self, change: &Change<Draft>) -> Option<&Stage> {
        self.get(change.get(STAGE)?)
    }

    fn get(&self, id: Uuid) -> Option<&Stage> {
        self.order.get(*self.position.get(&id)?)
    }

    /// The first stage that passes, of the pipeline wanted or else of the default one.
    pub(crate) fn first(
        &self,
        pipeline: Option<Uuid>,
        passes: impl Fn(&Stage) -> bool,
    ) -> Option<&Stage> {
        self.order.iter().find(|stage| {
            pipeline.map_or(stage.default_pipeline, |wanted| stage.pipeline == wanted)
                && passes(stage)
        })
    }
}

/// Gives every record that is new or moves its pipeline, its stage and, when new, its place on the board.
/// `None` when nothing moves.
pub(crate) async fn place(batch: &mut Batch<'_>) -> Result<Option<Stages>, EngineError> {
    let moving = batch
        .changes
        .iter()
        .any(|change| change.is_new() || change.gives(STAGE) || change.gives(PIPELINE));
    if !moving {
        return Ok(None);
    }
    let stages = load(batch).await?;
    for change in batch.changes.iter_mut() {
        if change.is_new() {
            change.set(BOARD_POSITION, rank::newest_first(change.id()));
        }
        let wanted = change.get(PIPELINE).filter(|_| change.gives(PIPELINE));
        match change.get(STAGE) {
            // A stage says which pipeline; one of another pipeline than wanted is refused below.
            Some(stage) if change.gives(STAGE) || wanted.is_none() => {
                if let Some(found) = stages.get(stage)
                    && wanted.is_none()
                {
                    change.set(PIPELINE, found.pipeline);
                }
            }
            _ => {
                if let Some(stage) = stages.first(wanted, |_| true) {
                    change.set(STAGE, stage.id);
                    change.set(PIPELINE, stage.pipeline);
                }
            }
        }
        if let Some(stage) = stages.of(change)
            && change
                .get(PIPELINE)
                .is_some_and(|pipeline| pipeline != stage.pipeline)
        {
            return Err(Fault::new("rule", "this stage belongs to another pipeline")
                .at("stage_id")
                .into());
        }
    }
    Ok(Some(stages))
}

/// All stages of the organization for the batch's entity: a handful.
pub(crate) async fn load(batch: &Batch<'_>) -> Result<Stages, EngineError> {
    let statement = Statement::new(
        "SELECT s.id, s.pipeline_id, s.kind, s.lead_status, p.is_default \
         FROM stages s JOIN pipelines p ON p.organization_id = s.organization_id AND p.id = s.pipeline_id \
         WHERE p.entity = $1 ORDER BY NOT s.is_active, s.position, s.id",
    )
    .with(batch.entity.name, Type::TEXT);
    let rows = batch.tx.query(&statement).await?;
    let order: Vec<Stage> = rows.iter().filter_map(read).collect();
    let position = order
        .iter()
        .enumerate()
        .map(|(index, stage)| (stage.id, index))
        .collect();
    Ok(Stages { order, position })
}

fn read(row: &Row) -> Option<Stage> {
    Some(Stage {
        id: row.try_get(0).ok()?,
        pipeline: row.try_get(1).ok()?,
        kind: row.try_get(2).ok()?,
        lead_status: row.try_get(3).ok()?,
        default_pipeline: row.try_get(4).ok()?,
    })
}
