//! Privacy: what is kept how long, what goes with what, everything held about a person, and forgetting them.

use jiff::{SignedDuration, Timestamp};
use kith_catalogue::Entity;
use kith_engine::{Caller, EngineError, MergeRequest};
use kith_entities::company::COMPANY;
use kith_entities::contact::CONTACT;
use kith_entities::custom_field::CUSTOM_FIELD;
use kith_entities::deal::DEAL;
use kith_entities::interaction::INTERACTION;
use kith_entities::lead::LEAD;
use kith_entities::note::NOTE;
use kith_entities::task::TASK;
use kith_entities::user::USER;
use kith_entities::{CATALOGUE, privacy};
use kith_store::types::Type;
use kith_store::{Origin, Principal, Statement, SystemTx, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::world::{Organization, World, id_of};

/// Every text of every row in the database that holds one of these words, as `table: row`.
async fn found_anywhere(world: &World, words: &[&str]) -> Vec<String> {
    let admin = world.test.admin().await;
    let tables = admin
        .query(&Statement::new(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace",
        ))
        .await
        .unwrap();
    let pattern = words.join("|");
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        // Bytes are read as text too.
        let rows = admin
            .query(
                &Statement::new(format!(
                    "SELECT left(t::text, 2000) FROM {table} t WHERE t::text ~* $1 OR (SELECT string_agg(encode(decode(substr(v, 3), 'hex'), 'escape'), ' ') \
                     FROM jsonb_each_text(to_jsonb(t)) AS j (k, v) WHERE v ~ '^\\\\x([0-9a-f]{{2}})*$') ~* $1"
                ))
                .with(pattern.clone(), Type::TEXT),
            )
            .await
            .unwrap_or_else(|error| panic!("{table}: {error:?}"));
        found.extend(
            rows.iter()
                .map(|row| format!("{table}: {}", row.get::<_, String>(0))),
        );
    }
    found
}

