//! Access ends when it should, also for what is kept in memory.

use kith_auth::{ACCESS_CHANNEL, AuthError, RegistrationPolicy};
use kith_catalogue::Action;
use kith_store::{Database, Listener, Notice, Principal, Statement, Target};
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use crate::fixture::{Fixture, PASSWORD, origin};

async fn visible_industries(database: &Database, who: &Principal) -> i64 {
    let count = Statement::new("select count(*) from industries");
    let answers = database.read(who, &[count]).await.unwrap();
    answers.first().unwrap().first().unwrap().get(0)
}

/// The next organization that the channel names.
async fn heard(notices: &mut Receiver<Notice>) -> Uuid {
    loop {
        if let Notice::Notification { channel, payload } = notices.recv().await.unwrap() {
            assert_eq!(channel, ACCESS_CHANNEL);
            return payload.parse().unwrap();
        }
    }
}

async fn listen(kith: &Fixture) -> (Listener, Receiver<Notice>) {
    let target = Target::parse(kith.test.url()).unwrap();
    let listener = Listener::start(&target, &[ACCESS_CHANNEL]).unwrap();
    let mut notices = listener.subscribe();
    assert_eq!(notices.recv().await.unwrap(), Notice::Listening);
    (listener, notices)
}

#[tokio::test]
async fn a_user_who_is_switched_off_is_out_at_once() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actor = kith.actor(&session).await.unwrap();
    assert_eq!(
        visible_industries(kith.test.database(), &actor.principal).await,
        10
    );
    let (_listener, mut notices) = listen(&kith).await;
    kith.script("update users set is_active = false").await;
    assert_eq!(
        visible_industries(kith.test.database(), &actor.principal).await,
        0,
        "row security asks at every statement"
    );
    assert_eq!(heard(&mut notices).await, session.organization.id);
    kith.sessions.actors().invalidate(session.organization.id);
    let out = kith.actor(&session).await.unwrap_err();
    assert!(matches!(out, AuthError::NotAMember), "{out:?}");
    let out = kith
        .sessions
        .refresh(&session.refresh_token, &origin())
        .await
        .unwrap_err();
    assert!(matches!(out, AuthError::SessionEnded), "{out:?}");
    kith.script("update users set is_active = true").await;
    kith.sessions
        .refresh(&session.refresh_token, &origin())
        .await
        .unwrap_err();
    let again = kith.sign_in("ada", PASSWORD).await.unwrap();
    let actor = kith.actor(&again).await.unwrap();
    assert_eq!(actor.role.key, "owner", "the memberships are as they were");
    assert_eq!(
        visible_industries(kith.test.database(), &actor.principal).await,
        10
    );
}

#[tokio::test]
async fn whatever_changes_access_is_announced_and_signing_in_is_not() {
    let kith = Fixture::new(RegistrationPolicy::Open).await;
    let ada = kith.register("ada").await.unwrap();
    let bob = kith.register("bob").await.unwrap();
    let (_listener, mut notices) = listen(&kith).await;
    let home = ada.organization.id;
    for sql in [
        "update role_permissions set scope = 'assigned' where resource = 'deals' and action = 'update' and organization_id = '{}'",
        "delete from role_permissions where resource = 'deals' and action = 'update' and organization_id = '{}'",
        "update roles set name = name || '.' where key = 'sales' and organization_id = '{}'",
        "insert into roles (organization_id, key, name) values ('{}', 'mine', 'Mine')",
        "insert into custom_fields (organization_id, entity, key, label, kind) values ('{}', 'company', 'tier', 'Tier', 'text')",
        "delete from custom_fields where organization_id = '{}'",
        "update organizations set name = 'Renamed' where id = '{}'",
        "update memberships set job_title = 'Boss' where organization_id = '{}'",
        "update users set full_name = 'Renamed' where id = (select user_id from memberships where organization_id = '{}')",
    ] {
        kith.script(&sql.replace("{}", &home.to_string())).await;
        assert_eq!(heard(&mut notices).await, home, "{sql}");
    }
    // Signing in and refreshing are frequent and change nothing that is kept: the next notice is another's.
    let again = kith.sign_in("ada", PASSWORD).await.unwrap();
    kith.sessions
        .refresh(&again.refresh_token, &origin())
        .await
        .unwrap();
    kith.sign_in("ada", "wrong horse battery")
        .await
        .unwrap_err();
    kith.sessions.settle().await;
    let actor = kith.actor(&bob).await.unwrap();
    kith.sessions.sign_out(&actor, &origin()).await.unwrap();
    assert_eq!(heard(&mut notices).await, bob.organization.id);
}

#[tokio::test]
async fn an_actor_is_kept_until_a_notice_comes() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let (listener, mut notices) = listen(&kith).await;
    let actors = kith.sessions.actors().clone();
    actors.set_heard(true);
    let before = kith.actor(&session).await.unwrap();
    assert!(before.grants.allows("deals", Action::Delete));
    let same = kith.actor(&session).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &same), "from memory");
    kith.script("delete from role_permissions where resource = 'deals' and action = 'delete'")
        .await;
    heard(&mut notices).await;
    let same = kith.actor(&session).await.unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&before, &same),
        "nobody told the cache"
    );
    let followed = listener.subscribe();
    let task = tokio::spawn(actors.clone().follow(followed));
    kith.script("update roles set name = name || '.'").await;
    heard(&mut notices).await;
    // The follower is another task: ask until it has heard too. Without it the test would not end.
    let after = loop {
        let now = kith.actor(&session).await.unwrap();
        if !std::sync::Arc::ptr_eq(&before, &now) {
            break now;
        }
        tokio::task::yield_now().await;
    };
    assert!(!after.grants.allows("deals", Action::Delete));
    assert_eq!(after.role.name, "Owner.");
    drop(listener);
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_during_loading_is_not_lost() {
    let kith = Fixture::new(RegistrationPolicy::First).await;
    let session = kith.register("ada").await.unwrap();
    let actors = kith.sessions.actors().clone();
    actors.set_heard(true);
    let admin = kith.test.admin().await;
    for number in 0..40 {
        actors.invalidate_all();
        let name = format!("Owner {number}");
        let rename = format!("update roles set name = '{name}' where key = 'owner'");
        let change = async {
            admin.script(&rename).await.unwrap();
            actors.invalidate(session.organization.id);
        };
        let ((), loaded) = tokio::join!(change, kith.actor(&session));
        loaded.unwrap();
        assert_eq!(kith.actor(&session).await.unwrap().role.name, name);
    }
}
