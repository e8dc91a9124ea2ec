//! A run from beginning to end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_store::{StoreError, Tx};
use serde_json::{Value as Json, json};
use tokio::sync::{Semaphore, mpsc};

use super::batch::{Done, number, process};
use super::errors;
use super::job::{Counts, End, Job, get};
use super::later::{Later, settle};
use super::options::{Duplicates, ImportOptions, Mode};
use super::plan::Plan;
use super::references::Names;
use super::rows::{DraftRow, RowFault};
use super::source::{BATCH, Piece, beginning, read};
use super::tally::{Tally, Told};
use super::write::Stop;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// Runs at a time on one node; more wait. Each holds a connection.
static RUNS: Semaphore = Semaphore::const_new(2);
/// How often a batch is tried when other work is in its way.
const ATTEMPTS: u32 = 5;

/// A file that is removed when it is not needed any more.
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "an imported file could not be removed");
        }
    }
}

/// Starts an import in the background and answers its row. The file is removed in any case.
///
/// # Errors
/// [`EngineError::Forbidden`]; [`EngineError::Malformed`] for a file that is no table;
/// [`EngineError::Invalid`] with every option that does not fit.
pub async fn start(
    engine: Engine,
    caller: Caller,
    entity: &'static Entity,
    path: PathBuf,
    file_name: &str,
    options: Json,
) -> Result<Json, EngineError> {
    let file = TemporaryFile(path);
    let (job, plan) = prepare(&engine, &caller, entity, &file.0, file_name, &options).await?;
    let row = get(&engine, &caller, job.id).await?;
    let name = file_name.to_owned();
    tokio::spawn(async move {
        let path = file.0.clone();
        execute(&job, plan, &path, &name, Some(file)).await;
    });
    Ok(row)
}

/// Imports a file and answers the row of the finished run. The file stays.
///
/// # Errors
/// As [`start`].
pub async fn run_to_end(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    path: &Path,
    file_name: &str,
    options: &Json,
) -> Result<Json, EngineError> {
    let (job, plan) = prepare(engine, caller, entity, path, file_name, options).await?;
    execute(&job, plan, path, file_name, None).await;
    get(engine, caller, job.id).await
}

/// Everything that can be refused at once is refused here, before there is a run.
async fn prepare(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    path: &Path,
    file_name: &str,
    options: &Json,
) -> Result<(Job, Arc<Plan>), EngineError> {
    if !entity.verbs.import {
        return Err(EngineError::Refused {
            field: None,
            message: format!("{} cannot be imported", entity.path),
        });
    }
    caller.require(entity, Action::Import)?;
    let parsed = ImportOptions::parse(options)?;
    let (file, name) = (path.to_owned(), file_name.to_owned());
    let look = tokio::task::spawn_blocking(move || beginning(&file, &name)).await;
    let (headers, samples) = look.map_err(|error| StoreError::internal(error.to_string()))??;
    let plan = Plan::new(engine.catalogue, caller, entity, parsed, headers, &samples)?;
    caller.require(entity, Action::Create)?;
    if plan.options.duplicates == Duplicates::Update {
        caller.require(entity, Action::Update)?;
    }
    for child in &plan.children {
        caller.require(child.entity, Action::Create)?;
    }
    let stored =
        json!({"options": options, "headers": plan.headers, "source": plan.dialect.name()});
    let job = Job::insert(
        engine,
        caller,
        entity.name,
        file_name,
        plan.options.dry_run,
        stored,
    )
    .await?;
    Ok((job, Arc::new(plan)))
}