async fn erase(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Json, EngineError> {
    let tx = Tx::begin(
        &world.engine.database,
        &caller.principal,
        &Origin::new("api"),
    )
    .await?;
    let report = kith_engine::erase(&tx, caller, entity, id).await?;
    tx.commit().await?;
    Ok(report)
}

async fn purge(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<(), EngineError> {
    let tx = world.begin(caller).await;
    kith_engine::purge(&tx, caller, entity, id).await?;
    Ok(tx.commit().await?)
}

async fn data_of(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    id: Uuid,
) -> Result<Vec<Json>, EngineError> {
    let mut lines = kith_engine::personal_data(&world.engine, caller, entity, id).await?;
    let mut all = Vec::new();
    while let Some(line) = lines.recv().await {
        all.push(serde_json::from_slice(&line.unwrap()).unwrap());
    }
    Ok(all)
}

/// A person with something about them in every place.
async fn ada(world: &World, owner: &Caller) -> (Uuid, Uuid) {
    let company = id_of(
        &world
            .create(owner, &COMPANY, json!({"name": "Engines"}))
            .await
            .unwrap(),
    );
    let lead = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@lovelace.example", "phone": "+14155550112", "company_name": "Engines", "notes": "Keen on looms"});
    let lead = id_of(&world.create(owner, &LEAD, lead).await.unwrap());
    let contact = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@lovelace.example", "phone": "+14155550112", "company_id": company,
        "address": {"line1": "12 Marylebone Road", "city": "London", "country": "GB"}, "social_profiles": {"x": "https://x.com/adalovelace"},
        "notes": "Likes Bernoulli numbers", "tags": ["countess"], "custom_fields": {"birthday_wish": "a weaving loom"}});
    let contact = id_of(&world.create(owner, &CONTACT, contact).await.unwrap());
    for (field, value) in [
        ("email", "countess@lovelace.example"),
        ("mobile", "+14155550113"),
    ] {
        world
            .update(owner, &CONTACT, contact, json!({field: value}), None)
            .await
            .unwrap();
    }
    for (kind, id) in [("contact", contact), ("lead", lead)] {
        let about = |body: Json| {
            let mut body = body;
            body["subject_type"] = json!(kind);
            body["subject_id"] = json!(id);
            body
        };
        world
            .create(
                owner,
                &NOTE,
                about(json!({"content": "Her bookmaker calls on Tuesdays"})),
            )
            .await
            .unwrap();
        world
            .create(
                owner,
                &TASK,
                about(json!({"title": "Send Ada Lovelace the punched cards"})),
            )
            .await
            .unwrap();
        world
            .create(owner, &INTERACTION, about(json!({"type": "Call", "channel": "phone", "note": "Spoke about her racehorses", "follow_up_at": "2026-12-01T10:00:00Z"})))
            .await
            .unwrap();
    }
    // Mentions elsewhere.
    world
        .create(owner, &NOTE, json!({"subject_type": "company", "subject_id": company, "content": "Ask ADA LOVELACE (ada@lovelace.example, +14155550112)"}))
        .await
        .unwrap();
    world
        .create(owner, &INTERACTION, json!({"subject_type": "company", "subject_id": company, "type": "Call", "channel": "phone", "note": "ada lovelace was there"}))
        .await
        .unwrap();
    world
        .create(owner, &DEAL, json!({"name": "Engine for Ada Lovelace", "company_id": company, "primary_contact_id": contact}))
        .await
        .unwrap();
    let tx = world.begin(owner).await;
    tx.execute(
        &Statement::new(
            "INSERT INTO idempotency_keys (organization_id, user_id, key, request_hash, status, body) VALUES (current_organization_id(), current_user_id(), 'k', '', 201, convert_to($1, 'UTF8'))",
        )
        .with(r#"{"email":"ada@lovelace.example"}"#, Type::TEXT),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    (contact, lead)
}

const WORDS: &[&str] = &[
    "lovelace",
    r"415\.?555\.?011[23]",
    "marylebone",
    "bernoulli",
    "bookmaker",
    "racehorses",
    "weaving loom",
    "on looms",
    "punched cards",
];

async fn with_own_field(world: &World, organization: &Organization) -> Caller {
    let owner = world.role(organization, "owner").await;
    let field = json!({"entity": "contact", "key": "birthday_wish", "label": "Birthday wish", "kind": "text"});
    world.create(&owner, &CUSTOM_FIELD, field).await.unwrap();
    world.role(organization, "owner").await
}

#[tokio::test]
async fn a_person_who_is_forgotten_is_found_nowhere() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = with_own_field(&world, &organization).await;
    let (contact, lead) = ada(&world, &owner).await;
    // Another of the same name is somebody else as long as nothing says otherwise.
    let namesake =
        json!({"first_name": "Augusta", "last_name": "King", "email": "king@example.com"});
    let namesake = id_of(&world.create(&owner, &CONTACT, namesake).await.unwrap());
    assert!(found_anywhere(&world, WORDS).await.len() > 20);
    let report = erase(&world, &owner, &CONTACT, contact).await.unwrap();
    let found = found_anywhere(&world, WORDS).await;
    assert!(found.is_empty(), "{report}\n{}", found.join("\n"));
    assert!(world.get(&owner, &CONTACT, contact).await.is_err());
    assert!(world.get(&owner, &LEAD, lead).await.is_err());
    assert_eq!(report["erased"]["contacts"], json!(1));
    assert_eq!(report["erased"]["leads"], json!(1));
    assert_eq!(report["kept"], json!([]), "{report}");
    assert!(world.get(&owner, &CONTACT, namesake).await.is_ok());
    // What hung on them goes on without them.
    let deals = world.list(&owner, &DEAL, &[]).await.unwrap();
    assert_eq!(deals["data"][0]["primary_contact_id"], Json::Null);
    assert_eq!(deals["data"][0]["name"], json!("Engine for [erased]"));
    // The trail says that somebody was forgotten, and keeps its shape.
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new(format!(
            "SELECT count(*) FILTER (WHERE action = 'ERASE'), count(*) FILTER (WHERE action = 'INSERT' AND new_values ->> 'email' = '[erased]'), \
             count(*) FILTER (WHERE action = 'DELETE') FROM audit_log WHERE record_id = '{contact}'"
        )))
        .await
        .unwrap();
    assert_eq!(
        (
            rows[0].get::<_, i64>(0),
            rows[0].get::<_, i64>(1),
            rows[0].get::<_, i64>(2)
        ),
        (1, 1, 1)
    );
    let again = erase(&world, &owner, &CONTACT, contact).await;
    assert!(matches!(again, Err(EngineError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn a_merged_person_is_forgotten_whole() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = with_own_field(&world, &organization).await;
    let (contact, _) = ada(&world, &owner).await;
    let other =
        json!({"first_name": "A.", "last_name": "Lovelace", "email": "a.lovelace@work.example"});
    let other = id_of(&world.create(&owner, &CONTACT, other).await.unwrap());
    let request = MergeRequest {
        with: other,
        fields: std::collections::HashMap::new(),
    };
    let tx = Tx::begin(
        &world.engine.database,
        &owner.principal,
        &Origin::new("api"),
    )
    .await
    .unwrap();
    kith_engine::merge(&world.engine, &tx, &owner, &CONTACT, contact, &request)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    erase(&world, &owner, &CONTACT, contact).await.unwrap();
    let found = found_anywhere(&world, WORDS).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn what_has_to_be_kept_stays_without_saying_whose_it_is() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = with_own_field(&world, &organization).await;
    let (contact, _) = ada(&world, &owner).await;
    // Something like an invoice that is made out to the person.
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "CREATE TABLE kept_papers (organization_id uuid NOT NULL, id uuid NOT NULL DEFAULT uuid_v7(), contact_id uuid, text text,
               PRIMARY KEY (organization_id, id), FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id) ON DELETE RESTRICT);
             CALL forbid_by_default('kept_papers');
             INSERT INTO erasure_exceptions VALUES ('kept_papers', 'Papers have to be kept');
             INSERT INTO kept_papers (organization_id, contact_id, text) VALUES ('{}', '{contact}', 'To Ada Lovelace')",
            organization.id
        ))
        .await
        .unwrap();
    let purged = {
        world.delete(&owner, &CONTACT, contact).await.unwrap();
        purge(&world, &owner, &CONTACT, contact).await
    };
    let Err(EngineError::Conflict { message, .. }) = purged else {
        panic!("{purged:?}")
    };
    assert!(message.contains("kept papers"), "{message}");
    let report = erase(&world, &owner, &CONTACT, contact).await.unwrap();
    let kept = report["kept"].to_string();
    assert!(
        kept.contains("Papers have to be kept") && kept.contains("contacts"),
        "{report}"
    );
    let found: Vec<String> = found_anywhere(&world, WORDS)
        .await
        .into_iter()
        .filter(|row| !row.starts_with("kept_papers"))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn only_who_may_forgets_and_purges() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = with_own_field(&world, &organization).await;
    let (contact, _) = ada(&world, &owner).await;
    let evil = world.organization("Evil").await;
    for role in [
        "manager",
        "sales",
        "support",
        "finance",
        "member",
        "viewer",
        "client_admin",
    ] {
        let caller = world.role(&organization, role).await;
        assert!(
            erase(&world, &caller, &CONTACT, contact).await.is_err(),
            "{role}"
        );
        assert!(
            data_of(&world, &caller, &CONTACT, contact).await.is_err(),
            "{role}"
        );
        assert!(
            purge(&world, &caller, &CONTACT, contact).await.is_err(),
            "{role}"
        );
        // Past the engine.
        for sql in [
            format!("SELECT erase_person('contact', '{contact}')"),
            format!("SELECT count(*) FROM personal_data('contact', '{contact}')"),
            format!("SELECT purge_record('contact', '{contact}')"),
            format!(
                "SELECT count(*) FROM personal_data_of_member('{}')",
                owner.principal.user_id
            ),
            "SELECT count(*) FROM same_person('contact', gen_random_uuid())".to_owned(),
            "SELECT blot_everywhere(current_organization_id(), '.')".to_owned(),
            "SELECT apply_retention(now(), 1000)".to_owned(),
            "UPDATE audit_log SET new_values = '{}'".to_owned(),
            "DELETE FROM activities".to_owned(),
        ] {
            let tx = world.begin(&caller).await;
            let outcome = tx.query(&Statement::new(sql.clone())).await;
            assert!(outcome.is_err(), "{role}: {sql}");
        }
    }
    let attacker = world.role(&evil, "owner").await;
    for caller in [
        attacker.clone(),
        Caller {
            principal: Principal::user(organization.id, attacker.principal.user_id),
            ..attacker
        },
    ] {
        assert!(erase(&world, &caller, &CONTACT, contact).await.is_err());
        assert!(data_of(&world, &caller, &CONTACT, contact).await.is_err());
        assert!(
            data_of(&world, &caller, &USER, owner.principal.user_id)
                .await
                .is_err()
        );
    }
    // A living record is not removed for good, and a company is nobody to forget.
    let refused = purge(&world, &owner, &CONTACT, contact).await;
    assert!(
        matches!(refused, Err(EngineError::Conflict { .. })),
        "{refused:?}"
    );
    let company = world.list(&owner, &COMPANY, &[]).await.unwrap()["data"][0]["id"].clone();
    let refused = erase(
        &world,
        &owner,
        &COMPANY,
        company.as_str().unwrap().parse().unwrap(),
    )
    .await;
    assert!(
        matches!(refused, Err(EngineError::Conflict { .. })),
        "{refused:?}"
    );
    assert!(world.get(&owner, &CONTACT, contact).await.is_ok());
}

