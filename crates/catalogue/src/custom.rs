//! Fields that an organization adds at run time. They are the same kinds of value as declared
//! fields, stored in `custom_fields`, never in columns of their own.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::value::Value;

/// A choice of a custom field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomChoice {
    pub value: String,
    pub label: String,
    #[serde(default = "gray")]
    pub hue: String,
}

fn gray() -> String {
    "gray".to_owned()
}

/// One field that an organization defined for one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomField {
    /// The key in `custom_fields`: lower-case letters, digits and `_`.
    pub key: String,
    pub label: String,
    pub kind: Kind,
    pub required: bool,
    pub unique: bool,
    pub filterable: bool,
    pub default: Value,
    pub max_length: Option<u32>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub choices: Vec<CustomChoice>,
    pub reference: Option<String>,
    pub help: Option<String>,
    pub position: i64,
}

/// Everything an organization added to the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    fields: HashMap<String, Vec<CustomField>>,
}

impl Overlay {
    /// An overlay from fields by entity name, ordered by position.
    pub fn new(fields: HashMap<String, Vec<CustomField>>) -> Self {
        let mut fields = fields;
        for list in fields.values_mut() {
            list.sort_by(|left, right| {
                left.position
                    .cmp(&right.position)
                    .then_with(|| left.key.cmp(&right.key))
            });
        }
        Self { fields }
    }

    /// The custom fields of an entity, in order.
    pub fn of(&self, entity: &str) -> &[CustomField] {
        self.fields.get(entity).map_or(&[], Vec::as_slice)
    }

    /// One custom field.
    pub fn get(&self, entity: &str, key: &str) -> Option<&CustomField> {
        self.of(entity).iter().find(|field| field.key == key)
    }
}
