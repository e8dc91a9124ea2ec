//! Keys that act for people, within their scopes and no further.

use std::sync::Arc;

use kith_auth::{Actor, ApiKey, AuthError, KeptKey, NewKey, RegistrationPolicy};
use kith_catalogue::{Action, Scope};
use kith_store::{Principal, Statement, StoreError, Tx};
use uuid::Uuid;

use crate::fixture::{Fixture, origin};

async fn make(
    kith: &Fixture,
    actor: &Actor,
    scopes: &[&str],
) -> Result<(ApiKey, KeptKey), AuthError> {
    let wanted = NewKey {
        name: "Sync".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_at: None,
    };
    kith.sessions
        .create_api_key(actor, &wanted, &origin())
        .await
}

async fn by_key(kith: &Fixture, key: &ApiKey) -> Result<Arc<Actor>, AuthError> {
    kith.sessions
        .authenticate_key(key.as_str(), &origin())
        .await
}

/// The owner of a new organization.
async fn owner(kith: &Fixture, name: &str) -> Arc<Actor> {
    let session = kith.register(name).await.unwrap();
    kith.actor(&session).await.unwrap()
}

fn raised(result: Result<(ApiKey, KeptKey), AuthError>) -> String {
    match result {
        Err(AuthError::Store(StoreError::Raised { code, message, .. })) => {
            format!("{code} {message}")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_acts_as_its_user_is_listed_without_itself_and_ends_at_once() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let ada = owner(&kith, "ada").await;
    let (key, kept) = make(&kith, &ada, &["read", "companies:create"])
        .await
        .unwrap();
    assert_eq!(kept.prefix, key.prefix());
    assert_eq!(kept.scopes, ["companies:create", "read"]);
    let actor = by_key(&kith, &key).await.unwrap();
    assert_eq!(actor.user.id, ada.user.id);
    assert_eq!(actor.organization.id, ada.organization.id);
    assert_eq!(actor.principal.key_id, Some(kept.id));
    let listed = kith.sessions.api_keys(&ada).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(!format!("{listed:?}").contains(&key.as_str()[11..]));
    assert!(
        !kith
            .text("select string_agg(k::text, ' ') from api_keys k")
            .await
            .contains(&key.as_str()[11..])
    );
    assert!(
        kith.sessions
            .delete_api_key(&ada, kept.id, &origin())
            .await
            .unwrap()
    );
    let gone = by_key(&kith, &key).await;
    assert!(matches!(gone, Err(AuthError::TokenInvalid)), "{gone:?}");
    assert!(
        !kith
            .sessions
            .delete_api_key(&ada, kept.id, &origin())
            .await
            .unwrap()
    );
    let trail = kith
        .text("select string_agg(coalesce(old_values ->> 'name', '-') || '>' || coalesce(new_values ->> 'name', '-'), ' ' order by created_at, id) from audit_log where action = 'PERMISSION'")
        .await;
    assert_eq!(trail, "->Sync Sync>-");
    let kinds: Vec<String> = kith
        .post()
        .await
        .into_iter()
        .map(|mail| mail.kind)
        .collect();
    assert_eq!(kinds, ["verify_email", "api_key_created"]);
}

#[tokio::test]
async fn scopes_narrow_what_the_user_may_do() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let ada = owner(&kith, "ada").await;
    let may = |actor: &Actor, resource: &str, action: Action| actor.grants.scope(resource, action);
    for (scopes, held, refused) in [
        (
            &["read"][..],
            &[
                ("companies", Action::Read),
                ("users", Action::Read),
                ("personal_data", Action::Read),
            ][..],
            &[
                ("companies", Action::Create),
                ("companies", Action::Export),
                ("roles", Action::Update),
            ][..],
        ),
        (
            &["companies:read", "companies:update"],
            &[("companies", Action::Read), ("companies", Action::Update)],
            &[
                ("contacts", Action::Read),
                ("companies", Action::Delete),
                ("users", Action::Read),
                ("personal_data", Action::Read),
            ],
        ),
        (
            &["*"],
            &[
                ("companies", Action::Delete),
                ("organization", Action::Configure),
                ("users", Action::Read),
                ("custom_fields", Action::Create),
            ],
            &[
                ("users", Action::Create),
                ("users", Action::Update),
                ("roles", Action::Create),
                ("roles", Action::Update),
                ("roles", Action::Delete),
                ("teams", Action::Update),
            ],
        ),
        (
            &["*", "users:update"],
            &[("users", Action::Update), ("companies", Action::Create)],
            &[("users", Action::Create), ("roles", Action::Update)],
        ),
    ] {
        let (key, _) = make(&kith, &ada, scopes).await.unwrap();
        let actor = by_key(&kith, &key).await.unwrap();
        for (resource, action) in held {
            assert_eq!(
                may(&actor, resource, *action),
                Some(Scope::All),
                "{scopes:?}: {resource} {action:?}"
            );
        }
        for (resource, action) in refused {
            assert_eq!(
                may(&actor, resource, *action),
                None,
                "{scopes:?}: {resource} {action:?}"
            );
        }
        // The database says the same, permission by permission, whatever the server believes.
        let ask = Statement::new(
            "select resource, action, access_scope(resource, action) from permissions order by resource, action",
        );
        let answers = kith
            .test
            .database()
            .read(&actor.principal, &[ask])
            .await
            .unwrap();
        for row in answers.iter().flatten() {
            let (resource, action, scope): (String, String, Option<String>) =
                (row.get(0), row.get(1), row.get(2));
            let believed = actor
                .grants
                .scope(&resource, action.parse().unwrap())
                .map(|scope| scope.name().to_owned());
            assert_eq!(scope, believed, "{scopes:?}: {resource} {action}");
        }
    }
}

#[tokio::test]
async fn a_server_that_forgets_to_look_does_not_widen_a_key() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let (ada, bob) = (owner(&kith, "ada").await, owner(&kith, "bob").await);
    kith.script(&format!(
        "insert into companies (organization_id, name) values ('{}', 'Acme')",
        ada.organization.id
    ))
    .await;
    let (key, kept) = make(&kith, &ada, &["companies:read"]).await.unwrap();
    let narrow = by_key(&kith, &key).await.unwrap().principal;
    let count = async |who: &Principal, table: &str| -> i64 {
        let ask = Statement::new(format!("select count(*) from {table}"));
        let answers = kith.test.database().read(who, &[ask]).await.unwrap();
        answers[0][0].get(0)
    };
    assert_eq!(count(&narrow, "companies").await, 1);
    for table in [
        "roles",
        "industries",
        "pipelines",
        "role_permissions",
        "memberships",
        "members",
        "audit_log where entity_type <> 'company'",
        "organizations",
        "api_keys",
        "events",
    ] {
        assert_eq!(count(&narrow, table).await, 0, "{table}");
    }
    assert_eq!(count(&narrow, "users").await, 1, "themselves alone");
    for sql in [
        "insert into companies (organization_id, name) select current_organization_id(), 'x'"
            .to_owned(),
        "update companies set name = 'x'".to_owned(),
        "update organizations set name = 'x'".to_owned(),
        format!(
            "insert into members (organization_id, id, full_name, role_id) values ('{}', gen_random_uuid(), 'x', gen_random_uuid())",
            ada.organization.id
        ),
        "select create_api_key('x', 'kith_000000', '\\x00', '{read}', null)::text".to_owned(),
        format!("select delete_api_key('{}')::text", kept.id),
        "select end_other_sessions(null)::text".to_owned(),
        "select 1 from own_sessions()".to_owned(),
        format!("select 1 from second_factor_of('{}')", ada.user.id),
        "select begin_second_factor('\\x00')::text".to_owned(),
        "select change_password('x', 'y', null)::text".to_owned(),
        "select update_own_profile('{\"full_name\": \"x\"}')::text".to_owned(),
        format!("select deactivate_member('{}', null)::text", bob.user.id),
        format!(
            "select set_role_permissions('{}', '[]', null)::text",
            ada.role.id
        ),
        format!("select send_invitation('{}')::text", bob.user.id),
    ] {
        let tx = Tx::begin(kith.test.database(), &narrow, &origin())
            .await
            .unwrap();
        let result = tx.execute(&Statement::new(sql.clone())).await;
        assert!(
            matches!(&result, Ok(0) | Err(StoreError::Permission { .. }))
                || matches!(&result, Err(StoreError::Raised { code, .. }) if code == "KT403"),
            "{sql}: {result:?}"
        );
    }
    // A key that is another user's, of another organization, or nobody's, is worth nothing.
    for (organization_id, user_id, key_id) in [
        (ada.organization.id, bob.user.id, kept.id),
        (bob.organization.id, bob.user.id, kept.id),
        (bob.organization.id, ada.user.id, kept.id),
        (ada.organization.id, ada.user.id, Uuid::now_v7()),
    ] {
        let forged = Principal {
            organization_id,
            user_id,
            key_id: Some(key_id),
        };
        for table in ["companies", "roles", "members"] {
            assert_eq!(count(&forged, table).await, 0, "{forged:?} {table}");
        }
    }
}

