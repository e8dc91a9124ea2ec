//! Money in and back, also by many at once.

use std::sync::Arc;

use kith_engine::EngineError;
use kith_entities::company::COMPANY;
use kith_entities::invoice::INVOICE;
use kith_entities::payment::PAYMENT;
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{again, amounts, draft, finance, pay, refund, refusal, sent};
use crate::world::id_of;

#[tokio::test]
async fn payments_settle_an_invoice_and_refunds_open_it_again() {
    let (world, caller) = finance().await;
    let invoice = sent(&world, &caller, "100").await;
    let company = async || {
        world
            .get(
                &caller,
                &COMPANY,
                invoice["company_id"].as_str().unwrap().parse().unwrap(),
            )
            .await
            .unwrap()
    };
    let (message, field) = refusal(
        pay(&world, &caller, &invoice, json!({"amount": "100.01"}))
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (message.as_str(), field.as_deref()),
        (
            "The balance is 100.00 USD; a payment of 100.01 USD is more than that.",
            Some("amount")
        )
    );
    for (body, expected) in [
        (
            json!({"amount": "10", "currency": "EUR"}),
            "The invoice is in USD. Pay it in that currency.",
        ),
        (json!({"amount": "1.005"}), "USD has 2 decimal places."),
        (json!({"amount": "0"}), "must be more than 0"),
        (json!({"amount": "-5"}), "must be at least 0"),
        (
            json!({"amount": "5", "invoice_id": invoice["id"]}),
            "stands in the address; leave it out",
        ),
    ] {
        assert_eq!(
            refusal(pay(&world, &caller, &invoice, body).await.unwrap_err()).0,
            expected
        );
    }
    let first = pay(&world, &caller, &invoice, json!({"amount": "30", "payment_date": "2026-11-02", "reference": "pi_1", "method": "stripe"})).await.unwrap();
    assert_eq!(
        again(&world, &caller, &invoice).await["status"],
        json!("partially_paid")
    );
    // Told twice, recorded once; another amount under the same name is refused.
    let same = pay(
        &world,
        &caller,
        &invoice,
        json!({"amount": "30.00", "reference": "pi_1"}),
    )
    .await
    .unwrap();
    assert_eq!(same["id"], first["id"]);
    let (message, field) = refusal(
        pay(
            &world,
            &caller,
            &invoice,
            json!({"amount": "31", "reference": "pi_1"}),
        )
        .await
        .unwrap_err(),
    );
    assert_eq!(
        (message.as_str(), field.as_deref()),
        (
            "30.00 USD with this reference are recorded already",
            Some("reference")
        )
    );
    let second = pay(
        &world,
        &caller,
        &invoice,
        json!({"amount": "70", "payment_date": "2026-11-05"}),
    )
    .await
    .unwrap();
    let paid = again(&world, &caller, &invoice).await;
    assert_eq!(
        (&paid["status"], &paid["paid_date"]),
        (&json!("paid"), &json!("2026-11-05"))
    );
    assert_eq!(
        amounts(&paid, &["amount_paid", "balance"]),
        ["100.00", "0.00"]
    );
    assert_eq!(company().await["lifetime_value"], json!("100.00"));
    assert!(
        pay(&world, &caller, &invoice, json!({"amount": "0.01"}))
            .await
            .is_err()
    );
    // Payments are not changed, by no door.
    assert!(matches!(
        world
            .update(
                &caller,
                &PAYMENT,
                id_of(&first),
                json!({"amount": "1"}),
                None
            )
            .await,
        Err(EngineError::Refused { .. })
    ));
    assert!(matches!(
        world.delete(&caller, &PAYMENT, id_of(&first)).await,
        Err(EngineError::Refused { .. })
    ));
    // Back up to what was paid.
    let (message, _) = refusal(
        refund(&world, &caller, &second, json!({"amount": "70.01"}))
            .await
            .unwrap_err(),
    );
    assert_eq!(
        message,
        "At most 70.00 USD of this payment can be refunded."
    );
    refund(
        &world,
        &caller,
        &second,
        json!({"amount": "20", "reason": "Discount", "reference": "re_1"}),
    )
    .await
    .unwrap();
    let told_twice = refund(
        &world,
        &caller,
        &second,
        json!({"amount": "20", "reference": "re_1"}),
    )
    .await
    .unwrap();
    assert_eq!(told_twice["reason"], json!("Discount"));
    let open = again(&world, &caller, &invoice).await;
    assert_eq!(
        (&open["status"], &open["paid_date"], &open["balance"]),
        (&json!("partially_paid"), &Json::Null, &json!("20.00"))
    );
    refund(&world, &caller, &second, json!({})).await.unwrap();
    refund(&world, &caller, &first, json!({})).await.unwrap();
    let open = again(&world, &caller, &invoice).await;
    assert_eq!(
        (&open["status"], &open["balance"]),
        (&json!("sent"), &json!("100.00"))
    );
    assert_eq!(company().await["lifetime_value"], json!("0.00"));
    assert_eq!(
        refusal(
            refund(&world, &caller, &first, json!({}))
                .await
                .unwrap_err()
        )
        .0,
        "all of this payment is refunded already"
    );
    let unsent = draft(
        &world,
        &caller,
        json!({"items": [{"description": "Work", "unit_price": "10"}]}),
    )
    .await;
    assert_eq!(
        refusal(
            pay(&world, &caller, &unsent, json!({"amount": "1"}))
                .await
                .unwrap_err()
        )
        .0,
        "This invoice is a draft. Send it before recording a payment."
    );
    // Nothing to pay: settled as it is sent.
    let free = sent(&world, &caller, "0").await;
    assert_eq!(
        (&free["status"], &free["paid_date"]),
        (&json!("paid"), &free["issue_date"])
    );
    // Several in one statement are added up before they are refused.
    let tx = world.begin(&caller).await;
    let twice: Vec<Json> = (0..2)
        .map(|_| json!({"invoice_id": invoice["id"], "amount": "60"}))
        .collect();
    let error = kith_engine::create(&world.engine, &tx, &caller, &PAYMENT, &twice)
        .await
        .unwrap_err();
    assert_eq!(
        refusal(error).0,
        "The balance is 100.00 USD; a payment of 120.00 USD is more than that."
    );
}

