//! The clock of what was promised: business time against a naive model that looks at every minute, the course of
//! a ticket against a model of its own, and what is told when it is late.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use kith_entities::activity::ACTIVITY;
use kith_entities::business_hours::BUSINESS_HOURS;
use kith_entities::holiday::HOLIDAY;
use kith_entities::sla_policy::SLA_POLICY;
use kith_entities::ticket::sla_alerts;
use kith_store::types::Type;
use kith_store::{Origin, Statement, SystemTx};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::tickets::{client_of, past, read, say, set, ticket};
use crate::world::{Organization, World, id_of, ids};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Zones with what is odd about clocks, each with days on which they change.
const ZONES: &[(&str, &[&str])] = &[
    ("Europe/Berlin", &["2026-03-29", "2026-10-25", "2024-03-31"]),
    ("America/New_York", &["2026-03-08", "2026-11-01"]),
    // By half an hour.
    ("Australia/Lord_Howe", &["2026-04-05", "2026-10-04"]),
    // At midnight: a day begins at one, and one has its last hour twice.
    (
        "America/Santiago",
        &["2026-04-04", "2026-04-05", "2026-09-06"],
    ),
    ("Africa/Casablanca", &["2026-02-15", "2026-03-22"]),
    ("Asia/Kathmandu", &["2026-01-01"]),
    ("Pacific/Apia", &["2011-12-30", "2011-12-29"]),
    ("UTC", &["2026-02-28"]),
];

#[derive(Debug, Clone)]
struct Case {
    zone: usize,
    around: usize,
    /// Minutes from two days before that day.
    start: i64,
    /// Minutes of business time.
    wanted: i64,
    /// Of each day: stretches in minutes.
    week: Vec<Vec<(u32, u32)>>,
    /// Days from that day on which it is closed.
    closed: BTreeSet<i64>,
    yearly: bool,
}

