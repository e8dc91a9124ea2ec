//! Invoices, credit notes, payments, refunds: what follows from what, and what is refused.

mod corrections;
mod course;
mod drafts;
mod payments;
mod sending;

use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::invoice::{self, CreditRequest, INVOICE};
use kith_entities::payment;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{World, id_of, json_of};

/// A draft; what is not said is a company of its own and US dollars.
pub(crate) async fn draft(world: &World, caller: &Caller, body: Json) -> Json {
    let mut body = body;
    let members = body.as_object_mut().unwrap();
    if !members.contains_key("company_id") {
        let company = world
            .create(caller, &COMPANY, json!({"name": "Client"}))
            .await;
        members.insert("company_id".to_owned(), company.unwrap()["id"].clone());
    }
    members.entry("currency").or_insert(json!("USD"));
    world.create(caller, &INVOICE, body).await.unwrap()
}

/// Sends a draft.
pub(crate) async fn send(world: &World, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let sent = invoice::send(&world.engine, &tx, caller, id).await?;
    tx.commit().await?;
    Ok(sent)
}

/// A sent invoice over an amount.
pub(crate) async fn sent(world: &World, caller: &Caller, amount: &str) -> Json {
    let made = draft(
        world,
        caller,
        json!({"items": [{"description": "Work", "unit_price": amount}]}),
    )
    .await;
    send(world, caller, id_of(&made)).await.unwrap()
}

/// Records a payment.
pub(crate) async fn pay(
    world: &World,
    caller: &Caller,
    invoice: &Json,
    body: Json,
) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let receipt = payment::pay(&world.engine, &tx, caller, id_of(invoice), &body).await?;
    tx.commit().await?;
    Ok(json_of(&receipt.record))
}

pub(crate) async fn refund(
    world: &World,
    caller: &Caller,
    payment: &Json,
    body: Json,
) -> Result<Json, EngineError> {
    let tx = world.begin(caller).await;
    let receipt = payment::refund(&world.engine, &tx, caller, id_of(payment), &body).await?;
    tx.commit().await?;
    Ok(json_of(&receipt.record))
}

pub(crate) async fn credit(
    world: &World,
    caller: &Caller,
    invoice: &Json,
    wanted: Json,
) -> Result<Json, EngineError> {
    let wanted: CreditRequest = serde_json::from_value(wanted).unwrap();
    let tx = world.begin(caller).await;
    let note = invoice::credit(&world.engine, &tx, caller, id_of(invoice), &wanted).await?;
    tx.commit().await?;
    Ok(note)
}

pub(crate) async fn again(world: &World, caller: &Caller, record: &Json) -> Json {
    world.get(caller, &INVOICE, id_of(record)).await.unwrap()
}

/// The words of a refusal, and the field that it names.
pub(crate) fn refusal(error: EngineError) -> (String, Option<String>) {
    match error {
        EngineError::Conflict { field, message } | EngineError::Refused { field, message } => {
            (message, field)
        }
        EngineError::Invalid(faults) => (faults[0].message.clone(), Some(faults[0].field.clone())),
        EngineError::InvalidRows(rows) => {
            let fault = &rows[0].1[0];
            (fault.message.clone(), Some(fault.field.clone()))
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn amounts(invoice: &Json, names: &[&str]) -> Vec<String> {
    let text = |name: &&str| invoice[*name].as_str().unwrap().to_owned();
    names.iter().map(text).collect()
}

/// An organization and its finance person.
pub(crate) async fn finance() -> (World, Caller) {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    (world, caller)
}
