//! Documents: files about records. What is in a file lies in the storage; the record says what it is about, and row
//! security shows it with that record alone.

mod file;
mod link;
mod upload;

pub use file::{
    Attachment, FileVersion, Served, add_version, attach, begin_file, drop_file, file_name,
    finish_file, open, open_thumbnail, purge, storage_left, sweep_documents, versions,
};
pub use link::{Link, make_link, open_link, revoke_link};
pub use upload::{NewUpload, Part, Upload, add_part, end_upload, new_upload, parts, upload};

use kith_catalogue::entity::{Access, Child, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Change, Draft, Rules};
use uuid::Uuid;

use crate::subject::{SUBJECT_FIELD, SUBJECT_TYPE_FIELD};

pub const FILE_NAME: Col<String> = col("file_name");
pub const DESCRIPTION: Col<String> = col("description");
pub const FILE_SIZE: Col<i64> = col("file_size");
pub const MIME_TYPE: Col<String> = col("mime_type");
pub const CHECKSUM: Col<String> = col("checksum");
pub const REVISION: Col<i64> = col("revision");
pub const UPLOADED_BY: Col<Uuid> = col("uploaded_by");
pub const HAS_THUMBNAIL: Col<bool> = col("has_thumbnail");

/// What a document may be about.
const SUBJECTS: &[Choice] = &[
    Choice::new("company", "Company", "blue"),
    Choice::new("contact", "Contact", "teal"),
    Choice::new("lead", "Lead", "violet"),
    Choice::new("deal", "Deal", "green"),
    Choice::new("project", "Project", "amber"),
    Choice::new("ticket", "Ticket", "orange"),
    Choice::new("campaign", "Campaign", "pink"),
    Choice::new("invoice", "Invoice", "teal"),
    Choice::new("task", "Task", "gray"),
    Choice::new("product", "Product", "amber"),
];

pub static DOCUMENT: Entity = Entity {
    name: "document",
    table: "documents",
    is_view: false,
    path: "documents",
    label: "Document",
    label_plural: "Documents",
    icon: "file-text",
    resource: "documents",
    title: "file_name",
    access: Access::About,
    fields: &[
        Field::of(FILE_NAME, "File name", Kind::Text)
            .required()
            .searchable()
            .sortable()
            .aliases(&["filename", "file", "name"]),
        Field {
            choices: SUBJECTS,
            ..SUBJECT_TYPE_FIELD.required().writer(Writer::OnCreate)
        },
        SUBJECT_FIELD.required().writer(Writer::OnCreate),
        Field::of(DESCRIPTION, "Description", Kind::LongText)
            .max_length(5000)
            .searchable(),
        Field::of(FILE_SIZE, "Size", Kind::Integer)
            .filled()
            .sortable()
            .system()
            .help("Bytes"),
        Field::of(MIME_TYPE, "Type", Kind::Text)
            .filled()
            .filterable()
            .system()
            .aliases(&["file_type", "content type"])
            .help("As the content says, whatever the name"),
        Field::of(CHECKSUM, "Checksum", Kind::Text)
            .system()
            .help("SHA-256 of the content"),
        Field::of(REVISION, "Revision", Kind::Integer)
            .filled()
            .system(),
        Field::of(UPLOADED_BY, "Uploaded by", Kind::User)
            .filterable()
            .system(),
        Field::of(HAS_THUMBNAIL, "Thumbnail", Kind::Boolean)
            .filled()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "file_name",
            "subject_id",
            "mime_type",
            "file_size",
            "revision",
            "uploaded_by",
            "updated_at",
        ],
        sections: &[
            Section {
                label: "Document",
                fields: &["file_name", "subject_type", "subject_id", "description"],
            },
            Section {
                label: "File",
                fields: &[
                    "mime_type",
                    "file_size",
                    "revision",
                    "uploaded_by",
                    "checksum",
                ],
            },
        ],
        board: None,
    },
    verbs: Verbs {
        create: false,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: true,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["file_name"],
    default_sort: ("created_at", true),
    all: fields_of!(DOCUMENT),
};

/// Rules of documents.
pub struct DocumentRules;

impl Rules for DocumentRules {
    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if change.changes(FILE_NAME)
            && let Some(name) = change.get(FILE_NAME)
            && file_name(&name) != name
        {
            faults.push(
                Fault::new(
                    "not_a_file_name",
                    format!("is no name for a file; \"{}\" would be", file_name(&name)),
                )
                .at("file_name"),
            );
        }
    }
}

/// The child list of whatever documents may be about.
pub(crate) const DOCUMENTS: Child = Child {
    name: "documents",
    label: "Documents",
    entity: "document",
    field: "subject_id",
};