#[tokio::test]
async fn ten_thousand_payments_at_once_never_overpay_one_of_a_hundred_invoices() {
    let (world, caller) = finance().await;
    let company = draft(&world, &caller, json!({})).await["company_id"].clone();
    let tx = world.begin(&caller).await;
    let bodies: Vec<Json> = (0..100).map(|_| json!({"company_id": company, "items": [{"description": "Work", "unit_price": "100"}]})).collect();
    let made = kith_engine::create(&world.engine, &tx, &caller, &INVOICE, &bodies)
        .await
        .unwrap();
    tx.execute(&Statement::new(
        "UPDATE invoices SET status = 'sent' WHERE status = 'draft' AND total_amount > 0",
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let ids: Arc<Vec<Uuid>> = Arc::new(made.iter().map(|record| record.id).collect());
    let caller = Arc::new(caller);
    let mut tasks = Vec::new();
    // Eight connections; each invoice is offered a hundred payments of 1.01 to 3.00, twice as much as it is over.
    for worker in 0..8_usize {
        let (ids, caller, database) = (
            Arc::clone(&ids),
            Arc::clone(&caller),
            world.engine.database.clone(),
        );
        tasks.push(tokio::spawn(async move {
            let (mut taken, mut refused) = (0_u32, 0_u32);
            for attempt in 0..1_250_usize {
                let position = (attempt * 37 + worker * 13) % 100;
                let cents = 101 + (attempt * 7 + worker * 31) % 200;
                let amount = format!("{}.{:02}", cents / 100, cents % 100);
                let tx = Tx::begin(&database, &caller.principal, &caller.origin).await.unwrap();
                let statement = Statement::new("INSERT INTO payments (organization_id, created_by, invoice_id, amount) VALUES (current_organization_id(), current_user_id(), $1, $2::text::numeric)")
                    .with(ids[position], Type::UUID)
                    .with(amount, Type::TEXT);
                match tx.commit_with(&[statement]).await {
                    Ok(_) => taken += 1,
                    Err(StoreError::Raised { code, .. }) if code == "KT409" => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
            (taken, refused)
        }));
    }
    let (mut taken, mut refused) = (0, 0);
    for task in tasks {
        let (took, did_not) = task.await.unwrap();
        taken += took;
        refused += did_not;
    }
    assert_eq!(taken + refused, 10_000);
    assert!(
        taken > 4_000 && refused > 1_000,
        "{taken} taken, {refused} refused"
    );
    let wrong = world
        .test
        .admin()
        .await
        .query(&Statement::new(
            "SELECT count(*), count(*) FILTER (WHERE i.amount_paid > i.total_amount OR i.amount_paid <> p.paid OR i.total_amount - i.amount_paid >= 3.01), \
               (SELECT lifetime_value FROM companies c WHERE c.lifetime_value > 0) = sum(i.amount_paid) \
             FROM invoices i JOIN (SELECT invoice_id, sum(amount) AS paid FROM payments GROUP BY invoice_id) p ON p.invoice_id = i.id",
        ))
        .await
        .unwrap();
    assert_eq!(
        (
            wrong[0].get::<_, i64>(0),
            wrong[0].get::<_, i64>(1),
            wrong[0].get::<_, bool>(2)
        ),
        (100, 0, true)
    );
}
