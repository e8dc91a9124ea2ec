//! Forgotten passwords and addresses to confirm.

use kith_auth::{AuthError, OpaqueToken, RegistrationPolicy};

use crate::fixture::{Fixture, PASSWORD, origin};

const NEW: &str = "a staple that is correct";

async fn forgot(kith: &Fixture, email: &str) -> Result<(), AuthError> {
    kith.sessions.forgot_password(email, &origin()).await
}

async fn reset(kith: &Fixture, token: &str, password: &str) -> Result<(), AuthError> {
    kith.sessions
        .reset_password(token, password, &origin())
        .await
}

/// A person who has registered and confirmed their address.
async fn ada() -> Fixture {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    kith.register("ada").await.unwrap();
    let mail = kith.one_mail("verify_email").await;
    kith.sessions
        .verify_email(&mail.token, &origin())
        .await
        .unwrap();
    kith
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_session_ends() {
    let kith = ada().await;
    let session = kith.sign_in("ada", PASSWORD).await.unwrap();
    forgot(&kith, " ADA@example.com").await.unwrap();
    let mail = kith.one_mail("reset_password").await;
    assert_eq!(mail.recipient, "ada@example.com");
    reset(&kith, &mail.token, NEW).await.unwrap();
    kith.actor(&session).await.unwrap_err();
    let ended = kith
        .sessions
        .refresh(&session.refresh_token, &origin())
        .await;
    assert!(matches!(ended, Err(AuthError::SessionEnded)), "{ended:?}");
    kith.sign_in("ada", PASSWORD).await.unwrap_err();
    kith.sign_in("ada", NEW).await.unwrap();
    let told = kith.one_mail("password_changed").await;
    assert!(told.details.contains("192.0.2.7"), "{told:?}");
    let trail =
        "select count(*)::text from audit_log where new_values ->> 'outcome' = 'password_reset'";
    assert_eq!(kith.text(trail).await, "1");
}

#[tokio::test]
async fn a_link_works_once_for_a_while_and_for_one_purpose() {
    let kith = ada().await;
    forgot(&kith, "ada@example.com").await.unwrap();
    let first = kith.one_mail("reset_password").await;
    forgot(&kith, "ada@example.com").await.unwrap();
    let second = kith.one_mail("reset_password").await;
    // What is wrong with the password uses nothing up.
    let weak = reset(&kith, &first.token, "password2024").await;
    assert!(matches!(weak, Err(AuthError::Faults(_))), "{weak:?}");
    let other_purpose = kith.sessions.verify_email(&first.token, &origin()).await;
    assert!(
        matches!(other_purpose, Err(AuthError::LinkInvalid)),
        "{other_purpose:?}"
    );
    reset(&kith, &first.token, NEW).await.unwrap();
    let unknown = OpaqueToken::generate().unwrap();
    for token in [
        &first.token,
        &second.token,
        unknown.as_str(),
        "",
        "x",
        &"é".repeat(43),
    ] {
        let refused = reset(&kith, token, "another one of these").await;
        assert!(
            matches!(refused, Err(AuthError::LinkInvalid)),
            "{token}: {refused:?}"
        );
    }
    let _ = kith.post().await;
    forgot(&kith, "ada@example.com").await.unwrap();
    let late = kith.one_mail("reset_password").await;
    let lifetime = "select extract(epoch from expires_at - created_at)::text from one_time_tokens";
    assert_eq!(kith.text(lifetime).await, "3600.000000");
    kith.script("update one_time_tokens set expires_at = now()")
        .await;
    let refused = reset(&kith, &late.token, NEW).await;
    assert!(
        matches!(refused, Err(AuthError::LinkInvalid)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_use_a_link_at_once_one_wins() {
    let kith = ada().await;
    for round in 0..5 {
        forgot(&kith, "ada@example.com").await.unwrap();
        let mail = kith
            .post()
            .await
            .into_iter()
            .find(|mail| mail.kind == "reset_password")
            .unwrap();
        let (one, two) = (
            format!("first of round {round}"),
            format!("second of round {round}"),
        );
        let (a, b) = tokio::join!(
            reset(&kith, &mail.token, &one),
            reset(&kith, &mail.token, &two)
        );
        assert_ne!(a.is_ok(), b.is_ok(), "{a:?} {b:?}");
        let right = if a.is_ok() { &one } else { &two };
        kith.sign_in("ada", right).await.unwrap();
    }
}

/// The request does the same for every address, down to the statements that it sends: what differs is found out later,
/// where nobody waits for it.
#[tokio::test]
async fn asking_for_a_password_does_not_tell_who_has_an_account() {
    let kith = ada().await;
    kith.script("insert into users (email, full_name, is_active) values ('gone@example.com', 'Gone', false)").await;
    for email in [
        "ada@example.com",
        "nobody@example.com",
        "gone@example.com",
        "no address",
    ] {
        forgot(&kith, email).await.unwrap();
    }
    let queued = "select string_agg(format('%s %s %s %s', kind, recipient, user_id, details), ', ' order by recipient) from outgoing_mail where status = 'queued'";
    assert_eq!(
        kith.text(queued).await,
        "reset_password ada@example.com  {}, reset_password gone@example.com  {}, reset_password nobody@example.com  {}"
    );
    let mails = kith.post().await;
    let recipients: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["ada@example.com"]);
}

#[tokio::test]
async fn mail_that_anyone_may_ask_for_is_throttled_alike() {
    let kith = ada().await;
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            forgot(&kith, email).await.unwrap();
        }
        let refused = forgot(&kith, email).await;
        assert!(
            matches!(refused, Err(AuthError::Throttled { .. })),
            "{email}: {refused:?}"
        );
    }
    // Signing in is counted apart: nobody is locked out by it.
    kith.sign_in("ada", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_address_is_confirmed_once() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let first = kith.one_mail("verify_email").await;
    kith.sessions
        .resend_verification(&actor, &origin())
        .await
        .unwrap();
    let second = kith.one_mail("verify_email").await;
    assert_eq!(
        kith.text("select is_verified::text from users").await,
        "false"
    );
    kith.sessions
        .verify_email(&second.token, &origin())
        .await
        .unwrap();
    assert_eq!(
        kith.text("select is_verified::text from users").await,
        "true"
    );
    for token in [&first.token, &second.token] {
        let refused = kith.sessions.verify_email(token, &origin()).await;
        assert!(
            matches!(refused, Err(AuthError::LinkInvalid)),
            "{refused:?}"
        );
    }
    kith.sessions
        .resend_verification(&actor, &origin())
        .await
        .unwrap();
    assert!(
        kith.post().await.is_empty(),
        "there is nothing to confirm any more"
    );
}

#[tokio::test]
async fn a_link_to_an_address_that_is_no_longer_the_persons_proves_nothing() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    kith.register("ada").await.unwrap();
    let verify = kith.one_mail("verify_email").await;
    forgot(&kith, "ada@example.com").await.unwrap();
    let forgotten = kith.one_mail("reset_password").await;
    kith.script("update users set email = 'ada@new.example'")
        .await;
    let refused = kith.sessions.verify_email(&verify.token, &origin()).await;
    assert!(
        matches!(refused, Err(AuthError::LinkInvalid)),
        "{refused:?}"
    );
    let refused = reset(&kith, &forgotten.token, NEW).await;
    assert!(
        matches!(refused, Err(AuthError::LinkInvalid)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_application_reads_no_tokens_and_no_mail() {
    let kith = ada().await;
    forgot(&kith, "ada@example.com").await.unwrap();
    kith.post().await;
    for sql in [
        "select token_hash from one_time_tokens",
        "insert into one_time_tokens (purpose, user_id, email, token_hash, expires_at) values ('reset_password', gen_random_uuid(), 'a@b.example', '', now())",
        "select * from outgoing_mail",
        "insert into outgoing_mail (kind, recipient) values ('reset_password', 'ada@example.com')",
        "select queue_mail('reset_password', 'ada@example.com', null, null, '{}')::text",
        "select prove_address(gen_random_uuid())::text",
    ] {
        let statement = [kith_store::Statement::new(sql)];
        let result = kith.test.database().system_read(None, &statement).await;
        assert!(
            matches!(&result, Err(kith_store::StoreError::Permission { .. }))
                || matches!(&result, Err(kith_store::StoreError::Internal { detail }) if detail.starts_with("25006")),
            "{sql}: {result:?}"
        );
    }
}
