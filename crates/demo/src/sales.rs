//! Deals of the past year and the coming quarter: what they consist of, how they went, how they ended.

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::export::{Format, Seats, Wanted, export};
use kith_engine::{EngineError, ListQuery};
use kith_entities::deal::DEAL;
use kith_entities::deal_item::DEAL_ITEM;
use serde_json::{Map, Value as Json, json};

use crate::companies::currency;
use crate::organization::PRODUCTS;
use crate::people::MANAGER;
use crate::story::{Company, Deal, Rule, Story, Turn};
use crate::words::{COMPETITORS, LOST};

const SUBJECTS: &[(&str, usize)] = &[
    ("relaunch", 0),
    ("new website", 0),
    ("online shop", 0),
    ("careers page", 0),
    ("accessibility audit", 0),
    ("care plan", 1),
    ("search campaign", 2),
    ("summer campaign", 2),
    ("newsletter set-up", 2),
    ("microsite", 0),
];

/// A member takes a list with them.
const EXPORT: Rule = Rule {
    name: "export",
    run: |turn, arguments| take(turn, arguments).boxed(),
};

async fn take(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let entity = turn
        .engine
        .catalogue
        .by_path(arguments["entity"].as_str().unwrap_or_default())
        .ok_or(EngineError::NotFound)?;
    let wanted = Wanted {
        format: Format::Csv,
        mark: false,
        query: ListQuery::default(),
        asked: Map::new(),
        folder: turn.folder.to_owned(),
    };
    let mut pieces = export(turn.engine, &Seats::of_pool(8), turn.caller, entity, wanted).await?;
    while let Some(piece) = pieces.recv().await {
        piece?;
    }
    Ok(json!({}))
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("sales");
    // What leads became goes on as deals do.
    let converted = std::mem::take(&mut story.cast.deals);
    for mut deal in converted {
        let moment = story.after(deal.since, 1);
        if let Some(moment) = moment {
            story.at(deal.owner, moment);
            let items = basket(story, 0);
            let body = json!({"amount": items.total.to_string(), "expected_close_date": story.drawn_day(15, 80).to_string()});
            story.change(&DEAL, deal.name.clone(), body);
            list_items(story, &deal.name, &items);
            deal.basket = items.items;
        }
        let done = course(story, deal);
        story.cast.deals.push(done);
    }
    let companies = story.cast.companies.clone();
    for (index, company) in companies.iter().enumerate() {
        let count = match company.status {
            "active" => story.number(2, 3),
            "churned" => 2,
            "prospect" => story.number(1, 2),
            _ => 0,
        };
        let mut from = company.since;
        for place in 0..count {
            let days = story.number(12, 110);
            let Some(moment) = story.after(from, days) else {
                break;
            };
            from = moment;
            new_deal(story, index, company, place, moment);
        }
    }
    // Fresh ones, so that the first columns of the board are never empty.
    for index in [3, 11, 21, 28, 31, 34, 43, 40] {
        if let Some(company) = companies.get(index) {
            let days = story.number(1, 9);
            let moment = story.workday(days).max(company.since);
            new_deal(story, index, company, 9, moment);
        }
    }
    renewals(story);
    let moment = story.workday(4);
    story.at(MANAGER, moment);
    story.rule(EXPORT, "export", json!({"entity": "deals"}));
}

/// What a deal consists of: product, quantity, discount in percent; and the sum in whole units.
struct Basket {
    items: Vec<(usize, i64, i64)>,
    total: i64,
}

fn basket(story: &mut Story, main: usize) -> Basket {
    let mut items = vec![(main, if main == 1 { 12 } else { 1 }, 0)];
    if main != 1 && story.chance(55) {
        items.push((1, 12, 10));
    }
    if main == 0 && story.chance(25) {
        items.push((2, 1, 0));
    }
    // Every price times its quantity is a multiple of ten, so that sums come out whole.
    let total = items
        .iter()
        .map(|(product, quantity, discount)| {
            let price = PRODUCTS.get(*product).map_or(0, |(_, price)| *price);
            price * quantity * (100 - discount) / 100
        })
        .sum();
    Basket { items, total }
}

fn list_items(story: &mut Story, deal: &str, basket: &Basket) {
    for (position, (product, quantity, discount)) in (1..).zip(&basket.items) {
        let Some((product, price)) = PRODUCTS.get(*product).copied() else {
            continue;
        };
        story.create(
            &DEAL_ITEM,
            format!("{deal}.item.{position}"),
            json!({"deal_id": format!("{{{deal}}}"), "product_id": format!("{{{product}}}"), "quantity": quantity,
                "unit_price": price.to_string(), "discount_percent": discount, "position": position}),
        );
    }
}

