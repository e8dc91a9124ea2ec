//! Signing in with a code.

use kith_auth::{Actor, AuthError, RegistrationPolicy, Session, SignIn};
use totp_rs::{Builder, Secret, Totp};

use crate::fixture::{Fixture, PASSWORD, origin};

/// The person's authenticator.
struct Authenticator(Totp);

impl Authenticator {
    fn code(&self, kith: &Fixture) -> String {
        self.0.generate(kith.now()).to_string()
    }
}

/// Sets a second factor up and turns it on. Answers the authenticator and the recovery codes.
async fn enable(kith: &Fixture, actor: &Actor) -> (Authenticator, Vec<String>) {
    let setup = kith
        .sessions
        .begin_second_factor(actor, PASSWORD, &origin())
        .await
        .unwrap();
    let secret = Secret::try_from_base32(&setup.secret).unwrap();
    let authenticator = Authenticator(Builder::new().with_secret(secret).build().unwrap());
    assert!(setup.uri.contains(&setup.secret), "{}", setup.uri);
    let codes = kith
        .sessions
        .enable_second_factor(actor, &authenticator.code(kith), &origin())
        .await
        .unwrap();
    assert_eq!(codes.len(), 10);
    // The code that turned it on is spent.
    kith.pass(30);
    (authenticator, codes)
}

async fn sign_in(kith: &Fixture, code: Option<&str>) -> Result<Session, AuthError> {
    let sign_in = SignIn {
        email: "ada@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        totp: code.map(str::to_owned),
        organization_id: None,
    };
    kith.sessions.sign_in(&sign_in, &origin()).await
}

