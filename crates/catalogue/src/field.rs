//! The declaration of one field.

use crate::col::Col;
use crate::custom::CustomField;
use crate::identity::{Identity, Likeness};
use crate::kind::{Hue, Kind};
use crate::value::{ColumnType, ValueType};

/// One value of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored and sent.
    pub value: &'static str,
    /// What people read.
    pub label: &'static str,
    /// The colour of its tag.
    pub hue: Hue,
    /// Other words accepted on input (another document's name for the same thing).
    pub aliases: &'static [&'static str],
}

impl Choice {
    /// A choice with no other words for it.
    pub const fn new(value: &'static str, label: &'static str, hue: Hue) -> Self {
        Self {
            value,
            label,
            hue,
            aliases: &[],
        }
    }

    /// The same choice, also accepted under these words.
    #[must_use]
    pub const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

/// What a field holds when a new record does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    None,
    Text(&'static str),
    Integer(i64),
    Boolean(bool),
    /// An empty list or object.
    Empty,
    /// The user who creates the record.
    CurrentUser,
    /// The organization's base currency.
    BaseCurrency,
}

/// Who may write a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Whoever may change the record.
    Editor,
    /// Whoever may change the record and holds the resource's `assign` permission; the creator may
    /// set it to themselves.
    Assigner,
    /// Given when the record is made, fixed afterwards.
    OnCreate,
    /// Kept by the product; refused from outside.
    System,
}

/// The declaration of one column-backed field. Built with [`Field::of`] and the methods after it.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a field, each written by name in a declaration"
)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    /// Never null and, for text, never blank.
    pub required: bool,
    /// A boolean that is null until it is known; other booleans are always true or false.
    pub undecided: bool,
    /// No two living records of an organization share it.
    pub unique: bool,
    pub default: Default,
    /// The database has a value of its own for a new record that does not say: one that no other row's being written with
    /// it may take away.
    pub filled: bool,
    /// Characters, for text kinds.
    pub max_length: Option<u32>,
    /// Inclusive, for numbers.
    pub min: Option<i64>,
    /// Inclusive, for numbers.
    pub max: Option<i64>,
    /// Decimal places kept, where they are not those of the kind; such a field cannot be filtered.
    pub places: Option<u32>,
    pub choices: &'static [Choice],
    /// The entity that a reference points at, by name.
    pub reference: Option<&'static str>,
    /// The choice that names the entity that an any-reference points at.
    pub entity_field: Option<&'static str>,
    pub searchable: bool,
    pub filterable: bool,
    pub sortable: bool,
    /// Data about a person: exported and erased with them, maskable per role.
    pub personal: bool,
    /// How the field tells that two records are one.
    pub identity: Option<Identity>,
    /// The resource whose readers alone see it; to others it is empty.
    pub confidential: Option<&'static str>,
    pub writer: Writer,
    /// The field that holds the currency of a money field; `None` means the organization's.
    pub currency: Option<&'static str>,
    /// One sentence for the form.
    pub help: Option<&'static str>,
    /// Column headers that mean this field when a file is imported.
    pub aliases: &'static [&'static str],
}