fn stretches() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop_oneof![
        2 => Just(vec![]),
        3 => Just(vec![(540, 1020)]),
        1 => Just(vec![(0, 1440)]),
        1 => Just(vec![(0, 150), (165, 195), (1380, 1440)]),
        2 => (0_u32..1439, 1_u32..600, 0_u32..200, 1_u32..300).prop_map(|(from, length, pause, more)| {
            let end = (from + length).min(1440);
            let again = end + pause;
            let mut all = vec![(from, end)];
            if again < 1440 {
                all.push((again, (again + more).min(1440)));
            }
            all
        }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    (
        0..ZONES.len(),
        0_usize..3,
        0_i64..4 * 1440,
        1_i64..3000,
        prop::collection::vec(stretches(), 7),
        prop::collection::btree_set(-2_i64..8, 0..3),
        any::<bool>(),
    )
        .prop_map(|(zone, around, start, wanted, week, closed, yearly)| Case {
            zone,
            around,
            start,
            wanted,
            week,
            closed,
            yearly,
        })
}

fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl Case {
    fn zone(&self) -> (&'static str, TimeZone) {
        let name = ZONES[self.zone].0;
        (name, TimeZone::get(name).unwrap())
    }

    fn day(&self) -> Date {
        let days = ZONES[self.zone].1;
        days[self.around % days.len()].parse().unwrap()
    }

    fn begins(&self) -> Timestamp {
        let (_, zone) = self.zone();
        let from = self
            .day()
            .checked_sub(2.days())
            .unwrap()
            .to_zoned(zone)
            .unwrap()
            .timestamp();
        from + SignedDuration::from_mins(self.start)
    }

    fn weekly_hours(&self) -> Json {
        let days = DAYS.iter().zip(&self.week).map(|(day, stretches)| {
            let stretches: Vec<Json> = stretches
                .iter()
                .map(|(from, until)| json!([clock(*from), clock(*until)]))
                .collect();
            ((*day).to_owned(), Json::Array(stretches))
        });
        Json::Object(days.collect())
    }

    /// Whether the minute that begins then is one of business.
    fn open(&self, zone: &TimeZone, minute: Timestamp) -> bool {
        let local = minute.to_zoned(zone.clone());
        let from_day = (local.date() - self.day()).get_days();
        if self.closed.contains(&i64::from(from_day)) {
            return false;
        }
        let of_day =
            u32::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
        let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap();
        self.week[weekday]
            .iter()
            .any(|(from, until)| (*from..*until).contains(&of_day))
    }

    /// Minute by minute until enough are open; and how many are open in the first three days. Only so far as the
    /// holidays are sure not to come round again.
    fn naive(&self) -> (Option<Timestamp>, i64) {
        let (_, zone) = self.zone();
        let mut minute = self.begins();
        let mut open = 0;
        let mut in_three_days = 0;
        let mut due = None;
        for passed in 0..60 * 1440 {
            if self.open(&zone, minute) {
                open += 1;
                if passed < 3 * 1440 {
                    in_three_days = open;
                }
            }
            minute += SignedDuration::from_mins(1);
            if open == self.wanted && due.is_none() {
                due = Some(minute);
            }
            if due.is_some() && passed >= 3 * 1440 {
                break;
            }
        }
        (due, in_three_days)
    }
}

#[tokio::test]
async fn business_time_is_what_a_look_at_every_minute_finds() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let admin = world.test.admin().await;
    let mut runner = TestRunner::deterministic();
    let mut changed_clocks = 0;
    for number in 0..250 {
        let case = case().new_tree(&mut runner).unwrap().current();
        let hours = Statement::new("INSERT INTO business_hours (organization_id, name, timezone, weekly_hours) VALUES ($1, $4, $2, $3) RETURNING id")
            .with(organization.id, Type::UUID)
            .with(case.zone().0, Type::TEXT)
            .with(case.weekly_hours(), Type::JSONB)
            .with(format!("Hours {number}"), Type::TEXT);
        let hours: uuid::Uuid = admin.query(&hours).await.unwrap()[0].get(0);
        for offset in &case.closed {
            let date = case.day().checked_add(offset.days()).unwrap();
            // The same day of another year, where it repeats.
            let date = if case.yearly && !(date.month() == 2 && date.day() == 29) {
                date.checked_sub(3.years()).unwrap()
            } else {
                date
            };
            let holiday = Statement::new("INSERT INTO holidays (organization_id, business_hours_id, name, date, repeats_yearly) VALUES ($1, $2, 'x', $3, $4)")
                .with(organization.id, Type::UUID)
                .with(hours, Type::UUID)
                .with(date, Type::DATE)
                .with(case.yearly, Type::BOOL);
            admin.execute(&holiday).await.unwrap();
        }
        let (due, in_three_days) = case.naive();
        let begins = case.begins();
        let later = begins + SignedDuration::from_hours(72);
        let ask = Statement::new("SELECT (business_moments(h, $2, ARRAY[$3, 0]))[1], business_seconds(h, $2, $4) FROM business_hours h WHERE h.id = $1")
            .with(hours, Type::UUID)
            .with(begins, Type::TIMESTAMPTZ)
            .with(case.wanted * 60, Type::INT8)
            .with(later, Type::TIMESTAMPTZ);
        let rows = admin.query(&ask).await.unwrap();
        let answered: Option<Timestamp> = rows[0].get(0);
        let seconds: i64 = rows[0].get(1);
        if due.is_some() {
            assert_eq!(answered, due, "case {number}: {case:?} from {begins}");
        }
        assert_eq!(
            seconds,
            in_three_days * 60,
            "case {number}: {case:?} from {begins}"
        );
        if let Some(due) = answered {
            // And back again.
            let back = Statement::new(
                "SELECT business_seconds(h, $2, $3) FROM business_hours h WHERE h.id = $1",
            )
            .with(hours, Type::UUID)
            .with(begins, Type::TIMESTAMPTZ)
            .with(due, Type::TIMESTAMPTZ);
            let back: i64 = admin.query(&back).await.unwrap()[0].get(0);
            assert_eq!(back, case.wanted * 60, "case {number}: {case:?}");
            let zone = case.zone().1;
            changed_clocks += usize::from(zone.to_offset(begins) != zone.to_offset(due));
        }
    }
    assert!(
        changed_clocks > 20,
        "only {changed_clocks} cases saw the clocks change"
    );
}