#[tokio::test]
async fn the_trails_are_only_ever_blotted() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    world
        .create(&owner, &COMPANY, json!({"name": "Acme"}))
        .await
        .unwrap();
    let admin = world.test.admin().await;
    for sql in [
        "UPDATE audit_log SET new_values = '{}' WHERE action = 'INSERT'",
        "UPDATE audit_log SET new_values = new_values || '{\"name\": \"Other\"}' WHERE entity_type = 'company'",
        "UPDATE audit_log SET user_id = NULL",
        "UPDATE audit_log SET action = 'DELETE'",
        "DELETE FROM audit_log",
        "UPDATE activities SET description = 'Nothing happened'",
        "UPDATE activities SET user_id = NULL",
        "DELETE FROM activities",
    ] {
        let outcome = admin
            .script(&format!(
                "BEGIN; SET LOCAL ROLE kith_definer; {sql}; COMMIT"
            ))
            .await;
        assert!(outcome.is_err(), "{sql}");
        admin.script("ROLLBACK").await.unwrap();
    }
    admin
        .script("BEGIN; SET LOCAL ROLE kith_definer; UPDATE audit_log SET new_values = new_values || '{\"name\": \"[erased]\"}' WHERE entity_type = 'company'; ROLLBACK")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_person_gets_everything_that_is_held_about_them() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = with_own_field(&world, &organization).await;
    let (contact, lead) = ada(&world, &owner).await;
    let lines = data_of(&world, &owner, &CONTACT, contact).await.unwrap();
    let words: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let text = words.join("\n");
    for word in [
        "Marylebone",
        "Bernoulli",
        "bookmaker",
        "racehorses",
        "weaving loom",
        "punched cards",
        "on looms",
        "ada@lovelace.example",
        "Engine for Ada",
    ] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    for about in [
        "contact",
        "lead",
        "note",
        "task",
        "interaction",
        "activities",
        "audit_log",
        "deal",
    ] {
        assert!(
            lines.iter().any(|line| line["about"] == about),
            "nothing of {about}"
        );
    }
    assert!(lines.iter().any(|line| line["data"]["id"] == json!(lead)));
    assert!(!text.contains("search_vector") && !text.contains("organization_id"));
    // Members: themselves without asking anybody, others by permission. Never a secret.
    let sales = world.role(&organization, "sales").await;
    let own = data_of(&world, &sales, &USER, sales.principal.user_id)
        .await
        .unwrap();
    assert!(
        own.iter()
            .any(|line| line["about"] == "user" && line["data"]["full_name"] == "Acme sales")
    );
    assert!(
        data_of(&world, &sales, &USER, owner.principal.user_id)
            .await
            .is_err()
    );
    let others = data_of(&world, &owner, &USER, sales.principal.user_id)
        .await
        .unwrap();
    let text: String = others.iter().map(Json::to_string).collect();
    assert!(
        !text.contains("_hash") && !text.contains("secret"),
        "{text}"
    );
    // It stands in the trail that somebody took it.
    let rows = world
        .test
        .admin()
        .await
        .query(&Statement::new(format!(
            "SELECT count(*) FROM audit_log WHERE action = 'EXPORT' AND record_id = '{contact}'"
        )))
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 1);
}

