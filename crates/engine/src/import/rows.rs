//! From the cells of a row to the draft of a body.

use std::borrow::Cow;

use kith_catalogue::field::AnyField;
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_tabular::{Row, RowError};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::columns::{Cell, Style, read_cell, read_own_cell};
use super::dialect::Dialect;
use super::plan::{Column, Origin, Plan};
use super::targets::Target;
use crate::caller::Caller;

/// One thing wrong with a row, as it is written into the file of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowFault {
    pub row: u64,
    /// The header, or the field when the file has no such column; `None` for the whole row.
    pub column: Option<String>,
    pub value: Option<String>,
    pub message: String,
    pub cells: Vec<String>,
}

/// A body in the making: what the file says, and what new records get besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub given: Map<String, Json>,
    pub fallback: Map<String, Json>,
    /// What a file of our own says is empty: a new record gets no default there.
    pub emptied: Map<String, Json>,
}

/// A name whose record is still to be found.
#[derive(Clone, Debug)]
pub(super) struct PendingName {
    /// The position among the plan's columns.
    pub column: usize,
    pub text: String,
    /// What the record is called whose id `text` is.
    pub otherwise: Option<String>,
}

/// A row on its way to a record.
#[derive(Clone, Debug)]
pub(super) struct DraftRow {
    /// Line in the file.
    pub number: u64,
    pub cells: Vec<String>,
    pub body: Body,
    /// One for each of the plan's children.
    pub children: Vec<Body>,
    pub names: Vec<PendingName>,
    /// Names of records that come later in the file.
    pub later: Vec<PendingName>,
    /// What duplicates are told by, as it stands in the file.
    pub key: Option<String>,
    /// The id that a new record keeps.
    pub id: Option<Uuid>,
    /// Which row of the file it is, from 0.
    pub index: usize,
    pub faults: Vec<RowFault>,
}

/// Everything that reading a row depends on.
pub(super) struct RowReader<'a> {
    pub plan: &'a Plan,
    pub caller: &'a Caller,
    pub styles: Vec<Style>,
    pub context: ParseContext,
}

impl Body {
    /// The body of a new record.
    pub(super) fn for_create(&self) -> Map<String, Json> {
        let mut body = self.given.clone();
        fill(&mut body, &self.emptied);
        fill(&mut body, &self.fallback);
        body
    }

    fn side(&mut self, constant: bool) -> &mut Map<String, Json> {
        if constant {
            &mut self.fallback
        } else {
            &mut self.given
        }
    }
}

/// Adds the members that are not there; objects are filled part by part.
fn fill(body: &mut Map<String, Json>, from: &Map<String, Json>) {
    for (name, value) in from {
        match (body.get_mut(name), value) {
            (None, _) => {
                body.insert(name.clone(), value.clone());
            }
            (Some(Json::Object(standing)), Json::Object(parts)) => fill(standing, parts),
            (Some(_), _) => {}
        }
    }
}

impl DraftRow {
    fn new(number: u64, cells: Vec<String>, children: usize) -> Self {
        Self {
            number,
            cells,
            body: Body::default(),
            children: vec![Body::default(); children],
            names: Vec::new(),
            later: Vec::new(),
            key: None,
            id: None,
            index: 0,
            faults: Vec::new(),
        }
    }

    /// A row that could not even be read.
    pub(super) fn unreadable(error: RowError) -> Self {
        let message = error.problem.to_string();
        let mut row = Self::new(error.number, error.cells, 0);
        row.blame(None, None, message);
        row
    }

    /// Records what is wrong.
    pub(super) fn blame(&mut self, column: Option<String>, value: Option<String>, message: String) {
        self.faults.push(RowFault {
            row: self.number,
            column,
            value,
            message,
            cells: self.cells.clone(),
        });
    }

    /// Records what is wrong with the cell of a column.
    pub(super) fn blame_column(&mut self, column: &Column, message: String) {
        let value = match &column.origin {
            Origin::Cell(index) => self.cells.get(*index).cloned(),
            Origin::Constant(text) => Some(text.clone()),
        };
        self.blame(Some(column.header.clone()), value, message);
    }

