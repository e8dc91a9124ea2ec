//! A spreadsheet, made on a thread of its own: its rows lie on the disk until it is complete, and only then it is
//! sent.

use std::io::{self, Write};

use bytes::Bytes;
use kith_tabular::writing::{Cell, Workbook, WorkbookError};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::cells::Sink;
use super::run::STALL;
use crate::error::EngineError;

/// Bytes sent in one piece.
const PIECE: usize = 256 * 1024;

impl Sink for Workbook {
    fn cell(&mut self, cell: Cell<'_>) -> Result<(), EngineError> {
        Workbook::cell(self, cell).map_err(refused)
    }
}

/// What a sheet cannot hold is the caller's to decide about; the rest is ours.
pub(super) fn refused(error: WorkbookError) -> EngineError {
    let message = match error {
        WorkbookError::TooManyRows => {
            format!("{error}; narrow the filter, or export as CSV")
        }
        WorkbookError::CellTooLong { ref column } => {
            format!("{error}, and a {column} is longer; export as CSV, or leave this field out")
        }
        WorkbookError::Write(detail) => {
            return EngineError::Store(kith_store::StoreError::internal(detail));
        }
    };
    EngineError::Conflict {
        field: Some("format".to_owned()),
        message,
    }
}

/// Hands what is written on in pieces; waits while nobody takes them.
pub(super) struct Pieces {
    pub sender: Sender<Result<Bytes, EngineError>>,
    /// Where waiting is bounded.
    pub runtime: Handle,
    pub held: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.held));
        self.runtime
            .block_on(self.sender.send_timeout(Ok(piece), STALL))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // What is held after the last write; whoever is gone misses nothing.
        let _ = self.flush();
    }
}
