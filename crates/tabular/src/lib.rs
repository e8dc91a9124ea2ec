//! Reads tables as people really have them.
//!
//! A table arrives as a file of unknown making: CSV with semicolons out of a
//! German Excel, UTF-16 out of a Windows export, an `.xlsx` that somebody
//! renamed to `.csv`, dates in three orders and numbers with four kinds of
//! thousands separator. This crate turns it into headers and rows of text
//! ([`Table`]), and turns that text into values ([`dates`], [`numbers`],
//! [`booleans`]), into a proposed mapping of columns ([`headers`]) and into
//! keys by which names find their records ([`keys`]).
//!
//! What it must not know: the database, HTTP, the async runtime, and what a
//! company or a deal is. Callers describe their fields as
//! [`headers::Target`]s.
//!
//! Three promises hold for every input, also a hostile one:
//! * nothing panics,
//! * memory is bounded by [`Limits`]: delimited text is streamed, archives are
//!   measured before they are unpacked,
//! * what cannot be read is reported with its line, never guessed at in
//!   silence. A value that could mean two things ("03/04/2017", "1,234") is an
//!   error until the caller, or the rest of the column, has decided.

pub mod booleans;
mod cards;
pub mod dates;
mod delimited;
mod error;
pub mod formulas;
pub mod headers;
pub mod keys;
pub mod numbers;
mod objects;
mod rows;
mod source;
mod table;
mod workbook;
pub mod writing;

pub use error::{Limits, RowError, RowProblem, TableError};
pub use rows::{Row, Rows};
pub use source::Source;
pub use table::{Format, Table};
