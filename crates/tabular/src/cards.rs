//! vCards (2.1, 3.0 and 4.0): one person a card, as a row of plain columns.
//!
//! A card is cut out of the file first, without its pictures and keys and without the cards inside it, so that
//! memory stays small whatever the file holds. What the lines then mean is the library's business.

use std::panic::{AssertUnwindSafe, catch_unwind};

use calcard::common::IanaString;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameterName, VCardParameterValue, VCardProperty, VCardType,
    VCardValue,
};
use calcard::{Entry, Parser};

use crate::delimited::{Line, Lines};
use crate::error::{Limits, RowError, RowProblem};
use crate::rows::Row;

/// The columns of every vCard, in words that mean the same everywhere.
const HEADERS: &[&str] = &[
    "Full name",
    "First name",
    "Last name",
    "Company",
    "Department",
    "Job title",
    "Email",
    "Email 2",
    "Phone",
    "Mobile",
    "Phone 2",
    "Street",
    "Address line 2",
    "City",
    "State",
    "Postal code",
    "Country",
    "Website",
    "Birthday",
    "Tags",
    "Notes",
];

/// Properties that are large and no text.
const LARGE: &[&str] = &["PHOTO", "LOGO", "SOUND", "KEY", "X-MS-CARDPICTURE", "AGENT"];

pub(crate) fn headers() -> Vec<String> {
    HEADERS.iter().map(|header| (*header).to_owned()).collect()
}

/// Whether the beginning of a text is that of vCards.
pub(crate) fn recognise(beginning: &[u8]) -> bool {
    let first = beginning
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    is_line(first, b"BEGIN:VCARD")
}

fn is_line(line: &[u8], wanted: &[u8]) -> bool {
    let tight: Vec<u8> = line
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(wanted.len() + 1)
        .collect();
    tight.eq_ignore_ascii_case(wanted)
}

/// The text of one card.
#[derive(Debug, Default)]
pub(crate) struct RawCard {
    /// The line at which it begins.
    pub(crate) line: u64,
    text: Vec<u8>,
    too_long: bool,
    /// The file ended inside it.
    unclosed: bool,
}

/// Cards, one at a time.
pub(crate) struct Cards<'a> {
    lines: Lines<'a>,
    line: Line,
    limit: usize,
}

impl<'a> Cards<'a> {
    pub(crate) fn new(lines: Lines<'a>, limits: &Limits) -> Self {
        Self {
            lines,
            line: Line::default(),
            limit: limits.max_row_bytes,
        }
    }

    /// Reads the next card into `card`; false at the end.
    pub(crate) fn read(&mut self, card: &mut RawCard) -> std::io::Result<bool> {
        loop {
            if !self.lines.read(&mut self.line)? {
                return Ok(false);
            }
            if is_line(&self.line.text, b"BEGIN:VCARD") {
                break;
            }
        }
        card.line = self.line.number;
        card.text.clear();
        card.text.extend_from_slice(b"BEGIN:VCARD\r\n");
        (card.too_long, card.unclosed) = (false, false);
        let (mut depth, mut skipping) = (1_u32, false);
        loop {
            if !self.lines.read(&mut self.line)? {
                card.unclosed = true;
                return Ok(true);
            }
            let line = &self.line.text;
            if is_line(line, b"BEGIN:VCARD") {
                depth += 1;
                continue;
            }
            if is_line(line, b"END:VCARD") {
                depth -= 1;
                if depth == 0 {
                    card.text.extend_from_slice(b"END:VCARD\r\n");
                    return Ok(true);
                }
                continue;
            }
            if depth > 1 {
                continue;
            }
            let folded = line
                .first()
                .is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            if !folded {
                skipping = is_large(line);
            }
            if skipping {
                continue;
            }
            if self.line.too_long || card.text.len() + line.len() + 2 > self.limit {
                card.too_long = true;
                continue;
            }
            card.text.extend_from_slice(line);
            card.text.extend_from_slice(b"\r\n");
        }
    }
}

/// Whether a property is one of the large ones: `PHOTO;…`, `item1.KEY:…`.
fn is_large(line: &[u8]) -> bool {
    let name = line
        .split(|byte| matches!(byte, b':' | b';'))
        .next()
        .unwrap_or_default();
    let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    LARGE
        .iter()
        .any(|large| name.trim_ascii().eq_ignore_ascii_case(large.as_bytes()))
}

