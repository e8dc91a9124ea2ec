//! The filter that the engine writes as SQL answers as the naive one does in memory, for random
//! filters over random records.

use kith_catalogue::field::AnyField;
use kith_catalogue::filter::{Filter, Lookup, Operator, Target, Test, matches};
use kith_catalogue::kinds::parse;
use kith_catalogue::{Entity, Field, Kind, Value};
use kith_engine::{Caller, ListQuery};
use kith_entities::company::COMPANY;
use kith_entities::deal::DEAL;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value as Json, json};

use crate::bodies::full;
use crate::world::{World, id_of, ids};

/// A record as the interface shows it, with the company it refers to.
struct Record<'a> {
    entity: &'static Entity,
    json: &'a Json,
    company: Option<&'a Json>,
    caller: &'a Caller,
}

impl Lookup for Record<'_> {
    fn value(&self, hop: Option<&str>, target: &Target) -> Value {
        let (entity, json) = match hop {
            Some(_) => match self.company {
                Some(company) => (&COMPANY, company),
                None => return Value::Null,
            },
            None => (self.entity, self.json),
        };
        let context = self.caller.parse_context();
        match target {
            Target::Column(field) => {
                assert!(entity.field(field.name).is_some());
                parse(&AnyField::Column(field), &json[field.name], &context).unwrap()
            }
            Target::Custom { key, .. } => {
                let field = self.caller.overlay.get(entity.name, key).unwrap();
                parse(
                    &AnyField::Custom(field),
                    &json["custom_fields"][key],
                    &context,
                )
                .unwrap()
            }
        }
    }
}

/// Targets worth testing: filterable columns of the entity and of its company, and custom fields.
fn targets(entity: &'static Entity, caller: &Caller) -> Vec<(Option<&'static Field>, Target)> {
    let columns = |entity: &'static Entity| {
        entity
            .all_fields()
            .iter()
            .copied()
            .filter(|field| {
                field.filterable
                    && !matches!(
                        field.kind,
                        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid
                    )
            })
            .map(Target::Column)
            .collect::<Vec<_>>()
    };
    let custom = |entity: &'static Entity| {
        caller
            .overlay
            .of(entity.name)
            .iter()
            .map(|field| Target::Custom {
                key: field.key.clone(),
                kind: field.kind,
            })
            .collect::<Vec<_>>()
    };
    let mut all: Vec<_> = columns(entity)
        .into_iter()
        .chain(custom(entity))
        .map(|target| (None, target))
        .collect();
    if let Some(hop) = entity.field("company_id") {
        all.extend(
            columns(&COMPANY)
                .into_iter()
                .chain(custom(&COMPANY))
                .map(|target| (Some(hop), target)),
        );
    }
    all
}

