//! The program refuses to serve as a role that row security does not bind, on both ways to reach a server.

use kith_store::{
    AdminConnection, Database, Migrate, Server, Statement, StoreError, Target, Tx, ensure_roles,
    types::Type,
};
use kith_testkit::{TestDatabase, Transport};

use crate::fixture::{Fixture, origin, someone, text};

#[tokio::test]
async fn refuses_superusers_owners_and_their_members() {
    let fixture = Fixture::new(1).await;
    let settings = fixture.test.settings();
    let refuse =
        async |target: &Target, reason: &str| match Database::connect(target, &settings).await {
            Err(StoreError::Setup { message }) => assert!(message.contains(reason), "{message}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{target:?} was accepted"),
        };
    refuse(&fixture.owner(), "superuser").await;
    let admin = fixture.admin().await;
    let suffix = std::process::id();
    for (role, power, reason) in [
        (
            format!("bypasser_{suffix}"),
            "bypassrls",
            "bypass row security",
        ),
        (format!("owner_{suffix}"), "nosuperuser", "owns the table"),
        (format!("member_{suffix}"), "nosuperuser", "owns the table"),
    ] {
        admin
            .script(&format!("create role {role} login {power}"))
            .await
            .unwrap();
        if role.starts_with("owner") {
            admin
                .script(&format!(
                    "create table theirs (); alter table theirs owner to {role}"
                ))
                .await
                .unwrap();
        }
        if role.starts_with("member") {
            admin
                .script(&format!("grant owner_{suffix} to {role}"))
                .await
                .unwrap();
        }
        refuse(&fixture.owner().with_role(&role, None), reason).await;
    }
    admin
        .script(&format!(
            "drop table theirs; drop role bypasser_{suffix}, member_{suffix}, owner_{suffix}"
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_roles_are_as_weak_as_they_must_be() {
    let fixture = Fixture::new(1).await;
    let admin = fixture.admin().await;
    let (first, second) = (fixture.admin().await, fixture.admin().await);
    // Two nodes at once; and again, which changes nothing.
    let (one, two) = tokio::join!(ensure_roles(&first), ensure_roles(&second));
    assert_eq!(one.unwrap().role(), "kith_app");
    two.unwrap();
    let weak = Statement::new(
        "select string_agg(rolname || ' ' || rolcanlogin, ',' order by rolname) from pg_roles
          where rolname = any($1) and not rolsuper and not rolbypassrls and not rolcreaterole and not rolcreatedb",
    )
    .with(vec!["kith_app", "kith_asker", "kith_definer"], Type::TEXT_ARRAY);
    assert_eq!(
        text(&admin.query(&weak).await.unwrap()),
        "kith_app true,kith_asker false,kith_definer false"
    );
}

/// An external server: TCP, passwords, an owner who is no superuser.
#[tokio::test]
async fn one_url_of_an_owner_is_enough() {
    let test = TestDatabase::empty(Transport::Tcp).await;
    let server = Server::start(&test.settings(), Migrate::Leave)
        .await
        .unwrap();
    assert_eq!(server.database().target().role(), "kith_app");
    let admin = server.admin().await.unwrap();
    admin
        .script(
            "create table notes (organization_id uuid, body text); alter table notes enable row level security;
             alter table notes force row level security;
             create policy p on notes using (organization_id = nullif(current_setting('kith.organization', true), '')::uuid);
             grant select, insert on notes to kith_app",
        )
        .await
        .unwrap();
    let who = someone();
    let tx = Tx::begin(server.database(), &who, &origin()).await.unwrap();
    let insert = Statement::new("insert into notes values ($1, 'over the network')")
        .with(who.organization_id, Type::UUID);
    tx.commit_with(&[insert]).await.unwrap();
    let body = [Statement::new("select body from notes")];
    assert_eq!(
        text(&server.database().read(&who, &body).await.unwrap()[0]),
        "over the network"
    );
    assert!(server.database().read(&someone(), &body).await.unwrap()[0].is_empty());
    // A second node finds the same password.
    let second = Server::start(&test.settings(), Migrate::Leave)
        .await
        .unwrap();
    second.database().ping().await.unwrap();
    // The owner's own role is refused for serving.
    let owner = Database::connect(&Target::parse(test.url()).unwrap(), &test.settings()).await;
    assert!(matches!(owner, Err(StoreError::Setup { .. })));
}

#[tokio::test]
async fn a_wrong_url_is_explained_without_its_password() {
    for (url, expected) in [
        (
            "postgresql://kith:geheim@localhost/kith?sslmode=sometimes",
            "sslmode=sometimes",
        ),
        (
            "postgresql://kith:geheim@localhost:port/kith",
            "DATABASE_URL",
        ),
        (
            "postgresql://kith:geheim@localhost/kith?sslmode=verify-full&sslrootcert=/nowhere.pem",
            "/nowhere.pem",
        ),
    ] {
        let Err(error) = Target::parse(url) else {
            panic!("{url} was accepted")
        };
        let text = error.to_string();
        assert!(
            text.contains(expected) && !text.contains("geheim"),
            "{text}"
        );
    }
    let target = Target::parse("postgresql://kith:geheim@127.0.0.1:1/kith").unwrap();
    assert!(!format!("{target:?}").contains("geheim"));
    let Err(error) = AdminConnection::connect(&target).await else {
        panic!("connected to port 1")
    };
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_to_the_operator() {
    let test = TestDatabase::empty(Transport::Tcp).await;
    let right = Target::parse(test.url()).unwrap();
    for wrong in [
        right.with_role(right.role(), Some("guess")),
        right.with_role(right.role(), None),
    ] {
        let Err(error) = AdminConnection::connect(&wrong).await else {
            panic!("signed in with a wrong password")
        };
        let StoreError::Setup { message } = &error else {
            panic!("{error:?}")
        };
        assert!(message.contains("password"), "{message}");
    }
}
