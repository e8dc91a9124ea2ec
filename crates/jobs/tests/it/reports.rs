//! Reports that are kept again: by the clock, once a period, as their owner.

use futures_util::future::join_all;
use kith_auth::ActorCache;
use kith_engine::Engine;
use kith_jobs::{KeepReport, Worker};
use uuid::Uuid;

use crate::fixture::Fixture;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// An organization with a seller, who owns a lead from the website, and a boss, who owns one by referral.
struct Office {
    kith: Fixture,
    organization: Uuid,
    seller: Uuid,
    boss: Uuid,
}

impl Office {
    async fn new() -> Office {
        let kith = Fixture::new(1).await;
        let organization = kith.organizations[0];
        let (seller, boss) = (Uuid::now_v7(), Uuid::now_v7());
        let office = Office {
            kith,
            organization,
            seller,
            boss,
        };
        for (user, role) in [
            (seller, "sales"),
            (boss, "manager"),
            (Uuid::now_v7(), "owner"),
        ] {
            office
                .sql(&format!(
                    "insert into users (id, full_name, email) values ('{user}', '{role}', '{role}@example.com');
                     insert into memberships (organization_id, user_id, role_id) select '{organization}', '{user}', id from roles where organization_id = '{organization}' and key = '{role}'"
                ))
                .await;
        }
        for (owner, source, position) in [(seller, "website", "8"), (boss, "referral", "88")] {
            office
                .sql(&format!(
                    "insert into leads (organization_id, last_name, owner_id, source, pipeline_id, stage_id, board_position)
                     select organization_id, 'Ng', '{owner}', '{source}', pipeline_id, id, '{position}' from stages
                     where organization_id = '{organization}' and key = 'new' and pipeline_id in (select id from pipelines where entity = 'lead') limit 1"
                ))
                .await;
        }
        office
    }

    async fn sql(&self, script: &str) {
        self.kith.test.admin().await.script(script).await.unwrap();
    }

    async fn report(&self, owner: Uuid, schedule: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.sql(&format!(
            "insert into reports (organization_id, id, name, type, schedule, owner_id) values ('{}', '{id}', 'Sources', 'source_performance', '{schedule}', '{owner}')",
            self.organization
        ))
        .await;
        id
    }

    fn node(&self) -> Worker {
        let database = self.kith.test.database().clone();
        let keep = KeepReport {
            engine: Engine {
                database: database.clone(),
                catalogue: &kith_entities::CATALOGUE,
                rules: kith_entities::rules(),
            },
            actors: ActorCache::new(database),
        };
        self.kith
            .worker_with(vec![Box::new(keep)], kith_jobs::schedules())
    }

