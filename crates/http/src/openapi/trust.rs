//! Duplicates, merging, personal data and who sees what: addresses of every entity that knows them.

use kith_catalogue::entity::Entity;
use serde_json::{Map, Value as Json, json};

use super::schemas::name_of;
use super::{Operation, etag_header, parameter, schema};

const READ: &[u16] = &[400, 401, 403, 404, 503];
const WRITE: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 503];

fn id() -> Json {
    json!({"type": "string", "format": "uuid"})
}

fn reasons() -> Json {
    json!({"type": "array", "items": schema("DuplicateReason")})
}

/// The schemas that the paths refer to.
pub(super) fn schemas() -> Json {
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    json!({
        "DuplicateReason": {"type": "object", "required": ["field", "code", "similarity"], "properties": {
            "field": {"type": "string"},
            "code": {"type": "string", "enum": ["same_email", "same_phone", "same_domain", "similar_name", "same_value"]},
            "similarity": {"type": "number", "minimum": 0, "maximum": 1}}},
        "PersonBrief": {"type": ["object", "null"], "required": ["id", "full_name"], "properties": {"id": id(), "full_name": {"type": ["string", "null"]}}},
        "ErasureReport": {"type": "object", "required": ["erased", "cleared", "kept"], "properties": {
            "erased": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "Rows that went, by table"},
            "cleared": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "Rows that no longer name the person, by table"},
            "kept": {"type": "array", "items": {"type": "object", "required": ["what", "rows", "why"], "properties": {"what": {"type": "string"}, "rows": {"type": "integer"}, "why": {"type": "string"}}}}}},
        "AccessReason": {"type": "object", "required": ["by"], "properties": {
            "by": {"type": "string", "enum": ["role", "status", "owner", "team", "company_membership", "project_membership", "unowned", "shared", "record", "rule"],
                "description": "role: the role grants it for every record; record: by the record that this one belongs to or is about, for the reasons given there"},
            "field": {"type": "string"}, "user_id": id(), "company_id": id(), "project_id": id(), "entity": {"type": "string"}, "id": id(),
            "reasons": {"type": "array", "items": schema("AccessReason")}}},
        "AccessTo": {"type": "object", "required": ["allowed", "scope", "reasons"], "properties": {
            "allowed": {"type": "boolean"}, "scope": {"type": ["string", "null"]}, "reasons": {"type": "array", "items": schema("AccessReason")}}},
        "RecordAccess": {"type": "object", "required": ["you", "people", "page"], "properties": {
            "you": {"type": "object", "required": ["read", "update", "delete"], "properties": {"read": schema("AccessTo"), "update": schema("AccessTo"), "delete": schema("AccessTo")}},
            "people": {"type": ["array", "null"], "items": {"type": "object", "required": ["user", "read", "update", "delete"], "properties": {
                "user": {"type": "object", "properties": {"id": id(), "full_name": {"type": ["string", "null"]}, "role": {"type": "object", "properties": {"key": {"type": ["string", "null"]}, "name": {"type": ["string", "null"]}}}}},
                "read": schema("AccessTo"), "update": schema("AccessTo"), "delete": schema("AccessTo")}}},
            "page": {"type": "object", "required": ["limit", "next_offset"], "properties": {"limit": {"type": "integer"}, "next_offset": {"type": ["integer", "null"]}}}}},
        "MergeList": {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {
            "type": "object", "required": ["id", "merged_id", "at", "user", "undone_at", "undone_by"], "properties": {
                "id": id(), "merged_id": id(), "at": time, "user": schema("PersonBrief"), "undone_at": time, "undone_by": schema("PersonBrief")}}}}},
    })
}

/// The paths of one entity.
pub(super) fn paths(entity: &'static Entity) -> Map<String, Json> {
    let mut paths = Map::new();
    if entity.merges() {
        duplicates(&mut paths, entity);
        merging(&mut paths, entity);
    }
    privacy(&mut paths, entity);
    access(&mut paths, entity);
    paths
}

