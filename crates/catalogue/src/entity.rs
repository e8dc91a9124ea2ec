//! The declaration of one entity.

use std::sync::LazyLock;

use crate::col::{Col, col};
use crate::field::Field;
use crate::identity::Identity;
use crate::kind::Kind;

/// How row security finds out whose a record is. The database's policies use the same columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Owned by a user and, where given, belonging to a company. Column names.
    Owned {
        owner: &'static str,
        /// Columns of further people to whom the record belongs as well.
        also: &'static [&'static str],
        company: Option<&'static str>,
    },
    /// As owned, and belonging besides to projects, whose members have it as theirs. Column names.
    InProjects {
        owner: &'static str,
        also: &'static [&'static str],
        company: Option<&'static str>,
        /// The first is the record's own; a project's is its id.
        projects: &'static [&'static str],
    },
    /// Seen by whoever may read the resource at all.
    Shared,
    /// Seen with the record it belongs to: the column that points at it and that record's entity.
    Through {
        column: &'static str,
        parent: &'static str,
    },
    /// Seen with the record that (`entity_type`, `entity_id`) name.
    Subject,
    /// Seen with the record that (`subject_type`, `subject_id`) name, whose owner and company the row
    /// keeps; changed by whoever wrote it.
    About,
}

/// The columns that say whose a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    pub owner: &'static str,
    pub also: &'static [&'static str],
    pub company: Option<&'static str>,
    pub projects: &'static [&'static str],
}

impl Access {
    /// Whose a record is, where it is somebody's.
    pub const fn ownership(&self) -> Option<Ownership> {
        match *self {
            Access::Owned {
                owner,
                also,
                company,
            } => Some(Ownership {
                owner,
                also,
                company,
                projects: &[],
            }),
            Access::InProjects {
                owner,
                also,
                company,
                projects,
            } => Some(Ownership {
                owner,
                also,
                company,
                projects,
            }),
            Access::Shared | Access::Through { .. } | Access::Subject | Access::About => None,
        }
    }
}

/// A list of another entity's records that belong to a record.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// The path segment: `/companies/{id}/contacts`.
    pub name: &'static str,
    pub label: &'static str,
    /// The child's entity, by name.
    pub entity: &'static str,
    /// The child's field that points here.
    pub field: &'static str,
}

/// A group of fields on the record page and in forms.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub label: &'static str,
    pub fields: &'static [&'static str],
}

/// Hints for the web application, apart from the fields.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The columns a table shows at first.
    pub table: &'static [&'static str],
    pub sections: &'static [Section],
    /// The field that a board groups by.
    pub board: Option<&'static str>,
}

/// Which generic operations an entity has from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each written by name in a declaration"
)]
pub struct Verbs {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
    pub import: bool,
}

impl Verbs {
    pub const ALL: Verbs = Verbs {
        create: true,
        update: true,
        delete: true,
        import: true,
    };
    pub const READ: Verbs = Verbs {
        create: false,
        update: false,
        delete: false,
        import: false,
    };
}

/// The declaration of one entity.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each written by name in a declaration"
)]
pub struct Entity {
    /// Singular, as stored in `entity_type` columns: `company`.
    pub name: &'static str,
    /// The table or view.
    pub table: &'static str,
    /// The table is a view: its rows cannot be locked.
    pub is_view: bool,
    /// The path segment: `companies`, `deal-items`.
    pub path: &'static str,
    pub label: &'static str,
    pub label_plural: &'static str,
    /// A lucide icon.
    pub icon: &'static str,
    /// The permission resource.
    pub resource: &'static str,
    /// The field that names a record to people.
    pub title: &'static str,
    pub access: Access,
    /// The fields of its own; [`Entity::all_fields`] adds the common ones.
    pub fields: &'static [Field],
    pub children: &'static [Child],
    pub layout: Layout,
    pub verbs: Verbs,
    /// Deletion hides the record and can be undone.
    pub soft_delete: bool,
    /// `version`, `updated_at`, `updated_by`; without it records never change.
    pub versioned: bool,
    pub tagged: bool,
    /// Organizations may add fields.
    pub extensible: bool,
    /// The boolean that takes a record out of lists which do not ask for it.
    pub archive: Option<&'static str>,
    /// Fields by which a file names a record: the first that matches wins.
    pub natural_keys: &'static [&'static str],
    /// Sort when the caller does not say: field name, descending.
    pub default_sort: (&'static str, bool),
    /// The computed list of all fields.
    pub all: LazyLock<Vec<&'static Field>>,
}

const ID: Col<uuid::Uuid> = col("id");
const CREATED_AT: Col<jiff::Timestamp> = col("created_at");
const UPDATED_AT: Col<jiff::Timestamp> = col("updated_at");
const DELETED_AT: Col<jiff::Timestamp> = col("deleted_at");
const CREATED_BY: Col<uuid::Uuid> = col("created_by");
const UPDATED_BY: Col<uuid::Uuid> = col("updated_by");
const VERSION: Col<i64> = col("version");
const TAGS: Col<Vec<String>> = col("tags");
const CUSTOM_FIELDS: Col<serde_json::Value> = col("custom_fields");

