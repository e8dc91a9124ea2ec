//! Who gets a ticket, and how well promises are kept.

use std::collections::HashMap;
use std::sync::Arc;

use kith_engine::{Caller, EngineError};
use kith_entities::team::TEAM;
use kith_entities::team_member::TEAM_MEMBER;
use kith_entities::ticket::{self, Assignment, MetricsRequest};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::tickets::{message_of, past, settings, ticket};
use crate::world::{Organization, World, id_of};

/// More people of the role support.
async fn agents(world: &World, organization: &Organization, count: usize) -> Vec<Uuid> {
    let mut made = vec![organization.people["support"]];
    for number in 0..count {
        let user = Uuid::now_v7();
        past(
            world,
            &format!(
                "INSERT INTO users (id, full_name) VALUES ('{user}', 'Agent {number}');
                 INSERT INTO memberships (organization_id, user_id, role_id) SELECT '{0}', '{user}', id FROM roles WHERE organization_id = '{0}' AND key = 'support'",
                organization.id
            ),
        )
        .await;
        made.push(user);
    }
    made
}

async fn assign(
    world: &World,
    caller: &Caller,
    ticket: &Json,
    wanted: Json,
) -> Result<Json, EngineError> {
    let wanted: Assignment = serde_json::from_value(wanted).unwrap();
    let tx = world.begin(caller).await;
    let given = ticket::assign(&world.engine, &tx, caller, id_of(ticket), &wanted).await?;
    tx.commit().await?;
    Ok(crate::world::json_of(&given))
}

fn tally(tickets: &[Json]) -> HashMap<String, usize> {
    let mut tally = HashMap::new();
    for ticket in tickets {
        *tally
            .entry(ticket["assigned_to_id"].to_string())
            .or_default() += 1;
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_are_fair_with_many_at_once() {
    let world = Arc::new(World::new().await);
    let organization = world.organization("Acme").await;
    let agents = agents(&world, &organization, 3).await;
    let caller = world.role(&organization, "support").await;
    for strategy in ["round_robin", "least_loaded"] {
        let mut tasks = Vec::new();
        for _ in 0..24 {
            let made = ticket(&world, &caller, json!({})).await;
            let (world, caller) = (Arc::clone(&world), caller.clone());
            tasks.push(tokio::spawn(async move {
                assign(&world, &caller, &made, json!({"strategy": strategy}))
                    .await
                    .unwrap()
            }));
        }
        let mut given = Vec::new();
        for task in tasks {
            given.push(task.await.unwrap());
        }
        let tally = tally(&given);
        assert_eq!(tally.len(), agents.len(), "{strategy}");
        assert!(
            tally.values().all(|count| *count == 6),
            "{strategy}: {tally:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tickets_find_somebody_where_the_organization_wants_that() {
    let world = Arc::new(World::new().await);
    let organization = world.organization("Acme").await;
    let agents = agents(&world, &organization, 1).await;
    let caller = world.role(&organization, "support").await;
    assert!(ticket(&world, &caller, json!({})).await["assigned_to_id"].is_null());
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "least_loaded"}),
    )
    .await;
    // One has much to do already.
    for _ in 0..4 {
        ticket(&world, &caller, json!({"assigned_to_id": agents[0]})).await;
    }
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(ticket(&world, &caller, json!({})).await);
    }
    assert_eq!(
        tally(&made),
        HashMap::from([(json!(agents[1]).to_string(), 4)])
    );
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "round_robin"}),
    )
    .await;
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let (world, caller) = (Arc::clone(&world), caller.clone());
        tasks.push(tokio::spawn(async move {
            ticket(&world, &caller, json!({})).await
        }));
    }
    let mut made = Vec::new();
    for task in tasks {
        made.push(task.await.unwrap());
    }
    assert!(
        tally(&made).values().all(|count| *count == 8),
        "{:?}",
        tally(&made)
    );
    // A team that is named gets them; who is switched off does not.
    let boss = world.role(&organization, "owner").await;
    let team = world
        .create(&boss, &TEAM, json!({"name": "Night shift"}))
        .await
        .unwrap();
    let manager = organization.people["manager"];
    for user in [manager, organization.people["client_admin"], agents[1]] {
        world
            .create(
                &boss,
                &TEAM_MEMBER,
                json!({"team_id": team["id"], "user_id": user}),
            )
            .await
            .unwrap();
    }
    past(
        &world,
        &format!(
            "UPDATE users SET is_active = false WHERE id = '{}'",
            agents[1]
        ),
    )
    .await;
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "round_robin", "ticket_team_id": team["id"]}),
    )
    .await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(ticket(&world, &caller, json!({})).await);
    }
    assert_eq!(
        tally(&made),
        HashMap::from([(json!(manager).to_string(), 3)])
    );
    // What is not open needs nobody, and a misspelt wish is none.
    assert!(ticket(&world, &caller, json!({"status": "closed"})).await["assigned_to_id"].is_null());
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "lottery"}),
    )
    .await;
    assert!(ticket(&world, &caller, json!({})).await["assigned_to_id"].is_null());
}