/// A card as a row.
pub(crate) fn row(card: &RawCard, limits: &Limits) -> Result<Row, RowError> {
    let text = String::from_utf8_lossy(&card.text);
    let refused = |problem| RowError {
        number: card.line,
        problem,
        cells: vec![text.chars().take(1_000).collect()],
    };
    if card.too_long {
        return Err(refused(RowProblem::RowTooLong {
            limit: limits.max_row_bytes,
        }));
    }
    if card.unclosed {
        return Err(refused(RowProblem::UnclosedCard));
    }
    // The parser is third-party code that meets whatever people upload.
    let entry = catch_unwind(AssertUnwindSafe(|| Parser::new(&text).entry()));
    let Ok(Entry::VCard(parsed)) = entry else {
        return Err(refused(RowProblem::NotACard));
    };
    let cells = Person::of(&parsed).cells();
    for (column, cell) in (1..).zip(&cells) {
        if cell.len() > limits.max_cell_bytes {
            return Err(refused(RowProblem::CellTooLong {
                column,
                limit: limits.max_cell_bytes,
            }));
        }
        if cell.contains('\0') {
            return Err(refused(RowProblem::NulCharacter { column }));
        }
    }
    Ok(Row {
        number: card.line,
        cells,
    })
}

/// What a card says, in our words.
#[derive(Default)]
struct Person {
    full: String,
    first: String,
    last: String,
    organization: Vec<String>,
    title: String,
    emails: Vec<String>,
    phones: Vec<String>,
    mobile: String,
    address: [String; 6],
    website: String,
    birthday: String,
    tags: String,
    notes: String,
}

impl Person {
    fn of(card: &VCard) -> Person {
        let mut person = Person::default();
        if let Some(name) = best(card, &VCardProperty::N) {
            let part = |index: usize| name.values.get(index).map(text).unwrap_or_default();
            person.first = joined([part(1), part(2)], " ");
            person.last = part(0);
        }
        person.full = first_text(card, &VCardProperty::Fn);
        if let Some(organization) = best(card, &VCardProperty::Org) {
            person.organization = organization.values.iter().map(text).collect();
        }
        person.title = first_text(card, &VCardProperty::Title);
        if person.title.is_empty() {
            person.title = first_text(card, &VCardProperty::Role);
        }
        person.emails = ranked(card, &VCardProperty::Email)
            .into_iter()
            .map(only_text)
            .filter(|address| !address.is_empty())
            .collect();
        person.numbers(card);
        if let Some(address) = best(card, &VCardProperty::Adr) {
            person.address = address_of(address);
        }
        person.website = first_text(card, &VCardProperty::Url);
        person.birthday = best(card, &VCardProperty::Bday)
            .map(birthday)
            .unwrap_or_default();
        let tags: Vec<String> = card
            .properties(&VCardProperty::Categories)
            .flat_map(|entry| entry.values.iter().map(text))
            .filter(|tag| !tag.is_empty())
            .collect();
        person.tags = tags.join(", ");
        let notes: Vec<String> = card
            .properties(&VCardProperty::Note)
            .map(only_text)
            .filter(|note| !note.is_empty())
            .collect();
        person.notes = notes.join("\n\n");
        person
    }

    /// Numbers that reach a person by voice: the first mobile one apart, the others in their order.
    fn numbers(&mut self, card: &VCard) {
        for entry in ranked(card, &VCardProperty::Tel) {
            let number = number_of(entry);
            let silent = has_type(
                entry,
                &[VCardType::Fax, VCardType::Pager, VCardType::Textphone],
            );
            if number.is_empty() || silent {
                continue;
            }
            if self.mobile.is_empty() && has_type(entry, &[VCardType::Cell]) {
                self.mobile = number;
            } else if !self.phones.contains(&number) {
                self.phones.push(number);
            }
        }
    }

    /// In the order of [`HEADERS`].
    fn cells(self) -> Vec<String> {
        let mut emails = self.emails.into_iter();
        let mut phones = self.phones.into_iter();
        let mut organization = self.organization.into_iter();
        let company = organization.next().unwrap_or_default();
        let [line1, line2, city, state, postal_code, country] = self.address;
        vec![
            self.full,
            self.first,
            self.last,
            company,
            joined(organization, ", "),
            self.title,
            emails.next().unwrap_or_default(),
            emails.next().unwrap_or_default(),
            phones.next().unwrap_or_default(),
            self.mobile,
            phones.next().unwrap_or_default(),
            line1,
            line2,
            city,
            state,
            postal_code,
            country,
            self.website,
            self.birthday,
            self.tags,
            self.notes,
        ]
    }
}

