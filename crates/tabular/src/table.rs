//! A table: headers, and rows of text below them.

use std::path::Path;

use crate::cards::{self, Cards};
use crate::delimited::{self, Detected, Dialect, RawRecord};
use crate::error::{Limits, TableError};
use crate::headers::unique_names;
use crate::objects;
use crate::rows::{Row, Rows};
use crate::source::Source;
use crate::workbook::{self, Sheet};

/// The kind of file that a table came from, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with a delimiter: CSV, TSV and their relatives.
    Delimited,
    /// Excel since 2007.
    Xlsx,
    /// Excel 97 to 2003.
    Xls,
    /// `OpenDocument` spreadsheet.
    Ods,
    /// One JSON object a line.
    Ndjson,
    /// Cards of people.
    VCard,
}

/// A file read as a table. Its first row that is not blank is the header.
#[derive(Debug)]
pub struct Table {
    headers: Vec<String>,
    limits: Limits,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text {
        source: Source,
        detected: Detected,
        dialect: Dialect,
    },
    Lines {
        source: Source,
        detected: Detected,
        format: Format,
    },
    Sheet(Sheet),
}

impl Table {
    /// Finds out what `source` is, by its content and not by its name, and
    /// reads the header. Text is then streamed by [`Table::rows`]; of a
    /// spreadsheet the first visible sheet that is not empty is held in memory.
    ///
    /// `file_name` is only used in messages.
    ///
    /// # Errors
    /// [`TableError`] when it is no table, too large, damaged or encrypted.
    pub fn open(
        source: impl Into<Source>,
        file_name: &str,
        limits: Limits,
    ) -> Result<Self, TableError> {
        let mut source = source.into();
        let bytes = source.size()?;
        if bytes == 0 {
            return Err(TableError::Empty);
        }
        if bytes > limits.max_bytes {
            return Err(TableError::TooLarge {
                bytes,
                limit: limits.max_bytes,
            });
        }
        match workbook::recognise(&mut source, file_name)? {
            Some(format) => Self::open_workbook(source, format, limits),
            None => Self::open_text(source, file_name, limits),
        }
    }