#[tokio::test]
async fn giving_by_name_and_by_those_alone_who_may() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let member = world.role(&organization, "member").await;
    let made = ticket(&world, &boss, json!({})).await;
    let agent = organization.people["support"];
    let given = assign(&world, &boss, &made, json!({"assigned_to_id": agent}))
        .await
        .unwrap();
    assert_eq!(given["assigned_to_id"], json!(agent));
    assert!(assign(&world, &boss, &made, json!({})).await.unwrap()["assigned_to_id"].is_null());
    let both = assign(
        &world,
        &boss,
        &made,
        json!({"strategy": "round_robin", "assigned_to_id": agent}),
    )
    .await
    .unwrap_err();
    assert!(message_of(&both).contains("manual"));
    let nobody = assign(
        &world,
        &boss,
        &made,
        json!({"assigned_to_id": Uuid::now_v7()}),
    )
    .await
    .unwrap_err();
    assert!(message_of(&nobody).contains("no such"));
    let own = ticket(&world, &member, json!({})).await;
    let refused = assign(&world, &member, &own, json!({"strategy": "round_robin"}))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, EngineError::Refused { .. }),
        "{refused:?}"
    );
    assert!(
        assign(&world, &member, &own, json!({"assigned_to_id": agent}))
            .await
            .is_err()
    );
    // Without anyone of the role support whoever works on all tickets has turns.
    past(
        &world,
        &format!("UPDATE memberships SET status = 'suspended' WHERE user_id = '{agent}'"),
    )
    .await;
    let given = assign(&world, &boss, &made, json!({"strategy": "least_loaded"}))
        .await
        .unwrap();
    assert!(given["assigned_to_id"].is_string());
}