    /// Records faults that name fields, under the headers of their columns.
    pub(super) fn blame_fields(&mut self, plan: &Plan, faults: &[kith_catalogue::fault::Fault]) {
        for fault in faults {
            let own = plan
                .columns
                .iter()
                .find(|column| column.name == fault.field);
            let part = || {
                plan.columns
                    .iter()
                    .find(|column| column.name.split('.').next() == Some(fault.field.as_str()))
            };
            match own.or_else(part) {
                Some(column) => self.blame_column(column, fault.message.clone()),
                None => self.blame(
                    Some(fault.field.clone()).filter(|field| !field.is_empty()),
                    None,
                    fault.message.clone(),
                ),
            }
        }
    }

    /// Puts a value where its column goes.
    pub(super) fn put(&mut self, column: &Column, value: Json) {
        let constant = matches!(column.origin, Origin::Constant(_));
        let Some(body) = (match column.child {
            Some(child) => self.children.get_mut(child),
            None => Some(&mut self.body),
        }) else {
            return;
        };
        let side = body.side(constant);
        match &column.target {
            Target::Id => {}
            Target::Field(field) | Target::ReferenceName(field) | Target::Child { field, .. } => {
                side.insert(field.name.to_owned(), value);
            }
            Target::AddressPart(field, part) => put_inside(side, field.name, part, value),
            Target::Custom(key) | Target::CustomName(key) => {
                put_inside(side, "custom_fields", key, value);
            }
            Target::PersonName => {
                let (first, last) = split_name(value.as_str().unwrap_or_default());
                for (name, part) in [("first_name", first), ("last_name", last)] {
                    if !part.is_empty() {
                        side.entry(name.to_owned()).or_insert(Json::String(part));
                    }
                }
            }
        }
    }
}

/// What stands in a cell, unless it is blank.
fn filled(cells: &[String], index: Option<usize>) -> Option<&str> {
    let text = cells.get(index?)?.trim();
    (!text.is_empty()).then_some(text)
}

fn put_inside(side: &mut Map<String, Json>, name: &str, key: &str, value: Json) {
    let object = side
        .entry(name.to_owned())
        .or_insert_with(|| Json::Object(Map::new()));
    if let Json::Object(members) = object {
        members.insert(key.to_owned(), value);
    }
}

/// "Ada Lovelace", "Lovelace, Ada": first and last name.
pub(super) fn split_name(text: &str) -> (String, String) {
    let tidy = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((last, first)) = tidy.split_once(',') {
        return (first.trim().to_owned(), last.trim().to_owned());
    }
    match tidy.rsplit_once(' ') {
        Some((first, last)) => (first.to_owned(), last.to_owned()),
        None => (tidy, String::new()),
    }
}

/// The name as the record will show it.
fn joined_name(text: &str) -> String {
    let (first, last) = split_name(text);
    format!("{first} {last}").trim().to_owned()
}

