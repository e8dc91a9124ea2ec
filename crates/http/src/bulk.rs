//! `POST /{entity}/bulk`: up to 1,000 operations in one transaction, as a list or for all that pass a filter.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_catalogue::filter::{Filter, ParseScope, parse_json};
use kith_engine::{BulkAnswer, BulkOperation, Caller, EngineError, Update};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{BULK_LIMIT, Whole};
use crate::error::Problem;
use crate::path::EntityPath;
use crate::records::after_write;
use crate::write::{Key, write};

/// The handler.
pub(crate) async fn bulk(
    State(app): State<App>,
    Acting(caller): Acting,
    EntityPath(entity): EntityPath,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let request = Whole::read(request, BULK_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted = parse(&app, &caller, entity, request.json()?)?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::of_bulk,
        move |tx| async move {
            let answer = match wanted {
                Wanted::List(operations) => {
                    let answers =
                        kith_engine::bulk(engine, &tx, who, entity, operations.clone()).await?;
                    Answer::json(results(&answers))
                }
                Wanted::All {
                    filter,
                    change,
                    expected,
                } => {
                    let affected = kith_engine::bulk_by_filter(
                        engine,
                        &tx,
                        who,
                        entity,
                        filter,
                        change.clone(),
                        *expected,
                    )
                    .await?;
                    Answer::value(&json!({"affected": affected}))
                }
            };
            Ok((tx, answer))
        },
    )
    .await?;
    after_write(&app, &caller, entity).await;
    Ok(answer.into_response())
}

enum Wanted {
    List(Vec<BulkOperation>),
    All {
        filter: Filter,
        /// `None` deletes.
        change: Option<Json>,
        expected: Option<usize>,
    },
}

fn parse(
    app: &App,
    caller: &Caller,
    entity: &'static Entity,
    body: Json,
) -> Result<Wanted, Problem> {
    let Json::Object(mut body) = body else {
        return Err(Problem::malformed("the body must be a JSON object"));
    };
    if let Some(operations) = body.remove("operations") {
        refuse_unknown(&body, "")?;
        let Json::Array(operations) = operations else {
            return Err(Problem::invalid(vec![
                Fault::new("not_a_list", "must be a list").at("operations"),
            ]));
        };
        let mut parsed = Vec::with_capacity(operations.len());
        let mut faults = Vec::new();
        for (index, operation) in operations.into_iter().enumerate() {
            match parse_operation(operation) {
                Ok(operation) => parsed.push(operation),
                Err(fault) => {
                    let at = format!("operations[{index}]");
                    let field = if fault.field.is_empty() {
                        at
                    } else {
                        format!("{at}.{}", fault.field)
                    };
                    faults.push(Fault { field, ..fault });
                }
            }
        }
        return if faults.is_empty() {
            Ok(Wanted::List(parsed))
        } else {
            Err(Problem::invalid(faults))
        };
    }
    let operation = body.remove("op");
    let change = match (
        operation.as_ref().and_then(Json::as_str),
        body.remove("data"),
    ) {
        (Some("update"), Some(data)) => Some(data),
        (Some("update"), None) => {
            return Err(Problem::invalid(vec![
                Fault::new("required", "is required").at("data"),
            ]));
        }
        (Some("delete"), None) => None,
        (Some("delete"), Some(_)) => {
            return Err(Problem::invalid(vec![
                Fault::new("unknown_field", "does not go with a deletion").at("data"),
            ]));
        }
        _ => {
            let message = "must be update or delete, or give a list of operations";
            return Err(Problem::invalid(vec![
                Fault::new("not_a_choice", message).at("op"),
            ]));
        }
    };
    let filter = body.remove("filter").ok_or_else(|| {
        Problem::invalid(vec![
            Fault::new("required", "is required; {\"and\":[]} means every record").at("filter"),
        ])
    })?;
    let expected = match body.remove("expected") {
        None | Some(Json::Null) => None,
        Some(number) => Some(
            number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| {
                    Problem::invalid(vec![
                        Fault::new("not_a_number", "must be a whole number").at("expected"),
                    ])
                })?,
        ),
    };
    refuse_unknown(&body, "")?;
    let context = caller.parse_context();
    let scope = ParseScope {
        catalogue: app.engine.catalogue,
        entity,
        overlay: &caller.overlay,
        context: &context,
    };
    let filter = parse_json(&scope, &filter)
        .map_err(|fault| Problem::from(EngineError::Invalid(vec![fault])))?;
    Ok(Wanted::All {
        filter,
        change,
        expected,
    })
}

