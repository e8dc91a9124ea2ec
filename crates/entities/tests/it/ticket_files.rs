//! Tickets of other systems, as they really are. The files are not part of the project; `KITH_TEST_DATA` names the
//! folder they are in, or it is `../shared/data` beside the repository.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kith_engine::import;
use kith_entities::ticket::{self, MetricsRequest, TICKET};
use serde_json::{Value as Json, json};

use crate::tickets::settings;
use crate::world::World;

fn data(path: &str) -> PathBuf {
    let folder = std::env::var_os("KITH_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(path);
    assert!(
        path.is_file(),
        "{} is missing; set KITH_TEST_DATA to the folder of the test data",
        path.display()
    );
    path
}

/// Imports a file into an organization that gives out its tickets; answers the run and the figures.
async fn imported(path: &Path, name: &str, options: &Json) -> (World, Json, Json) {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    settings(
        &world,
        &organization,
        json!({"ticket_assignment": "round_robin"}),
    )
    .await;
    let owner = world.role(&organization, "owner").await;
    let run = import::run_to_end(&world.engine, &owner, &TICKET, path, name, options)
        .await
        .unwrap();
    let wanted = MetricsRequest {
        group: Some("priority".to_owned()),
        ..MetricsRequest::default()
    };
    let figures = ticket::metrics(&world.engine, &owner, &wanted)
        .await
        .unwrap();
    (world, run, figures)
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_in_five_languages_come_in_whole() {
    for (file, rows) in [
        ("tickets/tickets_multilang_5lang.open.csv", 691),
        ("tickets/tickets_multilang_en_de.open.csv", 1269),
    ] {
        // A kind of business is no company, and what was answered is no part of what was asked.
        let mapping = json!({"subject": "subject", "body": "description", "type": "category", "priority": "priority", "tag_1": "tags"});
        let (world, run, figures) =
            imported(&data(file), "tickets.csv", &json!({"mapping": mapping})).await;
        assert_eq!(
            (&run["created"], &run["failed"]),
            (&json!(rows), &json!(0)),
            "{file}: {run:#}"
        );
        assert_eq!(figures["total"]["tickets"], json!(rows));
        // Numbers in the order of the file, without gaps, and nobody was given what came from elsewhere.
        let statement = kith_store::Statement::new(
            "SELECT min(number_key), max(number_key), count(assigned_to_id), count(DISTINCT priority), count(*) FILTER (WHERE subject = '') FROM tickets",
        );
        let row = world
            .test
            .admin()
            .await
            .query(&statement)
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            (
                row.get::<_, i64>(0),
                row.get::<_, i64>(1),
                row.get::<_, i64>(2),
                row.get::<_, i64>(4)
            ),
            (1, rows, 0, 0)
        );
        assert!(row.get::<_, i64>(3) >= 3);
    }
}

/// The last state of each incident of a real log, with what the log lacks: a subject.
fn incidents(most: usize) -> (PathBuf, BTreeMap<String, usize>) {
    let file = std::fs::File::open(data("tickets/uci_incident_event_log.open.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let mut lines = text.lines();
    let headers: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| headers.iter().position(|header| *header == name).unwrap();
    let wanted = [
        "number",
        "incident_state",
        "priority",
        "contact_type",
        "category",
        "subcategory",
        "opened_at",
        "resolved_at",
        "closed_at",
    ]
    .map(place);
    let mut last: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if last.len() == most && !last.contains_key(cells[0]) {
            continue;
        }
        last.insert(cells[0], wanted.map(|place| cells[place]).to_vec());
    }
    let mut priorities: BTreeMap<String, usize> = BTreeMap::new();
    let mut csv =
        "Subject,Description,State,Priority,Contact type,Opened at,Resolved at,Closed at\n"
            .to_owned();
    for cells in last.values() {
        let &[
            number,
            state,
            priority,
            contact,
            category,
            subcategory,
            opened,
            resolved,
            closed,
        ] = cells.as_slice()
        else {
            panic!()
        };
        *priorities.entry(priority.to_owned()).or_default() += 1;
        let known = |cell: &str| {
            if cell == "?" {
                String::new()
            } else {
                cell.to_owned()
            }
        };
        // Every line of the log has the end of the story, whatever the state was.
        let over = matches!(state, "Resolved" | "Closed");
        let resolved = if over { known(resolved) } else { String::new() };
        let closed = if state == "Closed" {
            known(closed)
        } else {
            String::new()
        };
        writeln!(csv, "{number} {category},{subcategory},{state},{priority},{contact},{opened},{resolved},{closed}").unwrap();
    }
    let path = std::env::temp_dir().join(format!(
        "kith-incidents-{}.csv",
        uuid::Uuid::now_v7().simple()
    ));
    std::fs::write(&path, csv).unwrap();
    (path, priorities)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_log_of_incidents_tells_how_its_promises_were_kept() {
    let (path, priorities) = incidents(1_500);
    let options = json!({"date_order": "day_first"});
    let (world, run, figures) = imported(&path, "incidents.csv", &options).await;
    std::fs::remove_file(&path).unwrap();
    let created = run["created"].as_u64().unwrap();
    assert_eq!((created, &run["failed"]), (1_500, &json!(0)), "{run:#}");
    let of = |priority: &str| -> usize {
        let row = figures["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["priority"] == json!(priority));
        row.map_or(0, |row| {
            usize::try_from(row["tickets"].as_u64().unwrap()).unwrap()
        })
    };
    for (theirs, ours) in [
        ("1 - Critical", "urgent"),
        ("2 - High", "high"),
        ("3 - Moderate", "medium"),
        ("4 - Low", "low"),
    ] {
        assert_eq!(
            priorities.get(theirs).copied().unwrap_or(0),
            of(ours),
            "{theirs}"
        );
    }
    let resolution = &figures["total"]["resolution"];
    let (met, missed) = (
        resolution["met"].as_u64().unwrap(),
        resolution["missed"].as_u64().unwrap(),
    );
    assert!(met > 100 && missed > 100, "{resolution}");
    assert_eq!(met + missed, figures["total"]["resolved"].as_u64().unwrap());
    // What was late long ago is told of to nobody.
    let alerts =
        kith_store::Statement::new("SELECT count(*) FROM tickets WHERE sla_alert_key < now()");
    let row = world
        .test
        .admin()
        .await
        .query(&alerts)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(row.get::<_, i64>(0), 0);
}
