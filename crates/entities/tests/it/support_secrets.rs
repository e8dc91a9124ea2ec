//! What we say among ourselves reaches nobody of the customer's side, by any path.

use kith_engine::export::Format;
use kith_engine::{Caller, EngineError};
use kith_entities::activity::ACTIVITY;
use kith_entities::audit_log::AUDIT_ENTRY;
use kith_entities::company_member::COMPANY_MEMBER;
use kith_entities::ticket::{self, TICKET};
use kith_entities::ticket_comment::TICKET_COMMENT;
use kith_store::Statement;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::round_trip::exported;
use crate::tickets::{client_of, past, say, ticket};
use crate::world::{Organization, World, id_of, ids};

const SECRET: &str = "xylophone";

/// Someone who may do everything to everything, save read what we say among ourselves and the whole trail.
async fn snoop(world: &World, organization: &Organization) -> Caller {
    let user = Uuid::now_v7();
    past(
        world,
        &format!(
            "INSERT INTO roles (organization_id, key, name) VALUES ('{0}', 'snoop', 'Snoop');
             INSERT INTO role_permissions SELECT '{0}', (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'snoop'), resource, action, scope
             FROM role_permissions WHERE organization_id = '{0}' AND role_id = (SELECT id FROM roles WHERE organization_id = '{0}' AND key = 'owner')
               AND resource NOT IN ('internal_comments', 'audit_log');
             INSERT INTO users (id, full_name) VALUES ('{user}', 'Snoop');
             INSERT INTO memberships (organization_id, user_id, role_id) SELECT '{0}', '{user}', id FROM roles WHERE organization_id = '{0}' AND key = 'snoop'",
            organization.id
        ),
    )
    .await;
    world.caller(organization, user).await
}

async fn rows_by_sql(world: &World, caller: &Caller, sql: String) -> Vec<String> {
    let answers = world
        .engine
        .database
        .read(&caller.principal, &[Statement::new(sql.clone())])
        .await;
    let rows = answers
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .pop()
        .unwrap();
    rows.iter()
        .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
        .collect()
}

