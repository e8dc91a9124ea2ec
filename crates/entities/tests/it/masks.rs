//! A role without the permission to read personal data sees addresses and numbers masked, and cannot
//! get at them by any other door.

use kith_engine::EngineError;
use kith_entities::contact::CONTACT;
use kith_entities::custom_field::CUSTOM_FIELD;
use serde_json::json;

use crate::world::{World, id_of, ids};

#[tokio::test]
async fn what_is_masked_cannot_be_read_found_or_replaced() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    world
        .create(
            &owner,
            &CUSTOM_FIELD,
            json!({"entity": "contact", "label": "Pager", "kind": "phone"}),
        )
        .await
        .unwrap();
    let owner = world.role(&organization, "owner").await;
    let made = world
        .create(
            &owner,
            &CONTACT,
            json!({"first_name": "Ada", "last_name": "Lovelace", "email": "secret@example.com", "phone": "+14155550112",
                "custom_fields": {"pager": "+14155550199"}}),
        )
        .await
        .unwrap();
    let id = id_of(&made);
    world
        .update(
            &owner,
            &CONTACT,
            id,
            json!({"email": "hidden@example.com"}),
            None,
        )
        .await
        .unwrap();
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "DELETE FROM role_permissions WHERE organization_id = '{}' AND resource = 'personal_data' AND role_id IN (SELECT id FROM roles WHERE key = 'manager')",
            organization.id
        ))
        .await
        .unwrap();
    let manager = world.role(&organization, "manager").await;
    let seen = world.get(&manager, &CONTACT, id).await.unwrap();
    assert_eq!(
        (&seen["email"], &seen["phone"]),
        (&json!("h•••@example.com"), &json!("+14•••••12"))
    );
    assert_eq!(seen["custom_fields"]["pager"], json!("+14•••••99"));
    assert_eq!(seen["full_name"], json!("Ada Lovelace"));
    let listed = world.list(&manager, &CONTACT, &[]).await.unwrap();
    let history = kith_engine::history(&world.engine, &manager, &CONTACT, id, 10, None)
        .await
        .unwrap();
    for text in [listed.to_string(), history.to_string()] {
        assert!(
            !text.contains("hidden@") && !text.contains("secret@") && !text.contains("4155550"),
            "{text}"
        );
    }
    for parameters in [
        ("email", "hidden@example.com"),
        ("sort", "email"),
        ("custom.pager", "+14155550199"),
        (
            "filter",
            r#"{"not":{"field":"email","op":"starts","value":"h"}}"#,
        ),
    ] {
        let refused = world.list(&manager, &CONTACT, &[parameters]).await;
        assert!(
            matches!(refused, Err(EngineError::Refused { .. })),
            "{parameters:?}: {refused:?}"
        );
    }
    assert!(
        ids(&world
            .list(&manager, &CONTACT, &[("q", "hidden")])
            .await
            .unwrap())
        .is_empty()
    );
    assert_eq!(
        ids(&world
            .list(&manager, &CONTACT, &[("q", "lovel")])
            .await
            .unwrap())
        .len(),
        1
    );
    assert_eq!(
        ids(&world
            .list(&owner, &CONTACT, &[("q", "hidden")])
            .await
            .unwrap())
        .len(),
        1
    );
    // Saving the form as it was shown does not store the mask.
    world
        .update(
            &manager,
            &CONTACT,
            id,
            json!({"email": "h•••@example.com", "job_title": "Countess"}),
            None,
        )
        .await
        .unwrap();
    let refused = world
        .update(
            &manager,
            &CONTACT,
            id,
            json!({"email": "new@example.com"}),
            None,
        )
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, EngineError::InvalidRows(rows) if rows[0].1[0].code == "masked"),
        "{refused:?}"
    );
    let kept = world.get(&owner, &CONTACT, id).await.unwrap();
    assert_eq!(
        (&kept["email"], &kept["job_title"]),
        (&json!("hidden@example.com"), &json!("Countess"))
    );
}