impl Field {
    /// Declares the field of a column.
    ///
    /// # Panics
    /// While compiling, when the kind does not fit the column's type.
    pub const fn of<T: ColumnType>(column: Col<T>, label: &'static str, kind: Kind) -> Self {
        assert!(
            same(T::VALUE_TYPE, kind.value_type()),
            "the kind does not fit the column's type"
        );
        Self {
            name: column.name(),
            label,
            kind,
            required: false,
            undecided: false,
            unique: false,
            default: match kind {
                Kind::Tags | Kind::CustomFields => Default::Empty,
                _ => Default::None,
            },
            filled: false,
            max_length: match kind {
                Kind::Text | Kind::Email => Some(255),
                Kind::Phone => Some(50),
                Kind::Url => Some(500),
                Kind::LongText => Some(50_000),
                _ => None,
            },
            min: match kind {
                Kind::Percent | Kind::Money => Some(0),
                Kind::Integer => Some(-2_147_483_648),
                Kind::Decimal => Some(-9_999_999_999),
                _ => None,
            },
            max: match kind {
                Kind::Percent => Some(100),
                Kind::Money => Some(9_999_999_999_999),
                Kind::Integer => Some(2_147_483_647),
                Kind::Decimal => Some(9_999_999_999),
                _ => None,
            },
            places: None,
            choices: &[],
            reference: match kind {
                Kind::User => Some("user"),
                _ => None,
            },
            entity_field: None,
            searchable: false,
            filterable: false,
            sortable: false,
            personal: false,
            identity: None,
            confidential: None,
            writer: Writer::Editor,
            currency: None,
            help: None,
            aliases: &[],
        }
    }

    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// For a boolean that is null until it is known.
    #[must_use]
    pub const fn undecided(mut self) -> Self {
        self.undecided = true;
        self
    }

    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    #[must_use]
    pub const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// The database fills it in where a new record does not say.
    #[must_use]
    pub const fn filled(mut self) -> Self {
        self.filled = true;
        self
    }

    /// Whether a new record that does not say has a value all the same.
    #[must_use]
    pub fn is_never_left_empty(&self) -> bool {
        self.filled || self.default != Default::None
    }

    #[must_use]
    pub const fn max_length(mut self, characters: u32) -> Self {
        self.max_length = Some(characters);
        self
    }

    #[must_use]
    pub const fn range(mut self, min: i64, max: i64) -> Self {
        self.min = Some(min);
        self.max = Some(max);
        self
    }

    /// Keeps this many decimal places instead of the kind's. For fields that are not filtered: the whole-number
    /// key of a kind has the kind's places.
    #[must_use]
    pub const fn places(mut self, places: u32) -> Self {
        self.places = Some(places);
        self
    }

    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        self.choices = choices;
        self
    }

    #[must_use]
    pub const fn references(mut self, entity: &'static str) -> Self {
        self.reference = Some(entity);
        self
    }

    /// An any-reference whose entity is the value of the choice `column`.
    #[must_use]
    pub const fn references_any(mut self, column: Col<String>) -> Self {
        self.entity_field = Some(column.name());
        self
    }

    #[must_use]
    pub const fn searchable(mut self) -> Self {
        self.searchable = true;
        self
    }

    #[must_use]
    pub const fn filterable(mut self) -> Self {
        self.filterable = true;
        self
    }

    /// Sortable fields are filterable too: the same index serves both.
    #[must_use]
    pub const fn sortable(mut self) -> Self {
        self.sortable = true;
        self.filterable = true;
        self
    }

    #[must_use]
    pub const fn personal(mut self) -> Self {
        self.personal = true;
        self
    }

    /// Records that are alike in this field may be one. `column` is the plain text that is compared.
    #[must_use]
    pub const fn identifies(
        mut self,
        likeness: Likeness,
        column: &'static str,
        weight: u8,
    ) -> Self {
        self.identity = Some(Identity {
            likeness,
            column,
            weight,
        });
        self
    }

    /// Shown to those alone who may read `resource`.
    #[must_use]
    pub const fn confidential(mut self, resource: &'static str) -> Self {
        self.confidential = Some(resource);
        self
    }

    #[must_use]
    pub const fn writer(mut self, writer: Writer) -> Self {
        self.writer = writer;
        self
    }

    /// Kept by the product; refused from outside.
    #[must_use]
    pub const fn system(self) -> Self {
        self.writer(Writer::System)
    }

    #[must_use]
    pub const fn currency(mut self, column: Col<String>) -> Self {
        self.currency = Some(column.name());
        self
    }

    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The name under which `include=` nests the referenced record: `company_id` → `company`. None when the field has
    /// that name itself.
    pub fn include_name(&self) -> Option<&'static str> {
        self.reference.or(self.entity_field)?;
        Some(match self.name {
            "created_by" => "creator",
            "updated_by" => "updater",
            "uploaded_by" => "uploader",
            "generated_by" => "generator",
            name => name.strip_suffix("_id")?,
        })
    }

    /// The column on which the field is compared and sorted: a whole-number key for decimals,
    /// because only leakproof comparisons reach an index under row security.
    pub fn key_column(&self) -> String {
        match self.kind.key_scale() {
            Some(_) => format!("{}_key", self.name),
            None => self.name.to_owned(),
        }
    }

    /// Whether a request may give this field a value when it creates a record.
    pub fn writable_on_create(&self) -> bool {
        self.writer != Writer::System
    }

    /// Whether a request may change this field of an existing record.
    pub fn writable_on_update(&self) -> bool {
        matches!(self.writer, Writer::Editor | Writer::Assigner)
    }
}