#[tokio::test]
async fn hours_that_never_open_promise_nothing() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let never = json!({"name": "Never", "timezone": "UTC", "weekly_hours": {}});
    let never = world.create(&owner, &BUSINESS_HOURS, never).await.unwrap();
    let policies = world
        .list(&owner, &SLA_POLICY, &[("priority", "high")])
        .await
        .unwrap();
    let policy = id_of(&policies["data"][0]);
    world
        .update(
            &owner,
            &SLA_POLICY,
            policy,
            json!({"business_hours_id": never["id"]}),
            None,
        )
        .await
        .unwrap();
    let made = ticket(&world, &owner, json!({"priority": "high"})).await;
    assert!(made["sla_due_at"].is_null() && made["first_response_due_at"].is_null());
    // Nor does a priority without a policy.
    world
        .update(
            &owner,
            &SLA_POLICY,
            policy,
            json!({"is_active": false}),
            None,
        )
        .await
        .unwrap();
    let made = ticket(&world, &owner, json!({"priority": "high"})).await;
    assert!(made["sla_policy_id"].is_null() && made["sla_due_at"].is_null());
    let done = set(&world, &owner, &made, json!({"status": "resolved"}))
        .await
        .unwrap();
    assert!(done["resolution_met"].is_null());
    // Hours in use stay.
    let used = world
        .list(&owner, &BUSINESS_HOURS, &[("name", "Office hours")])
        .await
        .unwrap();
    assert!(
        world
            .delete(&owner, &BUSINESS_HOURS, id_of(&used["data"][0]))
            .await
            .is_err()
    );
    for (body, field) in [
        (
            json!({"name": "x", "timezone": "Mars/Olympus", "weekly_hours": {}}),
            "timezone",
        ),
        (
            json!({"name": "x", "timezone": "UTC", "weekly_hours": {"monday": [["17:00", "09:00"]]}}),
            "weekly_hours",
        ),
    ] {
        let error = world
            .create(&owner, &BUSINESS_HOURS, body)
            .await
            .unwrap_err();
        let kith_engine::EngineError::InvalidRows(rows) = error else {
            panic!("{error:?}")
        };
        assert_eq!(rows[0].1[0].field, field);
    }
    let holiday = json!({"business_hours_id": never["id"], "name": "New Year", "date": "2027-01-01", "repeats_yearly": true});
    world.create(&owner, &HOLIDAY, holiday).await.unwrap();
    let second = json!({"name": "Another", "priority": "low", "first_response_minutes": 1, "resolution_minutes": 2});
    assert!(matches!(
        world.create(&owner, &SLA_POLICY, second).await,
        Err(kith_engine::EngineError::Conflict { .. })
    ));
}

/// Around the clock, so that a day of any week will do.
async fn day_and_night(world: &World, organization: &Organization) {
    let sql = format!(
        "UPDATE sla_policies SET business_hours_id = NULL WHERE organization_id = '{}'",
        organization.id
    );
    past(world, &sql).await;
}

/// Lets so many minutes pass for a ticket: everything it remembers happened that much earlier.
async fn let_pass(world: &World, ticket: &Json, minutes: i64) {
    let columns = [
        "opened_at",
        "sla_running_since",
        "first_response_due_at",
        "first_responded_at",
        "sla_due_at",
        "resolved_at",
        "closed_at",
        "first_response_warning_key",
        "sla_warning_key",
        "first_response_warned_at",
        "first_response_breached_at",
        "sla_warned_at",
        "sla_breached_at",
    ];
    let earlier: Vec<String> = columns
        .iter()
        .map(|name| format!("{name} = {name} - interval '{minutes} minutes'"))
        .collect();
    past(
        world,
        &format!(
            "UPDATE tickets SET {} WHERE id = '{}'",
            earlier.join(", "),
            id_of(ticket)
        ),
    )
    .await;
}

fn minutes_from_now(text: &Json) -> Option<i64> {
    let at: Timestamp = text.as_str()?.parse().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the database's clock is this machine's"
    )]
    let now = Timestamp::now();
    // Half a minute of running tests is none.
    Some((at.duration_since(now).as_secs() + 30).div_euclid(60))
}

const TARGETS: [(&str, i64, i64); 4] = [
    ("urgent", 30, 240),
    ("high", 60, 480),
    ("medium", 240, 1440),
    ("low", 480, 2400),
];

