//! Money comes in for an invoice, and goes back. A payment or refund with a reference is made once, however often
//! it is told: a provider tells twice.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError, RecordJson, money_text, read_within};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::PAYMENT;
use crate::invoice::locked;
use crate::reading::cell;
use crate::refund::REFUND;

/// A payment or refund, and whether this request made it.
pub struct Receipt {
    pub record: RecordJson,
    pub made: bool,
}

/// Records a payment of an invoice. `body` is that of a payment without its invoice.
///
/// # Errors
/// [`EngineError::Conflict`] with the balance for more than is owed, and for a reference that another amount has.
pub async fn pay(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    invoice: Uuid,
    body: &Json,
) -> Result<Receipt, EngineError> {
    caller.require(&PAYMENT, Action::Create)?;
    locked(engine, tx, caller, invoice).await?;
    let parent = Parent {
        entity: &PAYMENT,
        column: "invoice_id",
        id: invoice,
    };
    parent.receive(engine, tx, caller, body, None).await
}

/// Gives a payment back, all that is left of it when no amount is given.
///
/// # Errors
/// [`EngineError::Conflict`] for more than is left, and for a reference that another amount has.
pub async fn refund(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    payment: Uuid,
    body: &Json,
) -> Result<Receipt, EngineError> {
    caller.require(&REFUND, Action::Create)?;
    let statement =
        Statement::new("SELECT invoice_id FROM payments WHERE id = $1").with(payment, Type::UUID);
    let row = tx
        .query_opt(&statement)
        .await?
        .ok_or(EngineError::NotFound)?;
    locked(engine, tx, caller, cell(&row, 0)?).await?;
    let left = Statement::new("SELECT amount - amount_refunded FROM payments WHERE id = $1")
        .with(payment, Type::UUID);
    let left: Decimal = cell(&tx.query_one(&left).await?, 0)?;
    let parent = Parent {
        entity: &REFUND,
        column: "payment_id",
        id: payment,
    };
    parent.receive(engine, tx, caller, body, Some(left)).await
}

/// What the money belongs to; it is locked, so that the same reference twice at once is one after the other.
struct Parent {
    entity: &'static Entity,
    column: &'static str,
    id: Uuid,
}

impl Parent {
    async fn receive(
        self,
        engine: &Engine,
        tx: &Tx,
        caller: &Caller,
        body: &Json,
        left: Option<Decimal>,
    ) -> Result<Receipt, EngineError> {
        let mut members = match body {
            Json::Object(members) => members.clone(),
            _ => return Err(Fault::new("not_an_object", "must be a JSON object").into()),
        };
        if members.contains_key(self.column) {
            let fault = Fault::new("read_only", "stands in the address; leave it out");
            return Err(fault.at(self.column).into());
        }
        if let Some(standing) = self.standing(engine, tx, caller, &members).await? {
            return Ok(standing);
        }
        members.insert(self.column.to_owned(), json!(self.id));
        if let Some(left) = left {
            // With nothing left the amount is asked for, and then refused with what is left.
            let amount = members.entry("amount").or_insert(Json::Null);
            if amount.is_null() && left > Decimal::ZERO {
                *amount = json!(left.to_string());
            } else if amount.is_null() {
                return Err(EngineError::Conflict {
                    field: None,
                    message: "all of this payment is refunded already".to_owned(),
                });
            }
        }
        let body = Json::Object(members);
        let record = kith_engine::create(engine, tx, caller, self.entity, &[body])
            .await?
            .pop()
            .ok_or(EngineError::NotFound)?;
        Ok(Receipt { record, made: true })
    }

    /// The one with this reference, if there is one already.
    async fn standing(
        &self,
        engine: &Engine,
        tx: &Tx,
        caller: &Caller,
        members: &Map<String, Json>,
    ) -> Result<Option<Receipt>, EngineError> {
        let Some(reference) = members.get("reference").and_then(Json::as_str) else {
            return Ok(None);
        };
        let statement = Statement::new(format!(
            "SELECT id, amount, currency::text FROM {} WHERE {} = $1 AND reference = $2",
            self.entity.table, self.column
        ))
        .with(self.id, Type::UUID)
        .with(reference.trim().to_owned(), Type::TEXT);
        let Some(row) = tx.query_opt(&statement).await? else {
            return Ok(None);
        };
        let amount: Decimal = cell(&row, 1)?;
        let given = members.get("amount").map(|amount| match amount {
            Json::String(text) => text.trim().parse::<Decimal>().ok(),
            other => other.to_string().parse().ok(),
        });
        if given.is_some_and(|given| given != Some(amount)) {
            let currency: String = cell(&row, 2)?;
            return Err(EngineError::Conflict {
                field: Some("reference".to_owned()),
                message: format!(
                    "{} {currency} with this reference are recorded already",
                    money_text(amount)
                ),
            });
        }
        let record = read_within(engine, tx, caller, self.entity, vec![cell(&row, 0)?])
            .await?
            .pop()
            .ok_or(EngineError::NotFound)?;
        Ok(Some(Receipt {
            record,
            made: false,
        }))
    }
}
