//! Credit notes and cancelling.

use kith_entities::invoice::{self, INVOICE};
use kith_entities::invoice_item::INVOICE_ITEM;
use serde_json::json;

use super::{again, amounts, credit, draft, finance, pay, refund, refusal, send, sent};
use crate::world::id_of;

#[tokio::test]
async fn credit_notes_correct_what_is_sent_and_cancel_it() {
    let (world, caller) = finance().await;
    let items = json!([{"description": "Chairs", "quantity": "4", "unit_price": "25", "tax_rate": "20"}, {"description": "Table", "unit_price": "100", "tax_rate": "20"}]);
    let made = draft(
        &world,
        &caller,
        json!({"fixed_discount": "20", "items": items}),
    )
    .await;
    let (message, _) = refusal(credit(&world, &caller, &made, json!({})).await.unwrap_err());
    assert_eq!(
        message,
        "this invoice is a draft; change it instead of correcting it"
    );
    let invoice = send(&world, &caller, id_of(&made)).await.unwrap();
    assert_eq!(amounts(&invoice, &["total_amount"]), ["216.00"]);
    let lines = world
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
    let chairs = lines["data"][0]["id"].clone();
    for (items, expected) in [
        (
            json!([{"item_id": chairs, "quantity": "5"}]),
            "items[0].quantity",
        ),
        (
            json!([{"item_id": chairs, "quantity": "0"}]),
            "items[0].quantity",
        ),
        (json!([{"item_id": invoice["id"]}]), "items[0].item_id"),
        (
            json!([{"item_id": chairs}, {"item_id": chairs}]),
            "items[1].item_id",
        ),
        (json!([]), "items"),
    ] {
        let error = credit(&world, &caller, &invoice, json!({"items": items}))
            .await
            .unwrap_err();
        assert_eq!(refusal(error).1.as_deref(), Some(expected));
    }
    // One chair: a quarter of the chairs, an eighth of the discount.
    let note = credit(
        &world,
        &caller,
        &invoice,
        json!({"items": [{"item_id": chairs, "quantity": "1"}], "reason": "Broken"}),
    )
    .await
    .unwrap();
    assert_eq!(
        amounts(
            &note,
            &[
                "subtotal",
                "discount_amount",
                "tax_amount",
                "total_amount",
                "balance"
            ]
        ),
        ["25.00", "2.50", "4.50", "27.00", "0.00"]
    );
    assert_eq!(
        (
            &note["kind"],
            &note["status"],
            &note["description"],
            &note["corrects_id"]
        ),
        (
            &json!("credit_note"),
            &json!("draft"),
            &json!("Broken"),
            &invoice["id"]
        )
    );
    assert_eq!(
        again(&world, &caller, &invoice).await["balance"],
        json!("216.00")
    );
    let note = send(&world, &caller, id_of(&note)).await.unwrap();
    assert_eq!(note["number"], json!("CN-2026-00001"));
    let now = again(&world, &caller, &invoice).await;
    assert_eq!(
        (&now["balance"], &now["amount_credited"], &now["status"]),
        (&json!("189.00"), &json!("27.00"), &json!("sent"))
    );
    assert_eq!(
        refusal(
            pay(&world, &caller, &note, json!({"amount": "1"}))
                .await
                .unwrap_err()
        )
        .0,
        "A credit note is not paid. Refund the payment of its invoice instead."
    );
    assert_eq!(
        refusal(credit(&world, &caller, &note, json!({})).await.unwrap_err()).0,
        "a credit note is not corrected itself; write another invoice"
    );
    // What was credited cannot be credited again, nor more by changing the draft.
    let rest = credit(&world, &caller, &invoice, json!({})).await.unwrap();
    assert_eq!(amounts(&rest, &["total_amount"]), ["189.00"]);
    world
        .create(
            &caller,
            &INVOICE_ITEM,
            json!({"invoice_id": rest["id"], "description": "Goodwill", "unit_price": "0.01"}),
        )
        .await
        .unwrap();
    let (message, _) = refusal(send(&world, &caller, id_of(&rest)).await.unwrap_err());
    assert!(
        message.starts_with("Of INV-2026-00001 at most 189.00 USD can be credited, not 189.01"),
        "{message}"
    );
    assert_eq!(
        refusal(
            credit(&world, &caller, &invoice, json!({}))
                .await
                .unwrap_err()
        )
        .0,
        "nothing is left to credit; look at the credit notes that there are"
    );
    let tx = world.begin(&caller).await;
    let error = invoice::cancel(&world.engine, &tx, &caller, id_of(&invoice), None)
        .await
        .unwrap_err();
    assert!(
        refusal(error)
            .0
            .starts_with("a part of this invoice is credited already")
    );
    drop(tx);
    // A credit note keeps the company and currency of its invoice.
    for body in [
        json!({"currency": "EUR"}),
        json!({"company_id": draft(&world, &caller, json!({})).await["company_id"]}),
    ] {
        assert!(
            world
                .update(&caller, &INVOICE, id_of(&rest), body, None)
                .await
                .is_err()
        );
    }
    // Cancelled after it was paid in part: what was paid is owed back.
    let other = sent(&world, &caller, "80").await;
    let paid = pay(&world, &caller, &other, json!({"amount": "30"}))
        .await
        .unwrap();
    let tx = world.begin(&caller).await;
    let both = invoice::cancel(
        &world.engine,
        &tx,
        &caller,
        id_of(&other),
        Some("Ordered by mistake"),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        (&both["invoice"]["status"], &both["invoice"]["balance"]),
        (&json!("cancelled"), &json!("-30.00"))
    );
    assert_eq!(
        (
            &both["credit_note"]["status"],
            &both["credit_note"]["number"]
        ),
        (&json!("sent"), &json!("CN-2026-00002"))
    );
    assert_eq!(
        refusal(
            pay(&world, &caller, &other, json!({"amount": "1"}))
                .await
                .unwrap_err()
        )
        .0,
        "This invoice is cancelled; nothing is owed on it."
    );
    refund(&world, &caller, &paid, json!({})).await.unwrap();
    let settled = again(&world, &caller, &other).await;
    assert_eq!(
        (&settled["status"], &settled["balance"]),
        (&json!("cancelled"), &json!("0.00"))
    );
}