fn new_deal(story: &mut Story, index: usize, company: &Company, place: i64, moment: Timestamp) {
    let Some((subject, product)) = story.pick(SUBJECTS) else {
        return;
    };
    let basket = basket(story, product);
    let name = format!("deal.{index}.{place}");
    let contact = story
        .cast
        .contacts
        .iter()
        .find(|contact| contact.company == index && contact.since <= moment)
        .map(|contact| format!("{{{}}}", contact.name));
    let title = format!("{}: {subject}", company.title);
    let mut custom =
        json!({"technical_lead": format!("{{user.{}}}", story.word(&["zeynep", "nuno"]))});
    if story.chance(40) {
        custom["competitor"] = json!(story.word(COMPETITORS));
    }
    let expected = story.drawn_day(10, 85).to_string();
    let source = story.word(&[
        "referral",
        "website",
        "inbound",
        "partner",
        "cold_call",
        "event",
        "organic",
    ]);
    story.at(company.owner, moment);
    story.create(
        &DEAL,
        name.clone(),
        json!({
            "name": title, "company_id": format!("{{{}}}", company.name), "primary_contact_id": contact,
            "stage_id": "{stage.deal.lead}", "amount": basket.total.to_string(), "currency": currency(company.country),
            "expected_close_date": expected,
            "source": source,
            "description": format!("{} for {}, as talked about.", capital(subject), company.title),
            "custom_fields": custom,
        }),
    );
    list_items(story, &name, &basket);
    let deal = Deal {
        name,
        title,
        owner: company.owner,
        company: Some(index),
        since: moment,
        won: None,
        open: true,
        basket: basket.items,
    };
    let done = course(story, deal);
    story.cast.deals.push(done);
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A deal goes from stage to stage until it ends or the story does.
fn course(story: &mut Story, mut deal: Deal) -> Deal {
    let mut moment = deal.since;
    let won = story.chance(64);
    let falls_at = if won { 9 } else { story.number(1, 3) };
    for (step, stage) in (1..).zip(["qualified", "proposal", "negotiation", "won"]) {
        let days = story.number(4, 24);
        let Some(next) = story.after(moment, days) else {
            return deal;
        };
        moment = next;
        let day = story.day_of(moment).to_string();
        story.at(deal.owner, moment);
        if step > falls_at {
            let reason = story.word(LOST);
            story.change(
                &DEAL,
                deal.name.clone(),
                json!({"stage_id": "{stage.deal.lost}", "lost_reason": reason, "actual_close_date": day}),
            );
            deal.open = false;
            return deal;
        }
        let mut body = json!({"stage_id": format!("{{stage.deal.{stage}}}")});
        if stage == "won" {
            body["actual_close_date"] = json!(day);
            deal.won = Some(moment);
            deal.open = false;
        }
        story.change(&DEAL, deal.name.clone(), body);
    }
    deal
}

/// Care plans of the year before that are renewed, on a pipeline of their own.
fn renewals(story: &mut Story) {
    let companies = story.cast.companies.clone();
    for (place, index) in [1, 3, 5, 6, 7, 9, 11, 14, 17].into_iter().enumerate() {
        let Some(company) = companies.get(index) else {
            continue;
        };
        let days = 130 - i64::try_from(place).unwrap_or(0) * 14;
        let moment = story.workday(days);
        let name = format!("renewal.{index}");
        let items = Basket {
            items: vec![(1, 12, 5)],
            total: 390 * 12 * 95 / 100,
        };
        let expected = story.drawn_day(5, 40).to_string();
        story.at(company.owner, moment);
        story.create(
            &DEAL,
            name.clone(),
            json!({"name": format!("{}: care plan renewal", company.title), "company_id": format!("{{{}}}", company.name),
                "stage_id": "{stage.renewals.due}", "amount": items.total.to_string(), "currency": "EUR",
                "expected_close_date": expected, "source": "other", "tags": ["renewal"]}),
        );
        list_items(story, &name, &items);
        let mut deal = Deal {
            name: name.clone(),
            title: format!("{}: care plan renewal", company.title),
            owner: company.owner,
            company: Some(index),
            since: moment,
            won: None,
            open: true,
            basket: items.items,
        };
        if let Some(moment) = story.after(moment, 12) {
            story.at(company.owner, moment);
            story.change(
                &DEAL,
                name.clone(),
                json!({"stage_id": "{stage.renewals.offered}"}),
            );
            if let Some(moment) = story.after(moment, 14) {
                let day = story.day_of(moment).to_string();
                story.at(company.owner, moment);
                let lost = place == 3;
                let body = if lost {
                    json!({"stage_id": "{stage.renewals.cancelled}", "lost_reason": "Takes the care in-house", "actual_close_date": day})
                } else {
                    json!({"stage_id": "{stage.renewals.renewed}", "actual_close_date": day})
                };
                story.change(&DEAL, name, body);
                deal.open = false;
                deal.won = (!lost).then_some(moment);
            }
        }
        story.cast.deals.push(deal);
    }
}
