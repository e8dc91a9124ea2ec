//! An export from beginning to end: a task of its own, which goes on for as long as somebody reads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use kith_catalogue::access::Scope;
use kith_catalogue::entity::Entity;
use kith_store::{Cursor, Patience, Row, Statement, StoreError};
use kith_tabular::writing::{Delimited, LARGEST_SHEET, Workbook};
use serde_json::{Map, Value as Json};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::audit::Entries;
use super::cells::write_row;
use super::columns::Layout;
use super::names::Names;
use super::scope::{permitted, push};
use super::seats::{Seat, Seats};
use super::xlsx::{Pieces, refused};
use super::{Format, csv, ndjson};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::mask::Mask;
use crate::query::ListQuery;
use crate::read::Plan;

/// Rows of the first piece: few, so that it is there at once.
const FIRST: u32 = 100;
/// Rows of a piece, at least and at most.
const ROWS: (usize, usize) = (20, 1_000);
/// Bytes of the rows of a piece, about.
const PIECE: usize = 512 * 1024;
/// Pieces that wait for the reader.
const WAITING: usize = 2;
/// How long a reader may take nothing at all.
pub(super) const STALL: Duration = Duration::from_mins(2);
/// A sort that no index gives may take its time; a snapshot is held for as long as something moves.
const PATIENCE: Patience = Patience {
    statement: Duration::from_mins(5),
    idle: Duration::from_mins(5),
};

type Sender = mpsc::Sender<Result<Bytes, EngineError>>;

/// What is to be exported, and how.
pub struct Wanted {
    pub format: Format,
    /// Puts the byte order mark in front of CSV, by which Excel knows UTF-8.
    pub mark: bool,
    /// Filter, order and fields; of its limits none counts.
    pub query: ListQuery,
    /// What was asked for, for the audit log.
    pub asked: Map<String, Json>,
    /// Where a spreadsheet's rows lie until it is complete.
    pub folder: PathBuf,
}

/// The pieces of the file. An error among them means that the file is not complete.
pub type Exported = mpsc::Receiver<Result<Bytes, EngineError>>;

/// Begins an export; it ends when everything was read, or when what is answered is dropped.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to export; [`EngineError::Busy`] when too many run;
/// [`EngineError::Conflict`] for more than a spreadsheet can hold; those of the first piece.
pub async fn export(
    engine: &Engine,
    seats: &Seats,
    caller: &Caller,
    entity: &'static Entity,
    wanted: Wanted,
) -> Result<Exported, EngineError> {
    let scope = permitted(caller, entity)?;
    let seat = seats.take(caller.principal.organization_id)?;
    let mut asked = wanted.asked.clone();
    asked.insert("format".to_owned(), Json::from(wanted.format.name()));
    if let Some(fields) = &wanted.query.fields {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        asked.insert("fields".to_owned(), Json::from(names));
    }
    let entries = Entries {
        engine: engine.clone(),
        caller: caller.clone(),
        entity,
        id: Uuid::now_v7(),
        asked,
    };
    entries.begin().await?;
    let (sender, pieces) = mpsc::channel(WAITING);
    let (ready, begun) = oneshot::channel();
    let work = Work {
        engine: engine.clone(),
        caller: caller.clone(),
        entity,
        scope,
        wanted,
        count: AtomicU64::new(0),
    };
    tokio::spawn(conduct(work, entries, seat, sender, ready));
    begun
        .await
        .map_err(|_| StoreError::internal("the export ended before it began"))??;
    Ok(pieces)
}

/// Runs an export and writes how it ended.
async fn conduct(
    work: Work,
    entries: Entries,
    seat: Seat,
    sender: Sender,
    ready: oneshot::Sender<Result<(), EngineError>>,
) {
    let mut ready = Some(ready);
    let outcome = tokio::select! {
        outcome = work.run(&sender, &mut ready) => outcome,
        // Dropping the work drops its cursor, which ends the statement and the transaction.
        () = sender.closed() => Err(Stop::Gone),
    };
    drop(seat);
    let count = work.count.load(Ordering::Relaxed);
    let state = match outcome {
        Ok(()) => "completed",
        Err(Stop::Gone) => "interrupted",
        Err(Stop::Failed(error)) => {
            match ready.take() {
                Some(ready) => drop(ready.send(Err(error))),
                None => {
                    let detail = match &error {
                        EngineError::Store(error) => error.log_detail(),
                        _ => None,
                    };
                    tracing::warn!(%error, detail, export = %entries.id, count, "an export ended early");
                    // An error in the middle breaks the transfer off: what arrived must not look complete.
                    drop(sender.send_timeout(Err(error), STALL).await);
                }
            }
            "failed"
        }
    };
    entries.end(state, count).await;
}

/// Why an export ends early.
enum Stop {
    /// Nobody reads any more.
    Gone,
    Failed(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Stop::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Failed(error.into())
    }
}

struct Work {
    engine: Engine,
    caller: Caller,
    entity: &'static Entity,
    scope: Scope,
    wanted: Wanted,
    /// Records that went out.
    count: AtomicU64,
}

/// What writing a row takes.
struct Writing {
    layout: Layout,
    mask: Mask,
    names: Names,
}