async fn figures(
    world: &World,
    caller: &Caller,
    period: &str,
    group: &str,
    filters: &[(&str, &str)],
) -> Result<Json, EngineError> {
    let wanted = MetricsRequest {
        period: Some(period.to_owned()),
        group: Some(group.to_owned()),
        filters: filters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    ticket::metrics(&world.engine, caller, &wanted).await
}

#[tokio::test]
async fn figures_tell_how_well_promises_are_kept() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let boss = world.role(&organization, "owner").await;
    let agent = world.role(&organization, "support").await;
    let mine = organization.people["support"];
    // Mondays in March 2026, in office hours; high: an hour and eight.
    for (opened, answered, resolved, who) in [
        (
            "2026-03-02T09:00:00Z",
            Some("2026-03-02T09:30:00Z"),
            Some("2026-03-02T12:00:00Z"),
            Some(mine),
        ),
        (
            "2026-03-02T09:00:00Z",
            Some("2026-03-02T11:00:00Z"),
            Some("2026-03-03T12:00:00Z"),
            Some(mine),
        ),
        (
            "2026-03-09T09:00:00Z",
            Some("2026-03-09T09:12:00Z"),
            Some("2026-03-09T10:00:00Z"),
            None,
        ),
        ("2026-04-06T09:00:00Z", None, None, None),
    ] {
        let status = if resolved.is_some() { "closed" } else { "open" };
        let body = json!({"priority": "high", "status": status, "opened_at": opened, "first_responded_at": answered, "resolved_at": resolved, "assigned_to_id": who});
        ticket(&world, &boss, body).await;
    }
    ticket(
        &world,
        &boss,
        json!({"priority": "low", "opened_at": "2026-03-02T09:00:00Z"}),
    )
    .await;
    let all = figures(&world, &agent, "", "", &[]).await.unwrap();
    let total = &all["total"];
    assert_eq!(
        (&total["tickets"], &total["open"], &total["resolved"]),
        (&json!(5), &json!(2), &json!(3))
    );
    let first = &total["first_response"];
    assert_eq!(
        (
            &first["count"],
            &first["met"],
            &first["missed"],
            &first["share_met"]
        ),
        (&json!(3), &json!(2), &json!(1), &json!(66.7))
    );
    assert_eq!(
        (&first["median_minutes"], &first["mean_minutes"]),
        (&json!(30.0), &json!(54.0))
    );
    let resolution = &total["resolution"];
    // Three hours; eight and three; one.
    assert_eq!(
        (
            &resolution["met"],
            &resolution["median_minutes"],
            &resolution["mean_minutes"]
        ),
        (&json!(2), &json!(180.0), &json!(300.0))
    );
    let monthly = figures(&world, &agent, "monthly", "priority", &[])
        .await
        .unwrap();
    let rows: Vec<(String, String, i64)> = monthly["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["period"].as_str().unwrap().to_owned(),
                row["priority"].as_str().unwrap().to_owned(),
                row["tickets"].as_i64().unwrap(),
            )
        })
        .collect();
    let row = |period: &str, priority: &str, count| (period.to_owned(), priority.to_owned(), count);
    assert_eq!(
        rows,
        [
            row("2026-03-01", "high", 3),
            row("2026-03-01", "low", 1),
            row("2026-04-01", "high", 1)
        ]
    );
    let weekly = figures(
        &world,
        &agent,
        "weekly",
        "",
        &[("priority", "high"), ("opened_at[lt]", "2026-04-01")],
    )
    .await
    .unwrap();
    assert_eq!(
        (
            weekly["data"].as_array().unwrap().len(),
            &weekly["total"]["tickets"]
        ),
        (2, &json!(3))
    );
    let people = figures(&world, &agent, "", "assigned_to_id", &[])
        .await
        .unwrap();
    assert_eq!(people["data"][0]["assigned_to_id"], json!(mine));
    assert_eq!(people["data"][0]["tickets"], json!(2));
    // The same as a list with the same filters counts, and no more than one may see.
    let listed = world
        .list(
            &agent,
            &ticket::TICKET,
            &[("priority", "high"), ("total", "true")],
        )
        .await
        .unwrap();
    let counted = figures(&world, &agent, "", "", &[("priority", "high")])
        .await
        .unwrap();
    assert_eq!(listed["page"]["total"], counted["total"]["tickets"]);
    let member = world.role(&organization, "member").await;
    assert_eq!(
        figures(&world, &member, "", "", &[]).await.unwrap()["total"]["tickets"],
        json!(0)
    );
    let finance = world.role(&organization, "finance").await;
    assert!(matches!(
        figures(&world, &finance, "", "", &[]).await,
        Err(EngineError::Forbidden { .. })
    ));
    for (period, group, filter) in [
        ("hourly", "", ("limit", "1")),
        ("", "subject", ("limit", "1")),
        ("", "", ("nonsense", "1")),
    ] {
        assert!(matches!(
            figures(&world, &agent, period, group, &[filter]).await,
            Err(EngineError::BadQuery(_))
        ));
    }
}
