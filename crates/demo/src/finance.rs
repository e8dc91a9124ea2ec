//! What was sold is invoiced and paid, mostly in time: invoices, payments, a refund, a credit note, rates of exchange.

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::EngineError;
use kith_entities::exchange_rate::EXCHANGE_RATE;
use kith_entities::invoice::{self, CreditRequest, INVOICE};
use kith_entities::invoice_item::INVOICE_ITEM;
use kith_entities::payment::PAYMENT;
use kith_entities::refund::REFUND;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::companies::currency;
use crate::organization::{BEGINNING, PRODUCTS};
use crate::story::{Deal, Rule, Story, Turn};

/// Who keeps the books.
const BOOKS: &str = "ingrid";

const SEND: Rule = Rule {
    name: "send an invoice",
    run: |turn, arguments| send(turn, arguments).boxed(),
};

async fn send(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let sent = invoice::send(turn.engine, turn.tx, turn.caller, id_of(&arguments)?).await?;
    Ok(json!({"sent": sent["id"]}))
}

const CREDIT: Rule = Rule {
    name: "credit an invoice",
    run: |turn, arguments| credit(turn, arguments).boxed(),
};

async fn credit(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let wanted = CreditRequest {
        reason: arguments["reason"].as_str().map(str::to_owned),
        send: true,
        ..CreditRequest::default()
    };
    let note = invoice::credit(
        turn.engine,
        turn.tx,
        turn.caller,
        id_of(&arguments)?,
        &wanted,
    )
    .await?;
    Ok(json!({"note": note["id"]}))
}

fn id_of(arguments: &Json) -> Result<Uuid, EngineError> {
    arguments["invoice"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok())
        .ok_or(EngineError::NotFound)
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("finance");
    rates(story);
    let won: Vec<Deal> = story
        .cast
        .deals
        .iter()
        .filter(|deal| deal.won.is_some() && deal.company.is_some() && !deal.basket.is_empty())
        .cloned()
        .collect();
    for (number, deal) in won.iter().enumerate() {
        if let Some(won) = deal.won {
            bill(story, number, deal, won);
        }
    }
}

/// The rates of each month, entered at its beginning.
fn rates(story: &mut Story) {
    for month in 0..13 {
        let days = BEGINNING - 6 - month * 30;
        let moment = story.workday(days.max(1));
        let day = story.day_of(moment);
        story.at(BOOKS, moment);
        for (code, rate) in [
            ("GBP", 11_700),
            ("USD", 9_150),
            ("SEK", 880),
            ("DKK", 1_340),
            ("CHF", 10_600),
        ] {
            let drift = story.number(-rate / 50, rate / 50);
            let rate = rate + drift;
            story.create(
                &EXCHANGE_RATE,
                format!("rate.{code}.{month}"),
                json!({"currency": code, "rate_date": day.to_string(), "rate": format!("{}.{:04}", rate / 10_000, rate % 10_000), "source": "Central bank, first working day"}),
            );
        }
    }
}

/// An invoice of what a deal consists of, and what became of it.
fn bill(story: &mut Story, number: usize, deal: &Deal, won: Timestamp) {
    let Some(company) = deal
        .company
        .and_then(|index| story.cast.companies.get(index))
        .cloned()
    else {
        return;
    };
    let days = story.number(2, 8);
    let Some(moment) = story.after(won, days) else {
        return;
    };
    let issued = story.day_of(moment);
    let tax: i64 = match company.country {
        "DE" => 19,
        _ => 0,
    };
    let name = format!("invoice.{number}");
    story.at(BOOKS, moment);
    story.create(
        &INVOICE,
        name.clone(),
        json!({
            "company_id": format!("{{{}}}", company.name), "deal_id": format!("{{{}}}", deal.name), "currency": currency_of(deal, company.country),
            "issue_date": issued.to_string(), "payment_terms": "net_30", "description": deal.title,
            "purchase_order": if number.is_multiple_of(3) { Some(format!("PO-{}", 4100 + number)) } else { None },
        }),
    );
    let mut net = 0;
    for (position, (product, quantity, discount)) in (1..).zip(&deal.basket) {
        let Some((product, price)) = PRODUCTS.get(*product).copied() else {
            continue;
        };
        net += price * quantity * (100 - discount) / 100;
        story.create(
            &INVOICE_ITEM,
            format!("{name}.item.{position}"),
            json!({"invoice_id": format!("{{{name}}}"), "product_id": format!("{{{product}}}"), "description": deal.title, "quantity": quantity,
                "unit_price": price.to_string(), "discount_percent": discount, "tax_rate": tax, "position": position}),
        );
    }
    // The last ones still lie there as drafts.
    let draft = story.after(moment, 9).is_none();
    if draft && number.is_multiple_of(2) {
        return;
    }
    let hour = moment
        .checked_add(jiff::SignedDuration::from_mins(40))
        .unwrap_or(moment);
    story.at(BOOKS, hour);
    story.rule(
        SEND,
        name.clone(),
        json!({"invoice": format!("{{{name}}}")}),
    );
    // In cents: whole amounts times whole percent.
    pay(story, number, &name, net * (100 + tax), hour);
}

/// In the currency of the deal.
fn currency_of(deal: &Deal, country: &str) -> &'static str {
    if deal.name.starts_with("renewal.") {
        "EUR"
    } else {
        currency(country)
    }
}

fn cents(amount: i64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

/// Most pay within the month, some in two parts, a few late or not yet; one wrote a complaint.
fn pay(story: &mut Story, number: usize, name: &str, total: i64, sent: Timestamp) {
    if number % 11 == 7 {
        if let Some(moment) = story.after(sent, 6) {
            story.at(BOOKS, moment);
            story.rule(CREDIT, format!("{name}.credit"), json!({"invoice": format!("{{{name}}}"), "reason": "Billed twice; the other invoice stands."}));
        }
        return;
    }
    if number % 9 == 4 {
        return;
    }
    let days = story.number(9, 34);
    let Some(moment) = story.after(sent, days) else {
        return;
    };
    let parts: &[i64] = if number % 5 == 2 { &[60, 40] } else { &[100] };
    let mut from = moment;
    let mut open = total;
    for (part, percent) in (1_usize..).zip(parts) {
        let amount = if part == parts.len() {
            open
        } else {
            total * percent / 100
        };
        open -= amount;
        let method = story.word(&[
            "bank_transfer",
            "bank_transfer",
            "bank_transfer",
            "credit_card",
        ]);
        story.at(BOOKS, from);
        story.create(
            &PAYMENT,
            format!("{name}.payment.{part}"),
            json!({"invoice_id": format!("{{{name}}}"), "amount": cents(amount), "payment_date": story.day_of(from).to_string(),
                "method": method, "reference": format!("TRX-{:05}-{part}", 20_000 + number)}),
        );
        let Some(next) = story.after(from, 14) else {
            return;
        };
        from = next;
    }
    if number % 13 == 6 {
        story.at(BOOKS, from);
        story.create(
            &REFUND,
            format!("{name}.refund"),
            json!({"payment_id": format!("{{{name}.payment.1}}"), "amount": "250.00", "refund_date": story.day_of(from).to_string(), "reason": "Goodwill for the late launch"}),
        );
    }
}
