//! What the application's role cannot do, whatever SQL it sends.

use kith_auth::RegistrationPolicy;
use kith_store::{Principal, Statement, StoreError, Tx, types::Type};
use uuid::Uuid;

use crate::fixture::{Fixture, origin};

#[tokio::test]
async fn hashes_and_tokens_cannot_be_read_or_written() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    for sql in [
        "select password_hash from users",
        "select * from users",
        "select u from users u",
        "select 1 from users where password_hash like '$argon2id$%'",
        "update users set password_hash = 'x'",
        "update users set is_active = true",
        "insert into users (full_name) values ('x')",
        "select token_hash from refresh_tokens",
        "select count(*) from refresh_tokens",
        "delete from refresh_tokens",
        "update refresh_tokens set revoked_at = null",
        "insert into audit_log (organization_id, entity_type, record_id, action) values (gen_random_uuid(), 'user', gen_random_uuid(), 'LOGIN')",
        "delete from audit_log",
        "select record_sign_in(gen_random_uuid(), gen_random_uuid(), null, '{}')::text",
        "select keep_refresh_token(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '', 1)::text",
        "select revoke_families(gen_random_uuid(), null, null)::text",
        "select seed_organization(gen_random_uuid())::text",
        "select open_session(gen_random_uuid(), null, gen_random_uuid(), '', 1)::text",
        "select sealed_secret from second_factors",
        "delete from second_factors",
        "select * from recovery_codes",
        "select key_hash from api_keys",
        "insert into api_keys (organization_id, user_id, name, prefix, key_hash, scopes) values (gen_random_uuid(), gen_random_uuid(), 'x', 'kith_000000', '', '{*}')",
        "update api_keys set scopes = '{*}'",
        "delete from api_keys",
        "select spend_code(gen_random_uuid(), 1, null)",
        "select remove_second_factor(gen_random_uuid())::text",
        "select take_place(gen_random_uuid(), gen_random_uuid(), gen_random_uuid())::text",
        "select record_permission('user', gen_random_uuid(), null, null)::text",
        "set role kith_definer",
        "alter function sign_in_user(text) security invoker",
    ] {
        for who in [Some(&actor.principal), None] {
            let statement = [Statement::new(sql)];
            let result = match who {
                Some(who) => {
                    let tx = Tx::begin(kith.test.database(), who, &origin())
                        .await
                        .unwrap();
                    tx.query_many(&statement).await
                }
                None => kith.test.database().system_read(None, &statement).await,
            };
            match result {
                Err(StoreError::Permission { .. }) => {}
                // A read-only transaction may be what refuses a write first.
                Err(StoreError::Internal { detail })
                    if who.is_none() && detail.starts_with("25006") => {}
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_transaction_that_acts_for_a_user_cannot_use_the_doors_of_sign_in() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let ada = kith.register("ada").await.unwrap();
    let bob = kith.register("bob").await.unwrap();
    let actor = kith.actor(&ada).await.unwrap();
    let other = bob.user.id;
    for sql in [
        "select 1 from sign_in_user('bob@example.com')".to_owned(),
        format!("select 1 from password_of('{other}')"),
        format!("select sign_in_failed('{other}', 'x')::text"),
        "select 1 from register_account('x@example.com', 'x', 'x', 'x', 'open')".to_owned(),
        format!(
            "select 1 from open_proven_session('{other}', null, gen_random_uuid(), '\\x00', 60, null, null)"
        ),
        "select 1 from renew_session('\\x00', '\\x01', 60, 10)".to_owned(),
        format!(
            "select switch_session('{other}', gen_random_uuid(), gen_random_uuid(), '\\x00', 60)::text"
        ),
        format!("select end_session('{other}', gen_random_uuid())::text"),
        "select 1 from end_session_of_token('\\x00')".to_owned(),
        format!("select rehash_password('{other}', 'x', 'y')::text"),
        "select request_password_reset('bob@example.com')::text".to_owned(),
        format!("select request_verification('{other}')::text"),
        "select 1 from take_mail(60)".to_owned(),
        "select 1 from address_mail(gen_random_uuid(), '\\x00')".to_owned(),
        "select settle_mail(gen_random_uuid(), 'sent', null, 0)::text".to_owned(),
        "select verify_email('\\x00')".to_owned(),
        "select 1 from reset_subject('\\x00')".to_owned(),
        "select reset_password('\\x00', 'x')::text".to_owned(),
        "select 1 from key_actor('\\x00')".to_owned(),
        "select touch_api_key(gen_random_uuid(), gen_random_uuid())::text".to_owned(),
        format!("select 1 from second_factor_of('{other}')"),
        format!("select second_factor_failed('{other}')::text"),
        "select 1 from invitation_of('\\x00')".to_owned(),
        "select 1 from accept_invitation('\\x00', null, null, 'x', 'x')".to_owned(),
        format!(
            "select 1 from session_actor('{other}', '{}', null)",
            bob.organization.id
        ),
        format!("select 1 from memberships_of('{other}')"),
    ] {
        let tx = Tx::begin(kith.test.database(), &actor.principal, &origin())
            .await
            .unwrap();
        let result = tx.query(&Statement::new(sql.clone())).await;
        assert!(
            matches!(result, Err(StoreError::Permission { .. })),
            "{sql}: {result:?}"
        );
    }
}

#[tokio::test]
async fn grants_of_an_organization_are_for_its_active_members() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let ada = kith.register("ada").await.unwrap();
    let bob = kith.register("bob").await.unwrap();
    let rows = async |user: Uuid, organization: Uuid, acting: Option<&Principal>| {
        let ask = Statement::new("select resources from session_actor($1, $2, null)")
            .with(user, Type::UUID)
            .with(organization, Type::UUID);
        let database = kith.test.database();
        let answers = match acting {
            Some(who) => database.read(who, &[ask]).await,
            None => database.system_read(None, &[ask]).await,
        };
        answers.unwrap().first().unwrap().len()
    };
    let actor = kith.actor(&ada).await.unwrap();
    let me = &actor.principal;
    let (home, away) = (ada.organization.id, bob.organization.id);
    assert_eq!(rows(ada.user.id, home, Some(me)).await, 1);
    assert_eq!(rows(ada.user.id, away, Some(me)).await, 0);
    assert_eq!(rows(ada.user.id, away, None).await, 0);
    let claimed = Principal::user(away, ada.user.id);
    assert_eq!(rows(ada.user.id, away, Some(&claimed)).await, 0);
    kith.join(ada.user.id, away, "viewer").await;
    assert_eq!(rows(ada.user.id, away, Some(me)).await, 1);
    kith.script("update memberships set status = 'suspended' where created_by is null")
        .await;
    assert_eq!(
        rows(ada.user.id, away, None).await,
        0,
        "a suspended member has no grants"
    );
    assert_eq!(rows(bob.user.id, away, None).await, 1);
}