/// `ValueType` equality usable in constants.
const fn same(left: ValueType, right: ValueType) -> bool {
    left as u8 == right as u8
}

/// A declared field or one of the organization's own: everything that parses, filters or describes
/// a field takes this.
#[derive(Clone, Copy, Debug)]
pub enum AnyField<'a> {
    Column(&'static Field),
    Custom(&'a CustomField),
}

impl<'a> AnyField<'a> {
    /// The field's name outside: `amount`, `custom.tier`.
    pub fn name(&self) -> String {
        match self {
            AnyField::Column(field) => field.name.to_owned(),
            AnyField::Custom(field) => format!("custom.{}", field.key),
        }
    }

    pub fn label(&self) -> &'a str {
        match self {
            AnyField::Column(field) => field.label,
            AnyField::Custom(field) => &field.label,
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            AnyField::Column(field) => field.kind,
            AnyField::Custom(field) => field.kind,
        }
    }

    pub fn filterable(&self) -> bool {
        match self {
            AnyField::Column(field) => field.filterable,
            AnyField::Custom(field) => field.filterable,
        }
    }

    pub fn reference(&self) -> Option<&'a str> {
        match self {
            AnyField::Column(field) => field.reference,
            AnyField::Custom(field) => field.reference.as_deref(),
        }
    }

    pub fn max_length(&self) -> Option<u32> {
        match self {
            AnyField::Column(field) => field.max_length,
            AnyField::Custom(field) => field.max_length,
        }
    }

    /// Decimal places kept; `None` for what is no decimal.
    pub fn places(&self) -> Option<u32> {
        match self {
            AnyField::Column(field) => field.places.or(field.kind.key_scale()),
            AnyField::Custom(field) => field.kind.key_scale(),
        }
    }

    pub fn min(&self) -> Option<i64> {
        match self {
            AnyField::Column(field) => field.min,
            AnyField::Custom(field) => field.min,
        }
    }

    pub fn max(&self) -> Option<i64> {
        match self {
            AnyField::Column(field) => field.max,
            AnyField::Custom(field) => field.max,
        }
    }

    /// The stored value of a choice, from the value itself, its label or another word for it.
    pub fn choice(&self, word: &str) -> Option<&'a str> {
        match self {
            AnyField::Column(field) => field
                .choices
                .iter()
                .find(|choice| choice.value == word)
                .or_else(|| {
                    field.choices.iter().find(|choice| {
                        choice.value.eq_ignore_ascii_case(word)
                            || choice.label.eq_ignore_ascii_case(word)
                            || choice
                                .aliases
                                .iter()
                                .any(|alias| alias.eq_ignore_ascii_case(word))
                    })
                })
                .map(|choice| choice.value),
            AnyField::Custom(field) => field
                .choices
                .iter()
                .find(|choice| choice.value == word)
                .or_else(|| {
                    field.choices.iter().find(|choice| {
                        choice.value.eq_ignore_ascii_case(word)
                            || choice.label.eq_ignore_ascii_case(word)
                    })
                })
                .map(|choice| choice.value.as_str()),
        }
    }

    /// The values a choice may take, for messages.
    pub fn choice_values(&self) -> Vec<&'a str> {
        match self {
            AnyField::Column(field) => field.choices.iter().map(|choice| choice.value).collect(),
            AnyField::Custom(field) => field
                .choices
                .iter()
                .map(|choice| choice.value.as_str())
                .collect(),
        }
    }
}