#[tokio::test]
async fn the_clock_runs_stands_and_goes_on_as_its_model() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    day_and_night(&world, &organization).await;
    let agent = world.role(&organization, "support").await;
    let mut runner = TestRunner::deterministic();
    let statuses = [
        "open",
        "in_progress",
        "waiting_customer",
        "resolved",
        "closed",
    ];
    let step = (0_i64..200, 0_usize..statuses.len() + TARGETS.len());
    for _ in 0..12 {
        let steps = prop::collection::vec(step.clone(), 12)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let made = ticket(&world, &agent, json!({"priority": "medium"})).await;
        let (mut status, mut priority, mut used, mut reopened) = ("open", 2_usize, 0_i64, 0_i64);
        for (minutes, what) in &steps {
            let_pass(&world, &made, *minutes).await;
            if matches!(status, "open" | "in_progress") {
                used += minutes;
            }
            let body = if let Some(wanted) = statuses.get(*what) {
                reopened += i64::from(
                    matches!(status, "resolved" | "closed")
                        && !matches!(*wanted, "resolved" | "closed"),
                );
                status = wanted;
                json!({"status": wanted})
            } else {
                priority = what - statuses.len();
                json!({"priority": TARGETS[priority].0})
            };
            let standing = set(&world, &agent, &made, body).await.unwrap();
            let runs = matches!(status, "open" | "in_progress");
            let (_, first, resolution) = TARGETS[priority];
            let what = format!("{steps:?}: {status} {used} of {resolution}: {standing}");
            assert_eq!(standing["sla_running_since"].is_string(), runs, "{what}");
            assert_eq!(standing["reopened_count"], json!(reopened), "{what}");
            if runs {
                // What ran out while the promise was a longer one is due at the beginning of the run.
                let due = minutes_from_now(&standing["sla_due_at"]).unwrap();
                let since = minutes_from_now(&standing["sla_running_since"]).unwrap();
                assert_eq!(due, (resolution - used).max(since), "{what}");
                let due = minutes_from_now(&standing["first_response_due_at"]).unwrap();
                assert_eq!(due, (first - used).max(since), "{what}");
                assert!(standing["resolution_met"].is_null(), "{what}");
            } else {
                assert_eq!(
                    (standing["sla_used_seconds"].as_i64().unwrap() + 30) / 60,
                    used,
                    "{what}"
                );
            }
            if status == "waiting_customer" {
                assert!(standing["sla_due_at"].is_null(), "{what}");
            }
            if matches!(status, "resolved" | "closed") && used != resolution {
                assert_eq!(
                    standing["resolution_met"],
                    json!(used < resolution),
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_new_priority_is_a_new_promise_for_what_has_run_already() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    day_and_night(&world, &organization).await;
    let agent = world.role(&organization, "support").await;
    let made = ticket(&world, &agent, json!({"priority": "low"})).await;
    let_pass(&world, &made, 100).await;
    let high = set(&world, &agent, &made, json!({"priority": "high"}))
        .await
        .unwrap();
    assert_eq!(minutes_from_now(&high["sla_due_at"]), Some(380));
    assert_ne!(high["sla_policy_id"], made["sla_policy_id"]);
    // What was answered stays answered, by the promise of then.
    let_pass(&world, &made, 20).await;
    say(&world, &agent, &made, json!({})).await.unwrap();
    let answered = read(&world, &agent, &made).await;
    assert_eq!(answered["first_response_met"], json!(false));
    assert_eq!(
        (answered["first_response_seconds"].as_i64().unwrap() + 30) / 60,
        120
    );
    let waiting = set(&world, &agent, &made, json!({"status": "waiting_customer"}))
        .await
        .unwrap();
    assert_eq!(
        waiting["first_response_due_at"],
        answered["first_response_due_at"]
    );
    let_pass(&world, &made, 10_000).await;
    let back = set(&world, &agent, &made, json!({"status": "in_progress"}))
        .await
        .unwrap();
    assert_eq!(minutes_from_now(&back["sla_due_at"]), Some(360));
    // Deleted, it promises nothing that anybody is told of.
    world
        .delete(&agent, &kith_entities::ticket::TICKET, id_of(&made))
        .await
        .unwrap();
    assert_eq!(alerts(&world, &organization, 100_000).await, 0);
}

/// Runs the scheduled rule at so many minutes from now.
async fn alerts(world: &World, organization: &Organization, minutes: i64) -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the database's clock is this machine's"
    )]
    let now = Timestamp::now() + SignedDuration::from_mins(minutes);
    let tx = SystemTx::begin(
        &world.engine.database,
        Some(organization.id),
        &Origin::new("system"),
    )
    .await
    .unwrap();
    let named =
        Statement::new("SELECT organizations_with_sla_alerts($1)").with(now, Type::TIMESTAMPTZ);
    let named: Vec<uuid::Uuid> = tx
        .query(&named)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let told = sla_alerts(&tx, now).await.unwrap();
    assert_eq!(named.contains(&organization.id), told > 0);
    tx.commit().await.unwrap();
    told
}

