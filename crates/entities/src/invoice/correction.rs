//! What is sent is corrected by a credit note: a draft with the lines of its invoice, or some of them, which is sent
//! like an invoice. A credit note over all of it cancels the invoice.

use std::collections::HashMap;

use kith_catalogue::access::Action;
use kith_catalogue::fault::Fault;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Statement, Tx};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::INVOICE;
use super::sending::{conflict, finish, locked, one, text};
use crate::reading::cell;

/// A line to take back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditLine {
    pub item_id: Uuid,
    /// All that is left of the line when absent.
    pub quantity: Option<Decimal>,
}

/// A credit note as it is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditRequest {
    /// Everything that is not credited yet when absent.
    pub items: Option<Vec<CreditLine>>,
    /// Stands on the credit note.
    pub reason: Option<String>,
    /// Send it at once instead of leaving a draft.
    #[serde(default)]
    pub send: bool,
}

/// Drafts a credit note for a sent invoice, or sends it at once. Answers the credit note.
///
/// # Errors
/// [`EngineError::Conflict`] for a draft, a credit note, or when nothing is left to credit.
pub async fn credit(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    wanted: &CreditRequest,
) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Create)?;
    let original = locked(engine, tx, caller, id).await?;
    correctable(&original)?;
    let lines = lines_to_credit(tx, id, wanted).await?;
    let note = draft(tx, id, wanted.reason.as_deref(), &lines).await?;
    if wanted.send {
        finish(tx, note).await?;
    }
    one(engine, tx, caller, note).await
}

/// Cancels a sent invoice by a credit note over all of it. Answers `{invoice, credit_note}`.
///
/// # Errors
/// [`EngineError::Conflict`] for a draft, and when a part is credited already.
pub async fn cancel(
    engine: &Engine,
    tx: &Tx,
    caller: &Caller,
    id: Uuid,
    reason: Option<&str>,
) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Create)?;
    let original = locked(engine, tx, caller, id).await?;
    if text(&original, "status") == Some("draft") {
        return Err(conflict("a draft is not cancelled; delete it".to_owned()));
    }
    correctable(&original)?;
    let credited = text(&original, "amount_credited").and_then(|text| text.parse().ok());
    if credited.is_some_and(|credited: Decimal| !credited.is_zero()) {
        let message =
            "a part of this invoice is credited already; write a credit note over the rest of it";
        return Err(conflict(message.to_owned()));
    }
    let whole = CreditRequest::default();
    let lines = lines_to_credit(tx, id, &whole).await?;
    let note = draft(tx, id, reason, &lines).await?;
    finish(tx, note).await?;
    Ok(json!({
        "invoice": one(engine, tx, caller, id).await?,
        "credit_note": one(engine, tx, caller, note).await?,
    }))
}

fn correctable(original: &Json) -> Result<(), EngineError> {
    if text(original, "kind") != Some("invoice") {
        let message = "a credit note is not corrected itself; write another invoice";
        return Err(conflict(message.to_owned()));
    }
    match text(original, "status") {
        Some("draft") => Err(conflict(
            "this invoice is a draft; change it instead of correcting it".to_owned(),
        )),
        Some("cancelled") => Err(conflict("this invoice is cancelled already".to_owned())),
        _ => Ok(()),
    }
}

