//! Properties of tokens.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kith_auth::{AccessTokens, AuthError, KeyRing, OpaqueToken};
use proptest::prelude::*;
use uuid::Uuid;

use crate::fixture::Folder;

static RING: LazyLock<(Arc<KeyRing>, Folder)> = LazyLock::new(|| {
    let folder = Folder::new();
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    (Arc::new(KeyRing::open(&folder.0, now).unwrap()), folder)
});

fn tokens() -> AccessTokens {
    AccessTokens::new(Arc::clone(&RING.0), "https://crm.example")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

prop_compose! {
    fn ids()(bytes in any::<[u128; 3]>()) -> (Uuid, Uuid, Uuid) {
        let [a, b, c] = bytes.map(Uuid::from_u128);
        (a, b, c)
    }
}

proptest! {
    #[test]
    fn what_was_issued_is_read_back_within_its_time_and_only_then(
        (user, organization, session) in ids(), issued in 1_000_000_000_i64..4_000_000_000, later in -100_i64..2_000,
    ) {
        let token = tokens().issue(user, organization, session, at(issued)).unwrap();
        match tokens().verify(&token, at(issued + later)) {
            Ok(claims) => {
                prop_assert!((-30..930).contains(&later));
                prop_assert_eq!((claims.sub, claims.org, claims.sid), (user, organization, session));
                prop_assert_eq!((claims.iat, claims.exp), (issued, issued + 900));
            }
            Err(AuthError::TokenExpired) => prop_assert!(later >= 930),
            Err(AuthError::TokenInvalid) => prop_assert!(later < -30),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_changed_character_is_noticed(
        (user, organization, session) in ids(), place in any::<prop::sample::Index>(), other in "[A-Za-z0-9_.-]",
    ) {
        let token = tokens().issue(user, organization, session, at(1_800_000_000)).unwrap();
        let place = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(place..=place, &other);
        let verdict = tokens().verify(&changed, at(1_800_000_001));
        // The last character of a part may carry bits that nobody reads; a strict decoder refuses those too.
        prop_assert_eq!(verdict.is_ok(), changed == token, "{:?}", verdict);
    }

    #[test]
    fn no_text_is_a_token_by_chance_and_none_does_harm(text in any::<String>()) {
        let refused = matches!(tokens().verify(&text, at(1_800_000_000)), Err(AuthError::TokenInvalid));
        prop_assert!(refused);
        if let Some(token) = OpaqueToken::parse(&text) {
            prop_assert_eq!(token.as_str(), text);
        }
    }
}

#[test]
fn another_issuer_another_key_and_no_signature_are_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let id = Uuid::now_v7();
    let now = at(1_800_000_000);
    let stranger = AccessTokens::new(Arc::clone(&RING.0), "https://elsewhere.example");
    let folder = Folder::new();
    let forger = AccessTokens::new(
        Arc::new(KeyRing::open(&folder.0, now).unwrap()),
        "https://crm.example",
    );
    let good = tokens().issue(id, id, id, now).unwrap();
    let claims = good.split('.').nth(1).unwrap();
    let unsigned = URL_SAFE_NO_PAD.encode(format!(
        r#"{{"alg":"none","kid":"{}"}}"#,
        RING.0.ids().first().unwrap().simple()
    ));
    for token in [
        stranger.issue(id, id, id, now).unwrap(),
        forger.issue(id, id, id, now).unwrap(),
        format!("{unsigned}.{claims}."),
        format!("{good}."),
        "a.b.c".to_owned(),
        String::new(),
        "x".repeat(1_000_000),
    ] {
        let verdict = tokens().verify(&token, now);
        assert!(
            matches!(verdict, Err(AuthError::TokenInvalid)),
            "{verdict:?}"
        );
    }
    tokens().verify(&good, now).unwrap();
}

#[test]
fn refresh_tokens_are_long_random_and_kept_to_themselves() {
    let (one, two) = (
        OpaqueToken::generate().unwrap(),
        OpaqueToken::generate().unwrap(),
    );
    assert_eq!(one.as_str().len(), 43);
    assert_ne!(one.as_str(), two.as_str());
    assert_eq!(one.hash().len(), 32);
    assert_eq!(OpaqueToken::parse(one.as_str()).unwrap().hash(), one.hash());
    assert!(!format!("{one:?}").contains(one.as_str()));
}