    /// [`Table::open`] for the file at `path`.
    pub fn open_path(path: &Path, limits: Limits) -> Result<Self, TableError> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        Self::open(Source::open(path)?, &name, limits)
    }

    fn open_workbook(source: Source, format: Format, limits: Limits) -> Result<Self, TableError> {
        let mut sheet = workbook::read(source, format, &limits)?;
        let header = sheet.take_first_row().ok_or(TableError::Empty)?;
        let width = sheet.width().max(header.len());
        let headers = unique_names(header, width);
        Ok(Self {
            headers,
            limits,
            body: Body::Sheet(sheet),
        })
    }

    fn open_text(mut source: Source, file_name: &str, limits: Limits) -> Result<Self, TableError> {
        let Some(beginning) = delimited::inspect(&mut source)? else {
            return Err(TableError::NotATable {
                file_name: file_name.to_owned(),
                found: "a binary file",
            });
        };
        let detected = beginning.detected;
        if cards::recognise(&beginning.text) {
            return Ok(Self::of_lines(
                source,
                detected,
                Format::VCard,
                cards::headers(),
                limits,
            ));
        }
        if objects::recognise(&beginning.text) {
            let lines = delimited::lines(&mut source, detected, &limits)?;
            let headers = objects::headers(lines, &limits)?;
            return Ok(Self::of_lines(
                source,
                detected,
                Format::Ndjson,
                headers,
                limits,
            ));
        }
        let dialect = beginning.dialect();
        let mut record = RawRecord::default();
        let mut records = delimited::records(&mut source, detected, dialect, &limits)?;
        loop {
            if !records.read(&mut record)? {
                return Err(TableError::Empty);
            }
            if record.too_long {
                return Err(TableError::HeaderTooLong {
                    limit: limits.max_row_bytes,
                });
            }
            if record.count > limits.max_columns {
                return Err(TableError::TooManyColumns {
                    columns: record.count,
                    limit: limits.max_columns,
                });
            }
            if !record.is_blank() {
                break;
            }
        }
        drop(records);
        let names: Vec<String> = record
            .cells()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect();
        let width = names.len();
        let headers = unique_names(names, width);
        Ok(Self {
            headers,
            limits,
            body: Body::Text {
                source,
                detected,
                dialect,
            },
        })
    }

    fn of_lines(
        source: Source,
        detected: Detected,
        format: Format,
        headers: Vec<String>,
        limits: Limits,
    ) -> Self {
        Self {
            headers,
            limits,
            body: Body::Lines {
                source,
                detected,
                format,
            },
        }
    }

    /// Names of the columns: trimmed, none empty ("Column 3"), none twice
    /// ("Name (2)").
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// What the file is.
    pub fn format(&self) -> Format {
        match &self.body {
            Body::Text { .. } => Format::Delimited,
            Body::Lines { format, .. } => *format,
            Body::Sheet(sheet) => sheet.format,
        }
    }

    /// Encoding of a text file, as its WHATWG name: "UTF-8", "UTF-16LE",
    /// "windows-1252".
    pub fn encoding(&self) -> Option<&'static str> {
        match &self.body {
            Body::Text { detected, .. } | Body::Lines { detected, .. } => {
                Some(detected.encoding.name())
            }
            Body::Sheet(_) => None,
        }
    }

    /// Delimiter of a text file.
    pub fn delimiter(&self) -> Option<char> {
        match &self.body {
            Body::Text { dialect, .. } => Some(char::from(dialect.delimiter)),
            Body::Lines { .. } | Body::Sheet(_) => None,
        }
    }

    /// Name of the sheet that is read, of a spreadsheet.
    pub fn sheet(&self) -> Option<&str> {
        match &self.body {
            Body::Text { .. } | Body::Lines { .. } => None,
            Body::Sheet(sheet) => Some(&sheet.name),
        }
    }

    /// The rows below the header, from the first. May be called again.
    ///
    /// Rows whose cells are all blank are passed over. A row that cannot be
    /// used is an error in its place and reading goes on; see
    /// [`RowError::is_final`](crate::RowError::is_final). Memory is bounded by one row for text.
    ///
    /// # Errors
    /// When the source cannot be read again.
    pub fn rows(&mut self) -> Result<Rows<'_>, TableError> {
        let width = self.headers.len();
        match &mut self.body {
            Body::Text {
                source,
                detected,
                dialect,
            } => {
                let damaged = detected.damaged;
                let mut records = delimited::records(source, *detected, *dialect, &self.limits)?;
                let mut record = RawRecord::default();
                while records.read(&mut record)? && record.is_blank() {}
                Ok(Rows::of_text(records, damaged, width, &self.limits))
            }
            Body::Lines {
                source,
                detected,
                format,
            } => {
                let lines = delimited::lines(source, *detected, &self.limits)?;
                Ok(if *format == Format::VCard {
                    Rows::of_cards(Cards::new(lines, &self.limits), &self.limits)
                } else {
                    Rows::of_objects(lines, &self.headers, &self.limits)
                })
            }
            Body::Sheet(sheet) => Ok(Rows::of_sheet(sheet, width, &self.limits)),
        }
    }

    /// Exact number of rows that [`Table::rows`] yields, errors included,
    /// found by reading the file once without keeping anything.
    ///
    /// # Errors
    /// When the source cannot be read again.
    pub fn count_rows(&mut self) -> Result<u64, TableError> {
        if matches!(self.body, Body::Lines { .. }) {
            return Ok(u64::try_from(self.rows()?.count()).unwrap_or(u64::MAX));
        }
        match &mut self.body {
            Body::Lines { .. } => Ok(0),
            Body::Sheet(sheet) => Ok(u64::try_from(sheet.len()).unwrap_or(u64::MAX)),
            Body::Text {
                source,
                detected,
                dialect,
            } => {
                let mut records = delimited::records(source, *detected, *dialect, &self.limits)?;
                let mut record = RawRecord::default();
                let mut total = 0_u64;
                while total <= self.limits.max_rows.saturating_add(1)
                    && records.read(&mut record)?
                {
                    total += u64::from(!record.is_blank());
                }
                Ok(total.saturating_sub(1))
            }
        }
    }

    /// The first `count` rows that can be used, for a preview and for the
    /// inference of dates and numbers.
    ///
    /// # Errors
    /// When the source cannot be read again.
    pub fn sample(&mut self, count: usize) -> Result<Vec<Row>, TableError> {
        Ok(self.rows()?.filter_map(Result::ok).take(count).collect())
    }
}
