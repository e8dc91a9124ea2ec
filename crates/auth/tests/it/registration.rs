//! Making an account.

use kith_auth::{AuthError, Registration, RegistrationPolicy};
use kith_store::Origin;

use crate::fixture::{Fixture, PASSWORD, origin};

#[tokio::test]
async fn the_first_person_owns_the_first_organization_and_the_door_closes() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let status = kith.sessions.registration_status().await.unwrap();
    assert!(status.registration_open && status.first);
    let session = kith.register("ada").await.unwrap();
    assert_eq!(session.organization.slug, "ada-sohne");
    assert_eq!(session.organization.base_currency, "USD");
    assert_eq!(session.user.email.as_deref(), Some("ada@example.com"));
    let actor = kith.actor(&session).await.unwrap();
    assert_eq!(actor.role.key, "owner");
    assert!(actor.grants.iter().count() > 50);
    let status = kith.sessions.registration_status().await.unwrap();
    assert!(!status.registration_open && !status.first);
    // Also for the address that has an account: nothing is told.
    for name in ["ada", "bob"] {
        let refused = kith.register(name).await.unwrap_err();
        assert!(
            matches!(refused, AuthError::RegistrationClosed),
            "{refused:?}"
        );
    }
    let trail = kith
        .text(
            "select string_agg(new_values ->> 'outcome' || ' ' || (user_id = record_id) || ' ' || host(ip_address) || ' ' || user_agent, ', ' order by id)
             from audit_log where action = 'LOGIN'",
        )
        .await;
    assert_eq!(
        trail,
        "registered true 192.0.2.7 a test, signed_in true 192.0.2.7 a test"
    );
    let made_by = kith
        .text("select user_id::text from audit_log where entity_type = 'role' and action = 'INSERT' limit 1")
        .await;
    assert_eq!(made_by, session.user.id.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_first_registrations_at_once_one_wins() {
    for _ in 0..3 {
        let kith = Fixture::new(RegistrationPolicy::First).await;
        let (a, b, c) = tokio::join!(
            kith.register("ada"),
            kith.register("bob"),
            kith.register("cyd")
        );
        let results = [a, b, c];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for refused in results.into_iter().filter_map(Result::err) {
            assert!(
                matches!(refused, AuthError::RegistrationClosed),
                "{refused:?}"
            );
        }
        let left = "select concat((select count(*) from users), ' ', (select count(*) from organizations), ' ',
            (select count(*) from memberships m join roles r on r.id = m.role_id where r.key = 'owner'))";
        assert_eq!(kith.text(left).await, "1 1 1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn open_registration_makes_each_their_own_and_refuses_a_known_address() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let named = |email: &str| Registration {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "Somebody".to_owned(),
        organization_name: "Same Name".to_owned(),
    };
    let origin = origin();
    let (one, two, three) = (
        named("1@a.example"),
        named("2@a.example"),
        named("2@A.example "),
    );
    let (a, b) = tokio::join!(
        kith.sessions.register(&one, &origin),
        kith.sessions.register(&two, &origin),
    );
    let mut slugs = [a.unwrap().organization.slug, b.unwrap().organization.slug];
    slugs.sort();
    assert_eq!(slugs, ["same-name", "same-name-2"]);
    let refused = kith.sessions.register(&three, &origin).await.unwrap_err();
    assert!(
        matches!(refused, AuthError::RegistrationRefused),
        "{refused:?}"
    );
    assert!(!refused.to_string().contains("exists"));
    assert_eq!(
        kith.text("select count(*)::text from organizations").await,
        "2",
        "a refused registration leaves nothing"
    );
}

#[tokio::test]
async fn a_name_without_letters_still_has_a_slug_and_an_invited_address_is_not_for_the_taking() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let mut registration = Registration {
        email: "li@a.example".to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "李".to_owned(),
        organization_name: "有限公司".to_owned(),
    };
    let session = kith
        .sessions
        .register(&registration, &origin())
        .await
        .unwrap();
    assert_eq!(session.organization.slug, "organization");
    assert_eq!(session.organization.name, "有限公司");
    kith.script("insert into users (email, full_name) values ('invited@a.example', 'Invited')")
        .await;
    registration.email = "invited@a.example".to_owned();
    let refused = kith
        .sessions
        .register(&registration, &origin())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, AuthError::RegistrationRefused),
        "{refused:?}"
    );
}

#[tokio::test]
async fn every_bad_field_is_named_at_once_and_closed_is_closed() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let bad = Registration {
        email: "no address".to_owned(),
        password: "short".to_owned(),
        full_name: " ".to_owned(),
        organization_name: "x".repeat(256),
    };
    let AuthError::Faults(faults) = kith
        .sessions
        .register(&bad, &Origin::new("api"))
        .await
        .unwrap_err()
    else {
        panic!("no faults");
    };
    let mut fields: Vec<_> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.field, fault.code))
        .collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "email not_an_email",
            "full_name required",
            "organization_name too_long",
            "password too_short"
        ]
    );
    let closed = Fixture::new(RegistrationPolicy::Closed).await;
    let refused = closed.register("ada").await.unwrap_err();
    assert!(
        matches!(refused, AuthError::RegistrationClosed),
        "{refused:?}"
    );
}
