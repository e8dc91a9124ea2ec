//! What is exported comes back: every entity that can be imported, out of one organization and into an empty one, in
//! every format, is the same file again.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use kith_catalogue::{Entity, Kind};
use kith_engine::export::{Format, Seats, Wanted, export};
use kith_engine::{Caller, EngineError, ListQuery, QueryInput, import};
use kith_entities::CATALOGUE;
use serde_json::{Value as Json, json};

use crate::bodies::full;
use crate::world::{World, id_of};

/// Texts that a file may lose or a spreadsheet may run.
const AWKWARD: &[&str] = &[
    "=1+1",
    "+49 is no formula",
    "-2",
    "@SUM(A1)",
    "'=quoted",
    "''-twice",
    "a \"quoted\", and; more\tof it",
    "001",
    "1e5",
    "TRUE",
    "null",
    "Zoë 漢字 🎉",
];

pub(crate) async fn exported(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    format: Format,
    pairs: &[(&str, &str)],
) -> Result<Vec<u8>, EngineError> {
    let input = QueryInput {
        pairs: pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        filter: None,
    };
    let wanted = Wanted {
        format,
        mark: false,
        query: ListQuery::parse(&CATALOGUE, entity, caller, input)?,
        asked: serde_json::Map::new(),
        folder: std::env::temp_dir(),
    };
    let mut pieces = export(&world.engine, &Seats::of_pool(16), caller, entity, wanted).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// The entities that can be imported, those that others refer to first.
fn importable() -> Vec<&'static Entity> {
    let mut waiting: Vec<&'static Entity> = CATALOGUE
        .entities()
        .iter()
        .copied()
        .filter(|entity| entity.verbs.import && entity.verbs.create)
        .collect();
    let mut ordered: Vec<&'static Entity> = Vec::new();
    while !waiting.is_empty() {
        let next = waiting
            .iter()
            .position(|entity| {
                entity.fields.iter().all(|field| {
                    !field.writable_on_create()
                        || field.reference.is_none_or(|name| {
                            name == entity.name || !waiting.iter().any(|other| other.name == name)
                        })
                })
            })
            .unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    // A record that is about any other comes after all of them.
    ordered.sort_by_key(|entity| entity.field("subject_id").is_some());
    ordered
}

/// The fields that an import may fill, and the id.
fn fields(entity: &'static Entity) -> String {
    let names: Vec<&str> = entity
        .all_fields()
        .iter()
        .filter(|field| field.writable_on_create() || field.name == "id")
        .map(|field| field.name)
        .collect();
    names.join(",")
}

async fn own_fields(world: &World, owner: &Caller) {
    let extensible = CATALOGUE
        .entities()
        .iter()
        .filter(|entity| entity.extensible);
    for entity in extensible.map(|entity| entity.name) {
        for (key, kind) in [
            ("tier", "choice"),
            ("note_to_self", "text"),
            ("budget", "money"),
            ("since", "date"),
            ("met_at", "timestamp"),
            ("is_key", "boolean"),
            ("areas", "multi_choice"),
            ("patron", "reference"),
        ] {
            let mut body = json!({"entity": entity, "key": key, "label": format!("My \"{key}\"\nfield, =1"), "kind": kind});
            if kind.ends_with("choice") {
                body["choices"] = json!([{"value": "gold", "label": "Gold"}, {"value": "a,b", "label": "A or B"}]);
            }
            if kind == "reference" {
                body["reference"] = json!("company");
            }
            if kind == "multi_choice" {
                body["default_value"] = json!(["gold"]);
            }
            world
                .create(owner, &kith_entities::custom_field::CUSTOM_FIELD, body)
                .await
                .unwrap();
        }
    }
}

/// Records of an entity: full ones, bare ones and awkward ones.
async fn fill(world: &World, owner: &Caller, entity: &'static Entity) -> Vec<String> {
    let mut made = Vec::new();
    for seed in 300..308_u32 {
        if seed > 300 && entity.name.ends_with("_member") {
            break;
        }
        let mut body = full(world, owner, entity, seed).await;
        let members = body.as_object_mut().unwrap();
        if seed % 2 == 1 {
            // Nothing but what is asked for: no owner, no currency, no tags.
            for field in entity.all_fields().iter().filter(|field| !field.required) {
                let needed = matches!(
                    field.name,
                    "last_name"
                        | "email"
                        | "description"
                        | "title"
                        | "content"
                        | "body_text"
                        | "subject_type"
                        | "subject_id"
                        | "billable_rate"
                        | "valid_from"
                );
                if !needed && field.kind != Kind::Boolean && field.writable_on_create() {
                    members.insert(field.name.to_owned(), Json::Null);
                }
            }
            members.remove("custom_fields");
            if entity.name == "deal" {
                for name in ["pipeline_id", "stage_id"] {
                    members.remove(name);
                }
            }
        }
        let awkward = AWKWARD[seed as usize % AWKWARD.len()];
        for field in entity
            .fields
            .iter()
            .filter(|field| field.writable_on_create() && !field.unique)
        {
            let free = matches!(field.kind, Kind::Text | Kind::LongText)
                && !matches!(field.name, "slug" | "key" | "full_name");
            // What has a form of its own (a recurrence) is no free text.
            let made_up = members
                .get(field.name)
                .and_then(Json::as_str)
                .is_some_and(|text| text.starts_with("Text ") || text.starts_with("Line "));
            if free && made_up {
                members.insert(field.name.to_owned(), json!(format!("{awkward} {seed}")));
            }
        }
        if entity.tagged && seed % 2 == 0 {
            members.insert("tags".to_owned(), json!(["vip", awkward, "x|y"]));
        }
        if !owner.overlay.of(entity.name).is_empty() && seed % 4 == 0 {
            members.insert(
                "custom_fields".to_owned(),
                json!({"tier": "a,b", "note_to_self": awkward, "budget": "12.345", "since": "2024-02-29", "met_at": "2024-02-29T12:00:00Z", "is_key": true, "areas": ["gold", "a,b"]}),
            );
        }
        let record = world
            .create(owner, entity, body.clone())
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}\n{body}", entity.name));
        made.push(id_of(&record).to_string());
    }
    made
}