    /// When it was kept, by whom, and which sources it counts.
    async fn kept(&self, report: Uuid) -> String {
        self.kith
            .text(&format!(
                "select concat_ws(' ', to_char(generated_at at time zone 'UTC', 'MM-DD HH24:MI'), case generated_by when '{}' then 'seller' when '{}' then 'boss' end,
                   (select string_agg(r ->> 'source', ',' order by r ->> 'source') from jsonb_array_elements(data -> 'rows') r))
                 from reports where id = '{report}'",
                self.seller, self.boss
            ))
            .await
    }

    /// What a person was told, the first first.
    async fn told(&self, person: Uuid) -> String {
        self.kith
            .text(&format!(
                "select coalesce(string_agg(concat_ws('|', type, title, message, action_url), E'\\n' order by id), '') from notifications where user_id = '{person}' and kind = 'report'"
            ))
            .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_report_is_kept_again_once_a_period_as_its_owner_who_is_told() {
    let office = Office::new().await;
    // Noon of Saturday, 21 November 2026.
    let daily = office.report(office.seller, "daily").await;
    let weekly = office.report(office.boss, "weekly").await;
    let monthly = office.report(office.boss, "monthly").await;
    let nodes: Vec<_> = (0..3).map(|_| office.node()).collect();
    let all = async || {
        let done = join_all(nodes.iter().map(Worker::drain)).await;
        // What one node queued while another had looked already.
        let rest = Box::pin(nodes[0].drain()).await;
        done.into_iter()
            .chain([rest])
            .map(|done| done.unwrap().completed)
            .sum::<usize>()
    };
    assert_eq!(all().await, 3);
    assert_eq!(office.kept(daily).await, "11-21 12:00 seller website");
    assert_eq!(
        office.kept(weekly).await,
        "11-21 12:00 boss referral,website"
    );
    assert_eq!(
        office.kept(monthly).await,
        "11-21 12:00 boss referral,website"
    );
    assert_eq!(
        office.told(office.seller).await,
        format!("success|Sources was kept again|/reports/{daily}")
    );

    // Later the same day, and before six in the morning: nothing is due.
    for hours in [1, 16] {
        office.kith.pass(hours * HOUR);
        assert_eq!(all().await, 0, "after {hours} hours");
    }
    // Sunday at seven: the daily one alone.
    office.kith.pass(2 * HOUR);
    assert_eq!(all().await, 1);
    assert_eq!(office.kept(daily).await, "11-22 07:00 seller website");
    // Monday, the weekly one as well.
    office.kith.pass(DAY);
    assert_eq!(all().await, 2);
    assert_eq!(
        office.kept(weekly).await,
        "11-23 07:00 boss referral,website"
    );
    // The first of the month is a Tuesday, after another Monday: what was missed is not made up for.
    office.kith.pass(8 * DAY);
    assert_eq!(all().await, 3);
    assert_eq!(
        office.kept(monthly).await,
        "12-01 07:00 boss referral,website"
    );
    assert_eq!(office.told(office.seller).await.lines().count(), 4);
}

#[tokio::test]
async fn the_day_is_that_of_the_organization_and_keeping_by_hand_counts() {
    let office = Office::new().await;
    office
        .sql("update organizations set timezone = 'America/Los_Angeles'")
        .await;
    let report = office.report(office.seller, "daily").await;
    office.node().drain().await.unwrap();
    assert_eq!(office.kept(report).await, "11-21 12:00 seller website");
    // Six in the morning there is 14:00 UTC.
    office.kith.pass(2 * HOUR + 60);
    office.node().drain().await.unwrap();
    assert_eq!(office.kept(report).await, "11-21 14:01 seller website");
    // On the next day its owner keeps it by hand before the clock does.
    office.kith.pass(DAY);
    office
        .sql("update reports set generated_at = '2026-11-22 14:00:30Z'")
        .await;
    office.node().drain().await.unwrap();
    assert_eq!(office.kept(report).await, "11-22 14:00 seller website");
}

#[tokio::test]
async fn only_for_an_owner_who_may() {
    let office = Office::new().await;
    let (seller, boss) = (office.seller, office.boss);
    let switched_off = office.report(seller, "daily").await;
    let suspended = office.report(boss, "daily").await;
    office
        .sql(&format!(
            "update users set is_active = false where id = '{seller}'; update memberships set status = 'suspended' where user_id = '{boss}'"
        ))
        .await;
    office.node().drain().await.unwrap();
    assert_eq!(office.kept(switched_off).await, "");
    assert_eq!(office.kept(suspended).await, "");
    // Nor for one who is switched off between the round and the work.
    office
        .sql("update users set is_active = true; update memberships set status = 'active'")
        .await;
    let rounds = office.kith.worker_with(Vec::new(), kith_jobs::schedules());
    office.kith.pass(5 * 60);
    rounds.drain().await.unwrap();
    office
        .sql(&format!(
            "update users set is_active = false where id = '{seller}'; update reports set schedule = null where id = '{suspended}'"
        ))
        .await;
    assert_eq!(office.node().drain().await.unwrap().completed, 2);
    assert_eq!(office.kept(switched_off).await, "");
    assert_eq!(office.kept(suspended).await, "", "no longer to be kept");

    // Who may read the report but not keep its answer is told why, once.
    let read_only = office.report(boss, "daily").await;
    office
        .sql(&format!(
            "update memberships set role_id = (select id from roles where key = 'viewer') where user_id = '{boss}'"
        ))
        .await;
    for _ in 0..3 {
        office.kith.pass(5 * 60);
        office.node().drain().await.unwrap();
    }
    assert_eq!(office.kept(read_only).await, "");
    let told = office.told(boss).await;
    assert!(
        told.starts_with("warning|Sources could not be kept again|") && told.lines().count() == 1,
        "{told}"
    );
}

#[tokio::test]
async fn a_node_that_dies_at_it_leaves_it_to_another() {
    let office = Office::new().await;
    let report = office.report(office.seller, "daily").await;
    let rounds = office.kith.worker_with(Vec::new(), kith_jobs::schedules());
    rounds.drain().await.unwrap();
    let now = (office.kith.clock())();
    office
        .sql(&format!(
            "select take_job(array['keep_report'], '{}', 60, '{now}')",
            Uuid::now_v7()
        ))
        .await;
    assert_eq!(office.node().drain().await.unwrap().completed, 0);
    office.kith.pass(61);
    assert_eq!(office.node().drain().await.unwrap().completed, 1);
    assert_eq!(office.kept(report).await, "11-21 12:01 seller website");
    assert_eq!(office.told(office.seller).await.lines().count(), 1);
}
