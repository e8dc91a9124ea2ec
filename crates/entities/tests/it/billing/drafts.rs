//! Drafts: by hand, from deals, from time; what they come to.

use std::sync::Arc;

use kith_engine::EngineError;
use kith_entities::company::COMPANY;
use kith_entities::deal::DEAL;
use kith_entities::exchange_rate::EXCHANGE_RATE;
use kith_entities::invoice::{self, INVOICE};
use kith_entities::invoice_item::INVOICE_ITEM;
use kith_store::{Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{again, amounts, draft, finance, refusal, send};
use crate::world::{id_of, ids};

#[tokio::test]
async fn an_invoice_is_made_with_its_lines_and_summed_up() {
    let (world, caller) = finance().await;
    let items = json!([
        {"description": "Design", "quantity": "1.5", "unit": "hour", "unit_price": "99.99", "tax_rate": "19"},
        {"description": "Print", "quantity": 3, "unit_price": "0.335", "tax_rate": "7", "discount_percent": "10"},
    ]);
    let body = json!({"discount_percent": "5", "fixed_discount": "1.20", "items": items});
    let made = draft(&world, &caller, body.clone()).await;
    // 149.985 → 149.99; 0.9045 → 0.90; 5 % of 150.89 is 7.5445 → 7.54, and 1.20.
    assert_eq!(
        amounts(
            &made,
            &[
                "subtotal",
                "discount_amount",
                "tax_amount",
                "total_amount",
                "balance"
            ]
        ),
        ["150.89", "8.74", "26.91", "169.06", "169.06"]
    );
    assert_eq!(
        made["tax_breakdown"],
        json!([{"rate": "7", "taxable": "0.85", "tax": "0.06"}, {"rate": "19", "taxable": "141.30", "tax": "26.85"}])
    );
    let lines = world
        .list(
            &caller,
            &INVOICE_ITEM,
            &[
                ("invoice_id", made["id"].as_str().unwrap()),
                ("sort", "position"),
            ],
        )
        .await
        .unwrap();
    let told: Vec<_> = lines["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["amount"].as_str().unwrap(),
                line["position"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("149.99", 1), ("0.90", 2)]);
    // The preview says the same as what is saved.
    let mut body = body;
    body["currency"] = json!("USD");
    let preview = invoice::preview(&world.engine, &caller, &body)
        .await
        .unwrap();
    for name in [
        "subtotal",
        "discount_amount",
        "tax_amount",
        "total_amount",
        "tax_breakdown",
    ] {
        assert_eq!(preview[name], made[name], "{name}");
    }
    // A line less, another currency, another discount: the totals follow.
    world
        .delete(
            &caller,
            &INVOICE_ITEM,
            lines["data"][1]["id"].as_str().unwrap().parse().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(
        amounts(&again(&world, &caller, &made).await, &["subtotal"]),
        ["149.99"]
    );
    let yen = world
        .update(
            &caller,
            &INVOICE,
            id_of(&made),
            json!({"currency": "JPY", "discount_percent": "0", "fixed_discount": "0"}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        amounts(&yen, &["subtotal", "tax_amount", "total_amount"]),
        ["150.00", "29.00", "179.00"]
    );
    let item = world
        .list(
            &caller,
            &INVOICE_ITEM,
            &[("invoice_id", made["id"].as_str().unwrap())],
        )
        .await
        .unwrap();
    assert_eq!(
        (&item["data"][0]["currency"], &item["data"][0]["amount"]),
        (&json!("JPY"), &json!("150.00"))
    );
}

#[tokio::test]
async fn bad_lines_are_named_with_their_place_and_nothing_is_made() {
    let (world, caller) = finance().await;
    let company = world
        .create(&caller, &COMPANY, json!({"name": "Client"}))
        .await
        .unwrap();
    for (body, expected) in [
        (
            json!({"items": [{"description": "a", "unit_price": 1}, {"description": "b", "unit_price": 1, "quantity": 0}]}),
            vec!["items[1].quantity"],
        ),
        (
            json!({"due_date": "soon", "items": [{"description": "a", "unit_price": "x"}]}),
            vec!["due_date", "items[0].unit_price"],
        ),
        (json!({"items": {"description": "a"}}), vec!["items"]),
        (
            json!({"items": [{"invoice_id": company["id"], "description": "a", "unit_price": 1}]}),
            vec!["items[0].invoice_id"],
        ),
        (
            json!({"items": [{"description": "a", "unit_price": 1, "amount": "5"}]}),
            vec!["items[0].amount"],
        ),
        (json!({"items": ["text"]}), vec!["items[0]"]),
        (
            json!({"subtotal": "1", "total_amount": "1", "number": "1", "status": "paid"}),
            vec!["subtotal", "total_amount", "number", "status"],
        ),
        (
            json!({"issue_date": "2026-03-02", "due_date": "2026-03-01"}),
            vec!["due_date"],
        ),
    ] {
        let mut body = body;
        body["company_id"] = company["id"].clone();
        let error = world.create(&caller, &INVOICE, body).await.unwrap_err();
        let EngineError::InvalidRows(rows) = error else {
            panic!("{error:?}")
        };
        let named: Vec<&str> = rows
            .iter()
            .flat_map(|(_, faults)| faults)
            .map(|fault| fault.field.as_str())
            .collect();
        assert_eq!(named, expected);
    }
    assert!(ids(&world.list(&caller, &INVOICE, &[]).await.unwrap()).is_empty());
    // The same for the items of a deal, whose entity nothing here names.
    let deal = json!({"name": "Website", "items": [{"description": "Design", "unit_price": "100", "quantity": "2"}, {"description": "Text", "unit_price": "50"}]});
    let deal = world.create(&caller, &DEAL, deal).await.unwrap();
    let items = world
        .list(
            &caller,
            &kith_entities::deal_item::DEAL_ITEM,
            &[("deal_id", deal["id"].as_str().unwrap())],
        )
        .await
        .unwrap();
    assert_eq!(items["data"].as_array().unwrap().len(), 2);
    let error = world
        .create(
            &caller,
            &DEAL,
            json!({"name": "Website", "items": [{"unit_price": "100"}]}),
        )
        .await
        .unwrap_err();
    assert_eq!(refusal(error).1.as_deref(), Some("items[0].product_id"));
}

#[tokio::test]
async fn a_deal_becomes_a_draft() {
    let (world, caller) = finance().await;
    let company = world
        .create(
            &caller,
            &COMPANY,
            json!({"name": "Northwind", "payment_terms": "net_60"}),
        )
        .await
        .unwrap();
    let items = json!([{"description": "Design", "quantity": "2", "unit_price": "100", "discount_percent": "10"}, {"description": "Text", "unit_price": "50"}]);
    let deal = world.create(&caller, &DEAL, json!({"name": "Website", "company_id": company["id"], "amount": "999", "currency": "EUR", "items": items})).await.unwrap();
    let from = async |body: Json| -> Result<Json, EngineError> {
        let wanted = serde_json::from_value(body).unwrap();
        let tx = world.begin(&caller).await;
        let made = invoice::from_deal(&world.engine, &tx, &caller, &wanted).await?;
        tx.commit().await?;
        Ok(made)
    };
    let made = from(json!({"deal_id": deal["id"], "tax_rate": "19"}))
        .await
        .unwrap();
    assert_eq!(
        amounts(&made, &["subtotal", "tax_amount", "total_amount"]),
        ["230.00", "43.70", "273.70"]
    );
    assert_eq!(
        (
            &made["currency"],
            &made["payment_terms"],
            &made["deal_id"],
            &made["owner_id"]
        ),
        (
            &json!("EUR"),
            &json!("net_60"),
            &deal["id"],
            &deal["owner_id"]
        )
    );
    let bare = world
        .create(
            &caller,
            &DEAL,
            json!({"name": "Retainer", "company_id": company["id"], "amount": "75"}),
        )
        .await
        .unwrap();
    assert_eq!(
        amounts(
            &from(json!({"deal_id": bare["id"]})).await.unwrap(),
            &["total_amount"]
        ),
        ["75.00"]
    );
    for deal in [
        json!({"name": "Nobody's", "amount": "1"}),
        json!({"name": "Nothing", "company_id": company["id"]}),
    ] {
        let deal = world.create(&caller, &DEAL, deal).await.unwrap();
        assert_eq!(
            refusal(from(json!({"deal_id": deal["id"]})).await.unwrap_err())
                .1
                .as_deref(),
            Some("deal_id")
        );
    }
    assert_eq!(
        refusal(from(json!({"deal_id": Uuid::now_v7()})).await.unwrap_err()).0,
        "there is no such deal"
    );
}

#[tokio::test]
async fn approved_time_is_invoiced_once() {
    let (world, caller) = finance().await;
    let admin = world.test.admin().await;
    let organization = caller.principal.organization_id;
    let company = world
        .create(
            &caller,
            &COMPANY,
            json!({"name": "Northwind", "currency": "GBP"}),
        )
        .await
        .unwrap();
    let (project, task) = (Uuid::now_v7(), Uuid::now_v7());
    let me = caller.principal.user_id;
    admin
        .script(&format!(
            "INSERT INTO projects (organization_id, id, name, company_id, currency) VALUES ('{organization}', '{project}', 'Relaunch', '{}', 'EUR');
             INSERT INTO tasks (organization_id, id, title, project_id) VALUES ('{organization}', '{task}', 'Design', '{project}');
             INSERT INTO time_entries (organization_id, user_id, project_id, task_id, date, hours, rate, status, billable, description)
             SELECT '{organization}', '{me}', '{project}', task, day::date, hours, rate, status, billable, description FROM (VALUES
               ('{task}'::uuid, '2026-03-02', 1.5, 80.0, 'approved', true, 'Sketches'), ('{task}', '2026-03-03', 2.25, 80, 'approved', true, NULL),
               ('{task}', '2026-03-03', 1, 95.5, 'approved', true, NULL), (NULL, '2026-03-04', 3, 80, 'approved', true, 'Meeting'),
               (NULL, '2026-03-05', 4, 80, 'pending', true, NULL), (NULL, '2026-03-06', 5, 80, 'approved', false, NULL),
               (NULL, '2026-04-01', 6, 80, 'approved', true, NULL)) AS e (task, day, hours, rate, status, billable, description)",
            company["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
    let from = async |body: Json| -> Result<Json, EngineError> {
        let mut body = body;
        body["project_id"] = json!(project);
        let wanted = serde_json::from_value(body).unwrap();
        let tx = world.begin(&caller).await;
        let made = invoice::from_time(&world.engine, &tx, &caller, &wanted).await?;
        tx.commit().await?;
        Ok(made)
    };
    let lines = async |invoice: &Json| -> Vec<String> {
        let list = world
            .list(
                &caller,
                &INVOICE_ITEM,
                &[
                    ("invoice_id", invoice["id"].as_str().unwrap()),
                    ("sort", "position"),
                ],
            )
            .await
            .unwrap();
        let line = |line: &Json| {
            format!(
                "{} {} {} {}",
                line["description"].as_str().unwrap(),
                line["quantity"].as_str().unwrap(),
                line["unit"].as_str().unwrap(),
                line["unit_price"].as_str().unwrap()
            )
        };
        list["data"].as_array().unwrap().iter().map(line).collect()
    };
    let march = |group: &str| json!({"from": "2026-03-01", "to": "2026-03-31", "group_by": group, "tax_rate": "20"});
    let made = from(march("task")).await.unwrap();
    assert_eq!(
        lines(&made).await,
        [
            "Design 3.75 hour 80.00",
            "Design 1 hour 95.50",
            "Relaunch 3 hour 80.00"
        ]
    );
    assert_eq!(
        amounts(&made, &["subtotal", "tax_amount", "total_amount"]),
        ["635.50", "127.10", "762.60"]
    );
    assert_eq!(
        (&made["currency"], &made["project_id"], &made["company_id"]),
        (&json!("EUR"), &json!(project), &company["id"])
    );
    // Nothing of it is left, until the draft goes.
    assert_eq!(
        refusal(from(march("entry")).await.unwrap_err()).0,
        "no approved, billable time of this project is left to invoice in this period"
    );
    world.delete(&caller, &INVOICE, id_of(&made)).await.unwrap();
    let again = from(march("person")).await.unwrap();
    assert_eq!(
        lines(&again).await,
        ["Acme owner 6.75 hour 80.00", "Acme owner 1 hour 95.50"]
    );
    let tx = world.begin(&caller).await;
    let restored =
        kith_engine::restore(&world.engine, &tx, &caller, &INVOICE, &[id_of(&made)]).await;
    assert!(
        refusal(restored.unwrap_err())
            .0
            .starts_with("The time on this draft was invoiced elsewhere meanwhile")
    );
    drop(tx);
    // A line that goes sets its time free; so does cancelling.
    let first = world
        .list(
            &caller,
            &INVOICE_ITEM,
            &[
                ("invoice_id", again["id"].as_str().unwrap()),
                ("sort", "position"),
            ],
        )
        .await
        .unwrap();
    world
        .delete(
            &caller,
            &INVOICE_ITEM,
            first["data"][0]["id"].as_str().unwrap().parse().unwrap(),
        )
        .await
        .unwrap();
    let whole = from(march("project")).await.unwrap();
    assert_eq!(lines(&whole).await, ["Relaunch 6.75 hour 80.00"]);
    world
        .create(
            &caller,
            &EXCHANGE_RATE,
            json!({"currency": "EUR", "rate_date": "2026-01-01", "rate": "1.1"}),
        )
        .await
        .unwrap();
    send(&world, &caller, id_of(&whole)).await.unwrap();
    let tx = world.begin(&caller).await;
    invoice::cancel(&world.engine, &tx, &caller, id_of(&whole), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let by_day = from(march("day")).await.unwrap();
    assert_eq!(
        lines(&by_day).await,
        [
            "Relaunch, 2026-03-02 1.5 hour 80.00",
            "Relaunch, 2026-03-03 2.25 hour 80.00",
            "Relaunch, 2026-03-04 3 hour 80.00"
        ]
    );
    world
        .delete(&caller, &INVOICE, id_of(&by_day))
        .await
        .unwrap();
    let by_entry = from(march("entry")).await.unwrap();
    assert_eq!(
        lines(&by_entry).await[0],
        "2026-03-02: Sketches 1.5 hour 80.00"
    );
    // Time without a rate is named; nobody claims time past the rule.
    admin
        .script("UPDATE time_entries SET status = 'draft' WHERE date = '2026-04-01'")
        .await
        .unwrap();
    admin
        .script("UPDATE time_entries SET status = 'pending' WHERE date = '2026-04-01'")
        .await
        .unwrap();
    admin
        .script("UPDATE time_entries SET status = 'approved' WHERE date = '2026-04-01'")
        .await
        .unwrap();
    let (message, field) = refusal(from(json!({"from": "2026-04-01"})).await.unwrap_err());
    assert_eq!(
        (message.as_str(), field.as_deref()),
        (
            "6 h of Acme owner on 2026-04-01 have no rate; enter a billable rate and approve the time again",
            Some("rate")
        )
    );
    let tx = world.begin(&caller).await;
    tx.execute(&Statement::new(
        "UPDATE time_entries SET invoice_item_id = NULL WHERE invoice_item_id IS NOT NULL",
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert!(from(march("entry")).await.is_err());
}

#[tokio::test]
async fn the_same_time_is_not_invoiced_twice_at_the_same_moment() {
    let (world, caller) = finance().await;
    let organization = caller.principal.organization_id;
    let company = world
        .create(&caller, &COMPANY, json!({"name": "Northwind"}))
        .await
        .unwrap();
    let project = Uuid::now_v7();
    world
        .test
        .admin()
        .await
        .script(&format!(
            "INSERT INTO projects (organization_id, id, name, company_id, currency) VALUES ('{organization}', '{project}', 'Relaunch', '{}', 'USD');
             INSERT INTO time_entries (organization_id, user_id, project_id, date, hours, rate, status)
             SELECT '{organization}', '{}', '{project}', date '2026-03-01' + n, 8, 100, 'approved' FROM generate_series(0, 19) n",
            company["id"].as_str().unwrap(),
            caller.principal.user_id
        ))
        .await
        .unwrap();
    let (engine, caller) = (Arc::new(world.engine.clone()), Arc::new(caller));
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let (engine, caller) = (Arc::clone(&engine), Arc::clone(&caller));
        tasks.push(tokio::spawn(async move {
            let wanted =
                serde_json::from_value(json!({"project_id": project, "group_by": "day"})).unwrap();
            let tx = Tx::begin(&engine.database, &caller.principal, &caller.origin)
                .await
                .unwrap();
            match invoice::from_time(&engine, &tx, &caller, &wanted).await {
                Ok(_) => tx.commit().await.map(|()| 1).unwrap(),
                Err(EngineError::Conflict { .. }) => 0,
                Err(other) => panic!("{other:?}"),
            }
        }));
    }
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    assert_eq!(made, 1);
}