fn privacy(paths: &mut Map<String, Json>, entity: &'static Entity) {
    let (tag, name, path) = (entity.label_plural, name_of(entity), entity.path);
    if entity.soft_delete {
        let purge = Operation::new(tag, format!("purge{name}"), "Remove a deleted record for good")
            .describe("With what belongs to it. Needs the permission privacy:delete; 409 for a record that is not deleted, or that something refers to which has to be kept")
            .takes([parameter("id"), parameter("idempotency_key")])
            .answers(204, "Gone", None, None)
            .fails(WRITE);
        paths.insert(
            format!("/{path}/{{id}}/purge"),
            json!({"post": purge.json()}),
        );
    }
    if entity.can_be_erased() {
        let erase = Operation::new(tag, format!("erase{name}"), "Forget a person")
            .describe("Removes the record, those of the same name and address, and what belongs to them, and clears every other text and the history of their names and addresses. What has to be kept stays without saying whose it is, and the answer says so. Needs the permission privacy:delete")
            .takes([parameter("id"), parameter("idempotency_key")])
            .answers(200, "What went, what was cleared, what stays and why", Some(schema("ErasureReport")), None)
            .fails(WRITE);
        paths.insert(
            format!("/{path}/{{id}}/erase"),
            json!({"post": erase.json()}),
        );
    }
    if entity.is_person() {
        let mut data = Operation::new(
            tag,
            format!("personalData{name}"),
            "Everything that is held about a person",
        )
        .describe("A line of JSON for each row, in every table: `about` says where it stands, `data` what it says. Needs the permission privacy:read; members may ask for themselves")
        .takes([parameter("id")])
        .fails(READ);
        data.insert_response(
            200,
            json!({"description": "The lines", "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}),
        );
        paths.insert(
            format!("/{path}/{{id}}/personal-data"),
            json!({"get": data.json()}),
        );
    }
}

fn access(paths: &mut Map<String, Json>, entity: &'static Entity) {
    let name = name_of(entity);
    let limit = json!({"name": "limit", "in": "query", "description": "Members to look at", "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}});
    let access = Operation::new(
        entity.label_plural,
        format!("access{name}"),
        "Who can read or change the record, and why",
    )
    .describe("Whether is answered by the record's own policies, for each member as themselves; why by the grant and what it goes by. `people` is null for callers who may not see what roles grant")
    .takes([parameter("id"), limit, parameter("offset")])
    .answers(200, "The caller's access, and that of a page of the members", Some(schema("RecordAccess")), None)
    .fails(READ);
    paths.insert(
        format!("/{}/{{id}}/access", entity.path),
        json!({"get": access.json()}),
    );
}

fn duplicates(paths: &mut Map<String, Json>, entity: &'static Entity) {
    let (tag, name, path) = (entity.label_plural, name_of(entity), entity.path);
    let score = || json!({"type": "integer", "minimum": 0, "maximum": 100});
    let page = json!({"type": "object", "required": ["data", "page"], "properties": {
        "data": {"type": "array", "items": {"type": "object", "required": ["score", "reasons", "records", "pairs"], "properties": {
            "score": score(), "reasons": reasons(),
            "records": {"type": "array", "items": schema(&name)},
            "pairs": {"type": "array", "items": {"type": "object", "required": ["ids", "score", "reasons"], "properties": {
                "ids": {"type": "array", "items": id(), "minItems": 2, "maxItems": 2}, "score": score(), "reasons": reasons()}}}}}},
        "page": schema("Page")}});
    let limit = json!({"name": "limit", "in": "query", "description": "Groups on the page at most", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}});
    let least = json!({"name": "min_score", "in": "query", "description": "How sure a pair has to be", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 60}});
    let list = Operation::new(
        tag,
        format!("duplicatesOf{name}"),
        "Groups of records that may be one, the surest kind of likeness first",
    )
    .describe("A page looks at a bounded stretch, so it may be short or empty and still have a next_cursor")
    .takes([limit, parameter("cursor"), least])
    .answers(200, "A page", Some(page), None)
    .fails(READ);
    paths.insert(format!("/{path}/duplicates"), json!({"get": list.json()}));
    let found = json!({"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {
        "type": "object", "required": ["score", "reasons", "record"], "properties": {"score": score(), "reasons": reasons(), "record": schema(&name)}}}}});
    let except = json!({"name": "except", "in": "query", "description": "The record that is being edited", "schema": id()});
    let check = Operation::new(
        tag,
        format!("checkDuplicatesOf{name}"),
        "Records that one which is not made yet may be a duplicate of",
    )
    .takes([except])
    .body(json!({"type": "object", "additionalProperties": true, "description": "The fields of a new record, or some of them"}))
    .answers(200, "The surest ten at most", Some(found), None)
    .fails(READ);
    paths.insert(
        format!("/{path}/duplicates/check"),
        json!({"post": check.json()}),
    );
    let other = json!({"type": "object", "additionalProperties": false, "required": ["with"], "properties": {"with": id()}});
    let with = json!({"name": "with", "in": "query", "required": true, "description": "The other record", "schema": id()});
    let two = Operation::new(
        tag,
        format!("notDuplicatesOf{name}"),
        "Remember that two records are two",
    )
    .takes([parameter("id"), parameter("idempotency_key")])
    .body(other)
    .answers(204, "Remembered", None, None)
    .fails(WRITE);
    let again = Operation::new(
        tag,
        format!("maybeDuplicatesOf{name}"),
        "Forget that two records are two",
    )
    .takes([parameter("id"), with])
    .answers(204, "Forgotten", None, None)
    .fails(&[400, 401, 403, 404, 409, 422, 503]);
    paths.insert(
        format!("/{path}/{{id}}/not-duplicates"),
        json!({"post": two.json(), "delete": again.json()}),
    );
}