fn refuse_unknown(rest: &serde_json::Map<String, Json>, prefix: &str) -> Result<(), Problem> {
    match rest.keys().next() {
        None => Ok(()),
        Some(name) => Err(Problem::invalid(vec![
            unknown(name).at(format!("{prefix}{name}")),
        ])),
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new("unknown_field", "is not a part of this request").at(name)
}

/// `{"op":"create","data":{…}}`, `{"op":"update","id":…,"data":{…},"version":3}`, `{"op":"delete","id":…}`.
fn parse_operation(operation: Json) -> Result<BulkOperation, Fault> {
    let Json::Object(mut parts) = operation else {
        return Err(Fault::new("not_an_object", "must be an object"));
    };
    let name = parts.remove("op");
    let mut id = || -> Result<Uuid, Fault> {
        let text = parts
            .remove("id")
            .ok_or_else(|| Fault::new("required", "is required").at("id"))?;
        let parsed = text.as_str().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| Fault::new("not_an_id", "must be the id of a record").at("id"))
    };
    let parsed = match name.as_ref().and_then(Json::as_str) {
        Some("create") => BulkOperation::Create(
            parts
                .remove("data")
                .ok_or_else(|| Fault::new("required", "is required").at("data"))?,
        ),
        Some("update") => {
            let id = id()?;
            let body = parts
                .remove("data")
                .ok_or_else(|| Fault::new("required", "is required").at("data"))?;
            let version = match parts.remove("version") {
                None | Some(Json::Null) => None,
                Some(number) => Some(number.as_i64().ok_or_else(|| {
                    Fault::new("not_a_number", "must be a whole number").at("version")
                })?),
            };
            BulkOperation::Update(Update { id, body, version })
        }
        Some("delete") => BulkOperation::Delete(id()?),
        Some("restore") => BulkOperation::Restore(id()?),
        _ => {
            return Err(
                Fault::new("not_a_choice", "must be create, update, delete or restore").at("op"),
            );
        }
    };
    match parts.keys().next() {
        None => Ok(parsed),
        Some(name) => Err(unknown(name)),
    }
}

/// `{"results":[{"op","id","record"?}]}`, with the records' bytes as they are.
fn results(answers: &[BulkAnswer]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + answers.len() * 1024);
    out.extend_from_slice(b"{\"results\":[");
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(
            format!("{{\"op\":\"{}\",\"id\":\"{}\"", answer.operation, answer.id).as_bytes(),
        );
        if let Some(record) = &answer.record {
            out.extend_from_slice(b",\"record\":");
            out.extend_from_slice(&record.json);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_say_what_is_wrong_with_them() {
        let fault = |json: Json| {
            parse_operation(json)
                .err()
                .map(|fault| (fault.field, fault.code.into_owned()))
        };
        let id = "0192f0c1-2345-7890-abcd-ef0123456789";
        assert!(fault(json!({"op": "delete", "id": id})).is_none());
        assert!(fault(json!({"op": "update", "id": id, "data": {}, "version": 3})).is_none());
        let expect = |field: &str, code: &str| Some((field.to_owned(), code.to_owned()));
        assert_eq!(fault(json!({"op": "erase"})), expect("op", "not_a_choice"));
        assert_eq!(
            fault(json!({"op": "delete", "id": "x"})),
            expect("id", "not_an_id")
        );
        assert_eq!(fault(json!({"op": "create"})), expect("data", "required"));
        assert_eq!(
            fault(json!({"op": "delete", "id": id, "data": {}})),
            expect("data", "unknown_field")
        );
    }
}