impl RowReader<'_> {
    /// Reads the cells of a row.
    pub(super) fn read(&self, row: Row) -> DraftRow {
        let mut draft = DraftRow::new(row.number, row.cells, self.plan.children.len());
        for (position, (column, style)) in self.plan.columns.iter().zip(&self.styles).enumerate() {
            let raw = match &column.origin {
                Origin::Cell(index) => draft
                    .cells
                    .get(*index)
                    .map(String::as_str)
                    .unwrap_or_default(),
                Origin::Constant(text) => text,
            };
            let tidy = match (self.plan.dialect, &column.origin) {
                (Dialect::Of(product), Origin::Cell(_)) => product.tidy(&column.header, raw),
                _ => Cow::Borrowed(raw),
            };
            let raw = &*tidy;
            let text = match column.values.get(&raw.trim().to_lowercase()) {
                Some(meant) => meant.clone().unwrap_or_default(),
                None => raw.trim().to_owned(),
            };
            if text.is_empty() {
                continue;
            }
            // Beside an id the name only serves where the id is not known.
            if filled(&draft.cells, column.id_cell).is_some() {
                continue;
            }
            if self
                .plan
                .match_on
                .is_some_and(|chosen| chosen.column == position)
            {
                draft.key = Some(match column.target {
                    Target::PersonName => joined_name(&text),
                    Target::Id
                    | Target::Field(_)
                    | Target::AddressPart(..)
                    | Target::Custom(_)
                    | Target::ReferenceName(_)
                    | Target::CustomName(_)
                    | Target::Child { .. } => text.clone(),
                });
            }
            match self.cell(column, &text, *style) {
                Ok(Cell::Empty) => {}
                Ok(Cell::Value(value)) => draft.put(column, value),
                Ok(Cell::Amount(value, currency)) => {
                    draft.put(column, value);
                    if let (Some(currency), Target::Field(field)) = (currency, &column.target)
                        && let Some(name) = field.currency
                    {
                        draft
                            .body
                            .given
                            .entry(name.to_owned())
                            .or_insert(Json::String(currency));
                    }
                }
                Ok(Cell::Name(text)) => {
                    let otherwise = filled(&draft.cells, column.named_by).map(str::to_owned);
                    draft.names.push(PendingName {
                        column: position,
                        text,
                        otherwise,
                    });
                }
                Err(message) => draft.blame_column(column, message),
            }
        }
        if self.plan.dialect == Dialect::Own {
            self.read_own(&mut draft);
        }
        draft
    }

    /// What a file of our own says besides: the record's id, and what is empty.
    fn read_own(&self, draft: &mut DraftRow) {
        if self.plan.keeps_ids() {
            draft.id = draft
                .key
                .as_deref()
                .and_then(|text| Uuid::try_parse(text).ok());
        }
        for column in &self.plan.columns {
            let Origin::Cell(index) = column.origin else {
                continue;
            };
            if filled(&draft.cells, Some(index)).is_some()
                || filled(&draft.cells, column.named_by).is_some()
            {
                continue;
            }
            match &column.target {
                Target::Field(field) if !field.required => {
                    draft.body.emptied.insert(field.name.to_owned(), Json::Null);
                }
                Target::Custom(key) => {
                    put_inside(&mut draft.body.emptied, "custom_fields", key, Json::Null);
                }
                Target::Id
                | Target::Field(_)
                | Target::AddressPart(..)
                | Target::PersonName
                | Target::ReferenceName(_)
                | Target::CustomName(_)
                | Target::Child { .. } => {}
            }
        }
    }

    fn cell(&self, column: &Column, text: &str, style: Style) -> Result<Cell, String> {
        match &column.target {
            Target::Id | Target::PersonName => Ok(Cell::Value(Json::String(text.to_owned()))),
            Target::AddressPart(field, part) => {
                let value = Json::String(text.to_owned());
                let address = Json::Object(Map::from_iter([((*part).to_owned(), value.clone())]));
                // Asked here already, so that the message is about this cell and not about the address.
                parse(&AnyField::Column(field), &address, &self.context)
                    .map_err(|fault| fault.message)?;
                Ok(Cell::Value(value))
            }
            Target::Field(_)
            | Target::Custom(_)
            | Target::ReferenceName(_)
            | Target::CustomName(_)
            | Target::Child { .. } => match column.target.field(self.caller, self.plan.entity) {
                Some(field) if field.kind() == Kind::Uuid => {
                    Ok(Cell::Value(Json::String(text.to_owned())))
                }
                Some(field) if self.plan.dialect == Dialect::Own => {
                    read_own_cell(&field, text, style)
                }
                Some(field) => read_cell(&field, text, style, self.context.now.time_zone()),
                None => Ok(Cell::Empty),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        assert_eq!(
            split_name("Ada King  Lovelace"),
            ("Ada King".to_owned(), "Lovelace".to_owned())
        );
        assert_eq!(
            split_name("Lovelace, Ada"),
            ("Ada".to_owned(), "Lovelace".to_owned())
        );
        assert_eq!(split_name("Prince"), ("Prince".to_owned(), String::new()));
    }

    #[test]
    fn defaults_fill_only_what_is_not_there() {
        let body = Body {
            given: serde_json::from_str(r#"{"name":"A","address":{"city":"Bonn"}}"#)
                .unwrap_or_default(),
            fallback: serde_json::from_str(
                r#"{"name":"B","address":{"city":"Köln","country":"DE"},"currency":"EUR"}"#,
            )
            .unwrap_or_default(),
            ..Body::default()
        };
        let full = Json::Object(body.for_create());
        assert_eq!(
            full,
            serde_json::json!({"name": "A", "address": {"city": "Bonn", "country": "DE"}, "currency": "EUR"})
        );
    }
}
