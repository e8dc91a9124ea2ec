//! What becomes of a sent invoice with time: overdue, ageing, credit limits, currencies.

use jiff::Timestamp;
use kith_entities::company::COMPANY;
use kith_entities::exchange_rate::EXCHANGE_RATE;
use kith_entities::invoice::{self, INVOICE};
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::json;
use uuid::Uuid;

use super::{again, amounts, draft, finance, pay, refund, refusal, send};
use crate::world::id_of;

#[tokio::test]
async fn other_currencies_have_the_rate_of_the_day() {
    let (world, caller) = finance().await;
    let made = draft(&world, &caller, json!({"currency": "EUR", "issue_date": "2026-03-10", "items": [{"description": "Work", "unit_price": "100"}]})).await;
    let (message, field) = refusal(send(&world, &caller, id_of(&made)).await.unwrap_err());
    assert_eq!(
        message,
        "There is no exchange rate from EUR to USD for 2026-03-10 or a day before. Enter one under exchange rates."
    );
    assert_eq!(field.as_deref(), Some("currency"));
    for (day, rate) in [
        ("2026-03-11", "1.25"),
        ("2026-03-01", "1.1234567891"),
        ("2026-02-01", "1.5"),
    ] {
        world
            .create(
                &caller,
                &EXCHANGE_RATE,
                json!({"currency": "EUR", "rate_date": day, "rate": rate}),
            )
            .await
            .unwrap();
    }
    for (body, expected) in [
        (
            json!({"currency": "USD", "rate_date": "2026-03-01", "rate": "1"}),
            "currency",
        ),
        (
            json!({"currency": "GBP", "rate_date": "2026-03-01", "rate": "0"}),
            "rate",
        ),
        (
            json!({"currency": "GBP", "rate_date": "2026-03-01", "rate": "1.00000000001"}),
            "rate",
        ),
        (
            json!({"currency": "EUR", "rate_date": "2026-03-01", "rate": "2"}),
            "rate_date",
        ),
    ] {
        assert_eq!(
            refusal(
                world
                    .create(&caller, &EXCHANGE_RATE, body)
                    .await
                    .unwrap_err()
            )
            .1
            .as_deref(),
            Some(expected)
        );
    }
    let sent = send(&world, &caller, id_of(&made)).await.unwrap();
    assert_eq!(sent["exchange_rate"], json!("1.1234567891"));
    // The rate of the day on which money came in; given back, nothing is left of it.
    let paid = pay(
        &world,
        &caller,
        &sent,
        json!({"amount": "33.33", "payment_date": "2026-03-12"}),
    )
    .await
    .unwrap();
    assert_eq!(
        (&paid["exchange_rate"], &paid["base_amount"]),
        (&json!("1.25"), &json!("41.66"))
    );
    let company = async || {
        world
            .get(
                &caller,
                &COMPANY,
                sent["company_id"].as_str().unwrap().parse().unwrap(),
            )
            .await
            .unwrap()["lifetime_value"]
            .clone()
    };
    assert_eq!(company().await, json!("41.66"));
    refund(&world, &caller, &paid, json!({"amount": "11.11"}))
        .await
        .unwrap();
    refund(&world, &caller, &paid, json!({"amount": "11.11"}))
        .await
        .unwrap();
    assert_eq!(company().await, json!("13.89"));
    refund(&world, &caller, &paid, json!({})).await.unwrap();
    assert_eq!(company().await, json!("0.00"));
    for currency in ["XAU", "CLF"] {
        let company = sent["company_id"].clone();
        let error = world
            .create(
                &caller,
                &INVOICE,
                json!({"company_id": company, "currency": currency}),
            )
            .await
            .unwrap_err();
        assert_eq!(refusal(error).1.as_deref(), Some("currency"));
    }
}

