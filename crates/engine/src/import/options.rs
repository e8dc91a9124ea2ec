//! What the caller wants done with a file, parsed strictly: unknown members and values are refused, and
//! every fault is named at once.

use kith_catalogue::fault::{Fault, Faults};
use kith_tabular::dates::DateOrder;
use serde_json::{Map, Value as Json};

use crate::error::EngineError;

/// What becomes of the good rows when there are bad ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bad rows are recorded and left out.
    BestEffort,
    /// One bad row and nothing is kept.
    AllOrNothing,
}

/// What becomes of a row whose record exists already, in the database or earlier in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    Skip,
    /// The cells that are not blank overwrite.
    Update,
    /// Nothing is compared.
    Create,
}

/// What becomes of a name that no record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingReferences {
    /// The row fails.
    Error,
    /// A record with nothing but that name is made.
    Create,
    /// The reference stays empty.
    Empty,
}

/// Which of two numbers in "03/04/2017" is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrderOption {
    /// What each column says about itself.
    Auto,
    DayFirst,
    MonthFirst,
}

impl DateOrderOption {
    /// The order for every column, `None` to ask the columns.
    pub(super) fn fixed(self) -> Option<DateOrder> {
        match self {
            DateOrderOption::Auto => None,
            DateOrderOption::DayFirst => Some(DateOrder::DayFirst),
            DateOrderOption::MonthFirst => Some(DateOrder::MonthFirst),
        }
    }
}

/// The options of one import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOptions {
    /// Header → target, `None` leaves the column out. Absent: the suggestions are taken.
    pub mapping: Option<Vec<(String, Option<String>)>>,
    pub dry_run: bool,
    pub mode: Mode,
    pub duplicates: Duplicates,
    /// The target by which rows and records are compared; absent: the first natural key in the file.
    pub match_on: Option<String>,
    pub missing_references: MissingReferences,
    /// Target → what new records get where the file says nothing.
    pub defaults: Vec<(String, String)>,
    pub date_order: DateOrderOption,
    /// Target → what stands in the file → what is meant (`None`: nothing).
    pub value_map: Vec<(String, Texts)>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            mapping: None,
            dry_run: false,
            mode: Mode::BestEffort,
            duplicates: Duplicates::Skip,
            match_on: None,
            missing_references: MissingReferences::Error,
            defaults: Vec::new(),
            date_order: DateOrderOption::Auto,
            value_map: Vec::new(),
        }
    }
}

const MEMBERS: &str = "mapping, dry_run, mode, duplicates, match_on, missing_references, defaults, date_order, value_map";

impl ImportOptions {
    /// Reads the options of a request; null and `{}` are the defaults.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] with every member that cannot be understood.
    pub fn parse(json: &Json) -> Result<Self, EngineError> {
        let mut options = Self::default();
        let mut faults = Faults::new();
        match json {
            Json::Null => {}
            Json::Object(members) => options.read(members, &mut faults),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                faults.push(
                    Fault::new("not_an_object", "the options must be a JSON object").at("options"),
                );
            }
        }
        faults.into_result()?;
        Ok(options)
    }

    fn read(&mut self, members: &Map<String, Json>, faults: &mut Faults) {
        for (name, json) in members {
            let result = match name.as_str() {
                "mapping" => texts("mapping", json, faults).map(|mapping| self.mapping = mapping),
                "dry_run" => json
                    .as_bool()
                    .map(|flag| self.dry_run = flag)
                    .ok_or_else(|| "must be true or false".to_owned()),
                "mode" => word(
                    json,
                    &[
                        ("best_effort", Mode::BestEffort),
                        ("all_or_nothing", Mode::AllOrNothing),
                    ],
                )
                .map(|mode| self.mode = mode),
                "duplicates" => word(
                    json,
                    &[
                        ("skip", Duplicates::Skip),
                        ("update", Duplicates::Update),
                        ("create", Duplicates::Create),
                    ],
                )
                .map(|policy| self.duplicates = policy),
                "missing_references" => word(
                    json,
                    &[
                        ("error", MissingReferences::Error),
                        ("create", MissingReferences::Create),
                        ("empty", MissingReferences::Empty),
                    ],
                )
                .map(|policy| self.missing_references = policy),
                "date_order" => word(
                    json,
                    &[
                        ("auto", DateOrderOption::Auto),
                        ("day_first", DateOrderOption::DayFirst),
                        ("month_first", DateOrderOption::MonthFirst),
                    ],
                )
                .map(|order| self.date_order = order),
                "match_on" => match json {
                    Json::Null => Ok(()),
                    Json::String(name) => {
                        self.match_on = Some(name.clone());
                        Ok(())
                    }
                    Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                        Err("must be the name of a field".to_owned())
                    }
                },
                "defaults" => texts("defaults", json, faults).map(|defaults| {
                    self.defaults = defaults
                        .into_iter()
                        .flatten()
                        .filter_map(|(name, text)| text.map(|text| (name, text)))
                        .collect();
                }),
                "value_map" => self.read_value_map(json, faults),
                _ => Err(format!("is not an option; the options are {MEMBERS}")),
            };
            if let Err(message) = result {
                faults.push(Fault::new("bad_option", message).at(name.as_str()));
            }
        }
    }

    fn read_value_map(&mut self, json: &Json, faults: &mut Faults) -> Result<(), String> {
        let Json::Object(fields) = json else {
            return Err("must be an object of fields, each an object of values".to_owned());
        };
        for (field, values) in fields {
            let name = format!("value_map.{field}");
            match texts(&name, values, faults) {
                Ok(values) => self
                    .value_map
                    .push((field.clone(), values.unwrap_or_default())),
                Err(message) => faults.push(Fault::new("bad_option", message).at(name)),
            }
        }
        Ok(())
    }
}

