//! E-mail addresses and phone numbers, hidden from roles without the permission to read them (002), and
//! confidential fields, empty for whoever may not read what they are confidential to.
//!
//! A masked value still tells people apart: `a•••@example.com`, `+14•••••12`. Whoever sees it masked
//! cannot filter, sort, search or write by it either, or the mask could be guessed away.

use std::sync::Arc;

use kith_catalogue::access::{Action, Grants};
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;
use serde_json::Value as Json;

use crate::caller::Caller;

/// The permission that lifts the mask.
const RESOURCE: &str = "personal_data";

/// What is masked for one caller.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask {
    active: bool,
    /// The organization's own fields of these kinds, by key.
    custom: Vec<(String, Kind)>,
    /// What the caller may do; nothing is confidential without.
    grants: Option<Arc<Grants>>,
}

impl Mask {
    /// The mask for what a caller reads of an entity.
    pub(crate) fn of(caller: &Caller, entity: &str) -> Mask {
        if caller.grants.allows(RESOURCE, Action::Read) {
            return Mask {
                grants: Some(Arc::clone(&caller.grants)),
                ..Mask::default()
            };
        }
        let custom = caller
            .overlay
            .of(entity)
            .iter()
            .filter(|field| is_contact(field.kind));
        Mask {
            active: true,
            custom: custom
                .map(|field| (field.key.clone(), field.kind))
                .collect(),
            grants: Some(Arc::clone(&caller.grants)),
        }
    }

    /// Whether the caller sees this field masked or not at all.
    pub(crate) fn hides(&self, field: &Field) -> bool {
        self.active && is_contact(field.kind) || self.withholds(field)
    }

    /// Whether the caller does not see this field at all.
    pub(crate) fn withholds(&self, field: &Field) -> bool {
        match (field.confidential, &self.grants) {
            (Some(resource), Some(grants)) => !grants.allows(resource, Action::Read),
            _ => false,
        }
    }

    /// Whether anything at all is masked.
    pub(crate) fn is_active(&self) -> bool {
        self.active
    }

    /// Whether the organization's own fields hold something to mask.
    pub(crate) fn hides_custom(&self) -> bool {
        self.active && !self.custom.is_empty()
    }

    /// A field's value as the caller may see it.
    pub(crate) fn shown(&self, field: &Field, value: Json) -> Json {
        match value {
            _ if self.withholds(field) => Json::Null,
            Json::String(text) if self.hides(field) => Json::String(masked(field.kind, &text)),
            Json::Object(_) if field.kind == Kind::CustomFields => self.custom_fields(value),
            other => other,
        }
    }

    /// The organization's own fields as the caller may see them.
    pub(crate) fn custom_fields(&self, mut values: Json) -> Json {
        for (key, kind) in &self.custom {
            if let Some(Json::String(text)) = values.get_mut(key) {
                *text = masked(*kind, text);
            }
        }
        values
    }
}

/// Kinds that reach a person.
pub(crate) fn is_contact(kind: Kind) -> bool {
    matches!(kind, Kind::Email | Kind::Phone)
}

/// Enough to tell two values apart, not enough to use either.
pub(crate) fn masked(kind: Kind, text: &str) -> String {
    let first: String = text
        .chars()
        .take(if kind == Kind::Phone { 3 } else { 1 })
        .collect();
    if kind == Kind::Phone {
        let last: String = text
            .chars()
            .skip(text.chars().count().saturating_sub(2))
            .collect();
        return format!("{first}•••••{last}");
    }
    match text.rsplit_once('@') {
        Some((_, domain)) => format!("{first}•••@{domain}"),
        None => format!("{first}•••"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_little() {
        assert_eq!(
            masked(Kind::Email, "ada.lovelace@example.com"),
            "a•••@example.com"
        );
        assert_eq!(masked(Kind::Phone, "+14155550112"), "+14•••••12");
    }
}