/// Runs, with progress beside it, and writes how it ended.
async fn execute(
    job: &Job,
    plan: Arc<Plan>,
    path: &Path,
    file_name: &str,
    temporary: Option<TemporaryFile>,
) {
    let mut run = Run {
        job,
        plan: &plan,
        counts: Counts::default(),
        tally: Tally::default(),
        recorded: 0,
    };
    let work = async {
        let _turn = RUNS.acquire().await;
        job.set_running();
        run.go(path, file_name).await
    };
    let result = tokio::select! {
        result = work => result,
        error = job.beat() => Err(Stop::Failed(error)),
    };
    let end = run.conclude(result);
    // Before the end is told: whoever hears of it finds the file gone.
    drop(temporary);
    for _ in 0..ATTEMPTS {
        match job.finish(&end, &run.tally).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, import = %job.id, "the end of an import could not be written");
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

struct Run<'a> {
    job: &'a Job,
    plan: &'a Arc<Plan>,
    counts: Counts,
    tally: Tally,
    /// Errors that were written down.
    recorded: usize,
}

impl Run<'_> {
    async fn go(&mut self, path: &Path, file_name: &str) -> Result<(), Stop> {
        let (sender, mut pieces) = mpsc::channel(2);
        let (file, name, plan, caller) = (
            path.to_owned(),
            file_name.to_owned(),
            Arc::clone(self.plan),
            self.job.caller().clone(),
        );
        tokio::task::spawn_blocking(move || read(&file, &name, &plan, &caller, &sender));
        let in_file = match pieces.recv().await {
            Some(Piece::Begin { total, names }) => {
                self.job.set_total(total);
                names
            }
            Some(Piece::Broken(error)) => return Err(Stop::Failed(error)),
            Some(Piece::Rows(_)) | None => {
                return Err(Stop::Failed(
                    StoreError::internal("the file ended before it began").into(),
                ));
            }
        };
        let plan = Arc::clone(self.plan);
        let mut names = Names::new(self.job, &plan, in_file);
        // A dry run undoes everything, so it needs to see its own earlier batches: one transaction.
        let undoable = plan.options.dry_run || plan.options.mode == Mode::AllOrNothing;
        let whole = if undoable {
            Some(self.begin().await?)
        } else {
            None
        };
        let mut later = Vec::new();
        while let Some(piece) = pieces.recv().await {
            let rows = match piece {
                Piece::Rows(rows) => rows,
                Piece::Broken(error) => return Err(Stop::Failed(error)),
                Piece::Begin { .. } => continue,
            };
            let done = match &whole {
                Some(tx) => process(self.job, &plan, tx, &mut names, rows).await?,
                None => self.batch(&plan, &mut names, rows).await?,
            };
            later.extend(done.later);
            self.tally.add_related(&done.made);
            self.note(done.counts, &done.told, done.faults).await?;
        }
        self.set_later(&plan, &mut names, whole.as_ref(), later)
            .await?;
        if whole.is_some() && self.job.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match whole {
            Some(tx) if !plan.options.dry_run && self.counts.failed == 0 => tx.commit().await?,
            // Dropped, and with it everything that was written.
            Some(_) | None => {}
        }
        Ok(())
    }

    async fn begin(&self) -> Result<Tx, Stop> {
        let caller = self.job.caller();
        Ok(Tx::begin(
            &self.job.engine().database,
            &caller.principal,
            &caller.origin,
        )
        .await?)
    }

    /// One batch in a transaction of its own, tried again when other work was in its way.
    async fn batch(
        &self,
        plan: &Plan,
        names: &mut Names<'_>,
        rows: Vec<DraftRow>,
    ) -> Result<Done, Stop> {
        let mut attempt = 1;
        loop {
            let tx = self.begin().await?;
            let result = match process(self.job, plan, &tx, names, rows.clone()).await {
                Ok(_) if self.job.is_cancelled() => Err(Stop::Cancelled),
                Ok(done) => tx.commit().await.map(|()| done).map_err(Stop::from),
                Err(stop) => Err(stop),
            };
            match result {
                Err(Stop::Failed(EngineError::Store(error)))
                    if error.is_retryable() && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                    names.forget();
                }
                other => return other,
            }
        }
    }

    /// References to rows that came later.
    async fn set_later(
        &mut self,
        plan: &Plan,
        names: &mut Names<'_>,
        whole: Option<&Tx>,
        mut later: Vec<Later>,
    ) -> Result<(), Stop> {
        for open in later.chunks_mut(BATCH) {
            let wrong = if let Some(tx) = whole {
                settle(self.job, tx, plan, names, open).await?
            } else {
                let tx = self.begin().await?;
                let wrong = settle(self.job, &tx, plan, names, open).await?;
                tx.commit().await?;
                wrong
            };
            let mut counts = Counts::default();
            let mut told = Vec::new();
            if plan.options.mode == Mode::AllOrNothing {
                counts.failed = number(wrong.len());
                counts.created = -counts.failed;
                told.extend(wrong.iter().map(|wrong| wrong.told));
            }
            let faults = wrong.into_iter().flat_map(|wrong| wrong.faults).collect();
            self.note(counts, &told, faults).await?;
        }
        Ok(())
    }

    /// Counts what a batch did and writes its errors down.
    async fn note(
        &mut self,
        counts: Counts,
        told: &[Told],
        mut faults: Vec<RowFault>,
    ) -> Result<(), Stop> {
        self.counts.processed += counts.processed;
        self.counts.created += counts.created;
        self.counts.updated += counts.updated;
        self.counts.skipped += counts.skipped;
        self.counts.failed += counts.failed;
        self.job.set_counts(self.counts);
        faults.sort_by_key(|fault| fault.row);
        self.tally.add(told, &faults);
        faults.truncate(errors::KEPT.saturating_sub(self.recorded));
        self.recorded += faults.len();
        errors::record(self.job, &faults).await?;
        Ok(())
    }

    /// How the run ended, in words; what was undone is not counted as done.
    fn conclude(&mut self, result: Result<(), Stop>) -> End {
        let options = &self.plan.options;
        let failed = self.counts.failed;
        let all_or_nothing = options.mode == Mode::AllOrNothing;
        let undone = match &result {
            Ok(()) => all_or_nothing && failed > 0,
            Err(_) => all_or_nothing || options.dry_run,
        };
        if undone {
            self.counts.created = 0;
            self.counts.updated = 0;
            self.tally.undo();
        }
        self.job.set_counts(self.counts);
        let rows = if failed == 1 {
            "1 row has".to_owned()
        } else {
            format!("{failed} rows have")
        };
        let kept = self.counts.created + self.counts.updated;
        match result {
            Ok(()) if all_or_nothing && failed > 0 && options.dry_run => End {
                status: "completed",
                message: Some(format!("{rows} errors, so nothing would be imported.")),
            },
            Ok(()) if all_or_nothing && failed > 0 => End {
                status: "failed",
                message: Some(format!("{rows} errors, so nothing was imported.")),
            },
            Ok(()) => End {
                status: "completed",
                message: (failed > 0).then(|| {
                    format!(
                        "{rows} errors and {} left out.",
                        if options.dry_run { "would be" } else { "were" }
                    )
                }),
            },
            Err(Stop::Cancelled) if undone => End {
                status: "cancelled",
                message: Some("Cancelled; nothing was kept.".to_owned()),
            },
            Err(Stop::Cancelled) => End {
                status: "cancelled",
                message: Some(format!(
                    "Cancelled; {kept} records had been imported and stay."
                )),
            },
            Err(Stop::Failed(error)) => {
                let detail = match &error {
                    EngineError::Store(error) => error.log_detail(),
                    _ => None,
                };
                tracing::error!(%error, detail, import = %self.job.id, "an import failed");
                let kept = if undone || kept == 0 {
                    "Nothing was imported".to_owned()
                } else {
                    format!("{kept} records had been imported and stay")
                };
                End {
                    status: "failed",
                    message: Some(format!("{kept}: {error}.")),
                }
            }
        }
    }
}