/// One of the words.
fn word<T: Copy>(json: &Json, words: &[(&str, T)]) -> Result<T, String> {
    words
        .iter()
        .find(|(word, _)| json.as_str() == Some(word))
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("must be one of {}", all.join(", "))
        })
}

/// Names with a text each, or with none, in the order given.
pub type Texts = Vec<(String, Option<String>)>;

/// An object of texts; null members stay null, numbers and flags are taken as written.
fn texts(name: &str, json: &Json, faults: &mut Faults) -> Result<Option<Texts>, String> {
    let members = match json {
        Json::Null => return Ok(None),
        Json::Object(members) => members,
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err("must be an object".to_owned());
        }
    };
    let mut texts = Vec::with_capacity(members.len());
    for (key, value) in members {
        match value {
            Json::Null => texts.push((key.clone(), None)),
            Json::String(text) => texts.push((key.clone(), Some(text.clone()))),
            Json::Number(number) => texts.push((key.clone(), Some(number.to_string()))),
            Json::Bool(flag) => texts.push((key.clone(), Some(flag.to_string()))),
            Json::Array(_) | Json::Object(_) => {
                faults.push(Fault::new("bad_option", "must be text").at(format!("{name}.{key}")));
            }
        }
    }
    Ok(Some(texts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_documented_form_is_read() {
        let options = ImportOptions::parse(&json!({
            "mapping": {"Name": "name", "Junk": null}, "dry_run": true, "mode": "all_or_nothing", "duplicates": "update",
            "match_on": "name", "missing_references": "create", "defaults": {"currency": "USD", "quantity": 2},
            "date_order": "day_first", "value_map": {"stage_id": {"Won": "won", "Dropped": null}}
        }))
        .unwrap();
        assert_eq!(
            options.mapping,
            Some(vec![
                ("Name".to_owned(), Some("name".to_owned())),
                ("Junk".to_owned(), None)
            ])
        );
        assert!(options.dry_run);
        assert_eq!(
            (options.mode, options.duplicates),
            (Mode::AllOrNothing, Duplicates::Update)
        );
        assert_eq!(options.missing_references, MissingReferences::Create);
        assert_eq!(
            options.defaults,
            vec![
                ("currency".to_owned(), "USD".to_owned()),
                ("quantity".to_owned(), "2".to_owned())
            ]
        );
        assert_eq!(options.date_order, DateOrderOption::DayFirst);
        assert_eq!(
            options.value_map,
            vec![(
                "stage_id".to_owned(),
                vec![
                    ("Won".to_owned(), Some("won".to_owned())),
                    ("Dropped".to_owned(), None)
                ]
            )]
        );
        assert_eq!(
            ImportOptions::parse(&Json::Null).unwrap(),
            ImportOptions::default()
        );
    }

    #[test]
    fn every_fault_is_named() {
        let error = ImportOptions::parse(&json!({"mode": "some", "dryrun": true, "duplicates": 3, "mapping": {"a": []}, "value_map": {"x": 1}})).unwrap_err();
        let EngineError::Invalid(faults) = error else {
            unreachable!("{error}")
        };
        let mut fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["dryrun", "duplicates", "mapping.a", "mode", "value_map.x"]
        );
    }
}