impl Work {
    async fn run(
        &self,
        sender: &Sender,
        ready: &mut Option<oneshot::Sender<Result<(), EngineError>>>,
    ) -> Result<(), Stop> {
        let plan =
            Plan::of_everything(&self.engine, &self.caller, self.entity, &self.wanted.query)?;
        let narrow =
            |sql: &mut crate::sql::Sql| push(sql, self.engine.catalogue, self.entity, self.scope);
        if self.wanted.format == Format::Xlsx {
            self.refuse_what_no_sheet_holds(&plan.at_most(
                &self.caller,
                i64::from(LARGEST_SHEET),
                &narrow,
            ))
            .await?;
        }
        let statement = plan.whole(&self.caller, &narrow);
        let layout = Layout::new(self.engine.catalogue, &self.caller, &plan.selection);
        let writing = Writing {
            names: Names::new(&self.caller, &layout),
            mask: plan.selection.mask.clone(),
            layout,
        };
        let cursor = Cursor::open(
            &self.engine.database,
            &self.caller.principal,
            statement,
            PATIENCE,
        )
        .await?;
        let rows = cursor.next(FIRST).await?;
        match self.wanted.format {
            Format::Csv => {
                begin(ready);
                let mut out = Delimited::new();
                csv::begin(&mut out, &writing.layout, self.wanted.mark);
                self.stream(&cursor, writing, rows, sender, |writing, rows| {
                    csv::write(
                        &mut out,
                        &writing.layout,
                        &writing.mask,
                        &writing.names,
                        rows,
                    )?;
                    Ok(out.take())
                })
                .await
            }
            Format::Ndjson => {
                begin(ready);
                self.stream(&cursor, writing, rows, sender, |writing, rows| {
                    let mut out = Vec::with_capacity(PIECE);
                    ndjson::write(
                        &mut out,
                        &writing.layout,
                        &writing.mask,
                        &writing.names,
                        rows,
                    )?;
                    Ok(out)
                })
                .await
            }
            Format::Xlsx => {
                let book = Box::pin(self.fill_workbook(cursor, writing, rows)).await?;
                begin(ready);
                send_workbook(book, sender.clone()).await
            }
        }
    }

    /// Better before an hour's work than after it.
    async fn refuse_what_no_sheet_holds(&self, count: &Statement) -> Result<(), Stop> {
        let answers = self
            .engine
            .database
            .read(&self.caller.principal, std::slice::from_ref(count))
            .await?;
        let rows: i64 = answers
            .first()
            .and_then(|rows| rows.first())
            .and_then(|row| row.try_get(0).ok())
            .unwrap_or_default();
        if rows >= i64::from(LARGEST_SHEET) {
            return Err(refused(kith_tabular::writing::WorkbookError::TooManyRows).into());
        }
        Ok(())
    }

    /// Turns piece after piece into bytes; the next rows are on their way meanwhile.
    async fn stream(
        &self,
        cursor: &Cursor,
        mut writing: Writing,
        mut rows: Vec<Row>,
        sender: &Sender,
        mut write: impl FnMut(&Writing, &[Row]) -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), Stop> {
        let mut asked = FIRST;
        loop {
            let last = rows.len() < asked as usize;
            asked = size_of_next(&rows);
            let now = async {
                // The request for the next rows waits in this thread's queue, and goes out once this task makes way.
                tokio::task::yield_now().await;
                writing.names.learn(cursor, &writing.layout, &rows).await?;
                let bytes = write(&writing, &rows)?;
                if !bytes.is_empty() {
                    let sent = sender.send_timeout(Ok(Bytes::from(bytes)), STALL).await;
                    sent.map_err(|_| Stop::Gone)?;
                }
                self.count.fetch_add(rows.len() as u64, Ordering::Relaxed);
                Ok::<(), Stop>(())
            };
            if last {
                return now.await;
            }
            let (next, done) = join(cursor.next(asked), now).await;
            done?;
            rows = next?;
        }
    }

    /// All rows into a workbook, on threads that may wait for the disk.
    async fn fill_workbook(
        &self,
        cursor: Cursor,
        writing: Writing,
        mut rows: Vec<Row>,
    ) -> Result<Workbook, Stop> {
        let (folder, name, columns) = (
            self.wanted.folder.clone(),
            self.entity.label_plural,
            writing.layout.headers(),
        );
        let mut book =
            blocking(move || Workbook::new(&folder, name, &columns).map_err(refused)).await?;
        let mut writing = writing;
        let mut asked = FIRST;
        loop {
            let last = rows.len() < asked as usize;
            asked = size_of_next(&rows);
            let count = rows.len() as u64;
            let now = async {
                writing.names.learn(&cursor, &writing.layout, &rows).await?;
                let done = blocking(move || {
                    for row in &rows {
                        write_row(
                            &mut book,
                            &writing.layout,
                            &writing.mask,
                            &writing.names,
                            row,
                        )?;
                        book.end_line();
                    }
                    Ok((book, writing))
                })
                .await?;
                Ok::<_, Stop>(done)
            };
            if last {
                let (book, _) = now.await?;
                self.count.fetch_add(count, Ordering::Relaxed);
                return Ok(book);
            }
            let (next, done) = join(cursor.next(asked), now).await;
            (book, writing) = done?;
            rows = next?;
            self.count.fetch_add(count, Ordering::Relaxed);
        }
    }
}

fn begin(ready: &mut Option<oneshot::Sender<Result<(), EngineError>>>) {
    if let Some(ready) = ready.take() {
        // Whoever waited may be gone; then the pieces find nobody either.
        drop(ready.send(Ok(())));
    }
}

/// How many rows to ask for, by the size of these: large ones come in small pieces.
fn size_of_next(rows: &[Row]) -> u32 {
    let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
    let each = bytes / rows.len().max(1);
    let wanted = (PIECE / each.max(1)).clamp(ROWS.0, ROWS.1);
    u32::try_from(wanted).unwrap_or(FIRST)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::internal(error.to_string()))?
}

async fn send_workbook(book: Workbook, sender: Sender) -> Result<(), Stop> {
    let runtime = tokio::runtime::Handle::current();
    blocking(move || {
        let pieces = Pieces {
            sender,
            runtime,
            held: Vec::new(),
        };
        book.finish(pieces).map_err(refused)
    })
    .await?;
    Ok(())
}