/// The lines with the quantities to take back, none more than what other credit notes left, drafts included.
async fn lines_to_credit(
    tx: &Tx,
    invoice: Uuid,
    wanted: &CreditRequest,
) -> Result<Vec<(Uuid, Decimal)>, EngineError> {
    let statement = Statement::new(
        "SELECT x.id, x.quantity - coalesce((SELECT sum(c.quantity) FROM invoice_items c JOIN invoices n ON n.organization_id = c.organization_id AND n.id = c.invoice_id \
           WHERE c.organization_id = x.organization_id AND c.corrects_item_id = x.id AND n.deleted_at IS NULL), 0) \
         FROM invoice_items x WHERE x.invoice_id = $1 ORDER BY x.position, x.id",
    )
    .with(invoice, Type::UUID);
    let mut left: Vec<(Uuid, Decimal)> = Vec::new();
    for row in tx.query(&statement).await? {
        left.push((cell(&row, 0)?, cell(&row, 1)?));
    }
    let Some(items) = &wanted.items else {
        left.retain(|(_, quantity)| *quantity > Decimal::ZERO);
        if left.is_empty() {
            let message = "nothing is left to credit; look at the credit notes that there are";
            return Err(conflict(message.to_owned()));
        }
        return Ok(left);
    };
    let remaining: HashMap<Uuid, Decimal> = left.into_iter().collect();
    let mut faults = Vec::new();
    let mut lines: Vec<(Uuid, Decimal)> = Vec::new();
    for (index, line) in items.iter().enumerate() {
        let fault = |code, message: String, name: &str| {
            Fault::new(code, message).at(format!("items[{index}].{name}"))
        };
        let Some(remaining) = remaining.get(&line.item_id) else {
            let message = "there is no such line on this invoice".to_owned();
            faults.push(fault("no_such_record", message, "item_id"));
            continue;
        };
        if lines.iter().any(|(id, _)| *id == line.item_id) {
            let message = "is named twice; add the quantities up".to_owned();
            faults.push(fault("duplicate", message, "item_id"));
            continue;
        }
        let quantity = line.quantity.unwrap_or(*remaining);
        if quantity <= Decimal::ZERO || quantity > *remaining || quantity.normalize().scale() > 4 {
            let message = format!("must be more than 0 and at most {}", remaining.normalize());
            faults.push(fault("out_of_range", message, "quantity"));
        }
        lines.push((line.item_id, quantity));
    }
    if items.is_empty() {
        faults.push(Fault::new("required", "name at least one line").at("items"));
    }
    if faults.is_empty() {
        Ok(lines)
    } else {
        Err(EngineError::Invalid(faults))
    }
}

/// The draft itself: the invoice's particulars, the lines, and of a fixed discount as much as falls to them.
async fn draft(
    tx: &Tx,
    original: Uuid,
    reason: Option<&str>,
    lines: &[(Uuid, Decimal)],
) -> Result<Uuid, EngineError> {
    let note = Uuid::now_v7();
    let (items, quantities): (Vec<Uuid>, Vec<Decimal>) = lines.iter().copied().unzip();
    let head = Statement::new(
        "INSERT INTO invoices (organization_id, id, created_by, kind, corrects_id, company_id, project_id, deal_id, owner_id, currency, discount_percent, \
           billing_name, billing_address, billing_tax_id, buyer_reference, purchase_order, description) \
         SELECT organization_id, $2, current_user_id(), 'credit_note', id, company_id, project_id, deal_id, owner_id, currency, discount_percent, \
           billing_name, billing_address, billing_tax_id, buyer_reference, purchase_order, left(coalesce($3, 'Credit note for ' || number), 1000) \
         FROM invoices WHERE id = $1",
    )
    .with(original, Type::UUID)
    .with(note, Type::UUID)
    .with(reason.map(str::to_owned), Type::TEXT);
    let parts = Statement::new(
        "INSERT INTO invoice_items (organization_id, created_by, invoice_id, product_id, description, quantity, unit, unit_price, discount_percent, tax_rate, \
           currency, corrects_item_id, position) \
         SELECT x.organization_id, current_user_id(), $2, x.product_id, x.description, c.quantity, x.unit, x.unit_price, x.discount_percent, x.tax_rate, \
           x.currency, x.id, x.position \
         FROM unnest($3::uuid[], $4::numeric[]) AS c (item, quantity) JOIN invoice_items x ON x.id = c.item WHERE x.invoice_id = $1",
    )
    .with(original, Type::UUID)
    .with(note, Type::UUID)
    .with(items, Type::UUID_ARRAY)
    .with(quantities, Type::NUMERIC_ARRAY);
    let discount = Statement::new(
        "UPDATE invoices n SET fixed_discount = divide_rounded(o.fixed_discount * n.subtotal, o.subtotal, currency_minor_units(o.currency)) \
         FROM invoices o WHERE o.id = $1 AND n.id = $2 AND o.fixed_discount > 0 AND o.subtotal > 0",
    )
    .with(original, Type::UUID)
    .with(note, Type::UUID);
    tx.query_many(&[head, parts, discount]).await?;
    Ok(note)
}
