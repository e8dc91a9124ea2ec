//! What became of each row, and the summary that is shown when a run is over.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::rows::{DraftRow, RowFault};

/// Rows and errors that a summary names.
const NAMED: usize = 10;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Created,
    Updated,
    Skipped,
    Failed,
    /// It would have been written, but nothing was kept.
    Undone,
}

impl Fate {
    const fn letter(self) -> u8 {
        match self {
            Fate::Created => b'c',
            Fate::Updated => b'u',
            Fate::Skipped => b's',
            Fate::Failed => b'f',
            Fate::Undone => b'-',
        }
    }
}

/// A row with what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    index: usize,
    line: u64,
    fate: Fate,
}

impl Told {
    pub(super) fn of(row: &DraftRow, fate: Fate) -> Told {
        Told {
            index: row.index,
            line: row.number,
            fate,
        }
    }
}

/// Everything that is kept of the rows: a letter each, and the first of every kind.
#[derive(Debug, Default)]
pub(super) struct Tally {
    letters: Vec<u8>,
    lines: Vec<(u64, Fate)>,
    problems: BTreeMap<Option<String>, (u64, String)>,
    errors: Vec<Json>,
    /// Records that rows referred to and that were made, by entity.
    related: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Notes what a batch did.
    pub(super) fn add(&mut self, told: &[Told], faults: &[RowFault]) {
        for one in told {
            if self.letters.len() <= one.index {
                self.letters.resize(one.index + 1, b'?');
            }
            if let Some(letter) = self.letters.get_mut(one.index) {
                *letter = one.fate.letter();
            }
        }
        let mut sorted = told.to_vec();
        sorted.sort_by_key(|one| one.index);
        for one in sorted {
            let named = self.lines.iter().filter(|(_, fate)| *fate == one.fate);
            if named.count() < NAMED {
                self.lines.push((one.line, one.fate));
            }
        }
        for fault in faults {
            let entry = self
                .problems
                .entry(fault.column.clone())
                .or_insert_with(|| (0, fault.message.clone()));
            entry.0 += 1;
            if self.errors.len() < NAMED {
                self.errors.push(json!({
                    "row": fault.row, "column": fault.column,
                    "value": fault.value.as_ref().map(|value| value.chars().take(200).collect::<String>()),
                    "message": fault.message,
                }));
            }
        }
    }

    /// Notes records that were made because rows referred to them.
    pub(super) fn add_related(&mut self, made: &BTreeMap<&'static str, u64>) {
        for (entity, count) in made {
            *self.related.entry(entity).or_default() += count;
        }
    }

    /// Nothing of what was written was kept.
    pub(super) fn undo(&mut self) {
        for letter in &mut self.letters {
            if matches!(*letter, b'c' | b'u') {
                *letter = Fate::Undone.letter();
            }
        }
        self.related.clear();
        for (_, fate) in &mut self.lines {
            if matches!(fate, Fate::Created | Fate::Updated) {
                *fate = Fate::Undone;
            }
        }
    }

    /// A letter a row, in the order of the file.
    pub(super) fn letters(&self) -> String {
        String::from_utf8_lossy(&self.letters).into_owned()
    }

    /// The first rows of each kind, what was wrong by column, the first errors.
    pub(super) fn summary(&self) -> Json {
        let letters = self.letters();
        let kind = |fate: Fate| {
            let count = letters.matches(char::from(fate.letter())).count();
            let rows: Vec<u64> = self
                .lines
                .iter()
                .filter(|(_, other)| *other == fate)
                .map(|(line, _)| *line)
                .take(NAMED)
                .collect();
            json!({"count": count, "rows": rows})
        };
        let problems: Vec<Json> = self
            .problems
            .iter()
            .map(|(column, (count, message))| {
                json!({"column": column, "count": count, "message": message})
            })
            .collect();
        json!({
            "created": kind(Fate::Created), "updated": kind(Fate::Updated), "skipped": kind(Fate::Skipped),
            "failed": kind(Fate::Failed), "undone": kind(Fate::Undone),
            "related": self.related, "problems": problems, "errors": self.errors,
        })
    }
}
