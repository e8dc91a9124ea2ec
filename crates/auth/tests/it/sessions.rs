//! Signing in and staying signed in.

use kith_auth::{AuthError, PasswordChange, RegistrationPolicy, SignIn};
use kith_store::{Statement, types::Type};
use uuid::Uuid;

use crate::fixture::{Fixture, PASSWORD, origin};

#[tokio::test]
async fn wrong_unknown_passwordless_and_switched_off_all_answer_the_same() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    kith.script("insert into users (email, full_name) values ('invited@example.com', 'Invited')")
        .await;
    let hasher = kith.sessions.passwords().clone();
    let mut answers = Vec::new();
    answers.push(
        kith.sign_in("ada", "wrong horse battery")
            .await
            .unwrap_err(),
    );
    assert_eq!(hasher.verified_for_nobody(), 0);
    answers.push(kith.sign_in("nobody", PASSWORD).await.unwrap_err());
    assert_eq!(
        hasher.verified_for_nobody(),
        1,
        "an unknown account takes as long"
    );
    answers.push(kith.sign_in("invited", PASSWORD).await.unwrap_err());
    assert_eq!(
        hasher.verified_for_nobody(),
        2,
        "an account without a password takes as long"
    );
    answers.push(kith.sign_in("not an address", PASSWORD).await.unwrap_err());
    assert_eq!(
        hasher.verified_for_nobody(),
        3,
        "what is no address takes as long"
    );
    answers.push(kith.sign_in("ada", &"x".repeat(201)).await.unwrap_err());
    kith.script("update users set is_active = false where email = 'ada@example.com'")
        .await;
    answers.push(kith.sign_in("ada", PASSWORD).await.unwrap_err());
    for answer in answers {
        assert!(
            matches!(answer, AuthError::InvalidCredentials),
            "{answer:?}"
        );
    }
    kith.sessions.settle().await;
    let trail = kith
        .text("select string_agg(new_values::text, ' ' order by id) from audit_log where new_values ->> 'outcome' = 'failed'")
        .await;
    assert_eq!(
        trail,
        r#"{"reason": "password", "outcome": "failed"} {"reason": "inactive", "outcome": "failed"}"#
    );
    let who = kith
        .text("select string_agg(distinct record_id || ' ' || coalesce(user_id::text, 'nobody'), ' ') from audit_log where new_values ->> 'outcome' = 'failed'")
        .await;
    assert_eq!(who, format!("{} nobody", session.user.id));
}

