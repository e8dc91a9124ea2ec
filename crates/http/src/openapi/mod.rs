//! The OpenAPI 3.1 document, made from the catalogue: what is declared is described.
//!
//! Without an overlay it is the document that is committed; with a caller's, it has the organization's own fields.

mod billing;
mod delivery;
mod insight;
mod named;
mod people;
mod platform;
mod records;
mod schemas;
mod shared;
mod support;
mod talk;
mod trust;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kith_catalogue::Catalogue;
use kith_catalogue::custom::Overlay;
use serde_json::{Map, Value as Json, json};

use crate::actor::MaybeActing;
use crate::answer::{Answer, has_already, not_modified};
use crate::app::App;
use crate::error::Problem;
use crate::meta::tag_of;

/// The handler: the document with the caller's own fields, or without any for a caller who is not signed in.
pub(crate) async fn openapi(
    State(app): State<App>,
    MaybeActing(caller): MaybeActing,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let none = Overlay::default();
    let overlay = caller.as_ref().map_or(&none, |caller| &*caller.overlay);
    let body = document(app.engine.catalogue, overlay)
        .to_string()
        .into_bytes();
    let tag = tag_of(&body);
    if has_already(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    Ok(Answer {
        etag: Some(tag),
        ..Answer::json(body)
    }
    .into_response())
}

/// The whole document.
pub fn document(catalogue: &'static Catalogue, overlay: &Overlay) -> Json {
    let mut paths = named::paths();
    let mut schemas = shared::shared();
    let mut tags = named::tags();
    tags.extend(platform::tags());
    for entity in catalogue.entities() {
        tags.push(json!({"name": entity.label_plural}));
        for (path, operations) in records::paths(catalogue, entity) {
            add_operations(&mut paths, path, operations);
        }
        for (path, operations) in trust::paths(entity) {
            add_operations(&mut paths, path, operations);
        }
        schemas.extend(schemas::of_entity(catalogue, entity, overlay));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kith",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/api/v1"}],
        "tags": tags,
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses(),
            "parameters": parameters(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The access_token of a session, or an API key"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "kith_access", "description": "For browsers. Requests that change something also need the header X-Kith-Client: web"},
            },
        },
    })
}

/// Adds to what a path does already: a child list is read like every other, and may be written by an operation of its own.
fn add_operations(paths: &mut Map<String, Json>, path: String, operations: Json) {
    match (paths.get_mut(&path), operations) {
        (Some(Json::Object(standing)), Json::Object(more)) => standing.extend(more),
        (_, operations) => {
            paths.insert(path, operations);
        }
    }
}

const DESCRIPTION: &str = "The interface of Kith, a self-hosted CRM. JSON in UTF-8; times are RFC 3339 in UTC; money and other decimals are \
    strings with their currency in another field; unknown fields are errors. Sign in with POST /auth/login and send the access_token as \
    `Authorization: Bearer`, or an API key of your account's settings. Lists take `field=value` and `field[op]=value` for every filterable field, one hop along a reference \
    (`company.industry_id=…`), the organization's own fields (`custom.tier=gold`), tags (`tags[has]=vip`), a whole tree as `filter={JSON}`, \
    relative dates (`today`, `-30d`, `this_quarter`) and `me`. Read everything with `cursor`. Any POST that writes may carry an \
    `Idempotency-Key`; every record has an `ETag`, and changes may carry it as `If-Match`.";

/// The answers that are problems, by status.
const PROBLEMS: &[(u16, &str)] = &[
    (400, "The request cannot be understood"),
    (
        401,
        "Nobody is signed in, or the access token has expired (code token_expired)",
    ),
    (403, "The member may not do this"),
    (404, "There is no such record that the member may see"),
    (408, "Sending took too long"),
    (409, "A duplicate, or a state that forbids this"),
    (
        412,
        "Someone else changed the same fields meanwhile; conflicts and current tell which",
    ),
    (413, "The body is too large"),
    (415, "The body is of another type than expected"),
    (422, "Fields that need attention, all of them at once"),
    (429, "Too many attempts; see Retry-After"),
    (
        503,
        "Busy, or the database is not available; see Retry-After",
    ),
];