#[tokio::test]
async fn what_is_deleted_goes_when_its_days_are_over() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let other = world.organization("Other").await;
    let make = async |name: &str| {
        let id = id_of(
            &world
                .create(&owner, &COMPANY, json!({"name": name}))
                .await
                .unwrap(),
        );
        let contact = json!({"first_name": "Ada", "company_id": id});
        let contact = id_of(&world.create(&owner, &CONTACT, contact).await.unwrap());
        (id, contact)
    };
    let (old, with_it) = make("Old").await;
    let (young, _) = make("Young").await;
    let (living, _) = make("Living").await;
    let admin = world.test.admin().await;
    admin
        .script(&format!(
            "UPDATE companies SET deleted_at = now() - interval '40 days' WHERE id = '{old}';
             UPDATE companies SET deleted_at = now() - interval '10 days' WHERE id = '{young}'"
        ))
        .await
        .unwrap();
    let due = async |days: i64| -> Vec<Uuid> {
        let tx = SystemTx::begin(&world.engine.database, None, &Origin::new("system"))
            .await
            .unwrap();
        // The database says when something was deleted, so its clock says what time it is.
        let at = database_now(&world).await + SignedDuration::from_hours(24 * days);
        tx.query(
            &Statement::new("SELECT organizations_with_retention($1)").with(at, Type::TIMESTAMPTZ),
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
    };
    let run = async |organization: Uuid| {
        let tx = SystemTx::begin(
            &world.engine.database,
            Some(organization),
            &Origin::new("system"),
        )
        .await
        .unwrap();
        let gone = privacy::retention(&tx, database_now(&world).await)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        gone
    };
    // Nothing is said, nothing goes.
    assert!(due(0).await.is_empty());
    assert_eq!(run(organization.id).await, 0);
    let set = async |settings: &str| {
        admin
            .script(&format!(
                "UPDATE organizations SET settings = '{{\"retention\": {settings}}}' WHERE id = '{}'",
                organization.id
            ))
            .await
            .unwrap();
    };
    set(r#"{"deleted_days": 30}"#).await;
    assert_eq!(due(0).await, [organization.id]);
    assert_eq!(run(other.id).await, 0);
    assert_eq!(run(organization.id).await, 1);
    assert_eq!(run(organization.id).await, 0);
    assert!(due(0).await.is_empty());
    assert_eq!(due(25).await, [organization.id]);
    let gone = async |entity: &'static Entity, id: Uuid| {
        kith_engine::get(
            &world.engine,
            &owner,
            entity,
            id,
            &[],
            kith_engine::Deleted::With,
        )
        .await
        .is_err()
    };
    assert!(gone(&COMPANY, old).await && gone(&CONTACT, with_it).await);
    assert!(!gone(&COMPANY, young).await && !gone(&COMPANY, living).await);
    let rows = admin
        .query(&Statement::new(format!(
            "SELECT count(*) FROM events WHERE action = 'purged' AND record_id IN ('{old}', '{with_it}')"
        )))
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 2);
    // An entity's own days go before; the trails have theirs, and nothing younger goes.
    set(
        r#"{"deleted_days": 30, "company_days": 5, "audit_log_days": 100, "activities_days": 100}"#,
    )
    .await;
    assert_eq!(run(organization.id).await, 1);
    assert!(gone(&COMPANY, young).await);
    admin
        .script(&format!(
            "SET session_replication_role = replica;
             INSERT INTO audit_log (organization_id, entity_type, record_id, action, created_at) VALUES ('{0}', 'company', '{old}', 'UPDATE', now() - interval '200 days'), ('{0}', 'company', '{old}', 'UPDATE', now() - interval '50 days');
             UPDATE activities SET created_at = now() - interval '200 days' WHERE organization_id = '{0}' AND entity_id = '{old}'",
            organization.id
        ))
        .await
        .unwrap();
    let before = admin
        .query(&Statement::new("SELECT count(*) FROM audit_log"))
        .await
        .unwrap()[0]
        .get::<_, i64>(0);
    assert!(run(organization.id).await >= 2);
    let after = admin
        .query(&Statement::new("SELECT count(*) FROM audit_log"))
        .await
        .unwrap()[0]
        .get::<_, i64>(0);
    assert_eq!(before - after, 1);
}

