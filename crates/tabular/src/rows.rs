//! The rows of a table, one at a time.

use crate::cards::{self, Cards, RawCard};
use crate::delimited::{Line, Lines, RawRecord, Records};
use crate::error::{Limits, RowError, RowProblem};
use crate::objects;
use crate::workbook::Sheet;

/// Characters of a cell kept in a [`RowError`].
const REPORTED_CHARACTERS: usize = 1_000;

/// A row below the header, with exactly as many cells as there are headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line in the file at which the row begins (text), or row of the sheet
    /// (spreadsheet); the first is 1.
    pub number: u64,
    /// Cells as stored: not trimmed, empty when blank.
    pub cells: Vec<String>,
}

/// Iterator over the rows of a [`Table`](crate::Table).
pub struct Rows<'a> {
    reader: RowReader<'a>,
    width: usize,
    limits: &'a Limits,
    read: u64,
    ended: bool,
}

enum RowReader<'a> {
    Text {
        records: Box<Records<'a>>,
        record: RawRecord,
        damaged: bool,
    },
    Sheet {
        sheet: &'a Sheet,
        next: usize,
    },
    Objects {
        lines: Lines<'a>,
        line: Line,
        headers: &'a [String],
    },
    Cards {
        cards: Cards<'a>,
        card: RawCard,
    },
}

impl<'a> Rows<'a> {
    pub(crate) fn of_text(
        records: Records<'a>,
        damaged: bool,
        width: usize,
        limits: &'a Limits,
    ) -> Self {
        let record = RawRecord::default();
        let reader = RowReader::Text {
            records: Box::new(records),
            record,
            damaged,
        };
        Self::of_reader(reader, width, limits)
    }

    fn of_reader(reader: RowReader<'a>, width: usize, limits: &'a Limits) -> Self {
        Self {
            reader,
            width,
            limits,
            read: 0,
            ended: false,
        }
    }

    pub(crate) fn of_objects(lines: Lines<'a>, headers: &'a [String], limits: &'a Limits) -> Self {
        Self::of_reader(
            RowReader::Objects {
                lines,
                line: Line::default(),
                headers,
            },
            headers.len(),
            limits,
        )
    }

    pub(crate) fn of_cards(cards: Cards<'a>, limits: &'a Limits) -> Self {
        Self::of_reader(
            RowReader::Cards {
                cards,
                card: RawCard::default(),
            },
            0,
            limits,
        )
    }

    pub(crate) fn of_sheet(sheet: &'a Sheet, width: usize, limits: &'a Limits) -> Self {
        Self::of_reader(RowReader::Sheet { sheet, next: 0 }, width, limits)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = match &mut self.reader {
            RowReader::Sheet { sheet, next } => {
                let (number, cells) = sheet.row(*next)?;
                *next += 1;
                finish_sheet_row(number, cells, self.width, self.limits)
            }
            RowReader::Text {
                records,
                record,
                damaged,
            } => {
                loop {
                    match records.read(record) {
                        Ok(true) if record.is_blank() => {}
                        Ok(true) => break,
                        Ok(false) => {
                            self.ended = true;
                            return None;
                        }
                        Err(error) => {
                            self.ended = true;
                            return Some(Err(unreadable(record.line, &error)));
                        }
                    }
                }
                finish_record(record, self.width, *damaged, self.limits)
            }
            RowReader::Objects {
                lines,
                line,
                headers,
            } => {
                loop {
                    match lines.read(line) {
                        Ok(true) if objects::is_blank(line) => {}
                        Ok(true) => break,
                        Ok(false) => {
                            self.ended = true;
                            return None;
                        }
                        Err(error) => {
                            self.ended = true;
                            return Some(Err(unreadable(line.number, &error)));
                        }
                    }
                }
                objects::row(line, headers, self.limits)
            }
            RowReader::Cards { cards, card } => match cards.read(card) {
                Ok(true) => cards::row(card, self.limits),
                Ok(false) => {
                    self.ended = true;
                    return None;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(unreadable(card.line, &error)));
                }
            },
        };
        self.read += 1;
        if self.read > self.limits.max_rows {
            self.ended = true;
            let number = match &item {
                Ok(row) => row.number,
                Err(error) => error.number,
            };
            return Some(Err(RowError {
                number,
                problem: RowProblem::TooManyRows {
                    limit: self.limits.max_rows,
                },
                cells: Vec::new(),
            }));
        }
        Some(item)
    }
}

/// The source failed in the middle.
fn unreadable(number: u64, error: &std::io::Error) -> RowError {
    RowError {
        number,
        problem: RowProblem::Unreadable {
            detail: error.to_string(),
        },
        cells: Vec::new(),
    }
}

/// Makes a row of a text record, or says what is wrong with it.
fn finish_record(
    record: &RawRecord,
    width: usize,
    damaged: bool,
    limits: &Limits,
) -> Result<Row, RowError> {
    let mut problem = None;
    if record.unclosed {
        problem = Some(RowProblem::UnclosedQuote);
    } else if record.too_long {
        problem = Some(RowProblem::RowTooLong {
            limit: limits.max_row_bytes,
        });
    } else if record.count != width {
        // A separator too many at the end of every row is common and harmless.
        let spare = record
            .cells()
            .skip(width)
            .all(|cell| cell.trim_ascii().is_empty());
        if record.count < width || record.count > limits.max_columns || !spare {
            problem = Some(RowProblem::Ragged {
                expected: width,
                found: record.count,
            });
        }
    }
    let mut cells = Vec::with_capacity(width);
    for (column, bytes) in (1..).zip(record.cells().take(width)) {
        if problem.is_none() {
            if bytes.len() > limits.max_cell_bytes {
                problem = Some(RowProblem::CellTooLong {
                    column,
                    limit: limits.max_cell_bytes,
                });
            } else if bytes.contains(&0) {
                problem = Some(RowProblem::NulCharacter { column });
            } else if damaged && contains_replacement(bytes) {
                problem = Some(RowProblem::Undecodable { column });
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => cells.push(text.to_owned()),
            // Dropping text of an overlong row may cut a character in two.
            Err(_) => cells.push(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
    match problem {
        None => Ok(Row {
            number: record.line,
            cells,
        }),
        Some(problem) => {
            let beyond = record.cells().skip(width).map(String::from_utf8_lossy);
            cells.extend(beyond.map(std::borrow::Cow::into_owned));
            Err(RowError {
                number: record.line,
                problem,
                cells: shortened(cells),
            })
        }
    }
}

fn contains_replacement(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|window| window == "\u{FFFD}".as_bytes())
}

fn shortened(mut cells: Vec<String>) -> Vec<String> {
    for cell in &mut cells {
        if let Some((end, _)) = cell.char_indices().nth(REPORTED_CHARACTERS) {
            cell.truncate(end);
        }
    }
    cells
}

/// Makes a row of a sheet's row. Sheets do not store blank cells at the end of
/// a row, so a short row is no mistake there.
fn finish_sheet_row(
    number: u64,
    mut cells: Vec<String>,
    width: usize,
    limits: &Limits,
) -> Result<Row, RowError> {
    for (column, cell) in (1..).zip(&cells) {
        let problem = if cell.len() > limits.max_cell_bytes {
            RowProblem::CellTooLong {
                column,
                limit: limits.max_cell_bytes,
            }
        } else if cell.contains('\0') {
            RowProblem::NulCharacter { column }
        } else {
            continue;
        };
        return Err(RowError {
            number,
            problem,
            cells: shortened(cells),
        });
    }
    cells.resize(width, String::new());
    Ok(Row { number, cells })
}