/// The text of a value; parts that belong together with commas.
fn text(value: &VCardValue) -> String {
    match value {
        VCardValue::Text(text) => text.trim().to_owned(),
        VCardValue::Integer(number) => number.to_string(),
        VCardValue::Component(parts) => {
            joined(parts.iter().map(|part| part.trim().to_owned()), ", ")
        }
        VCardValue::Float(_)
        | VCardValue::Boolean(_)
        | VCardValue::PartialDateTime(_)
        | VCardValue::Binary(_)
        | VCardValue::Sex(_)
        | VCardValue::GramGender(_)
        | VCardValue::Kind(_) => String::new(),
    }
}

fn joined(parts: impl IntoIterator<Item = String>, between: &str) -> String {
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(between)
}

/// All values of a property as one text: commas that nobody escaped part none.
fn only_text(entry: &VCardEntry) -> String {
    joined(entry.values.iter().map(text), ",")
}

fn first_text(card: &VCard, property: &VCardProperty) -> String {
    ranked(card, property)
        .into_iter()
        .map(only_text)
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn best<'a>(card: &'a VCard, property: &'a VCardProperty) -> Option<&'a VCardEntry> {
    ranked(card, property).into_iter().next()
}

/// The entries of a property: the preferred first, then those of work, then as they stand.
fn ranked<'a>(card: &'a VCard, property: &'a VCardProperty) -> Vec<&'a VCardEntry> {
    let mut entries: Vec<&VCardEntry> = card.properties(property).collect();
    entries.sort_by_key(|entry| (!is_preferred(entry), !has_type(entry, &[VCardType::Work])));
    entries
}

fn is_preferred(entry: &VCardEntry) -> bool {
    entry.params.iter().any(|parameter| match &parameter.name {
        VCardParameterName::Pref => true,
        VCardParameterName::Other(name) => name.eq_ignore_ascii_case("pref"),
        VCardParameterName::Type => {
            matches!(&parameter.value, VCardParameterValue::Text(text) if text.eq_ignore_ascii_case("pref"))
        }
        _ => false,
    })
}

fn has_type(entry: &VCardEntry, wanted: &[VCardType]) -> bool {
    entry
        .params
        .iter()
        .any(|parameter| match (&parameter.name, &parameter.value) {
            (_, VCardParameterValue::Type(kind)) => wanted.contains(kind),
            (VCardParameterName::Type, VCardParameterValue::Text(words)) => {
                words.split(',').any(|word| {
                    wanted
                        .iter()
                        .any(|kind| word.trim().eq_ignore_ascii_case(kind.as_str()))
                })
            }
            _ => false,
        })
}

/// A number without what makes it an address of the web.
fn number_of(entry: &VCardEntry) -> String {
    let written = only_text(entry);
    let head = written.get(..4).unwrap_or_default();
    if head.eq_ignore_ascii_case("tel:") {
        written.get(4..).unwrap_or_default().to_owned()
    } else {
        written
    }
}

/// Street, second line, city, state, postal code, country.
fn address_of(entry: &VCardEntry) -> [String; 6] {
    let part = |index: usize| entry.values.get(index).map(text).unwrap_or_default();
    let street = part(2);
    let (first, rest) = match street.split_once('\n') {
        Some((first, rest)) => (first.trim().to_owned(), rest.replace('\n', ", ")),
        None => (street, String::new()),
    };
    let second = joined([part(0), part(1), rest], ", ");
    let (first, second) = if first.is_empty() {
        (second, String::new())
    } else {
        (first, second)
    };
    [first, second, part(3), part(4), part(5), part(6)]
}

/// A whole date; years and days alone are no birthday that a field could hold.
fn birthday(entry: &VCardEntry) -> String {
    match entry.values.first() {
        Some(VCardValue::PartialDateTime(date)) => match (date.year, date.month, date.day) {
            (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
            _ => String::new(),
        },
        Some(value) => text(value),
        None => String::new(),
    }
}