fn responses() -> Map<String, Json> {
    let problem = |text: &str| json!({"description": text, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    PROBLEMS
        .iter()
        .map(|(status, text)| (status.to_string(), problem(text)))
        .collect()
}

fn parameters() -> Json {
    json!({
        "id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
        "limit": {"name": "limit", "in": "query", "description": "Records on the page", "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}},
        "cursor": {"name": "cursor", "in": "query", "description": "page.next_cursor of the page before", "schema": {"type": "string"}},
        "offset": {"name": "offset", "in": "query", "description": "Records to skip; not together with cursor", "schema": {"type": "integer", "minimum": 0, "maximum": 1_000_000}},
        "q": {"name": "q", "in": "query", "description": "Free text: words, beginnings of words and misspellings; the best match first unless sort is given", "schema": {"type": "string", "maxLength": 200}},
        "filter": {"name": "filter", "in": "query", "description": "A filter tree as JSON", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Filter"}}}},
        "total": {"name": "total", "in": "query", "description": "Count the records too", "schema": {"type": "boolean", "default": false}},
        "archived": {"name": "archived", "in": "query", "description": "Archived records instead of the others, or with them", "schema": {"type": "string", "enum": ["no", "only", "with"], "default": "no"}},
        "deleted": {"name": "deleted", "in": "query", "description": "Deleted records instead of the others, or with them", "schema": {"type": "string", "enum": ["no", "only", "with"], "default": "no"}},
        "if_match": {"name": "If-Match", "in": "header", "description": "The ETag of the record that the change is based on. Changes that others made to other fields meanwhile are kept", "schema": {"type": "string", "examples": ["\"3\""]}},
        "if_none_match": {"name": "If-None-Match", "in": "header", "description": "The ETag that the client has", "schema": {"type": "string"}},
        "idempotency_key": {"name": "Idempotency-Key", "in": "header", "description": "Makes the request safe to repeat for 24 hours", "schema": {"type": "string", "minLength": 1, "maxLength": 255}},
    })
}

/// A reference to a shared parameter.
fn parameter(name: &str) -> Json {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// A reference to a schema.
fn schema(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// One operation under construction.
struct Operation(Map<String, Json>);

/// What may be wrong with any body: no JSON, too large, of another type, with what cannot be stored.
const BODY: &[u16] = &[400, 413, 415, 422];

impl Operation {
    fn new(tag: &str, id: impl Into<String>, summary: impl Into<String>) -> Operation {
        let mut parts = Map::new();
        parts.insert("operationId".to_owned(), Json::String(id.into()));
        parts.insert("tags".to_owned(), json!([tag]));
        parts.insert("summary".to_owned(), Json::String(summary.into()));
        parts.insert("parameters".to_owned(), json!([]));
        parts.insert("responses".to_owned(), json!({}));
        Operation(parts)
    }

    /// Needs no sign-in.
    fn open(mut self) -> Operation {
        self.0.insert("security".to_owned(), json!([]));
        self
    }

    fn describe(mut self, text: &str) -> Operation {
        if !text.is_empty() {
            self.0.insert("description".to_owned(), json!(text));
        }
        self
    }

    fn takes(mut self, parameters: impl IntoIterator<Item = Json>) -> Operation {
        if let Some(Json::Array(list)) = self.0.get_mut("parameters") {
            list.extend(parameters);
        }
        self
    }

    fn body(self, schema: Json) -> Operation {
        self.body_of("application/json", schema, None)
    }

    fn body_of(mut self, kind: &str, schema: Json, example: Option<Json>) -> Operation {
        let mut content = json!({"schema": schema});
        if let (Some(example), Json::Object(content)) = (example, &mut content) {
            content.insert("example".to_owned(), example);
        }
        self.0.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": {kind: content}}),
        );
        self.fails(BODY)
    }

    /// A body that may be left out.
    fn optional_body(self, schema: Json) -> Operation {
        let mut operation = self.body(schema);
        if let Some(Json::Object(body)) = operation.0.get_mut("requestBody") {
            body.insert("required".to_owned(), Json::Bool(false));
        }
        operation
    }

    fn answers(
        mut self,
        status: u16,
        description: &str,
        schema: Option<Json>,
        headers: Option<Json>,
    ) -> Operation {
        let mut response = json!({"description": description});
        if let Json::Object(response) = &mut response {
            if let Some(schema) = schema {
                response.insert(
                    "content".to_owned(),
                    json!({"application/json": {"schema": schema}}),
                );
            }
            if let Some(headers) = headers {
                response.insert("headers".to_owned(), headers);
            }
        }
        self.insert_response(status, response);
        self
    }

    fn fails(mut self, statuses: &[u16]) -> Operation {
        for status in statuses {
            self.insert_response(
                *status,
                json!({"$ref": format!("#/components/responses/{status}")}),
            );
        }
        self
    }

    fn insert_response(&mut self, status: u16, response: Json) {
        if let Some(Json::Object(responses)) = self.0.get_mut("responses") {
            responses.insert(status.to_string(), response);
        }
    }

    fn json(self) -> Json {
        Json::Object(self.0)
    }
}

/// The `ETag` header of an answer.
fn etag_header() -> Json {
    json!({"ETag": {"description": "The record's version", "schema": {"type": "string"}}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references<'a>(json: &'a Json, found: &mut BTreeSet<&'a str>) {
        match json {
            Json::Object(members) => {
                for (key, value) in members {
                    if let ("$ref", Json::String(text)) = (key.as_str(), value) {
                        found.insert(text);
                    }
                    references(value, found);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_operations_have_names_of_their_own() {
        let document = document(&kith_entities::CATALOGUE, &Overlay::default());
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            assert!(
                document
                    .pointer(reference.trim_start_matches('#'))
                    .is_some(),
                "{reference} leads nowhere"
            );
        }
        let mut ids = BTreeSet::new();
        for path in document["paths"].as_object().unwrap().values() {
            for operation in path.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "two operations are named {id}");
                assert!(
                    !operation["responses"].as_object().unwrap().is_empty(),
                    "{id} answers nothing"
                );
            }
        }
    }

    #[test]
    fn every_entity_is_described_with_an_example() {
        let document = document(&kith_entities::CATALOGUE, &Overlay::default());
        for entity in kith_entities::CATALOGUE.entities() {
            let list = &document["paths"][format!("/{}", entity.path)]["get"];
            assert!(list.is_object(), "{} has no list", entity.name);
            let name = schemas::name_of(entity);
            assert!(
                document["components"]["schemas"][format!("{name}Fields")]["examples"][0]
                    .is_object(),
                "{name} has no example"
            );
        }
    }
}
