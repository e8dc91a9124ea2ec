//! Google Contacts (both generations of its files) and Outlook (desktop and web).

use std::borrow::Cow;

use super::{plain, values};

/// Headers of Outlook that others do not have, in lower case; the last ones in German.
const OUTLOOK: &[&str] = &[
    "e-mail address",
    "e-mail 2 address",
    "e-mail 3 address",
    "e-mail type",
    "e-mail display name",
    "business phone",
    "business phone 2",
    "business fax",
    "business street",
    "business street 2",
    "business city",
    "business state",
    "business postal code",
    "business country",
    "business country/region",
    "home street",
    "home city",
    "home postal code",
    "other street",
    "company main phone",
    "assistant's phone",
    "assistant's name",
    "manager's name",
    "organizational id number",
    "tty/tdd phone",
    "web page",
    "personal web page",
    "telefon geschäftlich",
    "straße geschäftlich",
    "ort geschäftlich",
    "postleitzahl geschäftlich",
    "e-mail-adresse",
    "mobiltelefon",
];

pub(super) fn is_outlook(headers: &[String]) -> bool {
    headers
        .iter()
        .filter(|header| OUTLOOK.contains(&plain(header).as_str()))
        .count()
        >= 2
}

/// The parts of a numbered header: `E-mail 1 - Value` is e-mail, 1, value.
fn numbered(header: &str) -> Option<(String, u32, String)> {
    let plain = plain(header);
    let (left, part) = plain.split_once(" - ")?;
    let (what, number) = left.trim().rsplit_once(' ')?;
    Some((
        what.trim().to_owned(),
        number.parse().ok()?,
        part.trim().to_owned(),
    ))
}

pub(super) fn is_google(headers: &[String]) -> bool {
    let numbers = headers
        .iter()
        .filter_map(|header| numbered(header))
        .filter(|(what, ..)| {
            matches!(
                what.as_str(),
                "e-mail"
                    | "phone"
                    | "address"
                    | "organization"
                    | "website"
                    | "event"
                    | "relation"
                    | "im"
                    | "custom field"
            )
        })
        .count();
    numbers >= 2
        || headers
            .iter()
            .filter(|header| {
                matches!(
                    plain(header).as_str(),
                    "group membership"
                        | "yomi name"
                        | "phonetic first name"
                        | "file as"
                        | "organization title"
                )
            })
            .count()
            >= 2
}

pub(super) fn google(headers: &[String], samples: &[Vec<String>]) -> Vec<Option<String>> {
    let numbers = google_phones(headers, samples);
    headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let words = match plain(header).as_str() {
                "name" => "Full name",
                "given name" | "first name" => "First name",
                "family name" | "last name" => "Last name",
                "organization name" => "Company",
                "organization title" => "Job title",
                "organization department" => "Department",
                "notes" => "Notes",
                "birthday" => "Birthday",
                "group membership" | "labels" => "Tags",
                _ => {
                    let (what, number, part) = numbered(header)?;
                    match (what.as_str(), number, part.as_str()) {
                        ("e-mail", 1, "value") => "Email",
                        ("phone", _, "value") => {
                            return numbers
                                .iter()
                                .find(|(place, _)| *place == column)
                                .map(|(_, words)| (*words).to_owned());
                        }
                        ("website", 1, "value") => "Website",
                        ("organization", 1, "name") => "Company",
                        ("organization", 1, "title") => "Job title",
                        ("organization", 1, "department") => "Department",
                        ("address", 1, "street") => "Street",
                        ("address", 1, "extended address") => "Address line 2",
                        ("address", 1, "city") => "City",
                        ("address", 1, "region") => "State",
                        ("address", 1, "postal code") => "Postal code",
                        ("address", 1, "country") => "Country",
                        _ => return None,
                    }
                }
            };
            Some(words.to_owned())
        })
        .collect()
}

/// What each column of numbers is, by the label beside it: the first mobile one, and the first of the others.
fn google_phones(headers: &[String], samples: &[Vec<String>]) -> Vec<(usize, &'static str)> {
    let mut columns: Vec<(u32, usize, bool)> = Vec::new();
    for (column, header) in headers.iter().enumerate() {
        let Some((what, number, part)) = numbered(header) else {
            continue;
        };
        if what != "phone" || part != "value" {
            continue;
        }
        let label = headers.iter().position(|other| {
            numbered(other).is_some_and(|(what, other, part)| {
                what == "phone" && other == number && matches!(part.as_str(), "type" | "label")
            })
        });
        let labels: Vec<String> = label
            .map(|label| values(samples, label).map(str::to_lowercase).collect())
            .unwrap_or_default();
        let of = |word: &str| {
            labels.iter().filter(|label| label.contains(word)).count() * 2 > labels.len()
        };
        if !labels.is_empty() && (of("fax") || of("pager")) {
            continue;
        }
        columns.push((number, column, !labels.is_empty() && of("mobile")));
    }
    columns.sort_unstable();
    let mobile = columns
        .iter()
        .position(|(.., mobile)| *mobile)
        .or_else(|| (columns.len() > 1).then_some(1));
    let phone = (0..columns.len()).find(|place| Some(*place) != mobile);
    [(mobile, "Mobile"), (phone, "Phone")]
        .into_iter()
        .filter_map(|(place, words)| Some((columns.get(place?)?.1, words)))
        .collect()
}