#[tokio::test]
async fn the_keys_say_what_goes_with_what() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new(
            "SELECT c.conrelid::regclass::text, a.attname::text, c.confrelid::regclass::text, c.confdeltype::text \
             FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname <> 'organization_id' \
             WHERE c.contype = 'f' AND c.conparentid = 0",
        ))
        .await
        .unwrap();
    let found: Vec<(String, String, String, String)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    // MODEL §5: c takes along, n lets go, r keeps. Tables that are not there yet are not asked.
    for (table, column, to, rule) in [
        ("contacts", "company_id", "companies", "c"),
        ("projects", "company_id", "companies", "c"),
        ("tickets", "company_id", "companies", "n"),
        ("invoices", "company_id", "companies", "r"),
        ("payments", "company_id", "companies", "r"),
        ("payments", "invoice_id", "invoices", "r"),
        ("tasks", "project_id", "projects", "c"),
        ("time_entries", "project_id", "projects", "c"),
        ("interactions", "lead_id", "leads", "c"),
        ("conversations", "lead_id", "leads", "c"),
        ("messages", "conversation_id", "conversations", "c"),
        ("leads", "product_id", "products", "n"),
        ("interactions", "product_id", "products", "n"),
        ("deal_items", "product_id", "products", "n"),
    ] {
        let stands = found
            .iter()
            .find(|(a, b, c, _)| a == table && b == column && c == to);
        if let Some((_, _, _, stands)) = stands {
            let kept = rule == "r" && stands == "a";
            assert!(
                stands == rule || kept,
                "{table}.{column} → {to} is {stands}, not {rule}"
            );
        }
    }
}