#[tokio::test]
async fn what_is_nearly_late_and_what_is_late_is_told_once() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    day_and_night(&world, &organization).await;
    let agent = world.role(&organization, "support").await;
    let made = ticket(&world, &agent, json!({"priority": "high"})).await;
    let waiting = ticket(
        &world,
        &agent,
        json!({"priority": "high", "status": "waiting_customer"}),
    )
    .await;
    let done = ticket(
        &world,
        &agent,
        json!({"priority": "high", "status": "resolved"}),
    )
    .await;
    // An hour and eight, warned of after four fifths.
    for (minutes, told, field) in [
        (40, 0, ""),
        (50, 1, "first_response_warned_at"),
        (50, 0, ""),
        (61, 1, "first_response_breached_at"),
        (100, 0, ""),
        (385, 1, "sla_warned_at"),
        (481, 1, "sla_breached_at"),
        (100_000, 0, ""),
    ] {
        let before = read(&world, &agent, &made).await;
        assert_eq!(
            alerts(&world, &organization, minutes).await,
            told,
            "after {minutes} minutes"
        );
        let after = read(&world, &agent, &made).await;
        if !field.is_empty() {
            assert!(
                before[field].is_null() && after[field].is_string(),
                "{field}"
            );
            let event = Statement::new(
                "SELECT changed FROM events WHERE record_id = $1 ORDER BY seq DESC LIMIT 1",
            )
            .with(id_of(&made), Type::UUID);
            let changed: Vec<String> =
                world.test.admin().await.query(&event).await.unwrap()[0].get(0);
            assert_eq!(changed, [field]);
        }
    }
    for other in [&waiting, &done] {
        assert_eq!(
            read(&world, &agent, other).await["version"],
            other["version"]
        );
    }
    let timeline = world
        .list(
            &agent,
            &ACTIVITY,
            &[
                ("entity_id", made["id"].as_str().unwrap()),
                ("type", "system"),
                ("sort", "created_at"),
            ],
        )
        .await
        .unwrap();
    let words: Vec<&str> = timeline["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["description"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "The first response is due soon",
            "The first response is overdue",
            "The resolution is due soon",
            "The resolution is overdue"
        ]
    );
    // What is so late that nobody was warned is told of as late, and no more.
    let late = ticket(&world, &agent, json!({"priority": "urgent"})).await;
    assert_eq!(alerts(&world, &organization, 100_000).await, 1);
    let late = read(&world, &agent, &late).await;
    for field in [
        "first_response_warned_at",
        "first_response_breached_at",
        "sla_warned_at",
        "sla_breached_at",
    ] {
        assert!(late[field].is_string(), "{field}");
    }
    // What came to us late is no news.
    let old = ticket(
        &world,
        &agent,
        json!({"priority": "urgent", "opened_at": "2020-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(old["sla_breached_at"], old["sla_due_at"]);
    assert_eq!(alerts(&world, &organization, 100_000).await, 0);
    // A warning can be switched off.
    past(&world, "UPDATE sla_policies SET warning_percent = 0").await;
    let made = ticket(&world, &agent, json!({"priority": "low"})).await;
    assert_eq!(alerts(&world, &organization, 470).await, 0);
    assert_eq!(
        ids(&world
            .list(
                &agent,
                &kith_entities::ticket::TICKET,
                &[
                    ("sla_breached_at[is_null]", "true"),
                    ("id", made["id"].as_str().unwrap())
                ]
            )
            .await
            .unwrap())
        .len(),
        1
    );
}

/// Kind and title of what a person was told.
async fn told(world: &World, user: uuid::Uuid) -> Vec<(String, String)> {
    let statement = Statement::new(
        "SELECT kind, title FROM notifications WHERE user_id = $1 ORDER BY created_at, id",
    )
    .with(user, Type::UUID);
    let rows = world.test.admin().await.query(&statement).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn those_concerned_are_told() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    day_and_night(&world, &organization).await;
    let boss = world.role(&organization, "owner").await;
    let client = world.role(&organization, "client_member").await;
    let agent = organization.people["support"];
    client_of(&world, &boss, &client, "Northwind").await;
    let made = ticket(&world, &client, json!({"priority": "urgent"})).await;
    set(&world, &boss, &made, json!({"assigned_to_id": agent}))
        .await
        .unwrap();
    say(&world, &client, &made, json!({})).await.unwrap();
    alerts(&world, &organization, 25).await;
    alerts(&world, &organization, 31).await;
    let kinds: Vec<(String, String)> = told(&world, agent).await;
    let titles: Vec<&str> = kinds
        .iter()
        .skip(1)
        .map(|(_, title)| title.as_str())
        .collect();
    assert_eq!(kinds[0].0, "assignment");
    assert_eq!(
        titles,
        [
            "T-000001: the customer replied",
            "T-000001: the first response is due soon",
            "T-000001: the first response is overdue",
        ]
    );
    // While nobody has it, everyone of support is told; the customer's side never.
    ticket(&world, &client, json!({"priority": "urgent"})).await;
    alerts(&world, &organization, 31).await;
    assert_eq!(told(&world, agent).await.len(), kinds.len() + 1);
    assert!(told(&world, client.principal.user_id).await.is_empty());
}
