//! Accounts with their secrets, and templates.

use kith_engine::{Caller, EngineError};
use kith_entities::channel_account::CHANNEL_ACCOUNT;
use kith_entities::conversation::CONVERSATION;
use kith_entities::email_template::EMAIL_TEMPLATE;
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use serde_json::{Value as Json, json};

use crate::world::{World, id_of};

use super::{lead, send};

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let sales = world.role(&organization, "sales").await;
    let account = world
        .create(&owner, &CHANNEL_ACCOUNT, json!({"name": "Main", "channel": "whatsapp", "provider": "whatsapp_cloud", "address": "+1 415 555 0133"}))
        .await
        .unwrap();
    let id = id_of(&account);
    assert_eq!(account["address"], "+14155550133");
    let keep = async |caller: &Caller, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let tx = world.begin(caller).await;
        kith_entities::channel_account::keep_secrets(
            &tx,
            caller,
            id,
            b"sealed secret".to_vec(),
            &names,
        )
        .await?;
        Ok::<(), EngineError>(tx.commit().await?)
    };
    keep(&owner, &["access_token", "app_secret"]).await.unwrap();
    assert!(matches!(
        keep(&sales, &["x"]).await,
        Err(EngineError::Forbidden { .. })
    ));
    let shown = world.get(&owner, &CHANNEL_ACCOUNT, id).await.unwrap();
    assert_eq!(shown["secret_names"], json!(["access_token", "app_secret"]));
    assert!(!shown["secrets_set_at"].is_null());
    for table in [
        "channel_secrets",
        "audit_log",
        "activities",
        "events",
        "channel_accounts",
    ] {
        let statement = Statement::new(format!(
            "SELECT count(*) FROM {table} t WHERE t::text LIKE '%sealed%' OR t::text LIKE '%7365616c6564%'"
        ));
        match world
            .engine
            .database
            .read(&owner.principal, &[statement])
            .await
        {
            Ok(mut rows) => assert_eq!(rows.pop().unwrap()[0].get::<_, i64>(0), 0, "{table}"),
            Err(error) => assert!(
                matches!(error, kith_store::StoreError::Permission { .. })
                    && table == "channel_secrets",
                "{error:?}"
            ),
        }
    }
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("system"),
    )
    .await
    .unwrap();
    let row = tx
        .query_one(&Statement::new("SELECT channel_secrets_of($1)").with(id, Type::UUID))
        .await
        .unwrap();
    assert_eq!(row.get::<_, Vec<u8>>(0), b"sealed secret");
    drop(tx);
    keep(&owner, &[]).await.unwrap();
    let shown = world.get(&owner, &CHANNEL_ACCOUNT, id).await.unwrap();
    assert_eq!(
        (&shown["secret_names"], &shown["secrets_set_at"]),
        (&json!([]), &Json::Null)
    );
    let kept: i64 = world
        .test
        .admin()
        .await
        .query(&Statement::new("SELECT count(*) FROM channel_secrets"))
        .await
        .unwrap()[0]
        .get(0);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_template_writes_what_its_writer_may_know() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let template = world
        .create(
            &owner,
            &EMAIL_TEMPLATE,
            json!({"name": "Welcome", "subject": "Hi {{ lead.first_name }}", "body_html": "<p>{{ lead.company_name }} {{ offer }}</p>", "body_text": "{{ lead.source }} {{ user.full_name }}"}),
        )
        .await
        .unwrap();
    assert_eq!(
        template["variables"],
        json!([
            "lead.company_name",
            "lead.first_name",
            "lead.source",
            "offer",
            "user.full_name"
        ])
    );
    let somebody = lead(&world, &owner, json!({"first_name": "Ada", "company_name": "Ada & Sons", "email": "ada@example.com", "source": "google_ads"})).await;
    let id = id_of(
        &world
            .create(
                &owner,
                &CONVERSATION,
                json!({"subject_type": "lead", "subject_id": somebody}),
            )
            .await
            .unwrap(),
    );
    let missing = send(&world, &owner, id, json!({"template_id": template["id"]}))
        .await
        .unwrap_err();
    assert!(
        format!("{missing:?}").contains("variables.offer"),
        "{missing:?}"
    );
    let message = send(
        &world,
        &owner,
        id,
        json!({"template_id": template["id"], "variables": {"offer": "<b>10%</b>"}}),
    )
    .await
    .unwrap();
    assert_eq!(message["subject"], "Hi Ada");
    assert_eq!(
        message["content_html"],
        "<p>Ada &amp; Sons &lt;b&gt;10%&lt;&#x2f;b&gt;</p>"
    );
    assert_eq!(message["content"], "Google Ads Acme owner");
    assert_eq!(message["email_template_id"], template["id"]);
    // What the record says is not to be replaced, and what one may not see is not to be rendered.
    let forged = send(
        &world,
        &owner,
        id,
        json!({"template_id": template["id"], "variables": {"lead": {}, "offer": 1}}),
    )
    .await;
    assert!(matches!(forged, Err(EngineError::Invalid(_))));
    let member = world.role(&organization, "member").await;
    let request = kith_entities::email_template::RenderRequest {
        subject_type: Some("lead".to_owned()),
        subject_id: Some(somebody),
        ..Default::default()
    };
    let hidden = kith_entities::email_template::render_for(
        &world.engine,
        &member,
        id_of(&template),
        &request,
        &|_| None,
    )
    .await;
    assert!(matches!(hidden, Err(EngineError::NotFound)), "{hidden:?}");
    for bad in ["{{ a", "{% include 'x' %}"] {
        let made = world
            .create(
                &owner,
                &EMAIL_TEMPLATE,
                json!({"name": bad, "subject": "x", "body_text": bad}),
            )
            .await;
        assert!(made.is_err(), "{bad}");
    }
}
