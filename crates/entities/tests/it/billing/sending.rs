//! Sending: what is final, numbers without gaps, who sees what.

use std::sync::Arc;

use kith_engine::EngineError;
use kith_entities::company::COMPANY;
use kith_entities::invoice::{self, INVOICE};
use kith_entities::invoice_item::INVOICE_ITEM;
use kith_entities::payment::PAYMENT;
use kith_entities::refund::REFUND;
use kith_store::types::Type;
use kith_store::{Database, Statement, StoreError, Tx};
use serde_json::{Value as Json, json};

use super::{again, amounts, credit, draft, finance, pay, refusal, send, sent};
use crate::world::{World, id_of, ids};

#[tokio::test]
async fn what_is_sent_is_final_by_every_door() {
    let (world, caller) = finance().await;
    let company = json!({"name": "Northwind", "tax_id": "DE123", "payment_terms": "net_15", "billing_address": {"line1": "1 Main Street", "city": "Springfield", "country": "US"}});
    let company = world.create(&caller, &COMPANY, company).await.unwrap();
    let made = draft(
        &world,
        &caller,
        json!({"company_id": company["id"], "issue_date": "2026-03-01"}),
    )
    .await;
    let id = id_of(&made);
    assert_eq!(
        (&made["title"], &made["number"], &made["payment_terms"]),
        (&json!("Draft invoice"), &Json::Null, &json!("net_15"))
    );
    let (message, field) = refusal(send(&world, &caller, id).await.unwrap_err());
    assert_eq!(
        (message.as_str(), field.as_deref()),
        (
            "There is nothing on it yet. Add at least one line before sending.",
            Some("items")
        )
    );
    let line =
        json!({"invoice_id": id, "description": "Work", "unit_price": "100", "tax_rate": "19"});
    let item = world
        .create(&caller, &INVOICE_ITEM, line.clone())
        .await
        .unwrap();
    let sent = send(&world, &caller, id).await.unwrap();
    assert_eq!(sent["number"], json!("INV-2026-00001"));
    assert_eq!(
        (&sent["status"], &sent["due_date"]),
        (&json!("sent"), &json!("2026-03-16"))
    );
    assert_eq!(
        (&sent["billing_name"], &sent["billing_tax_id"]),
        (&json!("Northwind"), &json!("DE123"))
    );
    assert_eq!(sent["billing_address"]["city"], json!("Springfield"));
    assert_eq!(
        (
            &sent["exchange_rate"],
            &sent["base_currency"],
            &sent["warnings"]
        ),
        (&json!("1"), &json!("USD"), &json!([]))
    );
    let final_words = "A sent invoice is final. Correct it with a credit note.";
    let (message, _) = refusal(send(&world, &caller, id).await.unwrap_err());
    assert_eq!(message, "INV-2026-00001 is sent already");
    for body in [
        json!({"notes": "x"}),
        json!({"currency": "EUR"}),
        json!({"due_date": "2027-01-01"}),
        json!({"discount_percent": "50"}),
    ] {
        let error = world
            .update(&caller, &INVOICE, id, body, None)
            .await
            .unwrap_err();
        assert_eq!(refusal(error).0, final_words);
    }
    assert_eq!(
        refusal(
            world
                .create(&caller, &INVOICE_ITEM, line)
                .await
                .unwrap_err()
        )
        .0,
        final_words
    );
    assert_eq!(
        refusal(
            world
                .update(
                    &caller,
                    &INVOICE_ITEM,
                    id_of(&item),
                    json!({"quantity": "2"}),
                    None
                )
                .await
                .unwrap_err()
        )
        .0,
        final_words
    );
    assert_eq!(
        refusal(
            world
                .delete(&caller, &INVOICE_ITEM, id_of(&item))
                .await
                .unwrap_err()
        )
        .0,
        final_words
    );
    let (message, _) = refusal(world.delete(&caller, &INVOICE, id).await.unwrap_err());
    assert_eq!(
        message,
        "A sent invoice is never deleted. Cancel it, or correct it with a credit note."
    );
    // How it is filed and whose it is may change.
    world
        .update(
            &caller,
            &INVOICE,
            id,
            json!({"tags": ["late"], "owner_id": null}),
            None,
        )
        .await
        .unwrap();
    // Past the engine, as the application's own role.
    let by_sql = async |sql: &str| -> Result<u64, StoreError> {
        let tx = world.begin(&caller).await;
        let written = tx
            .execute(&Statement::new(sql.replace("{id}", &id.to_string())))
            .await?;
        tx.commit().await?;
        Ok(written)
    };
    for sql in [
        "UPDATE invoices SET subtotal = 1 WHERE id = '{id}'",
        "UPDATE invoices SET status = 'draft' WHERE id = '{id}'",
        "UPDATE invoices SET status = 'paid', paid_date = now() WHERE id = '{id}'",
        "UPDATE invoices SET number = 'INV-1' WHERE id = '{id}'",
        "UPDATE invoices SET amount_paid = 119 WHERE id = '{id}'",
        "DELETE FROM invoices WHERE id = '{id}'",
        "UPDATE invoice_items SET unit_price = 1 WHERE invoice_id = '{id}'",
        "UPDATE invoice_items SET product_id = NULL, is_time = true WHERE invoice_id = '{id}'",
        "DELETE FROM payments",
        "UPDATE payments SET amount = 1",
        "DELETE FROM refunds",
    ] {
        assert!(by_sql(sql).await.is_err(), "{sql}");
    }
    // A draft's totals are the database's, whatever is written.
    let other = draft(&world, &caller, json!({"company_id": company["id"], "items": [{"description": "Work", "unit_price": "10"}]})).await;
    let forged = format!(
        "UPDATE invoices SET subtotal = 1, tax_amount = 5, number = 'X', amount_paid = 1, sent_at = now() WHERE id = '{}'",
        other["id"].as_str().unwrap()
    );
    by_sql(&forged).await.unwrap();
    let other = again(&world, &caller, &other).await;
    assert_eq!(
        amounts(
            &other,
            &["subtotal", "tax_amount", "amount_paid", "total_amount"]
        ),
        ["10.00", "0.00", "0.00", "10.00"]
    );
    assert_eq!(
        (&other["number"], &other["sent_at"]),
        (&Json::Null, &Json::Null)
    );
    let paid = by_sql(&format!(
        "UPDATE invoices SET status = 'paid' WHERE id = '{}'",
        other["id"].as_str().unwrap()
    ))
    .await;
    assert!(matches!(paid, Err(StoreError::Raised { .. })), "{paid:?}");
    // The company is not removed under them; a draft may go.
    let admin = world.test.admin().await;
    assert!(
        admin
            .script(&format!(
                "DELETE FROM companies WHERE id = '{}'",
                company["id"].as_str().unwrap()
            ))
            .await
            .is_err()
    );
    assert!(
        admin
            .script(&format!("DELETE FROM invoices WHERE id = '{id}'"))
            .await
            .is_err()
    );
    admin
        .script(&format!(
            "DELETE FROM invoices WHERE id = '{}'",
            other["id"].as_str().unwrap()
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn numbers_have_no_gaps_under_thirty_two_writers_who_give_up() {
    let (world, caller) = finance().await;
    let company = draft(&world, &caller, json!({})).await["company_id"].clone();
    let mut settings = world.test.settings();
    settings.pool_size = 34;
    let database = Database::open(&settings).await.unwrap();
    let engine = Arc::new(kith_engine::Engine {
        database: database.clone(),
        ..world.engine.clone()
    });
    let caller = Arc::new(caller);
    let mut tasks = Vec::new();
    for writer in 0..32_u32 {
        let (engine, caller, company, database) = (
            Arc::clone(&engine),
            Arc::clone(&caller),
            company.clone(),
            database.clone(),
        );
        tasks.push(tokio::spawn(async move {
            let mut kept = 0;
            for step in 0..6_u32 {
                let year = 2025 + (writer + step) % 2;
                let body = json!({"company_id": company, "issue_date": format!("{year}-02-03"), "items": [{"description": "Work", "unit_price": "1"}]});
                let tx = Tx::begin(&database, &caller.principal, &caller.origin).await.unwrap();
                let made = kith_engine::create(&engine, &tx, &caller, &INVOICE, &[body]).await.unwrap();
                invoice::send(&engine, &tx, &caller, made[0].id).await.unwrap();
                // A third gives up after it had its number.
                if (writer * 7 + step * 5).is_multiple_of(3) {
                    drop(tx);
                } else {
                    tx.commit().await.unwrap();
                    kept += 1;
                }
            }
            kept
        }));
    }
    let mut kept = 0;
    for task in tasks {
        kept += task.await.unwrap();
    }
    let numbers = world
        .test
        .admin()
        .await
        .query(&Statement::new(
            "SELECT number FROM invoices WHERE number IS NOT NULL ORDER BY number",
        ))
        .await
        .unwrap();
    let numbers: Vec<String> = numbers.iter().map(|row| row.get(0)).collect();
    assert_eq!(numbers.len(), kept);
    for year in [2025, 2026] {
        let of_year: Vec<&String> = numbers
            .iter()
            .filter(|number| number.contains(&format!("-{year}-")))
            .collect();
        let expected: Vec<String> = (1..=of_year.len())
            .map(|number| format!("INV-{year}-{number:05}"))
            .collect();
        assert_eq!(of_year, expected.iter().collect::<Vec<_>>());
        assert!(of_year.len() > 40);
    }
}

#[tokio::test]
async fn the_clients_side_sees_what_was_sent_to_it_and_nothing_else() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let mine = world
        .create(&boss, &COMPANY, json!({"name": "Mine"}))
        .await
        .unwrap();
    let client = world.role(&organization, "client_admin").await;
    let member = json!({"company_id": mine["id"], "user_id": client.principal.user_id});
    world
        .create(
            &boss,
            &kith_entities::company_member::COMPANY_MEMBER,
            member,
        )
        .await
        .unwrap();
    let items = json!([{"description": "Work", "unit_price": "100"}]);
    let made = draft(
        &world,
        &boss,
        json!({"company_id": mine["id"], "items": items}),
    )
    .await;
    let others = sent(&world, &boss, "50").await;
    pay(&world, &boss, &others, json!({"amount": "5"}))
        .await
        .unwrap();
    for entity in [&INVOICE, &INVOICE_ITEM, &PAYMENT, &REFUND] {
        assert!(
            ids(&world.list(&client, entity, &[]).await.unwrap()).is_empty(),
            "{}",
            entity.name
        );
    }
    let seen = send(&world, &boss, id_of(&made)).await.unwrap();
    pay(&world, &boss, &seen, json!({"amount": "5"}))
        .await
        .unwrap();
    for entity in [&INVOICE, &INVOICE_ITEM, &PAYMENT] {
        assert_eq!(
            ids(&world.list(&client, entity, &[]).await.unwrap()).len(),
            1,
            "{}",
            entity.name
        );
    }
    assert_eq!(
        again(&world, &client, &seen).await["number"],
        seen["number"]
    );
    for refused in [
        pay(&world, &client, &seen, json!({"amount": "1"}))
            .await
            .unwrap_err(),
        credit(&world, &client, &seen, json!({})).await.unwrap_err(),
        send(&world, &client, id_of(&seen)).await.unwrap_err(),
        world
            .update(&client, &INVOICE, id_of(&seen), json!({"tags": []}), None)
            .await
            .unwrap_err(),
    ] {
        assert!(
            matches!(refused, EngineError::Forbidden { .. }),
            "{refused:?}"
        );
    }
    // Nor past the engine: who may not change an invoice does not correct it.
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "INSERT INTO role_permissions SELECT r.organization_id, r.id, 'invoices', 'create', 'all' FROM roles r WHERE r.organization_id = '{}' AND r.key = 'client_admin'",
            organization.id
        ))
        .await
        .unwrap();
    let tx = world.begin(&client).await;
    let forged = Statement::new(
        "INSERT INTO invoices (organization_id, kind, corrects_id, company_id, currency) SELECT organization_id, 'credit_note', id, company_id, currency FROM invoices WHERE id = $1",
    )
    .with(id_of(&seen), Type::UUID);
    let outcome = tx.execute(&forged).await;
    assert!(
        matches!(&outcome, Err(StoreError::Raised { code, .. }) if code == "KT403"),
        "{outcome:?}"
    );
    drop(tx);
    // Sales sees the invoices of its companies, and they follow the company.
    let sales = world.role(&organization, "sales").await;
    assert!(world.get(&sales, &INVOICE, id_of(&seen)).await.is_err());
    world
        .update(
            &boss,
            &COMPANY,
            id_of(&mine),
            json!({"owner_id": sales.principal.user_id}),
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        again(&world, &sales, &seen).await["owner_id"],
        json!(sales.principal.user_id)
    );
    assert!(matches!(
        send(&world, &sales, id_of(&seen)).await,
        Err(EngineError::Forbidden { .. })
    ));
}
