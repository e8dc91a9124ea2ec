//! What someone wrote down about a record.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::field::{Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, EngineError, Rules};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::subject::{NOTE_SUBJECT_TYPE_FIELD, SUBJECT_FIELD};

pub const CONTENT: Col<String> = col("content");
pub const IS_PINNED: Col<bool> = col("is_pinned");
pub const MENTIONS: Col<Json> = col("mentions");

pub static NOTE: Entity = Entity {
    name: "note",
    table: "notes",
    is_view: false,
    path: "notes",
    label: "Note",
    label_plural: "Notes",
    icon: "sticky-note",
    resource: "notes",
    title: "content",
    access: Access::About,
    fields: &[
        Field::of(CONTENT, "Note", Kind::LongText)
            .required()
            .searchable()
            .aliases(&["content", "text", "body", "comment"])
            .help("Markdown; @[Name](user:id) mentions a colleague"),
        NOTE_SUBJECT_TYPE_FIELD.required().writer(Writer::OnCreate),
        SUBJECT_FIELD.required().writer(Writer::OnCreate),
        Field::of(IS_PINNED, "Pinned", Kind::Boolean)
            .default(Default::Boolean(false))
            .sortable(),
        Field::of(MENTIONS, "Mentions", Kind::Json)
            .filled()
            .system(),
    ],
    children: &[],
    layout: Layout {
        table: &[
            "content",
            "subject_id",
            "is_pinned",
            "created_by",
            "created_at",
        ],
        sections: &[Section {
            label: "Note",
            fields: &["content", "subject_type", "subject_id", "is_pinned"],
        }],
        board: None,
    },
    verbs: Verbs::ALL,
    soft_delete: true,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &[],
    default_sort: ("created_at", true),
    all: fields_of!(NOTE),
};

/// Rules of notes.
pub struct NoteRules;

impl Rules for NoteRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            for change in batch.changes.iter_mut() {
                if let Some(content) = change.get(CONTENT).filter(|_| change.gives(CONTENT)) {
                    let mentions = mentioned(&content)
                        .into_iter()
                        .map(|id| Json::String(id.to_string()))
                        .collect();
                    change.set(MENTIONS, Json::Array(mentions));
                }
            }
            Ok(())
        }
        .boxed()
    }
}

/// The users that a note mentions as `@[Name](user:id)`, each once, in order; at most 50.
fn mentioned(content: &str) -> Vec<Uuid> {
    let mut found = Vec::new();
    for part in content.split("@[").skip(1) {
        let id = part
            .split_once("](user:")
            .and_then(|(_, rest)| rest.split_once(')'))
            .and_then(|(id, _)| Uuid::try_parse(id).ok());
        if let Some(id) = id.filter(|id| !found.contains(id))
            && found.len() < 50
        {
            found.push(id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_once_and_nothing_else_is() {
        let id = Uuid::from_u128(7);
        let text = format!(
            "Ask @[Ada (sales)](user:{id}) and @[Ada](user:{id}); @[Bob](user:nobody), a@[b, @[x](company:{id})"
        );
        assert_eq!(mentioned(&text), [id]);
        assert!(mentioned("").is_empty());
    }
}