fn merging(paths: &mut Map<String, Json>, entity: &'static Entity) {
    let (tag, name, path) = (entity.label_plural, name_of(entity), entity.path);
    let side = json!({"type": "string", "enum": ["mine", "theirs"]});
    let body = json!({"type": "object", "additionalProperties": false, "required": ["with"], "properties": {
        "with": {"type": "string", "format": "uuid", "description": "The record that goes"},
        "fields": {"type": "object", "additionalProperties": side, "description": "Whose value stays, by field; custom.<key> for the organization's own. Where nothing is said, the record keeps what it has and takes over what it lacks"}}});
    let merge = Operation::new(
        tag,
        format!("merge{name}"),
        "Merge another record into this one",
    )
    .describe("Everything that points at the other record points at this one afterwards, and the other's id goes on meaning this one: reading and changing by it, and references to it, reach this record. Needs the permission to change both and to delete the other")
    .takes([parameter("id"), parameter("idempotency_key")])
    .body(body)
    .answers(200, "The record that stays", Some(schema(&name)), Some(etag_header()))
    .fails(WRITE);
    paths.insert(
        format!("/{path}/{{id}}/merge"),
        json!({"post": merge.json()}),
    );
    let which = json!({"type": "object", "additionalProperties": false, "properties": {"merge_id": {"type": ["string", "null"], "format": "uuid", "description": "The latest when it is not said"}}});
    let both = json!({"type": "object", "required": ["record", "restored"], "properties": {"record": schema(&name), "restored": schema(&name)}});
    let undo = Operation::new(tag, format!("undoMerge{name}"), "Undo a merge into this record")
        .describe("What was moved goes back, and so do fields that the merge wrote over and nobody has changed since; what was added since stays")
        .takes([parameter("id"), parameter("idempotency_key")])
        .body(which)
        .answers(200, "The record, and the one that is back", Some(both), None)
        .fails(WRITE);
    paths.insert(
        format!("/{path}/{{id}}/merge/undo"),
        json!({"post": undo.json()}),
    );
    let merges = Operation::new(
        tag,
        format!("merges{name}"),
        "The merges into a record, the latest first",
    )
    .takes([parameter("id")])
    .answers(200, "The merges", Some(schema("MergeList")), None)
    .fails(READ);
    paths.insert(
        format!("/{path}/{{id}}/merges"),
        json!({"get": merges.json()}),
    );
}