/// The first of several values; of labels all, without those that everybody has.
pub(super) fn tidy_google<'a>(header: &str, cell: &'a str) -> Cow<'a, str> {
    if matches!(plain(header).as_str(), "group membership" | "labels") {
        let labels: Vec<&str> = cell
            .split(":::")
            .map(|label| label.trim().trim_start_matches('*').trim())
            .filter(|label| !label.is_empty() && !matches!(*label, "myContacts" | "My Contacts"))
            .collect();
        return Cow::Owned(labels.join(", "));
    }
    match cell.split_once(" ::: ") {
        Some((first, _)) => Cow::Borrowed(first),
        None => Cow::Borrowed(cell),
    }
}

/// The groups of Outlook's addresses, the likeliest first: what stands before and behind the part.
const PLACES: &[(&str, &str)] = &[
    ("business ", ""),
    ("home ", ""),
    ("other ", ""),
    ("", " geschäftlich"),
    ("", " privat"),
];

/// The parts of an address, in the words of Outlook and in ours.
const PARTS: &[(&str, &str)] = &[
    ("street", "Street"),
    ("street 2", "Address line 2"),
    ("city", "City"),
    ("state", "State"),
    ("postal code", "Postal code"),
    ("country", "Country"),
    ("country/region", "Country"),
    ("straße", "Street"),
    ("ort", "City"),
    ("region", "State"),
    ("postleitzahl", "Postal code"),
    ("land", "Country"),
    ("land/region", "Country"),
];

/// Columns of numbers by which a person is reached, the likeliest first.
const PHONES: &[&str] = &[
    "business phone",
    "primary phone",
    "company main phone",
    "home phone",
    "other phone",
    "business phone 2",
    "telefon geschäftlich",
    "telefon (privat)",
    "telefon privat",
];

pub(super) fn outlook(headers: &[String], samples: &[Vec<String>]) -> Vec<Option<String>> {
    let lower: Vec<String> = headers.iter().map(|header| plain(header)).collect();
    let filled = |column: usize| values(samples, column).count();
    let place = PLACES
        .iter()
        .rev()
        .map(|place| {
            let count: usize = lower
                .iter()
                .enumerate()
                .filter(|(_, header)| part_of(header, *place).is_some())
                .map(|(column, _)| filled(column))
                .sum();
            let there = lower.iter().any(|header| part_of(header, *place).is_some());
            (there, count, place)
        })
        // Of equals the last is taken: the likeliest.
        .max_by_key(|(there, count, _)| (*there, *count))
        .map(|(.., place)| *place)
        .unwrap_or_default();
    let phone = PHONES
        .iter()
        .filter_map(|name| lower.iter().position(|header| header == name))
        .find(|column| filled(*column) > 0)
        .or_else(|| {
            PHONES
                .iter()
                .find_map(|name| lower.iter().position(|header| header == name))
        });
    lower
        .iter()
        .enumerate()
        .map(|(column, header)| {
            if Some(column) == phone {
                return Some("Phone".to_owned());
            }
            if let Some(words) = part_of(header, place) {
                return Some(words.to_owned());
            }
            let words = match header.as_str() {
                "name" | "full name" | "display name" => "Full name",
                "first name" | "vorname" => "First name",
                "last name" | "nachname" => "Last name",
                "e-mail address" | "e-mail-adresse" | "email address" => "Email",
                "mobile phone" | "mobiltelefon" => "Mobile",
                "company" | "firma" => "Company",
                "job title" | "position" => "Job title",
                "department" | "abteilung" => "Department",
                "web page" | "webseite" => "Website",
                "birthday" | "geburtstag" => "Birthday",
                "notes" | "notizen" => "Notes",
                "categories" | "kategorien" => "Tags",
                _ => return None,
            };
            Some(words.to_owned())
        })
        .collect()
}

/// Our words for a part of an address of this group.
fn part_of(header: &str, (before, behind): (&str, &str)) -> Option<&'static str> {
    if before.is_empty() && behind.is_empty() {
        return None;
    }
    let part = header.strip_prefix(before)?.strip_suffix(behind)?;
    PARTS
        .iter()
        .find(|(theirs, _)| *theirs == part)
        .map(|(_, ours)| *ours)
}
