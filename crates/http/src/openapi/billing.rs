//! The addresses of billing that have a name of their own.

use serde_json::{Map, Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

const WRITING: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 503];

fn amount() -> Json {
    json!({"type": "string", "description": "An exact decimal"})
}

fn figure() -> Json {
    json!({"type": ["string", "number", "null"]})
}

/// The schemas that these answers have.
pub(super) fn schemas() -> Json {
    let buckets = || {
        let names = [
            "current",
            "days_1_30",
            "days_31_60",
            "days_61_90",
            "days_over_90",
            "total",
        ];
        let mut properties: Map<String, Json> = names
            .iter()
            .map(|name| ((*name).to_owned(), amount()))
            .collect();
        properties.insert("currency".to_owned(), json!({"type": "string"}));
        properties
    };
    let mut by_company = buckets();
    by_company.insert(
        "company".to_owned(),
        json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": ["string", "null"]}}}),
    );
    let rate = json!({"type": "object", "required": ["rate", "taxable", "tax"], "properties": {"rate": amount(), "taxable": amount(), "tax": amount()}});
    let line = json!({"type": "object", "required": ["amount", "discount", "tax"], "properties": {
        "amount": amount(), "discount": {"type": "string", "description": "The line's share of the invoice's discount"}, "tax": amount()}});
    json!({
        "SentInvoice": {"allOf": [schema("Invoice"), {"type": "object", "required": ["warnings"], "properties": {"warnings": {"type": "array", "items": {
            "type": "object", "required": ["code", "message"], "properties": {"code": {"type": "string", "enum": ["credit_limit"]}, "message": {"type": "string"}}}}}}]},
        "InvoiceTotals": {"type": "object", "required": ["currency", "subtotal", "discount_amount", "tax_amount", "total_amount", "tax_breakdown", "items"],
            "properties": {"currency": {"type": "string"}, "subtotal": amount(), "discount_amount": amount(), "tax_amount": amount(), "total_amount": amount(),
                "tax_breakdown": {"type": "array", "items": rate}, "items": {"type": "array", "items": line}}},
        "InvoiceAgeing": {"type": "object", "required": ["as_of", "data", "totals"], "properties": {
            "as_of": {"type": ["string", "null"], "format": "date"},
            "data": {"type": "array", "items": {"type": "object", "required": ["company", "currency", "total"], "properties": by_company}},
            "totals": {"type": "array", "items": {"type": "object", "required": ["currency", "total"], "properties": buckets()}}}},
    })
}

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    course(add);
    drafts(add);
    money(add);
}

/// Sending and what corrects it.
fn course(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Invoices";
    let on_one = |id: &str, summary: &str| {
        Operation::new(tag, id, summary).takes([parameter("id"), parameter("idempotency_key")])
    };
    add(
        "/invoices/{id}/send",
        "post",
        on_one("sendInvoice", "Give a draft its number and make it final")
            .describe("A credit limit that is passed is a warning and does not hold the invoice up")
            .answers(
                200,
                "The invoice",
                Some(schema("SentInvoice")),
                Some(etag_header()),
            )
            .fails(WRITING),
    );
    let lines = json!({"type": ["array", "null"], "items": {"type": "object", "additionalProperties": false, "required": ["item_id"], "properties": {
        "item_id": {"type": "string", "format": "uuid"}, "quantity": figure()}}, "description": "Everything that is not credited yet when absent"});
    let body = json!({"type": "object", "additionalProperties": false, "properties": {
        "items": lines, "reason": {"type": ["string", "null"]}, "send": {"type": "boolean", "default": false, "description": "Send it at once"}}});
    add(
        "/invoices/{id}/credit-note",
        "post",
        on_one(
            "creditInvoice",
            "Draft a credit note for a sent invoice, or send it at once",
        )
        .body_of(
            "application/json",
            body,
            Some(json!({"reason": "Returned"})),
        )
        .answers(
            201,
            "The credit note",
            Some(schema("Invoice")),
            Some(etag_header()),
        )
        .fails(WRITING),
    );
    let reason = json!({"type": "object", "additionalProperties": false, "properties": {"reason": {"type": ["string", "null"]}}});
    let cancelled = json!({"type": "object", "required": ["invoice", "credit_note"], "properties": {"invoice": schema("Invoice"), "credit_note": schema("Invoice")}});
    add(
        "/invoices/{id}/cancel",
        "post",
        on_one(
            "cancelInvoice",
            "Cancel a sent invoice by a credit note over all of it",
        )
        .body(reason)
        .answers(200, "Both", Some(cancelled), None)
        .fails(WRITING),
    );
}

