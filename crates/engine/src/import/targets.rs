//! Where a column may go: a field, a part of an address, one of the organization's own fields, or a
//! field of a record that belongs to the imported one.

use kith_catalogue::Catalogue;
use kith_catalogue::custom::Overlay;
use kith_catalogue::entity::{Access, Child, Entity};
use kith_catalogue::field::{AnyField, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse_text};
use kith_tabular::booleans;
use kith_tabular::headers::{self, TargetKind};
use uuid::Uuid;

use crate::caller::Caller;
use crate::export::name_header;

/// The parts of an address with the words people use for them.
const PARTS: &[(&str, &str, &[&str])] = &[
    (
        "line1",
        "Street",
        &["street address", "address line 1", "address 1", "street 1"],
    ),
    ("line2", "Address line 2", &["address 2", "street 2"]),
    ("city", "City", &["town"]),
    (
        "state",
        "State",
        &["province", "region", "state/region", "county"],
    ),
    (
        "postal_code",
        "Postal code",
        &["zip", "zip code", "postcode"],
    ),
    (
        "country",
        "Country",
        &["country/region", "office location", "location"],
    ),
];

/// One place that a column may fill.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The record's own id, to find it again.
    Id,
    Field(&'static Field),
    AddressPart(&'static Field, &'static str),
    /// A person's name in one cell, for entities that keep it in two fields.
    PersonName,
    /// The key of one of the organization's own fields.
    Custom(String),
    /// What the record is called that a field refers to, beside its id.
    ReferenceName(&'static Field),
    /// The same for one of the organization's own fields.
    CustomName(String),
    Child {
        child: &'static Child,
        entity: &'static Entity,
        field: &'static Field,
    },
}

/// A target with what people call it.
pub(super) struct Described {
    /// `billing_address.country`, `items.product_id`, `custom.tier`.
    pub name: String,
    pub label: String,
    pub aliases: Vec<String>,
    pub kind: TargetKind,
}

/// Every target of an entity for this caller.
pub(super) fn all(
    catalogue: &'static Catalogue,
    caller: &Caller,
    entity: &'static Entity,
) -> Vec<Described> {
    let mut targets = Vec::new();
    for field in writable(entity) {
        targets.push(Described {
            name: field.name.to_owned(),
            label: field.label.to_owned(),
            aliases: owned(field.aliases),
            kind: target_kind(field.kind),
        });
    }
    let own: Vec<String> = targets
        .iter()
        .map(|target| target.label.to_lowercase())
        .collect();
    for (position, field) in writable(entity)
        .filter(|field| field.kind == Kind::Address)
        .enumerate()
    {
        targets.extend(PARTS.iter().map(|(part, label, aliases)| {
            address_part(field, part, label, aliases, position == 0)
        }));
    }
    if takes_person_name(entity) {
        targets.push(Described {
            name: entity.title.to_owned(),
            label: entity
                .title_field()
                .map_or("Name", |field| field.label)
                .to_owned(),
            aliases: owned(&["full name", "name", "contact name"]),
            kind: TargetKind::Text,
        });
    }
    targets.extend(custom_targets(&caller.overlay, entity));
    for (child, other) in children(catalogue, entity) {
        for field in writable(other)
            .filter(|field| field.name != child.field && field.kind != Kind::CustomFields)
        {
            let taken = own.contains(&field.label.to_lowercase());
            let full = format!("{} {}", child.label, field.label);
            targets.push(Described {
                name: format!("{}.{}", child.name, field.name),
                label: if taken {
                    full.clone()
                } else {
                    field.label.to_owned()
                },
                aliases: if taken {
                    Vec::new()
                } else {
                    owned(field.aliases).into_iter().chain([full]).collect()
                },
                kind: target_kind(field.kind),
            });
        }
    }
    targets.push(Described {
        name: "id".to_owned(),
        label: format!("{} ID in this system", entity.label),
        aliases: Vec::new(),
        kind: TargetKind::Identifier,
    });
    targets
}

/// The target of this name.
pub(super) fn find(
    catalogue: &'static Catalogue,
    caller: &Caller,
    entity: &'static Entity,
    name: &str,
) -> Option<Target> {
    if name == "id" {
        return Some(Target::Id);
    }
    if name == entity.title && takes_person_name(entity) {
        return Some(Target::PersonName);
    }
    if let Some(field) = writable(entity).find(|field| field.name == name) {
        return Some(Target::Field(field));
    }
    if name == "custom_fields" && entity.extensible {
        return entity.field(name).map(Target::Field);
    }
    if let Some(field) = writable(entity).find(|field| {
        catalogue
            .by_name(field.reference.unwrap_or_default())
            .is_some()
            && name_header(field) == name
    }) {
        return Some(Target::ReferenceName(field));
    }
    let (first, rest) = name.split_once('.')?;
    if first == "custom" {
        let (key, named) = match rest.strip_suffix(".name") {
            Some(key) => (key, true),
            None => (rest, false),
        };
        let field = caller
            .overlay
            .get(entity.name, key)
            .filter(|_| entity.extensible)?;
        let refers = matches!(field.kind, Kind::Reference | Kind::User);
        return match (named, refers) {
            (false, _) => Some(Target::Custom(field.key.clone())),
            (true, true) => Some(Target::CustomName(field.key.clone())),
            (true, false) => None,
        };
    }
    if let Some(field) =
        writable(entity).find(|field| field.name == first && field.kind == Kind::Address)
    {
        let (part, ..) = PARTS.iter().find(|(part, ..)| *part == rest)?;
        return Some(Target::AddressPart(field, part));
    }
    let (child, other) = children(catalogue, entity).find(|(child, _)| child.name == first)?;
    let field = writable(other).find(|field| {
        field.name == rest && field.name != child.field && field.kind != Kind::CustomFields
    })?;
    Some(Target::Child {
        child,
        entity: other,
        field,
    })
}

/// The fields that a file may fill.
fn writable(entity: &'static Entity) -> impl Iterator<Item = &'static Field> {
    entity.all_fields().iter().copied().filter(|field| {
        field.writable_on_create() && field.name != "id" && field.kind != Kind::CustomFields
    })
}

/// The lists whose records a row may bring along: those that are seen through the record itself.
fn children(
    catalogue: &'static Catalogue,
    entity: &'static Entity,
) -> impl Iterator<Item = (&'static Child, &'static Entity)> {
    entity.children.iter().filter_map(move |child| {
        let other = catalogue.by_name(child.entity)?;
        let belongs = matches!(other.access, Access::Through { column, parent } if column == child.field && parent == entity.name);
        (belongs && other.verbs.import).then_some((child, other))
    })
}

/// Whether people are named by two fields here and the full name is made from them.
fn takes_person_name(entity: &'static Entity) -> bool {
    let derived = entity
        .title_field()
        .is_some_and(|field| !field.writable_on_create());
    derived
        && ["first_name", "last_name"]
            .iter()
            .all(|name| entity.field(name).is_some_and(Field::writable_on_create))
}

fn address_part(
    field: &'static Field,
    part: &'static str,
    label: &str,
    aliases: &[&str],
    first: bool,
) -> Described {
    let word = field.label.trim_end_matches("address").trim();
    let full = if word.is_empty() {
        label.to_owned()
    } else {
        format!("{word} {}", label.to_lowercase())
    };
    // The first address of a record is meant when a file does not say which.
    let (label, aliases) = if first {
        (
            label.to_owned(),
            owned(aliases).into_iter().chain([full]).collect(),
        )
    } else {
        (full, Vec::new())
    };
    Described {
        name: format!("{}.{part}", field.name),
        label,
        aliases,
        kind: TargetKind::Text,
    }
}

fn custom_targets(overlay: &Overlay, entity: &'static Entity) -> impl Iterator<Item = Described> {
    let fields = if entity.extensible {
        overlay.of(entity.name)
    } else {
        &[]
    };
    fields.iter().map(|field| Described {
        name: format!("custom.{}", field.key),
        label: field.label.clone(),
        aliases: vec![field.key.clone()],
        kind: target_kind(field.kind),
    })
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn target_kind(kind: Kind) -> TargetKind {
    match kind {
        Kind::Email => TargetKind::Email,
        Kind::Phone => TargetKind::Phone,
        Kind::Url => TargetKind::Url,
        Kind::Integer | Kind::Percent | Kind::Decimal | Kind::Money => TargetKind::Number,
        Kind::Boolean => TargetKind::Boolean,
        Kind::Date | Kind::Timestamp => TargetKind::Date,
        Kind::Reference | Kind::User => TargetKind::Reference,
        Kind::Uuid | Kind::AnyReference => TargetKind::Identifier,
        Kind::Text
        | Kind::LongText
        | Kind::Choice
        | Kind::MultiChoice
        | Kind::Tags
        | Kind::Currency
        | Kind::Country
        | Kind::Address
        | Kind::Json
        | Kind::Color
        | Kind::CustomFields => TargetKind::Text,
    }
}

/// A target and the confidence for each column, by the words that name it; none for columns without. What would fail
/// in nearly every row is not suggested, so that another column may take its place.
pub(super) fn suggest(
    catalogue: &'static Catalogue,
    caller: &Caller,
    entity: &'static Entity,
    mut words: Vec<Option<String>>,
    samples: &[Vec<String>],
    targets: &[Described],
) -> Vec<headers::Suggestion> {
    let context = caller.parse_context();
    loop {
        let suggestions = by_words(&words, samples, targets);
        let hopeless: Vec<usize> = suggestions
            .iter()
            .enumerate()
            .filter(|(column, suggestion)| {
                let found = suggestion
                    .target
                    .as_deref()
                    .and_then(|name| find(catalogue, caller, entity, name));
                let header = words.get(*column).and_then(Option::as_deref);
                found.is_some_and(|target| {
                    is_hopeless(
                        &target,
                        caller,
                        entity,
                        header.unwrap_or_default(),
                        values(samples, *column),
                        &context,
                    )
                })
            })
            .map(|(column, _)| column)
            .collect();
        if hopeless.is_empty() {
            return suggestions;
        }
        // Each turn takes a column out, so this ends.
        for column in hopeless {
            if let Some(word) = words.get_mut(column) {
                *word = None;
            }
        }
    }
}

fn values(samples: &[Vec<String>], column: usize) -> Vec<&str> {
    samples
        .iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// Whether the values of a column cannot be those of a target: identifiers of another system, or words that are no
/// choices.
fn is_hopeless(
    target: &Target,
    caller: &Caller,
    entity: &'static Entity,
    header: &str,
    values: Vec<&str>,
    context: &ParseContext,
) -> bool {
    if values.is_empty() {
        return false;
    }
    let is_uuid = |text: &&str| Uuid::try_parse(text).is_ok();
    let Some(field) = target.field(caller, entity) else {
        return matches!(target, Target::Id) && !values.iter().all(is_uuid);
    };
    match field.kind() {
        Kind::Reference | Kind::User => {
            let lower = header.to_lowercase();
            let of_ids = lower.ends_with("id") || lower.ends_with("ids");
            of_ids
                && values.iter().all(|text| {
                    !is_uuid(text)
                        && !text.contains([' ', '@', '.'])
                        && text.contains(|character: char| character.is_ascii_digit())
                })
        }
        Kind::Boolean => few(&values, |text| booleans::parse(text).is_ok()),
        Kind::Choice | Kind::Currency | Kind::Country => {
            few(&values, |text| parse_text(&field, text, context).is_ok())
        }
        Kind::Text
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Integer
        | Kind::Percent
        | Kind::Decimal
        | Kind::Money
        | Kind::Date
        | Kind::Timestamp
        | Kind::MultiChoice
        | Kind::Tags
        | Kind::Address
        | Kind::Json
        | Kind::Color
        | Kind::CustomFields
        | Kind::AnyReference
        | Kind::Uuid => false,
    }
}

/// Whether less than half of the values can be read.
fn few(values: &[&str], read: impl Fn(&str) -> bool) -> bool {
    values.iter().filter(|text| read(text)).count() * 2 < values.len()
}

fn by_words(
    words: &[Option<String>],
    samples: &[Vec<String>],
    targets: &[Described],
) -> Vec<headers::Suggestion> {
    let headers: Vec<String> = words
        .iter()
        .map(|word| word.clone().unwrap_or_default())
        .collect();
    let aliases: Vec<Vec<&str>> = targets
        .iter()
        .map(|target| target.aliases.iter().map(String::as_str).collect())
        .collect();
    let described: Vec<headers::Target<'_>> = targets
        .iter()
        .zip(&aliases)
        .map(|(target, aliases)| headers::Target {
            name: &target.name,
            label: &target.label,
            aliases,
            kind: target.kind,
        })
        .collect();
    headers::suggest(&headers, samples, &described)
        .into_iter()
        .zip(words)
        .map(|(suggestion, word)| match word {
            Some(_) => suggestion,
            // Not even its values may say otherwise.
            None => headers::Suggestion {
                target: None,
                confidence: 0.0,
            },
        })
        .collect()
}

impl Target {
    /// The field whose kind decides how a cell is read; `None` for what is no field.
    pub(super) fn field<'a>(
        &self,
        caller: &'a Caller,
        entity: &'static Entity,
    ) -> Option<AnyField<'a>> {
        match self {
            Target::Field(field) | Target::ReferenceName(field) | Target::Child { field, .. } => {
                Some(AnyField::Column(field))
            }
            Target::Custom(key) | Target::CustomName(key) => {
                caller.overlay.get(entity.name, key).map(AnyField::Custom)
            }
            Target::Id | Target::AddressPart(..) | Target::PersonName => None,
        }
    }
}

/// The entity that a field refers to, by name.
pub(super) fn referenced<'a>(field: &AnyField<'a>) -> Option<&'a str> {
    if field.kind() == Kind::User {
        Some("user")
    } else {
        field.reference()
    }
}
