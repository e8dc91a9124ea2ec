//! One's own account: profile and sessions.

use kith_auth::{AuthError, RegistrationPolicy};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::fixture::{Fixture, PASSWORD, origin};

fn changes(body: Json) -> Map<String, Json> {
    body.as_object().cloned().unwrap_or_default()
}

#[tokio::test]
async fn people_change_what_they_say_about_themselves() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let body = json!({"full_name": "Ada King", "phone": "+1 415 555 0112", "timezone": "Europe/London", "locale": "en-GB"});
    kith.sessions
        .update_profile(&actor, &changes(body), &origin())
        .await
        .unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let me = kith.sessions.me(&actor).await.unwrap();
    assert_eq!(me.actor.user.full_name, "Ada King");
    assert_eq!(me.actor.user.timezone.as_deref(), Some("Europe/London"));
    assert_eq!(me.profile.phone.as_deref(), Some("+14155550112"));
    assert!(!me.profile.is_verified && !me.profile.has_second_factor);
    // Null empties, and what is not given stays.
    kith.sessions
        .update_profile(&actor, &changes(json!({"phone": null})), &origin())
        .await
        .unwrap();
    let me = kith
        .sessions
        .me(&kith.actor(&session).await.unwrap())
        .await
        .unwrap();
    assert_eq!(me.profile.phone, None);
    assert_eq!(me.actor.user.full_name, "Ada King");
    let trail = kith
        .text("select string_agg(array_to_string(changed_fields, ','), ' ' order by created_at, id) from audit_log where entity_type = 'user' and action = 'UPDATE'")
        .await;
    assert_eq!(trail, "full_name,locale,phone,timezone phone");
}

#[tokio::test]
async fn every_bad_field_of_a_profile_is_named_and_others_are_not_theirs() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    let body = json!({"full_name": " ", "phone": "12", "timezone": "Mars/Olympus", "locale": 7, "avatar_url": "javascript:alert(1)",
        "email": "other@example.com", "is_verified": true});
    let refused = kith
        .sessions
        .update_profile(&actor, &changes(body), &origin())
        .await;
    let Err(AuthError::Faults(faults)) = refused else {
        panic!("{refused:?}");
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "full_name",
            "phone",
            "timezone",
            "locale",
            "avatar_url",
            "email",
            "is_verified"
        ]
    );
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_but_this() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let here = kith.register("ada").await.unwrap();
    let there = kith.sign_in("ada", PASSWORD).await.unwrap();
    let third = kith.sign_in("ada", PASSWORD).await.unwrap();
    kith.sessions
        .refresh(&there.refresh_token, &origin())
        .await
        .unwrap();
    let bob = kith.register("bob").await.unwrap();
    let (ada, bobs) = (
        kith.actor(&here).await.unwrap(),
        kith.actor(&bob).await.unwrap(),
    );
    let open = kith.sessions.open_sessions(&ada).await.unwrap();
    assert_eq!(open.len(), 3, "a renewed session is one session");
    let current: Vec<Uuid> = open
        .iter()
        .filter(|one| one.current)
        .map(|one| one.id)
        .collect();
    assert_eq!(current, [ada.session_id.unwrap()]);
    for one in &open {
        assert_eq!(one.ip_address.as_deref(), Some("192.0.2.7"));
        assert_eq!(one.user_agent.as_deref(), Some("a test"));
        assert!(one.expires_at > one.last_used_at && one.last_used_at >= one.created_at);
    }
    // Nobody ends another's.
    let theirs = kith
        .sessions
        .end_session(&bobs, open[0].id, &origin())
        .await
        .unwrap();
    assert!(!theirs);
    assert!(
        !kith
            .sessions
            .end_session(&ada, Uuid::now_v7(), &origin())
            .await
            .unwrap()
    );
    let third_id = kith.actor(&third).await.unwrap().session_id.unwrap();
    assert!(
        kith.sessions
            .end_session(&ada, third_id, &origin())
            .await
            .unwrap()
    );
    let out = kith.actor(&third).await;
    assert!(matches!(out, Err(AuthError::NotAMember)), "{out:?}");
    assert!(
        !kith
            .sessions
            .end_session(&ada, third_id, &origin())
            .await
            .unwrap(),
        "it is gone"
    );
    assert_eq!(kith.sessions.open_sessions(&ada).await.unwrap().len(), 2);
    kith.sessions
        .end_other_sessions(&ada, &origin())
        .await
        .unwrap();
    kith.actor(&there).await.unwrap_err();
    kith.actor(&here).await.unwrap();
    kith.actor(&bob).await.unwrap();
    assert_eq!(kith.sessions.open_sessions(&ada).await.unwrap().len(), 1);
}
