//! Conversations: what comes in and what goes out, the counts, who sees what, and what cannot be changed.

mod course;
mod incoming_messages;
mod permission;
mod setting_up;

use kith_engine::{Caller, EngineError};
use kith_entities::conversation::{self, Inbox, Incoming, NewMessage, Received};
use kith_entities::lead::LEAD;
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{Organization, World, id_of, json_of};

pub(super) fn incoming(channel: &str, from: &str, text: &str, provider_id: &str) -> Incoming {
    Incoming {
        channel: channel.to_owned(),
        from: from.to_owned(),
        content: text.to_owned(),
        provider_id: Some(provider_id.to_owned()),
        ..Incoming::default()
    }
}

pub(super) async fn receive(
    world: &World,
    organization: &Organization,
    incoming: &Incoming,
) -> Result<Received, EngineError> {
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("system"),
    )
    .await?;
    let received = conversation::process_incoming(&tx, incoming).await?;
    tx.commit().await?;
    Ok(received)
}

pub(super) async fn send(
    world: &World,
    caller: &Caller,
    id: Uuid,
    wanted: Json,
) -> Result<Json, EngineError> {
    let wanted: NewMessage = serde_json::from_value(wanted).unwrap();
    let tx = world.begin(caller).await;
    let made = conversation::send(&world.engine, &tx, caller, id, wanted, &|_| None).await?;
    tx.commit().await?;
    Ok(json_of(&made))
}

pub(super) async fn read(world: &World, caller: &Caller, id: Uuid) -> Result<(), EngineError> {
    let tx = world.begin(caller).await;
    conversation::mark_read(&tx, caller, id).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn my_unread(world: &World, caller: &Caller, id: Uuid) -> Json {
    let wanted = Inbox {
        view: Some("all".to_owned()),
        pairs: Vec::new(),
    };
    let list = conversation::inbox(&world.engine, caller, wanted)
        .await
        .unwrap();
    let found = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == json!(id));
    found.map_or(Json::Null, |one| one["my_unread"].clone())
}

pub(super) async fn lead(world: &World, caller: &Caller, body: Json) -> Uuid {
    id_of(&world.create(caller, &LEAD, body).await.unwrap())
}

/// The counts as the messages say them.
pub(super) async fn recounted(world: &World, id: Uuid) -> Json {
    let statement = Statement::new(
        "SELECT jsonb_build_object('message_count', count(*), 'inbound_count', count(*) FILTER (WHERE direction = 'inbound')) \
         FROM messages WHERE conversation_id = $1 AND message_type NOT IN ('internal', 'call_note')",
    )
    .with(id, Type::UUID);
    let admin = world.test.admin().await;
    admin.query(&statement).await.unwrap()[0].get(0)
}