#[tokio::test]
async fn signing_in_is_remembered_and_brings_old_hashes_up_to_date() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    kith.register("ada").await.unwrap();
    // Argon2id with 8 MiB and one pass, made for PASSWORD by another program would look the same.
    let hash = {
        use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(PASSWORD.as_bytes())
            .unwrap()
            .to_string()
    };
    let update = Statement::new("update users set password_hash = $1, last_login_at = null")
        .with(hash, Type::TEXT);
    kith.test.admin().await.execute(&update).await.unwrap();
    kith.sign_in("ADA", PASSWORD).await.unwrap();
    let stored = "select concat(password_hash, ' ', last_login_at is not null) from users";
    let stored = kith.text(stored).await;
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored}"
    );
    assert!(stored.ends_with(" t"), "{stored}");
    kith.sign_in("ada", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn failures_are_throttled_and_successes_are_not() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    kith.register("ada").await.unwrap();
    for _ in 0..12 {
        kith.sign_in("ada", PASSWORD).await.unwrap();
    }
    for _ in 0..10 {
        let wrong = kith
            .sign_in("ada", "wrong horse battery")
            .await
            .unwrap_err();
        assert!(matches!(wrong, AuthError::InvalidCredentials), "{wrong:?}");
    }
    for password in ["wrong horse battery", PASSWORD] {
        match kith.sign_in("ada", password).await {
            Err(AuthError::Throttled { retry_after }) => {
                assert!((1..=60).contains(&retry_after.as_secs()), "{retry_after:?}");
            }
            other => panic!("not throttled: {other:?}"),
        }
    }
    // An account that does not exist is throttled alike, and others are not touched.
    for _ in 0..10 {
        kith.sign_in("nobody", PASSWORD).await.unwrap_err();
    }
    let refused = kith.sign_in("nobody", PASSWORD).await.unwrap_err();
    assert!(
        matches!(refused, AuthError::Throttled { .. }),
        "{refused:?}"
    );
    kith.sessions.settle().await;
    let failed = "select count(*)::text from audit_log where new_values ->> 'outcome' = 'failed'";
    assert_eq!(
        kith.text(failed).await,
        "10",
        "a refused attempt writes nothing"
    );
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_its_second_use_ends_the_session() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let first = kith.register("ada").await.unwrap();
    let other = kith.sign_in("ada", PASSWORD).await.unwrap();
    let second = kith
        .sessions
        .refresh(&first.refresh_token, &origin())
        .await
        .unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(second.organization.id, first.organization.id);
    kith.actor(&second).await.unwrap();
    // Within a moment of its use it is a second tab: no token, and nothing ends.
    let raced = kith
        .sessions
        .refresh(&first.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(matches!(raced, AuthError::AlreadyRefreshed), "{raced:?}");
    let third = kith
        .sessions
        .refresh(&second.refresh_token, &origin())
        .await
        .unwrap();
    kith.actor(&third).await.unwrap();
    // Later it is theft.
    kith.script("update refresh_tokens set used_at = used_at - interval '1 minute'")
        .await;
    let reused = kith
        .sessions
        .refresh(&first.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(matches!(reused, AuthError::SessionEnded), "{reused:?}");
    let ended = kith
        .sessions
        .refresh(&third.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(
        matches!(ended, AuthError::SessionEnded),
        "the whole family has ended: {ended:?}"
    );
    let out = kith.actor(&third).await.unwrap_err();
    assert!(
        matches!(out, AuthError::NotAMember),
        "its access token too: {out:?}"
    );
    // The person's other session is none of the thief's business.
    kith.sessions
        .refresh(&other.refresh_token, &origin())
        .await
        .unwrap();
    let trail = "select count(*)::text from audit_log where new_values ->> 'reason' = 'refresh_token_reused'";
    assert_eq!(kith.text(trail).await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_refreshes_at_the_same_instant_one_wins_and_the_session_goes_on() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let mut session = kith.register("ada").await.unwrap();
    for _ in 0..10 {
        let token = session.refresh_token.clone();
        let origin = origin();
        let (a, b, c) = tokio::join!(
            kith.sessions.refresh(&token, &origin),
            kith.sessions.refresh(&token, &origin),
            kith.sessions.refresh(&token, &origin),
        );
        let mut winners = Vec::new();
        for result in [a, b, c] {
            match result {
                Ok(session) => winners.push(session),
                Err(AuthError::AlreadyRefreshed) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(winners.len(), 1);
        session = winners.pop().unwrap();
    }
    kith.actor(&session).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_refresh_slips_past_signing_out() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    kith.register("ada").await.unwrap();
    for _ in 0..10 {
        let session = kith.sign_in("ada", PASSWORD).await.unwrap();
        let actor = kith.actor(&session).await.unwrap();
        let origin = origin();
        let (out, refreshed) = tokio::join!(
            kith.sessions.sign_out(&actor, &origin),
            kith.sessions.refresh(&session.refresh_token, &origin),
        );
        out.unwrap();
        if let Ok(refreshed) = refreshed {
            let ended = kith
                .sessions
                .refresh(&refreshed.refresh_token, &origin)
                .await;
            assert!(matches!(ended, Err(AuthError::SessionEnded)), "{ended:?}");
        }
    }
    let living = "select count(*)::text from refresh_tokens t where revoked_at is null
        and family_id <> (select family_id from refresh_tokens order by id limit 1)";
    assert_eq!(kith.text(living).await, "0");
}

#[tokio::test]
async fn tokens_that_expired_or_never_were_end_nothing_but_themselves() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    for token in [
        "",
        "x",
        &"A".repeat(43),
        &"é".repeat(30),
        &"A".repeat(10_000),
    ] {
        let ended = kith.sessions.refresh(token, &origin()).await.unwrap_err();
        assert!(matches!(ended, AuthError::SessionEnded), "{ended:?}");
        kith.sessions
            .sign_out_by_token(token, &origin())
            .await
            .unwrap();
    }
    kith.actor(&session).await.unwrap();
    kith.script("update refresh_tokens set expires_at = now() - interval '1 second'")
        .await;
    let ended = kith
        .sessions
        .refresh(&session.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(matches!(ended, AuthError::SessionEnded), "{ended:?}");
    kith.sign_in("ada", PASSWORD).await.unwrap();
    let kept = "select count(*)::text from refresh_tokens";
    assert_eq!(
        kith.text(kept).await,
        "1",
        "signing in clears away what expired"
    );
}

#[tokio::test]
async fn signing_out_ends_this_session_only() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let (here, there) = (
        kith.register("ada").await.unwrap(),
        kith.sign_in("ada", PASSWORD).await.unwrap(),
    );
    let actor = kith.actor(&here).await.unwrap();
    kith.sessions.sign_out(&actor, &origin()).await.unwrap();
    let out = kith.actor(&here).await.unwrap_err();
    assert!(matches!(out, AuthError::NotAMember), "{out:?}");
    let out = kith
        .sessions
        .refresh(&here.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(matches!(out, AuthError::SessionEnded), "{out:?}");
    kith.actor(&there).await.unwrap();
    kith.sessions
        .sign_out_by_token(&there.refresh_token, &origin())
        .await
        .unwrap();
    kith.actor(&there).await.unwrap_err();
}

#[tokio::test]
async fn switching_goes_on_in_another_organization_of_the_user_only() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let ada = kith.register("ada").await.unwrap();
    let bob = kith.register("bob").await.unwrap();
    let actor = kith.actor(&ada).await.unwrap();
    for nowhere in [bob.organization.id, Uuid::now_v7()] {
        let refused = kith
            .sessions
            .switch_organization(&actor, nowhere, &origin())
            .await
            .unwrap_err();
        assert!(matches!(refused, AuthError::NotAMember), "{refused:?}");
    }
    kith.join(ada.user.id, bob.organization.id, "viewer").await;
    let there = kith
        .sessions
        .switch_organization(&actor, bob.organization.id, &origin())
        .await
        .unwrap();
    assert_eq!(there.organization.id, bob.organization.id);
    let actor = kith.actor(&there).await.unwrap();
    assert_eq!(actor.role.key, "viewer");
    let me = kith.sessions.me(&actor).await.unwrap();
    let mine: Vec<_> = me
        .memberships
        .iter()
        .map(|membership| (membership.organization_id, membership.role_key.as_str()))
        .collect();
    assert_eq!(
        mine,
        [
            (ada.organization.id, "owner"),
            (bob.organization.id, "viewer")
        ]
    );
    let again = kith
        .sessions
        .refresh(&there.refresh_token, &origin())
        .await
        .unwrap();
    assert_eq!(again.organization.id, bob.organization.id);
    // Next time they start where they were, unless they say where.
    assert_eq!(
        kith.sign_in("ada", PASSWORD).await.unwrap().organization.id,
        bob.organization.id
    );
    let mut sign_in = SignIn {
        email: "ada@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        totp: None,
        organization_id: Some(ada.organization.id),
    };
    let home = kith.sessions.sign_in(&sign_in, &origin()).await.unwrap();
    assert_eq!(home.organization.id, ada.organization.id);
    sign_in.organization_id = Some(Uuid::now_v7());
    let refused = kith
        .sessions
        .sign_in(&sign_in, &origin())
        .await
        .unwrap_err();
    assert!(matches!(refused, AuthError::NotAMember), "{refused:?}");
}

/// The field that a refusal is about.
fn field_of(error: AuthError) -> String {
    let AuthError::Faults(faults) = error else {
        panic!("no faults: {error:?}");
    };
    faults.first().unwrap().field.clone()
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let (here, there) = (
        kith.register("ada").await.unwrap(),
        kith.sign_in("ada", PASSWORD).await.unwrap(),
    );
    let actor = kith.actor(&here).await.unwrap();
    let change = |current: &str, new: &str| PasswordChange {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    let wrong = change("wrong horse battery", "a staple that is correct");
    let wrong = kith
        .sessions
        .change_password(&actor, &wrong, &origin())
        .await
        .unwrap_err();
    assert_eq!(field_of(wrong), "current_password");
    let weak = change(PASSWORD, "password2024");
    let weak = kith
        .sessions
        .change_password(&actor, &weak, &origin())
        .await
        .unwrap_err();
    assert_eq!(field_of(weak), "password");
    let good = change(PASSWORD, "a staple that is correct");
    kith.sessions
        .change_password(&actor, &good, &origin())
        .await
        .unwrap();
    kith.actor(&here).await.unwrap();
    kith.actor(&there).await.unwrap_err();
    kith.sessions
        .refresh(&here.refresh_token, &origin())
        .await
        .unwrap();
    kith.sessions
        .refresh(&there.refresh_token, &origin())
        .await
        .unwrap_err();
    kith.sign_in("ada", PASSWORD).await.unwrap_err();
    kith.sign_in("ada", "a staple that is correct")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_access_token_expires() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    assert_eq!(session.expires_in, 900);
    kith.pass(900);
    kith.actor(&session).await.unwrap();
    kith.pass(31);
    let expired = kith.actor(&session).await.unwrap_err();
    assert!(matches!(expired, AuthError::TokenExpired), "{expired:?}");
    let fresh = kith
        .sessions
        .refresh(&session.refresh_token, &origin())
        .await
        .unwrap();
    kith.actor(&fresh).await.unwrap();
}