#[tokio::test]
async fn what_is_late_becomes_overdue_by_schedule() {
    let (world, caller) = finance().await;
    let organization = caller.principal.organization_id;
    let made = draft(&world, &caller, json!({"issue_date": "2026-03-01", "payment_terms": "net_15", "items": [{"description": "Work", "unit_price": "100"}]})).await;
    let invoice = send(&world, &caller, id_of(&made)).await.unwrap();
    let run = async |now: &str| -> u64 {
        let now: Timestamp = now.parse().unwrap();
        let tx = SystemTx::begin(
            &world.engine.database,
            Some(organization),
            &Origin::new("schedule"),
        )
        .await
        .unwrap();
        let marked = invoice::overdue_invoices(&tx, now).await.unwrap();
        tx.commit().await.unwrap();
        marked
    };
    let waiting = async |now: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM organizations_with_overdue_invoices('{now}')");
        world
            .test
            .admin()
            .await
            .query(&Statement::new(sql))
            .await
            .unwrap()[0]
            .get(0)
    };
    // Due on the 16th: late from the 17th, where the organization is.
    world
        .test
        .admin()
        .await
        .script("UPDATE organizations SET timezone = 'America/New_York'")
        .await
        .unwrap();
    assert_eq!(
        (
            waiting("2026-03-17T03:59:00Z").await,
            run("2026-03-17T03:59:00Z").await
        ),
        (0, 0)
    );
    assert_eq!(
        (
            waiting("2026-03-17T04:01:00Z").await,
            run("2026-03-17T04:01:00Z").await
        ),
        (1, 1)
    );
    assert_eq!(
        (
            waiting("2026-03-18T00:00:00Z").await,
            run("2026-03-18T00:00:00Z").await
        ),
        (0, 0)
    );
    assert_eq!(
        again(&world, &caller, &invoice).await["status"],
        json!("overdue")
    );
    let told = world
        .test
        .admin()
        .await
        .query(&Statement::new(
            "SELECT count(*) FROM events WHERE entity = 'invoice' AND action = 'overdue'",
        ))
        .await
        .unwrap();
    assert_eq!(told[0].get::<_, i64>(0), 1);
    // Paid in part it is late still; paid, and given back, it is owed again and late at the next run.
    let paid = pay(&world, &caller, &invoice, json!({"amount": "40"}))
        .await
        .unwrap();
    assert_eq!(
        again(&world, &caller, &invoice).await["status"],
        json!("overdue")
    );
    pay(&world, &caller, &invoice, json!({"amount": "60"}))
        .await
        .unwrap();
    assert_eq!(
        again(&world, &caller, &invoice).await["status"],
        json!("paid")
    );
    refund(&world, &caller, &paid, json!({})).await.unwrap();
    assert_eq!(
        again(&world, &caller, &invoice).await["status"],
        json!("partially_paid")
    );
    assert_eq!(run("2026-03-18T00:00:00Z").await, 1);
    // A member cannot run it.
    let tx = world.begin(&caller).await;
    let statement = Statement::new("SELECT mark_invoices_overdue('2030-01-01', 10)");
    assert_eq!(tx.query_one(&statement).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn the_ageing_report_says_what_was_open_on_a_day() {
    let (world, caller) = finance().await;
    let mut invoices = Vec::new();
    for (due, amount) in [
        ("2026-06-30", "1"),
        ("2026-06-29", "2"),
        ("2026-05-31", "4"),
        ("2026-05-30", "8"),
        ("2026-05-01", "16"),
        ("2026-04-30", "32"),
        ("2026-04-01", "64"),
        ("2026-03-31", "128"),
    ] {
        let made = draft(&world, &caller, json!({"issue_date": "2026-03-01", "due_date": due, "items": [{"description": "Work", "unit_price": amount}]})).await;
        invoices.push(send(&world, &caller, id_of(&made)).await.unwrap());
    }
    draft(
        &world,
        &caller,
        json!({"items": [{"description": "Work", "unit_price": "999"}]}),
    )
    .await;
    let report = async |day: &str| {
        invoice::ageing(&world.engine, &caller, Some(day.parse().unwrap()))
            .await
            .unwrap()
    };
    let whole = report("2026-06-30").await;
    assert_eq!(whole["as_of"], json!("2026-06-30"));
    let names = [
        "current",
        "days_1_30",
        "days_31_60",
        "days_61_90",
        "days_over_90",
        "total",
    ];
    assert_eq!(
        amounts(&whole["totals"][0], &names),
        ["1.00", "6.00", "24.00", "96.00", "128.00", "255.00"]
    );
    assert_eq!(whole["data"].as_array().unwrap().len(), 8);
    assert_eq!(whole["data"][0]["company"]["name"], json!("Client"));
    // Paid, credited and given back later: on the day before it stood open.
    let paid = pay(
        &world,
        &caller,
        &invoices[7],
        json!({"amount": "128", "payment_date": "2026-06-15"}),
    )
    .await
    .unwrap();
    assert_eq!(
        amounts(&report("2026-06-14").await["totals"][0], &names)[5],
        "255.00"
    );
    assert_eq!(
        amounts(&report("2026-06-15").await["totals"][0], &names)[5],
        "127.00"
    );
    refund(
        &world,
        &caller,
        &paid,
        json!({"amount": "28", "refund_date": "2026-06-20"}),
    )
    .await
    .unwrap();
    assert_eq!(
        amounts(&report("2026-06-30").await["totals"][0], &names)[5],
        "155.00"
    );
    assert_eq!(
        amounts(&report("2026-06-19").await["totals"][0], &names)[5],
        "127.00"
    );
    assert_eq!(report("2026-02-28").await["totals"], json!([]));
    // Nobody reads of companies that they do not see.
    let organization = caller.principal.organization_id;
    let client = world.test.admin().await.query(&Statement::new("SELECT m.user_id FROM memberships m JOIN roles r ON r.organization_id = m.organization_id AND r.id = m.role_id WHERE m.organization_id = $1 AND r.key = 'client_viewer'").with(organization, Type::UUID)).await.unwrap()[0].get::<_, Uuid>(0);
    let organization = crate::world::Organization {
        id: organization,
        people: [("client_viewer", client)].into(),
    };
    let client = world.role(&organization, "client_viewer").await;
    assert_eq!(
        invoice::ageing(&world.engine, &client, None).await.unwrap()["data"],
        json!([])
    );
}

#[tokio::test]
async fn passing_a_credit_limit_is_told_and_not_refused() {
    let (world, caller) = finance().await;
    let company = world
        .create(
            &caller,
            &COMPANY,
            json!({"name": "Northwind", "credit_limit": "150", "owner_id": null}),
        )
        .await
        .unwrap();
    let body = || json!({"company_id": company["id"], "items": [{"description": "Work", "unit_price": "100"}]});
    let first = draft(&world, &caller, body()).await;
    assert_eq!(
        send(&world, &caller, id_of(&first)).await.unwrap()["warnings"],
        json!([])
    );
    let second = draft(&world, &caller, body()).await;
    let warned = send(&world, &caller, id_of(&second)).await.unwrap();
    assert_eq!(warned["status"], json!("sent"));
    assert_eq!(
        warned["warnings"],
        json!([{"code": "credit_limit", "message": "open invoices of 200.00 USD are more than the credit limit of 150.00 USD"}])
    );
    let events = world
        .test
        .admin()
        .await
        .query(&Statement::new(
            "SELECT record_id FROM events WHERE action = 'credit_limit_exceeded'",
        ))
        .await
        .unwrap();
    assert_eq!(
        events
            .iter()
            .map(|row| row.get::<_, Uuid>(0))
            .collect::<Vec<_>>(),
        [id_of(&company)]
    );
    // Paid down, there is room again.
    pay(&world, &caller, &first, json!({"amount": "100"}))
        .await
        .unwrap();
    pay(&world, &caller, &second, json!({"amount": "60"}))
        .await
        .unwrap();
    let third = draft(&world, &caller, body()).await;
    assert_eq!(
        send(&world, &caller, id_of(&third)).await.unwrap()["warnings"],
        json!([])
    );
}
