//! The inbox: open conversations by whose they are, each with what the caller has not read of it.

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, ListQuery, QueryInput};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::CONVERSATION;

/// The boxes of the inbox.
const BOXES: [&str; 5] = ["mine", "unassigned", "all", "unread", "closed"];

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// mine (the default), unassigned, all, unread or closed.
    pub view: Option<String>,
    /// Other parameters of the list: filters, limit, cursor.
    pub pairs: Vec<(String, String)>,
}

/// A page of the inbox, the latest first: conversations with `my_unread`, and how many there are in each box
/// (`page.counts`).
///
/// # Errors
/// [`EngineError::BadQuery`] for an unknown box.
pub async fn inbox(engine: &Engine, caller: &Caller, wanted: Inbox) -> Result<Json, EngineError> {
    caller.require(&CONVERSATION, Action::Read)?;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut pairs = wanted.pairs;
    match wanted.view.as_deref().unwrap_or("mine") {
        "mine" => pairs.extend([pair("assigned_to_id", "me"), pair("status[ne]", "closed")]),
        "unassigned" => pairs.extend([
            pair("assigned_to_id[is_null]", "true"),
            pair("status[ne]", "closed"),
        ]),
        "all" => pairs.push(pair("status[ne]", "closed")),
        "unread" => pairs.extend([pair("unread_count[gt]", "0"), pair("status[ne]", "closed")]),
        "closed" => pairs.push(pair("status", "closed")),
        _ => {
            let message = format!("must be one of {}", BOXES.join(", "));
            return Err(EngineError::BadQuery(vec![
                Fault::new("not_a_choice", message).at("box"),
            ]));
        }
    }
    if !pairs.iter().any(|(key, _)| key == "sort") {
        pairs.push(pair("sort", "-last_message_at"));
    }
    let query = ListQuery::parse(
        engine.catalogue,
        &CONVERSATION,
        caller,
        QueryInput {
            pairs,
            filter: None,
        },
    )?;
    let answer = kith_engine::list(engine, caller, &CONVERSATION, &query).await?;
    let mut list: Json = serde_json::from_slice(&answer.json)
        .map_err(|error| StoreError::internal(error.to_string()))?;
    let ids: Vec<Uuid> = list
        .get("data")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|record| record.get("id").and_then(Json::as_str))
        .filter_map(|id| Uuid::try_parse(id).ok())
        .collect();
    let unread = Statement::new(
        "SELECT c.id, greatest(c.inbound_count - coalesce(r.seen_count, 0), 0) FROM conversations c \
         LEFT JOIN conversation_reads r ON r.organization_id = c.organization_id AND r.conversation_id = c.id AND r.user_id = current_user_id() \
         WHERE c.id = ANY ($1)",
    )
    .with(ids, Type::UUID_ARRAY);
    let counts = Statement::new(
        "SELECT count(*) FILTER (WHERE c.assigned_to_id = current_user_id()), count(*) FILTER (WHERE c.assigned_to_id IS NULL), count(*), \
         count(*) FILTER (WHERE c.unread_count > 0) FROM conversations c WHERE c.status <> 'closed' AND c.deleted_at IS NULL",
    );
    let mut answers = engine
        .database
        .read(&caller.principal, &[unread, counts])
        .await?
        .into_iter();
    let mine: Vec<(Uuid, i32)> = answers
        .next()
        .unwrap_or_default()
        .iter()
        .filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)))
        .collect();
    for record in list
        .get_mut("data")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
    {
        let id = record
            .get("id")
            .and_then(Json::as_str)
            .and_then(|id| Uuid::try_parse(id).ok());
        let count = mine
            .iter()
            .find(|(one, _)| Some(*one) == id)
            .map_or(0, |(_, count)| *count);
        if let Some(members) = record.as_object_mut() {
            members.insert("my_unread".to_owned(), json!(count));
        }
    }
    let rows = answers.next().unwrap_or_default();
    let count = |index: usize| -> i64 {
        rows.first()
            .and_then(|row| row.try_get(index).ok())
            .unwrap_or_default()
    };
    if let Some(page) = list.get_mut("page").and_then(Json::as_object_mut) {
        page.insert(
            "counts".to_owned(),
            json!({"mine": count(0), "unassigned": count(1), "all": count(2), "unread": count(3)}),
        );
    }
    Ok(list)
}

/// Notes that the caller has read a conversation to its end; once they are one of those who work it, nobody else needs to.
///
/// # Errors
/// [`EngineError::NotFound`].
pub async fn mark_read(tx: &Tx, caller: &Caller, id: Uuid) -> Result<(), EngineError> {
    caller.require(&CONVERSATION, Action::Read)?;
    let mark = Statement::new(
        "INSERT INTO conversation_reads AS r (organization_id, conversation_id, user_id, seen_count) \
         SELECT c.organization_id, c.id, current_user_id(), c.inbound_count FROM conversations c \
         WHERE c.organization_id = current_organization_id() AND c.id = $1 AND c.deleted_at IS NULL \
         ON CONFLICT (organization_id, conversation_id, user_id) DO UPDATE SET seen_count = greatest(r.seen_count, excluded.seen_count), read_at = now()",
    )
    .with(id, Type::UUID);
    if tx.execute(&mark).await? == 0 {
        return Err(EngineError::NotFound);
    }
    Ok(())
}
