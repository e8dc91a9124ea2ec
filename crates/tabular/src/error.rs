//! Limits of a table and the ways in which reading it fails.

/// Bounds on what is read. Exceeding one is an error, never a silent cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes as stored.
    pub max_bytes: u64,
    /// Largest total of a spreadsheet's unpacked parts, in bytes; also bounds
    /// the text of its cells in memory.
    pub max_unpacked_bytes: u64,
    /// Most rows below the header.
    pub max_rows: u64,
    /// Most columns.
    pub max_columns: usize,
    /// Longest cell, in bytes of UTF-8.
    pub max_cell_bytes: usize,
    /// Longest row, all cells together, in bytes of UTF-8.
    pub max_row_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 512 << 20,
            max_unpacked_bytes: 512 << 20,
            max_rows: 2_000_000,
            max_columns: 1_000,
            max_cell_bytes: 256 << 10,
            max_row_bytes: 2 << 20,
        }
    }
}

/// Why a file is not a table that can be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The source could not be read.
    #[error("the file could not be read: {0}")]
    Read(#[from] std::io::Error),
    /// Nothing in it.
    #[error("the file is empty; it needs a first row with the names of the columns")]
    Empty,
    /// The stored file is larger than allowed.
    #[error(
        "the file has {bytes} bytes, more than the {limit} allowed; split it into several files"
    )]
    TooLarge {
        /// Size of the file.
        bytes: u64,
        /// [`Limits::max_bytes`].
        limit: u64,
    },
    /// The spreadsheet unpacks to more than allowed.
    #[error(
        "the spreadsheet unpacks to more than the {limit} bytes allowed; save the sheet as CSV or split it"
    )]
    UnpacksTooLarge {
        /// [`Limits::max_unpacked_bytes`].
        limit: u64,
    },
    /// More columns than allowed.
    #[error(
        "the first row has {columns} columns, more than the {limit} allowed; remove unused columns"
    )]
    TooManyColumns {
        /// Columns found.
        columns: usize,
        /// [`Limits::max_columns`].
        limit: usize,
    },
    /// A spreadsheet with more rows than allowed.
    #[error("the sheet has more than the {limit} rows allowed; split it into several files")]
    TooManyRows {
        /// [`Limits::max_rows`].
        limit: u64,
    },
    /// The first row is longer than a row may be.
    #[error(
        "the first row is longer than the {limit} bytes allowed; it should hold the names of the columns"
    )]
    HeaderTooLong {
        /// [`Limits::max_row_bytes`].
        limit: usize,
    },
    /// Some other kind of file.
    #[error("{file_name} is {found}, not a table; save it as CSV or XLSX and try again")]
    NotATable {
        /// Name the caller gave.
        file_name: String,
        /// What it looks like, with its article: "a PDF document".
        found: &'static str,
    },
    /// A spreadsheet that needs a password.
    #[error("the spreadsheet is protected by a password; remove it and try again")]
    Encrypted,
    /// A damaged or unreadable spreadsheet.
    #[error(
        "the spreadsheet cannot be read ({detail}); open it, save it again as XLSX or CSV and try again"
    )]
    Damaged {
        /// What the reader of that format said.
        detail: String,
    },
}

/// A row that cannot be used, and why. Reading goes on with the next row
/// unless [`RowError::is_final`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {number}: {problem}")]
pub struct RowError {
    /// Line in the file at which the row begins (text), or row of the sheet
    /// (spreadsheet); the first is 1.
    pub number: u64,
    /// What is wrong.
    pub problem: RowProblem,
    /// The cells as far as they could be read, for an error report; each is
    /// cut to 1,000 characters.
    pub cells: Vec<String>,
}

impl RowError {
    /// Whether no further row follows.
    pub fn is_final(&self) -> bool {
        matches!(
            self.problem,
            RowProblem::TooManyRows { .. } | RowProblem::Unreadable { .. }
        )
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// Not as many cells as there are headers.
    #[error(
        "{found} cells where the header has {expected}; check the separators and quotes of this row"
    )]
    Ragged {
        /// Number of headers.
        expected: usize,
        /// Number of cells.
        found: usize,
    },
    /// One cell is too long.
    #[error(
        "column {column} is longer than the {limit} bytes allowed; shorten it, or close a quote left open"
    )]
    CellTooLong {
        /// First such column, from 1.
        column: usize,
        /// [`Limits::max_cell_bytes`].
        limit: usize,
    },
    /// The whole row is too long.
    #[error("the row is longer than the {limit} bytes allowed; a quote is perhaps left open")]
    RowTooLong {
        /// [`Limits::max_row_bytes`].
        limit: usize,
    },
    /// A quoted cell runs to the end of the file.
    #[error("a quote opened in this row is never closed; add the missing quote or double it")]
    UnclosedQuote,
    /// Bytes that are not text in the file's encoding.
    #[error(
        "column {column} holds bytes that are not valid in the file's encoding; save the file as UTF-8"
    )]
    Undecodable {
        /// First such column, from 1.
        column: usize,
    },
    /// A line that is no JSON object.
    #[error("the line is not a JSON object; each line holds one, such as {{\"name\":\"Acme\"}}")]
    NotAnObject,
    /// A card that cannot be read.
    #[error("the card cannot be read; save it again as vCard 3.0 or 4.0")]
    NotACard,
    /// A card without an end.
    #[error("the card has no END:VCARD; the file is perhaps cut off")]
    UnclosedCard,
    /// A NUL character, which no text field can store.
    #[error("column {column} holds a NUL character; remove it")]
    NulCharacter {
        /// First such column, from 1.
        column: usize,
    },
    /// More rows than allowed; nothing after this is read.
    #[error("more than the {limit} rows allowed; nothing from this row on is read; split the file")]
    TooManyRows {
        /// [`Limits::max_rows`].
        limit: u64,
    },
    /// The source failed; nothing after this is read.
    #[error("the file could not be read any further: {detail}")]
    Unreadable {
        /// The system's message.
        detail: String,
    },
}
