//! Exporting: any number of records as a file, in constant memory, in a form that imports again.
//!
//! ```text
//! cursor (store)   rows of one snapshot, a few hundred at a time, in the list's order
//! run.rs           rows → names of what they refer to (names.rs) → bytes (csv.rs, ndjson.rs, xlsx.rs) → whoever reads
//! beside it        a seat among the few that may run at a time (seats.rs), an entry in the audit log (audit.rs)
//! ```
//!
//! What is read is what the caller may read and may export: row security decides about rows, the mask about
//! addresses and numbers. Whoever reads slowly slows the database down; whoever goes away ends the statement.

mod audit;
mod cells;
mod columns;
mod csv;
mod names;
mod ndjson;
mod run;
mod scope;
mod seats;
mod xlsx;

pub(crate) use columns::name_header;
pub use run::{Exported, Wanted, export};
pub use seats::Seats;

/// The kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Xlsx,
    Ndjson,
}

impl Format {
    pub const ALL: &'static [Format] = &[Format::Csv, Format::Xlsx, Format::Ndjson];

    /// The format's name, which is the ending of its files too.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Ndjson => "ndjson",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }

    /// The media type of its files.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Ndjson => "application/x-ndjson",
        }
    }
}