static ID_FIELD: Field = Field::of(ID, "Id", Kind::Uuid).filterable().system();
static CREATED_AT_FIELD: Field = Field::of(CREATED_AT, "Created", Kind::Timestamp)
    .sortable()
    .system();
static CREATED_BY_FIELD: Field = Field::of(CREATED_BY, "Created by", Kind::User).system();
static UPDATED_AT_FIELD: Field = Field::of(UPDATED_AT, "Updated", Kind::Timestamp)
    .sortable()
    .system();
static UPDATED_BY_FIELD: Field = Field::of(UPDATED_BY, "Updated by", Kind::User).system();
static VERSION_FIELD: Field = Field::of(VERSION, "Version", Kind::Integer).system();
static DELETED_AT_FIELD: Field = Field::of(DELETED_AT, "Deleted", Kind::Timestamp).system();
static TAGS_FIELD: Field = Field::of(TAGS, "Tags", Kind::Tags)
    .filterable()
    .aliases(&["labels", "tag"]);
static CUSTOM_FIELDS_FIELD: Field = Field::of(CUSTOM_FIELDS, "Custom fields", Kind::CustomFields);

/// The fields that every entity shares, according to what it is.
pub fn common_fields(entity: &Entity) -> Vec<&'static Field> {
    let mut fields: Vec<&'static Field> = Vec::new();
    if entity.tagged {
        fields.push(&TAGS_FIELD);
    }
    if entity.extensible {
        fields.push(&CUSTOM_FIELDS_FIELD);
    }
    fields.push(&CREATED_AT_FIELD);
    fields.push(&CREATED_BY_FIELD);
    if entity.versioned {
        fields.push(&UPDATED_AT_FIELD);
        fields.push(&UPDATED_BY_FIELD);
        fields.push(&VERSION_FIELD);
    }
    if entity.soft_delete {
        fields.push(&DELETED_AT_FIELD);
    }
    fields
}

/// Evaluated once: `id`, the entity's own fields, then the common ones it does not declare itself.
pub fn assemble(entity: &'static Entity) -> Vec<&'static Field> {
    let mut all: Vec<&'static Field> = vec![&ID_FIELD];
    all.extend(entity.fields.iter());
    for field in common_fields(entity) {
        if !all.iter().any(|other| other.name == field.name) {
            all.push(field);
        }
    }
    all
}

impl Entity {
    /// Every field in the order in which records are written.
    pub fn all_fields(&'static self) -> &'static [&'static Field] {
        &self.all
    }

    /// One field by name.
    pub fn field(&'static self, name: &str) -> Option<&'static Field> {
        self.all.iter().copied().find(|field| field.name == name)
    }

    /// The reference field that `include=name` follows.
    pub fn include(&'static self, name: &str) -> Option<&'static Field> {
        self.all
            .iter()
            .copied()
            .find(|field| field.include_name() == Some(name))
    }

    /// The field that people know a record by.
    pub fn title_field(&'static self) -> Option<&'static Field> {
        self.field(self.title)
    }

    /// The fields by which duplicates are told, with how.
    pub fn identities(&'static self) -> impl Iterator<Item = (&'static Field, Identity)> {
        self.fields
            .iter()
            .filter_map(|field| field.identity.map(|identity| (field, identity)))
    }

    /// Whether two of its records can be made one.
    pub fn merges(&'static self) -> bool {
        self.identities().next().is_some()
    }

    /// Whether a record is a person: it says what somebody is called.
    pub fn is_person(&'static self) -> bool {
        self.fields
            .iter()
            .any(|field| field.personal && field.kind == Kind::Text)
    }

    /// Whether its records are people who can ask to be forgotten; members leave instead.
    pub fn can_be_erased(&'static self) -> bool {
        self.is_person() && self.soft_delete
    }

    /// Whether free-text search is offered.
    pub fn searchable(&'static self) -> bool {
        self.fields.iter().any(|field| field.searchable)
    }

    /// The column in which a row keeps the key to a record of `other` that it is about: named after that
    /// entity, unless the rows have a field of that name for something else.
    pub fn subject_column(&'static self, other: &Entity) -> String {
        let name = format!("{}_id", other.name);
        match self.field(&name) {
            Some(_) => format!("about_{name}"),
            None => name,
        }
    }

    /// The child list of this name.
    pub fn child(&'static self, name: &str) -> Option<&'static Child> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The computed list of an entity's fields; written as `all: fields_of!(COMPANY)` in declarations.
#[macro_export]
macro_rules! fields_of {
    ($entity:ident) => {
        std::sync::LazyLock::new(|| $crate::entity::assemble(&$entity))
    };
}