/// Drafts from elsewhere, and what is not saved.
fn drafts(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Invoices";
    let making = |id: &str, summary: &str, body: Json, example: Json| {
        Operation::new(tag, id, summary)
            .takes([parameter("idempotency_key")])
            .body_of("application/json", body, Some(example))
            .answers(
                201,
                "The draft",
                Some(schema("Invoice")),
                Some(etag_header()),
            )
            .fails(&[400, 401, 403, 409, 413, 415, 422, 503])
    };
    let id = "01936f2e-8c1a-7b3c-9d4e-5f6a7b8c9d0e";
    let body = json!({"type": "object", "additionalProperties": false, "required": ["deal_id"], "properties": {
        "deal_id": {"type": "string", "format": "uuid"}, "tax_rate": figure()}});
    add(
        "/invoices/from-deal",
        "post",
        making(
            "invoiceDeal",
            "Draft an invoice from the items of a deal",
            body,
            json!({"deal_id": id, "tax_rate": "19"}),
        ),
    );
    let day = || json!({"type": ["string", "null"], "format": "date"});
    let body = json!({"type": "object", "additionalProperties": false, "required": ["project_id"], "properties": {
        "project_id": {"type": "string", "format": "uuid"}, "from": day(), "to": day(),
        "group_by": {"type": "string", "enum": ["project", "task", "person", "day", "entry"], "default": "task", "description": "What becomes a line of its own"},
        "tax_rate": figure()}});
    let example = json!({"project_id": id, "from": "2026-03-01", "to": "2026-03-31", "group_by": "task", "tax_rate": "19"});
    add(
        "/invoices/from-time",
        "post",
        making(
            "invoiceTime",
            "Draft an invoice from the approved, billable time of a project that is not invoiced yet",
            body,
            example,
        ),
    );
    let preview =
        json!({"type": "object", "description": "As POST /invoices takes it; nothing is required"});
    add(
        "/invoices/preview",
        "post",
        Operation::new(tag, "previewInvoice", "The totals of an invoice that is not saved")
            .body_of(
                "application/json",
                preview,
                Some(json!({"currency": "EUR", "discount_percent": "5", "items": [{"quantity": "3", "unit_price": "19.90", "tax_rate": "19"}]})),
            )
            .answers(200, "The totals", Some(schema("InvoiceTotals")), None)
            .fails(&[400, 401, 403, 413, 415, 422, 503]),
    );
    let as_of = json!({"name": "as_of", "in": "query", "description": "Today when absent", "schema": {"type": "string", "format": "date"}});
    add(
        "/invoices/ageing",
        "get",
        Operation::new(
            tag,
            "ageInvoices",
            "What is owed and for how long, by company and currency",
        )
        .takes([as_of])
        .answers(200, "The report", Some(schema("InvoiceAgeing")), None)
        .fails(&[400, 401, 403, 503]),
    );
}

/// Payments and refunds.
fn money(add: &mut impl FnMut(&str, &str, Operation)) {
    let text = || json!({"type": ["string", "null"]});
    let day = || json!({"type": ["string", "null"], "format": "date"});
    let receiving = |tag: &str, id: &str, summary: &str, name: &str, body: Json| {
        Operation::new(tag, id, summary)
            .describe("With a reference that is recorded already, the answer is what was recorded")
            .takes([parameter("id"), parameter("idempotency_key")])
            .body_of(
                "application/json",
                body,
                Some(json!({"amount": "100.00", "reference": "TR-2026-117"})),
            )
            .answers(201, "Recorded", Some(schema(name)), Some(etag_header()))
            .answers(
                200,
                "Recorded already",
                Some(schema(name)),
                Some(etag_header()),
            )
            .fails(WRITING)
    };
    let method = json!({"type": "string", "enum": ["bank_transfer", "credit_card", "stripe", "check", "cash", "other"]});
    let payment = json!({"type": "object", "additionalProperties": false, "required": ["amount"], "properties": {
        "amount": {"type": ["string", "number"]}, "currency": text(), "method": method, "payment_date": day(), "reference": text(), "notes": text()}});
    add(
        "/invoices/{id}/payments",
        "post",
        receiving(
            "Invoices",
            "payInvoice",
            "Record a payment; more than the balance is refused",
            "Payment",
            payment,
        ),
    );
    let refund = json!({"type": "object", "additionalProperties": false, "properties": {
        "amount": {"type": ["string", "number", "null"], "description": "All that is left when absent"}, "refund_date": day(), "reason": text(), "reference": text()}});
    for (path, id) in [
        ("refund", "refundPayment"),
        ("refunds", "makeRefundOfPayment"),
    ] {
        add(
            &format!("/payments/{{id}}/{path}"),
            "post",
            receiving(
                "Payments",
                id,
                "Give a payment back, or a part of it",
                "Refund",
                refund.clone(),
            ),
        );
    }
}