/// A filter whose values are taken from the records, so that it finds some.
fn filter(
    targets: Vec<(Option<&'static Field>, Target)>,
    samples: Vec<Vec<Value>>,
) -> impl Strategy<Value = Filter> {
    let test = (
        0..targets.len(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<prop::sample::Index>(), 3),
    )
        .prop_map(move |(target, operator, picks)| {
            let (hop, target_found) = targets[target].clone();
            let operators = target_found.kind().operators();
            let operator = operators[operator.index(operators.len())];
            let pool = &samples[target];
            let mut values: Vec<Value> = picks
                .iter()
                .filter(|_| !pool.is_empty())
                .map(|pick| pool[pick.index(pool.len())].clone())
                .collect();
            match operator {
                Operator::IsNull => values = vec![Value::Boolean(picks[0].index(2) == 0)],
                Operator::In | Operator::NotIn => {}
                Operator::Between => values.truncate(2),
                Operator::Contains | Operator::Starts => {
                    let part = picks[1].index(5) + 1;
                    values = values
                        .into_iter()
                        .take(1)
                        .map(|value| match value {
                            Value::Text(text) => Value::Text(
                                text.chars()
                                    .skip(if operator == Operator::Starts {
                                        0
                                    } else {
                                        picks[2].index(4)
                                    })
                                    .take(part)
                                    .collect::<String>()
                                    .to_uppercase(),
                            ),
                            other => other,
                        })
                        .collect();
                }
                _ => values.truncate(1),
            }
            let enough = if operator == Operator::Between { 2 } else { 1 };
            let blank = values
                .iter()
                .any(|value| matches!(value, Value::Text(text) if text.trim().is_empty()));
            if values.len() < enough || blank {
                return Filter::everything();
            }
            Filter::Test(Test {
                hop,
                target: target_found,
                operator,
                values,
            })
        });
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Any),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_answers_as_memory_does() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for (entity, key, kind, extra) in [
        (
            "company",
            "tier",
            "choice",
            json!({"choices": [{"value": "gold", "label": "Gold"}, {"value": "iron", "label": "Iron"}]}),
        ),
        ("company", "visits", "integer", json!({})),
        ("deal", "margin", "money", json!({})),
        ("deal", "kickoff", "date", json!({})),
        ("deal", "nickname", "text", json!({})),
        ("deal", "urgent", "boolean", json!({})),
    ] {
        let mut body = json!({"entity": entity, "key": key, "label": key, "kind": kind});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        world
            .create(&owner, &kith_entities::custom_field::CUSTOM_FIELD, body)
            .await
            .unwrap();
    }
    let owner = world.role(&organization, "owner").await;
    let mut companies: Vec<Json> = Vec::new();
    for seed in 0..12 {
        let mut body = full(&world, &owner, &COMPANY, seed * 7 + 1).await;
        if seed % 2 == 0 {
            body["custom_fields"] =
                json!({"tier": if seed % 4 == 0 { "gold" } else { "iron" }, "visits": seed});
        } else {
            for name in [
                "company_size",
                "email",
                "annual_revenue",
                "tags",
                "employee_count",
            ] {
                body.as_object_mut().unwrap().remove(name);
            }
        }
        companies.push(world.create(&owner, &COMPANY, body).await.unwrap());
    }
    let mut deals: Vec<Json> = Vec::new();
    for seed in 0..25_u32 {
        let mut body = full(&world, &owner, &DEAL, seed * 5 + 2).await;
        let members = body.as_object_mut().unwrap();
        members.insert(
            "company_id".to_owned(),
            if seed % 5 == 0 {
                Json::Null
            } else {
                companies[seed as usize % companies.len()]["id"].clone()
            },
        );
        if seed % 3 == 0 {
            for name in [
                "amount",
                "probability",
                "expected_close_date",
                "source",
                "tags",
            ] {
                members.remove(name);
            }
        } else {
            members.insert(
                "custom_fields".to_owned(),
                json!({"margin": format!("{seed}.5"), "kickoff": format!("2026-01-{:02}", seed % 28 + 1), "nickname": format!("Nick {}", seed % 4), "urgent": seed % 2 == 0}),
            );
        }
        deals.push(world.create(&owner, &DEAL, body).await.unwrap());
    }
    for (entity, records) in [(&COMPANY as &'static Entity, &companies), (&DEAL, &deals)] {
        let views: Vec<Record<'_>> = records
            .iter()
            .map(|json| Record {
                entity,
                json,
                company: companies
                    .iter()
                    .find(|company| company["id"] == json["company_id"]),
                caller: &owner,
            })
            .collect();
        let targets = targets(entity, &owner);
        let samples: Vec<Vec<Value>> = targets
            .iter()
            .map(|(hop, target)| {
                views
                    .iter()
                    .flat_map(|view| match view.value(hop.map(|hop| hop.name), target) {
                        Value::Null => vec![],
                        Value::List(items) => items.into_iter().map(Value::Text).collect(),
                        other => vec![other],
                    })
                    .collect()
            })
            .collect();
        let mut runner = TestRunner::new_with_rng(
            Config {
                cases: 400,
                failure_persistence: None,
                ..Config::default()
            },
            TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]),
        );
        let handle = tokio::runtime::Handle::current();
        let (world, owner) = (&world, &owner);
        tokio::task::block_in_place(|| {
            runner
                .run(&filter(targets, samples), |filter| {
                    let query = ListQuery {
                        filter: filter.clone(),
                        limit: 200,
                        ..ListQuery::default()
                    };
                    let answer = handle
                        .block_on(kith_engine::list(&world.engine, owner, entity, &query))
                        .unwrap_or_else(|error| panic!("{filter:?}: {error:?}"));
                    let mut by_sql = ids(&serde_json::from_slice(&answer.json).unwrap());
                    let mut in_memory: Vec<String> = views
                        .iter()
                        .filter(|view| matches(&filter, *view))
                        .map(|view| id_of(view.json).to_string())
                        .collect();
                    by_sql.sort();
                    in_memory.sort();
                    prop_assert_eq!(by_sql, in_memory, "{:?}", filter);
                    Ok(())
                })
                .unwrap();
        });
    }
}