fn is_wrong_code(error: &AuthError) -> bool {
    matches!(error, AuthError::Faults(faults) if faults.iter().any(|fault| fault.field == "code"))
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_is_not_enough() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    assert!(!kith.sessions.second_factor(&actor).await.unwrap().enabled);
    let (authenticator, _) = enable(&kith, &actor).await;
    let factor = kith.sessions.second_factor(&actor).await.unwrap();
    assert!(factor.enabled);
    assert_eq!(factor.recovery_codes_left, 10);
    for nothing in [None, Some(""), Some(" ")] {
        let refused = sign_in(&kith, nothing).await;
        assert!(
            matches!(refused, Err(AuthError::SecondFactorRequired)),
            "{refused:?}"
        );
    }
    // Without the password a code says nothing, and is not asked for.
    let wrong = kith.sign_in("ada", "wrong horse battery").await;
    assert!(
        matches!(wrong, Err(AuthError::InvalidCredentials)),
        "{wrong:?}"
    );
    let code = authenticator.code(&kith);
    kith.actor(&sign_in(&kith, Some(&code)).await.unwrap())
        .await
        .unwrap();
    assert_eq!(
        kith.text("select has_second_factor::text from users").await,
        "true"
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_older_ones_are_not_good_after_it() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let (authenticator, _) = enable(&kith, &kith.actor(&session).await.unwrap()).await;
    let earlier = authenticator.code(&kith);
    kith.pass(30);
    let code = authenticator.code(&kith);
    sign_in(&kith, Some(&code)).await.unwrap();
    for replayed in [&code, &earlier] {
        let refused = sign_in(&kith, Some(replayed)).await;
        assert!(
            matches!(refused, Err(AuthError::SecondFactorInvalid)),
            "{refused:?}"
        );
    }
    kith.pass(30);
    sign_in(&kith, Some(&authenticator.code(&kith)))
        .await
        .unwrap();
    let failed =
        "select count(*)::text from audit_log where new_values ->> 'reason' = 'second_factor'";
    assert_eq!(kith.text(failed).await, "2", "a replay is a failed attempt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_use_a_code_at_once_one_gets_in() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let (authenticator, recovery) = enable(&kith, &kith.actor(&session).await.unwrap()).await;
    for code in [authenticator.code(&kith), recovery[0].clone()] {
        let (a, b, c) = tokio::join!(
            sign_in(&kith, Some(&code)),
            sign_in(&kith, Some(&code)),
            sign_in(&kith, Some(&code)),
        );
        let inside = [a, b, c].iter().filter(|result| result.is_ok()).count();
        assert_eq!(inside, 1, "{code}");
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_for_whoever_has_the_password() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let (authenticator, recovery) = enable(&kith, &kith.actor(&session).await.unwrap()).await;
    let right = authenticator.code(&kith);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..5 {
        let refused = sign_in(&kith, Some(wrong)).await;
        assert!(
            matches!(refused, Err(AuthError::SecondFactorInvalid)),
            "{refused:?}"
        );
    }
    // The database remembers, whichever node is asked: now the right code is not looked at either.
    let refused = sign_in(&kith, Some(&right)).await;
    let Err(AuthError::Throttled { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    assert!((1..=30).contains(&retry_after.as_secs()), "{retry_after:?}");
    // A recovery code cannot be guessed, and lets its owner in.
    sign_in(&kith, Some(&recovery[3])).await.unwrap();
    assert_eq!(
        kith.text("select failures::text from second_factors").await,
        "0"
    );
    let grown = "update second_factors set failures = 12; select second_factor_failed(user_id) from second_factors";
    kith.script(grown).await;
    let pause = "select round(extract(epoch from blocked_until - now()))::text from second_factors";
    assert_eq!(kith.text(pause).await, "3600", "an hour at most");
    kith.script("update second_factors set blocked_until = now()")
        .await;
    sign_in(&kith, Some(&right)).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_count_as_failed_attempts_on_the_account() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let (authenticator, _) = enable(&kith, &kith.actor(&session).await.unwrap()).await;
    for attempt in 0..10 {
        // Not a code at all, so that the block of the factor is not what stops it.
        kith.script("update second_factors set failures = 0, blocked_until = null")
            .await;
        let refused = sign_in(&kith, Some("no code")).await;
        assert!(
            matches!(refused, Err(AuthError::SecondFactorInvalid)),
            "{attempt}: {refused:?}"
        );
    }
    let refused = sign_in(&kith, Some(&authenticator.code(&kith))).await;
    assert!(
        matches!(refused, Err(AuthError::Throttled { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn recovery_codes_work_once_each_and_are_replaced_together() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let (authenticator, codes) = enable(&kith, &actor).await;
    sign_in(&kith, Some(&codes[0].to_uppercase()))
        .await
        .unwrap();
    let again = sign_in(&kith, Some(&codes[0])).await;
    assert!(
        matches!(again, Err(AuthError::SecondFactorInvalid)),
        "{again:?}"
    );
    assert_eq!(
        kith.sessions
            .second_factor(&actor)
            .await
            .unwrap()
            .recovery_codes_left,
        9
    );
    let wrong = kith
        .sessions
        .renew_recovery_codes(&actor, "000000", &origin())
        .await;
    assert!(is_wrong_code(&wrong.unwrap_err()));
    let code = authenticator.code(&kith);
    let fresh = kith
        .sessions
        .renew_recovery_codes(&actor, &code, &origin())
        .await
        .unwrap();
    assert_eq!(fresh.len(), 10);
    let spent = kith
        .sessions
        .renew_recovery_codes(&actor, &code, &origin())
        .await;
    assert!(is_wrong_code(&spent.unwrap_err()));
    let old = sign_in(&kith, Some(&codes[1])).await;
    assert!(
        matches!(old, Err(AuthError::SecondFactorInvalid)),
        "{old:?}"
    );
    sign_in(&kith, Some(&fresh[9])).await.unwrap();
}

#[tokio::test]
async fn turning_it_off_takes_the_password_and_a_code() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let (authenticator, _) = enable(&kith, &actor).await;
    let disable = async |password: &str, code: &str| {
        kith.sessions
            .disable_second_factor(&actor, password, code, &origin())
            .await
    };
    let wrong = disable("wrong horse battery", &authenticator.code(&kith))
        .await
        .unwrap_err();
    assert!(
        matches!(&wrong, AuthError::Faults(faults) if faults[0].field == "password"),
        "{wrong:?}"
    );
    assert!(is_wrong_code(
        &disable(PASSWORD, "000000").await.unwrap_err()
    ));
    disable(PASSWORD, &authenticator.code(&kith)).await.unwrap();
    sign_in(&kith, None).await.unwrap();
    assert_eq!(
        kith.text("select has_second_factor::text from users").await,
        "false"
    );
    assert_eq!(
        kith.text("select count(*)::text from recovery_codes").await,
        "0"
    );
    let again = disable(PASSWORD, "000000").await;
    assert!(matches!(again, Err(AuthError::NoSecondFactor)), "{again:?}");
    let kinds: Vec<String> = kith
        .post()
        .await
        .into_iter()
        .map(|mail| mail.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            "verify_email",
            "second_factor_enabled",
            "second_factor_disabled"
        ]
    );
}

#[tokio::test]
async fn it_is_on_only_once_a_code_has_shown_that_the_authenticator_works() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let early = kith
        .sessions
        .enable_second_factor(&actor, "000000", &origin())
        .await;
    assert!(matches!(early, Err(AuthError::NoSecondFactor)), "{early:?}");
    let first = kith
        .sessions
        .begin_second_factor(&actor, PASSWORD, &origin())
        .await
        .unwrap();
    let wrong = kith
        .sessions
        .begin_second_factor(&actor, "wrong horse battery", &origin())
        .await;
    assert!(matches!(&wrong, Err(AuthError::Faults(faults)) if faults[0].field == "password"));
    sign_in(&kith, None).await.unwrap();
    // Begun anew, the first secret is worth nothing.
    let second = kith
        .sessions
        .begin_second_factor(&actor, PASSWORD, &origin())
        .await
        .unwrap();
    assert_ne!(first.secret, second.secret);
    let old = Builder::new()
        .with_secret(Secret::try_from_base32(&first.secret).unwrap())
        .build()
        .unwrap();
    let refused = kith
        .sessions
        .enable_second_factor(&actor, &old.generate(kith.now()).to_string(), &origin())
        .await;
    assert!(is_wrong_code(&refused.unwrap_err()));
    enable(&kith, &actor).await;
    let again = kith
        .sessions
        .begin_second_factor(&actor, PASSWORD, &origin())
        .await;
    assert!(
        matches!(&again, Err(AuthError::Store(kith_store::StoreError::Raised { code, .. })) if code == "KT409"),
        "{:?}",
        again.err()
    );
}

#[tokio::test]
async fn the_secret_is_sealed_and_opens_for_its_owner_alone() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let setup = kith
        .sessions
        .begin_second_factor(&actor, PASSWORD, &origin())
        .await
        .unwrap();
    let secret = Secret::try_from_base32(&setup.secret).unwrap();
    let hex = secret
        .as_bytes()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let kept = kith
        .text("select encode(sealed_secret, 'hex') from second_factors")
        .await;
    assert!(!kept.contains(&hex));
    // Moved to somebody else's row it is of no use.
    let bob = kith.register("bob").await.unwrap();
    let bobs = kith.actor(&bob).await.unwrap();
    kith.sessions
        .begin_second_factor(&bobs, PASSWORD, &origin())
        .await
        .unwrap();
    kith.script(&format!(
        "update second_factors set sealed_secret = (select sealed_secret from second_factors where user_id = '{}') where user_id = '{}'",
        ada_id(&session),
        ada_id(&bob)
    ))
    .await;
    let code = Builder::new()
        .with_secret(secret)
        .build()
        .unwrap()
        .generate(kith.now())
        .to_string();
    let refused = kith
        .sessions
        .enable_second_factor(&bobs, &code, &origin())
        .await;
    assert!(
        matches!(refused, Err(AuthError::Internal(_))),
        "{refused:?}"
    );
}

fn ada_id(session: &Session) -> uuid::Uuid {
    session.user.id
}

#[tokio::test]
async fn whoever_takes_an_unconfirmed_address_over_is_rid_of_what_was_prepared_there() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    // Somebody registers with an address that is not theirs, and prepares to stay.
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    enable(&kith, &actor).await;
    kith.post().await;
    // The person who reads the mailbox takes the account.
    kith.sessions
        .forgot_password("ada@example.com", &origin())
        .await
        .unwrap();
    let mail = kith.one_mail("reset_password").await;
    kith.sessions
        .reset_password(&mail.token, "a staple that is correct", &origin())
        .await
        .unwrap();
    kith.sign_in("ada", "a staple that is correct")
        .await
        .unwrap();
    assert_eq!(
        kith.text("select is_verified::text from users").await,
        "true"
    );
    // From now on a forgotten password does not take the second factor away.
    let session = kith
        .sign_in("ada", "a staple that is correct")
        .await
        .unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let setup = kith
        .sessions
        .begin_second_factor(&actor, "a staple that is correct", &origin())
        .await
        .unwrap();
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(&setup.secret).unwrap())
        .build()
        .unwrap();
    kith.sessions
        .enable_second_factor(&actor, &totp.generate(kith.now()).to_string(), &origin())
        .await
        .unwrap();
    kith.post().await;
    kith.sessions
        .forgot_password("ada@example.com", &origin())
        .await
        .unwrap();
    let mail = kith.one_mail("reset_password").await;
    kith.sessions
        .reset_password(&mail.token, PASSWORD, &origin())
        .await
        .unwrap();
    let refused = sign_in(&kith, None).await;
    assert!(
        matches!(refused, Err(AuthError::SecondFactorRequired)),
        "{refused:?}"
    );
}