#[tokio::test]
async fn the_database_and_the_catalogue_agree_on_who_is_a_person() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let rows = admin
        .query(&Statement::new("SELECT entity, email_column, name_key_column, personal_columns FROM person_entities ORDER BY 1"))
        .await
        .unwrap();
    let stored: Vec<(String, String, String, Vec<String>)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let mut people: Vec<&'static Entity> = CATALOGUE
        .entities()
        .iter()
        .copied()
        .filter(|entity| entity.can_be_erased())
        .collect();
    people.sort_by_key(|entity| entity.name);
    assert_eq!(
        stored.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        people.iter().map(|entity| entity.name).collect::<Vec<_>>()
    );
    for ((name, email, name_key, columns), entity) in stored.iter().zip(people) {
        let mut columns = columns.clone();
        columns.sort();
        let mut declared: Vec<&str> = entity
            .all_fields()
            .iter()
            .filter(|field| field.personal)
            .map(|field| field.name)
            .collect();
        declared.sort_unstable();
        assert_eq!(columns, declared, "{name}");
        assert!(entity.field(email).is_some(), "{name}.{email}");
        assert!(
            entity
                .identities()
                .any(|(_, identity)| identity.column == name_key),
            "{name}.{name_key}"
        );
    }
}

async fn database_now(world: &World) -> Timestamp {
    let rows = world
        .test
        .admin()
        .await
        .query(&Statement::new("SELECT now()"))
        .await
        .unwrap();
    rows[0].get(0)
}