/// The rows of a CSV file by the value that tells them apart, without the columns that cannot be the same.
fn rows(csv: &[u8], key: &str, left_out: &[String]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut table =
        kith_tabular::Table::open(csv.to_vec(), "export.csv", kith_tabular::Limits::default())
            .unwrap();
    let headers = table.headers().to_vec();
    let place = headers.iter().position(|header| header == key).unwrap();
    table
        .rows()
        .unwrap()
        .map(|row| {
            let cells = row.unwrap().cells;
            let told = cells[place].clone();
            let kept = headers
                .iter()
                .cloned()
                .zip(cells)
                .filter(|(header, _)| !left_out.contains(header))
                .collect();
            (told, kept)
        })
        .collect()
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kith-round-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Out of one organization, into another of another database, and out again.
async fn there_and_back(format: Format) {
    let (from, to) = (World::new().await, World::new().await);
    let (here, there) = (
        from.organization("Acme").await,
        to.organization("Acme").await,
    );
    let (mut owner, mut taker) = (
        from.role(&here, "owner").await,
        to.role(&there, "owner").await,
    );
    own_fields(&from, &owner).await;
    own_fields(&to, &taker).await;
    owner = from.role(&here, "owner").await;
    taker = to.role(&there, "owner").await;
    // What every organization has from the start came under other ids.
    let mut kept: HashSet<&str> = HashSet::new();
    let mut sent = Vec::new();
    for entity in importable() {
        sent.push((entity, fill(&from, &owner, entity).await));
    }
    for (entity, made) in sent {
        let wanted = fields(entity);
        let pairs = [("fields", wanted.as_str())];
        let bytes = exported(&from, &owner, entity, format, &pairs)
            .await
            .unwrap();
        let name = format!("{}.{}", entity.path, format.name());
        let run = import::run_to_end(
            &to.engine,
            &taker,
            entity,
            &file(&name, &bytes),
            &name,
            &json!({}),
        )
        .await
        .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(run["source"], "kith", "{name}");
        // People bring their place in a team along, so that its own file finds it there under another id.
        let there_already = entity.natural_keys.is_empty()
            && !entity.verbs.update
            && run["summary"]["problems"]
                .as_array()
                .unwrap()
                .iter()
                .all(|problem| {
                    problem["message"]
                        .as_str()
                        .unwrap()
                        .ends_with("exists already")
                });
        assert!(
            run["status"] == "completed" && (run["failed"] == 0 || there_already),
            "{name}: {run:#}"
        );
        if run["failed"] != 0 {
            continue;
        }
        let before = exported(&from, &owner, entity, Format::Csv, &pairs)
            .await
            .unwrap();
        let after = exported(&to, &taker, entity, Format::Csv, &pairs)
            .await
            .unwrap();
        // Ids of what came under other ids (people, what every organization has from the start) cannot be the same.
        let key = if entity.is_view { entity.title } else { "id" };
        let mut left_out: Vec<String> = entity
            .all_fields()
            .iter()
            .filter(|field| {
                field
                    .reference
                    .is_some_and(|name| name != entity.name && !kept.contains(name))
            })
            .map(|field| field.name.to_owned())
            .collect();
        if entity.is_view {
            left_out.push("id".to_owned());
            left_out.push("manager_id".to_owned());
        }
        let (before, after) = (rows(&before, key, &left_out), rows(&after, key, &left_out));
        let names: Vec<String> = if entity.is_view {
            before
                .keys()
                .filter(|name| !name.starts_with("Acme "))
                .cloned()
                .collect()
        } else {
            made
        };
        assert!(!names.is_empty(), "{name}");
        for id in &names {
            let pairs = before[id].iter().zip(after.get(id).into_iter().flatten());
            let other: Vec<_> = pairs.filter(|(before, after)| before != after).collect();
            assert!(
                other.is_empty() && after.contains_key(id),
                "{name}: the record {id} is another one: {other:?}"
            );
        }
        if !entity.is_view && before.keys().all(|id| after.contains_key(id)) {
            kept.insert(entity.name);
        }
        // A second time everything is there.
        let again = import::run_to_end(
            &to.engine,
            &taker,
            entity,
            &file(&name, &bytes),
            &name,
            &json!({}),
        )
        .await
        .unwrap();
        assert_eq!(
            (again["created"].as_i64(), again["failed"].as_i64()),
            (Some(0), Some(0)),
            "{name} again: {again:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_comes_back() {
    there_and_back(Format::Csv).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xlsx_comes_back() {
    there_and_back(Format::Xlsx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_comes_back() {
    there_and_back(Format::Ndjson).await;
}