fn silent(what: &str, text: &str) {
    assert!(!text.to_lowercase().contains(SECRET), "{what}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_comments_reach_nobody_outside() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let agent = world.role(&organization, "support").await;
    let admin = world.role(&organization, "client_admin").await;
    let company = client_of(&world, &boss, &admin, "Northwind").await;
    let mut outsiders = vec![
        ("client_admin", admin),
        ("snoop", snoop(&world, &organization).await),
    ];
    for role in ["client_member", "client_viewer"] {
        let client = world.role(&organization, role).await;
        let membership = json!({"company_id": company["id"], "user_id": client.principal.user_id});
        world
            .create(&boss, &COMPANY_MEMBER, membership)
            .await
            .unwrap();
        outsiders.push((role, client));
    }
    let about = ticket(&world, &agent, json!({"company_id": company["id"]})).await;
    let before = world.get(&agent, &TICKET, id_of(&about)).await.unwrap();
    let internal = say(
        &world,
        &agent,
        &about,
        json!({"comment": format!("The {SECRET} is ours"), "is_internal": true}),
    )
    .await
    .unwrap();
    // The ticket itself does not tell that something was said.
    assert_eq!(
        world.get(&agent, &TICKET, id_of(&about)).await.unwrap(),
        before
    );
    let gone = say(
        &world,
        &agent,
        &about,
        json!({"comment": format!("Another {SECRET}"), "is_internal": true}),
    )
    .await
    .unwrap();
    world
        .update(
            &agent,
            &TICKET_COMMENT,
            id_of(&gone),
            json!({"comment": format!("A changed {SECRET}")}),
            None,
        )
        .await
        .unwrap();
    world
        .delete(&agent, &TICKET_COMMENT, id_of(&gone))
        .await
        .unwrap();
    let public = say(
        &world,
        &agent,
        &about,
        json!({"comment": "We look into it"}),
    )
    .await
    .unwrap();
    // What a merge writes down of the other ticket is among ourselves too.
    let other = ticket(
        &world,
        &agent,
        json!({"subject": format!("About the {SECRET}")}),
    )
    .await;
    let tx = world.begin(&agent).await;
    ticket::merge(&world.engine, &tx, &agent, id_of(&other), id_of(&about))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    // Those inside see it where they look for it.
    for role in ["owner", "manager", "support", "viewer"] {
        let insider = world.role(&organization, role).await;
        assert!(
            world
                .get(&insider, &TICKET_COMMENT, id_of(&internal))
                .await
                .is_ok(),
            "{role}"
        );
        let listed = world
            .list(
                &insider,
                &TICKET_COMMENT,
                &[("ticket_id", about["id"].as_str().unwrap())],
            )
            .await
            .unwrap();
        assert_eq!(ids(&listed).len(), 3, "{role}");
    }

    // Why somebody can see it is told of nobody outside.
    let page = kith_engine::MembersPage {
        limit: 100,
        offset: 0,
    };
    let access = kith_engine::access(
        &world.engine,
        &boss,
        &TICKET_COMMENT,
        id_of(&internal),
        page,
    )
    .await
    .unwrap()
    .to_string();
    assert!(access.contains(&agent.principal.user_id.to_string()));
    for (role, outsider) in &outsiders {
        let id = outsider.principal.user_id.to_string();
        assert!(!access.contains(&id), "{role}: {access}");
    }
    for (role, outsider) in &outsiders {
        see_nothing(&world, role, outsider, &about, &internal, &public).await;
        touch_nothing(&world, role, outsider, &internal).await;
    }
}

/// Every way to read.
async fn see_nothing(
    world: &World,
    role: &str,
    outsider: &Caller,
    about: &Json,
    internal: &Json,
    public: &Json,
) {
    let id = id_of(internal);
    assert!(
        matches!(
            world.get(outsider, &TICKET_COMMENT, id).await,
            Err(EngineError::NotFound)
        ),
        "{role}"
    );
    let history =
        kith_engine::history(&world.engine, outsider, &TICKET_COMMENT, id, 10, None).await;
    assert!(
        matches!(history, Err(EngineError::NotFound)),
        "{role}: {history:?}"
    );
    let page = kith_engine::MembersPage {
        limit: 100,
        offset: 0,
    };
    let access = kith_engine::access(&world.engine, outsider, &TICKET_COMMENT, id, page).await;
    assert!(matches!(access, Err(EngineError::NotFound)), "{role}");
    // Lists, counted, filtered, sorted, with what hangs on them.
    for pairs in [
        vec![("total", "true")],
        vec![("total", "true"), ("is_internal", "true")],
        vec![("comment[contains]", SECRET)],
        vec![("sort", "-created_at"), ("include", "ticket,creator")],
        vec![
            ("ticket_id", about["id"].as_str().unwrap()),
            ("total", "true"),
        ],
        vec![("ticket.subject[contains]", "broke"), ("total", "true")],
        vec![("id", internal["id"].as_str().unwrap())],
        vec![("author_kind", "system")],
    ] {
        let Ok(list) = world.list(outsider, &TICKET_COMMENT, &pairs).await else {
            continue;
        };
        silent(role, &list.to_string());
        assert!(
            ids(&list)
                .iter()
                .all(|found| *found == public["id"].as_str().unwrap()),
            "{role} {pairs:?}: {list}"
        );
        if pairs.first() == Some(&("total", "true")) && pairs.len() == 1 {
            assert_eq!(list["page"]["total"], json!(1), "{role}");
        }
    }
    for pairs in [vec![("q", SECRET)], vec![("include", "merged_into")]] {
        let list = world.list(outsider, &TICKET, &pairs).await.unwrap();
        if *role != *"snoop" {
            silent(role, &list.to_string());
        }
    }
    let refused = world
        .list(outsider, &TICKET_COMMENT, &[("q", SECRET)])
        .await;
    assert!(matches!(refused, Err(EngineError::BadQuery(_))), "{role}");
    // The timeline, the trail and the feed.
    for (entity, pairs) in [
        (&ACTIVITY, vec![("limit", "200")]),
        (
            &ACTIVITY,
            vec![("entity_id", about["id"].as_str().unwrap())],
        ),
        (
            &ACTIVITY,
            vec![("entity_id", internal["id"].as_str().unwrap())],
        ),
        (&AUDIT_ENTRY, vec![("limit", "200")]),
        (
            &AUDIT_ENTRY,
            vec![("record_id", internal["id"].as_str().unwrap())],
        ),
    ] {
        if let Ok(list) = world.list(outsider, entity, &pairs).await {
            let told = list["data"].as_array().unwrap().iter().filter(|one| {
                one["entity_type"] != json!("ticket") || one["entity_id"] == about["id"]
            });
            for one in told {
                silent(role, &one.to_string());
            }
        }
    }
    if let Ok(feed) = kith_engine::events(
        &world.engine,
        outsider,
        kith_engine::Position::BEGINNING,
        1_000,
    )
    .await
    {
        assert!(
            feed.data.iter().all(|event| event["id"] != internal["id"]),
            "{role}"
        );
    }
    for format in [Format::Csv, Format::Ndjson] {
        if let Ok(bytes) = exported(world, outsider, &TICKET_COMMENT, format, &[]).await {
            silent(role, &String::from_utf8_lossy(&bytes));
        }
    }
    // Past the engine.
    let organization = outsider.principal.organization_id;
    for (sql, most) in [
        ("SELECT id::text FROM ticket_comments".to_owned(), 1),
        (
            "SELECT id::text FROM ticket_comments WHERE is_internal".to_owned(),
            0,
        ),
        (
            format!("SELECT id::text FROM ticket_comments WHERE comment LIKE '%{SECRET}%'"),
            0,
        ),
        (
            format!(
                "SELECT record_visible('ticket_comment', '{id}')::text WHERE record_visible('ticket_comment', '{id}')"
            ),
            0,
        ),
        (
            format!(
                "SELECT new_values::text FROM audit_log WHERE entity_type = 'ticket_comment' AND coalesce(new_values, old_values)::text LIKE '%{SECRET}%' AND organization_id = '{organization}'"
            ),
            0,
        ),
        (
            format!(
                "SELECT description FROM activities WHERE (entity_type = 'ticket_comment' OR type = 'commented') AND description LIKE '%{SECRET}%'"
            ),
            0,
        ),
        (
            format!("SELECT entity FROM events WHERE record_id = '{id}'"),
            0,
        ),
        (
            format!("SELECT text_value FROM record_values WHERE text_value LIKE '%{SECRET}%'"),
            0,
        ),
    ] {
        let found = rows_by_sql(world, outsider, sql.clone()).await;
        assert!(found.len() <= most, "{role}: {sql}: {found:?}");
    }
    // There is nothing of comments to be searched.
    for function in [
        "search_candidates('ticket_comments', 'xylophone', 100)",
        "text_candidates('ticket_comments', 'xylophone')",
    ] {
        let tried = Statement::new(format!("SELECT count(*) FROM {function}"));
        assert!(
            world
                .engine
                .database
                .read(&outsider.principal, &[tried])
                .await
                .is_err(),
            "{role}: {function}"
        );
    }
}

/// Every way to write.
async fn touch_nothing(world: &World, role: &str, outsider: &Caller, internal: &Json) {
    let id = id_of(internal);
    let changed = world
        .update(outsider, &TICKET_COMMENT, id, json!({"comment": "x"}), None)
        .await;
    assert!(
        matches!(
            changed,
            Err(EngineError::NotFound | EngineError::Forbidden { .. })
        ),
        "{role}: {changed:?}"
    );
    let deleted = world.delete(outsider, &TICKET_COMMENT, id).await;
    assert!(
        matches!(
            deleted,
            Err(EngineError::NotFound | EngineError::Forbidden { .. })
        ),
        "{role}: {deleted:?}"
    );
    for sql in [
        format!("UPDATE ticket_comments SET comment = 'x' WHERE id = '{id}'"),
        format!("DELETE FROM ticket_comments WHERE id = '{id}'"),
    ] {
        let tx = world.begin(outsider).await;
        assert!(
            matches!(tx.execute(&Statement::new(sql)).await, Ok(0) | Err(_)),
            "{role}"
        );
    }
}