#[tokio::test]
async fn one_key_makes_another_only_within_itself_and_only_when_it_may_manage_the_account() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let ada = owner(&kith, "ada").await;
    let (key, _) = make(&kith, &ada, &["*"]).await.unwrap();
    let everything = by_key(&kith, &key).await.unwrap();
    let refused = make(&kith, &everything, &["read"]).await;
    assert!(
        matches!(refused, Err(AuthError::KeyNotAllowed)),
        "{refused:?}"
    );
    let refused = kith.sessions.api_keys(&everything).await;
    assert!(
        matches!(refused, Err(AuthError::KeyNotAllowed)),
        "{refused:?}"
    );
    let (key, _) = make(&kith, &ada, &["companies:read", "account:manage"])
        .await
        .unwrap();
    let manager = by_key(&kith, &key).await.unwrap();
    make(&kith, &manager, &["companies:read"]).await.unwrap();
    for wider in [
        "read",
        "*",
        "companies:update",
        "contacts:read",
        "users:update",
    ] {
        let text = raised(make(&kith, &manager, &[wider]).await);
        assert!(text.starts_with("KT403") && text.contains(wider), "{text}");
    }
    assert_eq!(kith.sessions.api_keys(&manager).await.unwrap().len(), 3);
}

#[tokio::test]
async fn bad_keys_are_named() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let ada = owner(&kith, "ada").await;
    for unknown in [
        "companies",
        "companies:fly",
        "everything",
        "companies:*",
        "read:companies",
        "",
    ] {
        let text = raised(make(&kith, &ada, &[unknown]).await);
        assert!(text.starts_with("KT422"), "{unknown}: {text}");
    }
    let wanted = NewKey {
        name: " ".to_owned(),
        scopes: Vec::new(),
        expires_at: None,
    };
    let refused = kith.sessions.create_api_key(&ada, &wanted, &origin()).await;
    let Err(AuthError::Faults(faults)) = refused else {
        panic!("{refused:?}");
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "scopes"]);
    let wanted = NewKey {
        name: "Late".to_owned(),
        scopes: vec!["read".to_owned()],
        expires_at: Some("2020-01-01T00:00:00Z".parse().unwrap()),
    };
    assert!(
        raised(kith.sessions.create_api_key(&ada, &wanted, &origin()).await).starts_with("KT422")
    );
    for text in [
        "kith_",
        "kith_short",
        &format!("kith_{}", "0".repeat(43)),
        &"x".repeat(5_000),
    ] {
        let refused = kith.sessions.authenticate_key(text, &origin()).await;
        assert!(
            matches!(refused, Err(AuthError::TokenInvalid)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_ends_with_its_time_its_user_and_their_membership() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let ada = owner(&kith, "ada").await;
    let wanted = NewKey {
        name: "For a while".to_owned(),
        scopes: vec!["read".to_owned()],
        expires_at: Some("2100-01-01T00:00:00Z".parse().unwrap()),
    };
    let (key, _) = kith
        .sessions
        .create_api_key(&ada, &wanted, &origin())
        .await
        .unwrap();
    let actor = by_key(&kith, &key).await.unwrap();
    // Kept in memory, its time is over all the same.
    kith.pass(100 * 365 * 86_400);
    let late = by_key(&kith, &key).await;
    assert!(matches!(late, Err(AuthError::TokenInvalid)), "{late:?}");
    kith.pass(-100 * 365 * 86_400);
    kith.script("update api_keys set expires_at = now()").await;
    let count = Statement::new("select count(*) from roles");
    let answers = kith
        .test
        .database()
        .read(&actor.principal, &[count])
        .await
        .unwrap();
    assert_eq!(
        answers[0][0].get::<_, i64>(0),
        0,
        "and the database looks at its clock"
    );

    for end in [
        "update memberships set status = 'suspended' where user_id = '{user}'",
        "update users set is_active = false where id = '{user}'",
        "delete from memberships where user_id = '{user}'",
    ] {
        let bob = kith
            .register(&format!("bob{}", Uuid::now_v7().simple()))
            .await
            .unwrap();
        kith.join(bob.user.id, ada.organization.id, "manager").await;
        let actor = kith.actor(&bob).await.unwrap();
        let there = kith
            .sessions
            .switch_organization(&actor, ada.organization.id, &origin())
            .await
            .unwrap();
        let bobs = kith.actor(&there).await.unwrap();
        let (key, _) = make(&kith, &bobs, &["read"]).await.unwrap();
        let acting = by_key(&kith, &key).await.unwrap();
        let end = format!(
            "{} and organization_id = '{}'",
            end.replace("{user}", &bob.user.id.to_string()),
            ada.organization.id
        );
        kith.script(&end.replace(
            &format!(
                "update users set is_active = false where id = '{0}' and organization_id = '{1}'",
                bob.user.id, ada.organization.id
            ),
            &format!(
                "update users set is_active = false where id = '{}'",
                bob.user.id
            ),
        ))
        .await;
        let count = Statement::new("select count(*) from roles");
        let answers = kith
            .test
            .database()
            .read(&acting.principal, &[count])
            .await
            .unwrap();
        assert_eq!(answers[0][0].get::<_, i64>(0), 0, "{end}");
        kith.sessions.actors().invalidate(ada.organization.id);
        let out = by_key(&kith, &key).await;
        assert!(
            matches!(out, Err(AuthError::TokenInvalid)),
            "{end}: {out:?}"
        );
    }
}

#[tokio::test]
async fn its_use_is_noted_once_a_minute() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let ada = owner(&kith, "ada").await;
    let (key, kept) = make(&kith, &ada, &["read"]).await.unwrap();
    assert_eq!(kept.last_used_at, None);
    for _ in 0..20 {
        by_key(&kith, &key).await.unwrap();
    }
    kith.sessions.settle().await;
    let first = kith.text("select last_used_at::text from api_keys").await;
    assert_ne!(first, "");
    for _ in 0..20 {
        by_key(&kith, &key).await.unwrap();
    }
    kith.sessions.settle().await;
    assert_eq!(
        kith.text("select last_used_at::text from api_keys").await,
        first
    );
    // Another node that noted nothing yet does not write either.
    kith.system("select touch_api_key(organization_id, id)::text from (select $1::uuid organization_id, $2::uuid id) k", vec![
        (Box::new(ada.organization.id), kith_store::types::Type::UUID),
        (Box::new(kept.id), kith_store::types::Type::UUID),
    ])
    .await;
    assert_eq!(
        kith.text("select last_used_at::text from api_keys").await,
        first
    );
}

#[tokio::test]
async fn a_key_knows_of_one_organization() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let (ada, bob) = (owner(&kith, "ada").await, owner(&kith, "bob").await);
    kith.join(ada.user.id, bob.organization.id, "viewer").await;
    let (key, _) = make(&kith, &ada, &["*"]).await.unwrap();
    let actor = by_key(&kith, &key).await.unwrap();
    let me = kith.sessions.me(&actor).await.unwrap();
    let places: Vec<Uuid> = me
        .memberships
        .iter()
        .map(|one| one.organization_id)
        .collect();
    assert_eq!(places, [ada.organization.id]);
    let refused = kith
        .sessions
        .switch_organization(&actor, bob.organization.id, &origin())
        .await;
    assert!(
        matches!(refused, Err(AuthError::SessionEnded)),
        "{refused:?}"
    );
}
