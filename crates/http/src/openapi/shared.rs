//! The schemas that belong to no entity.

use serde_json::{Map, Value as Json, json};

use super::schema;

/// All of them.
pub(super) fn shared() -> Map<String, Json> {
    let mut all = Map::new();
    for group in [
        common(),
        signing_in(),
        super::people::schemas(),
        super::trust::schemas(),
        super::billing::schemas(),
        super::platform::schemas(),
        happenings(),
    ] {
        if let Json::Object(schemas) = group {
            all.extend(schemas);
        }
    }
    all
}

fn text() -> Json {
    json!({"type": "string"})
}

fn text_or_null() -> Json {
    json!({"type": ["string", "null"]})
}

fn id() -> Json {
    json!({"type": "string", "format": "uuid"})
}

fn count() -> Json {
    json!({"type": "integer", "minimum": 0})
}

fn rows_of() -> Json {
    json!({"type": "object", "properties": {"count": count(), "rows": {"type": "array", "items": {"type": "integer"}}}})
}

fn time_or_null() -> Json {
    json!({"type": ["string", "null"], "format": "date-time"})
}

/// What every answer is made of.
fn common() -> Json {
    json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
            "properties": {
                "type": text(), "title": text(), "status": {"type": "integer"},
                "code": {"type": "string", "description": "A stable word for programs"},
                "detail": {"type": "string", "description": "For people"},
                "errors": {"type": "array", "items": schema("Fault")},
                "conflicts": {"type": "array", "items": schema("FieldConflict")},
                "current": {"description": "The record as it stands, for a 412"},
                "request_id": text_or_null(),
            },
        },
        "Fault": {"type": "object", "required": ["field", "code", "message"], "properties": {"field": text(), "code": text(), "message": text()}},
        "FieldConflict": {"type": "object", "required": ["field", "mine", "theirs", "was"], "properties": {"field": text(), "mine": {}, "theirs": {}, "was": {}}},
        "Page": {
            "type": "object",
            "required": ["limit", "next_cursor", "total", "total_is_lower_bound"],
            "properties": {
                "limit": {"type": "integer"}, "next_cursor": text_or_null(), "total": {"type": ["integer", "null"]},
                "total_is_lower_bound": {"type": "boolean", "description": "There are more records than total"},
            },
        },
        "Address": {
            "type": "object",
            "additionalProperties": false,
            "properties": {"line1": text_or_null(), "line2": text_or_null(), "city": text_or_null(), "state": text_or_null(), "postal_code": text_or_null(), "country": text_or_null()},
        },
        "Filter": {
            "description": "A tree of tests. A field may follow a reference (company.industry_id), be one of the organization's own (custom.tier), or tags",
            "oneOf": [
                {"type": "object", "required": ["and"], "additionalProperties": false, "properties": {"and": {"type": "array", "items": schema("Filter")}}},
                {"type": "object", "required": ["or"], "additionalProperties": false, "properties": {"or": {"type": "array", "items": schema("Filter")}}},
                {"type": "object", "required": ["not"], "additionalProperties": false, "properties": {"not": schema("Filter")}},
                {"type": "object", "required": ["field", "op"], "additionalProperties": false, "properties": {
                    "field": text(),
                    "op": {"type": "string", "enum": kith_catalogue::filter::Operator::ALL.iter().map(|operator| operator.word()).collect::<Vec<_>>()},
                    "value": {},
                }},
            ],
            "examples": [{"and": [{"field": "status", "op": "eq", "value": "active"}, {"field": "created_at", "op": "gte", "value": "-30d"}]}],
        },
        "Query": {
            "type": "object",
            "additionalProperties": true,
            "description": "The parameters of a list, for filters too long for an address",
            "properties": {
                "filter": schema("Filter"), "sort": text(), "q": text(), "limit": {"type": "integer", "minimum": 1, "maximum": 200},
                "offset": count(), "cursor": text(), "include": {"anyOf": [text(), {"type": "array", "items": text()}]},
                "fields": {"anyOf": [text(), {"type": "array", "items": text()}]}, "total": {"type": "boolean"},
                "deleted": {"type": "string", "enum": ["no", "only", "with"]}, "archived": {"type": "string", "enum": ["no", "only", "with"]},
            },
        },
        "ExportQuery": {
            "type": "object",
            "additionalProperties": true,
            "description": "The parameters of a list and of its file",
            "properties": {
                "format": {"type": "string", "enum": ["csv", "xlsx", "ndjson"]}, "bom": {"type": "boolean"},
                "filter": schema("Filter"), "sort": text(), "q": text(),
                "fields": {"anyOf": [text(), {"type": "array", "items": text()}]}, "deleted": {"type": "string", "enum": ["no", "only", "with"]},
            },
        },
        "BulkResults": {
            "anyOf": [
                {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": {"type": "object", "required": ["op", "id"], "properties": {"op": text(), "id": id(), "record": {"type": "object"}}}}}},
                {"type": "object", "required": ["affected"], "properties": {"affected": count()}},
            ],
        },
    })
}

/// Sessions and the organization.
fn signing_in() -> Json {
    json!({
        "Session": {
            "type": "object",
            "required": ["token_type", "expires_in", "user", "organization"],
            "description": "For a browser (X-Kith-Client: web) the tokens are in cookies and not in the body",
            "properties": {
                "access_token": text(), "token_type": {"type": "string", "const": "Bearer"}, "expires_in": {"type": "integer"}, "refresh_token": text(),
                "user": schema("SignedInUser"), "organization": schema("SignedInOrganization"),
            },
        },
        "SignedInUser": {"type": "object", "required": ["id", "full_name"], "properties": {"id": id(), "email": text_or_null(), "full_name": text(), "locale": text_or_null(), "timezone": text_or_null(), "avatar_url": text_or_null()}},
        "MyUser": {"allOf": [schema("SignedInUser"), {"type": "object", "required": ["phone", "is_verified", "has_second_factor"], "properties": {
            "phone": text_or_null(), "is_verified": {"type": "boolean"}, "has_second_factor": {"type": "boolean"}}}]},
        "SignedInOrganization": {"type": "object", "required": ["id", "name"], "properties": {"id": id(), "name": text(), "slug": text(), "base_currency": text(), "timezone": text(), "locale": text()}},
        "Me": {
            "type": "object",
            "required": ["user", "organization", "role", "grants", "memberships"],
            "properties": {
                "user": schema("MyUser"), "organization": schema("SignedInOrganization"),
                "role": {"type": "object", "properties": {"id": id(), "key": text(), "name": text()}},
                "grants": {"type": "array", "items": {"type": "object", "properties": {"resource": text(), "action": text(), "scope": text()}}},
                "memberships": {"type": "array", "items": {"type": "object", "properties": {"organization_id": id(), "organization_name": text(), "role_key": text(), "status": text()}}},
            },
        },
        "Organization": {
            "type": "object",
            "required": ["id", "name", "slug", "base_currency", "timezone", "locale", "settings", "version"],
            "properties": {"id": id(), "name": text(), "slug": text(), "base_currency": text(), "timezone": text(), "locale": text(), "country": text_or_null(), "branding": {"type": "object"}, "settings": {"type": "object"}, "version": {"type": "integer"}},
        },
        "OrganizationUpdate": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 255}, "base_currency": {"type": "string", "pattern": "^[A-Z]{3}$"}, "timezone": text(), "locale": text(),
                "country": {"type": "string", "pattern": "^[A-Z]{2}$"}, "branding": {"type": "object"},
                "settings": {"type": "object", "properties": {"max_active_products": {"type": ["integer", "null"], "minimum": 0, "maximum": 100_000},
                    "ticket_reopen_days": {"type": ["integer", "null"], "minimum": 0, "maximum": 3650, "description": "For how many days a ticket that is done can be opened again; 14 unless said"},
                    "ticket_assignment": {"type": ["string", "null"], "enum": ["manual", "round_robin", "least_loaded", null], "description": "How a new ticket that nobody has finds somebody"},
                    "ticket_team_id": {"type": ["string", "null"], "format": "uuid", "description": "Among whose members tickets are given out"},
                    "ticket_wait_after_reply": {"type": ["boolean", "null"], "description": "Whether our public comment means that we wait for the customer"}}},
            },
        },
    })
}

/// History, events, totals and imports.
fn happenings() -> Json {
    json!({
        "HistoryEntry": {
            "type": "object",
            "required": ["id", "at", "action", "changes"],
            "properties": {
                "id": id(), "at": {"type": "string", "format": "date-time"}, "action": {"type": "string", "enum": ["INSERT", "UPDATE", "DELETE", "LOGIN", "EXPORT", "PERMISSION", "MERGE", "ERASE"]},
                "version": {"type": ["integer", "null"]}, "user": {"type": ["object", "null"], "properties": {"id": id(), "full_name": text_or_null()}},
                "change_set_id": {"type": ["string", "null"], "format": "uuid"}, "origin": text_or_null(), "ip": text_or_null(), "user_agent": text_or_null(),
                "changes": {"type": "array", "items": {"type": "object", "required": ["field", "old", "new"], "properties": {"field": text(), "old": {}, "new": {}}}},
                "details": {"type": ["object", "null"], "description": "Of a merge or an erasure: what it was about"},
            },
        },
        "HistoryList": {"type": "object", "required": ["data", "page"], "properties": {"data": {"type": "array", "items": schema("HistoryEntry")}, "page": schema("Page")}},
        "Event": {
            "type": "object",
            "required": ["seq", "entity", "id", "action", "at"],
            "properties": {"seq": {"type": "integer"}, "entity": text(), "id": id(), "action": text(), "version": {"type": ["integer", "null"]}, "changed": {"type": ["array", "null"], "items": text()}, "actor": {"type": ["string", "null"], "format": "uuid"}, "at": {"type": "string", "format": "date-time"}},
        },
        "EventList": {"type": "object", "required": ["data", "page"], "properties": {"data": {"type": "array", "items": schema("Event")}, "page": {"type": "object", "required": ["next_after"], "properties": {"next_after": {"type": "string", "description": "Opaque; the beginning of what has not been read"}}}}},
        "PipelineTotals": {
            "type": "object",
            "required": ["pipeline", "stages"],
            "properties": {
                "pipeline": {"type": "object", "properties": {"id": id(), "name": text()}},
                "stages": {"type": "array", "items": {"type": "object", "properties": {
                    "id": id(), "key": text(), "name": text(), "position": {"type": "integer"}, "probability": {"type": "integer"}, "color": text_or_null(), "kind": {"type": "string", "enum": ["open", "won", "lost"]},
                    "is_active": {"type": "boolean"}, "count": count(),
                    "totals": {"type": "array", "items": {"type": "object", "properties": {"currency": text_or_null(), "count": count(), "amount": text(), "weighted": text()}}},
                }}},
            },
        },
        "Import": {
            "type": "object",
            "required": ["id", "entity", "status"],
            "properties": {
                "id": id(), "entity": text(), "status": {"type": "string", "enum": ["queued", "running", "completed", "failed", "cancelled"]}, "dry_run": {"type": "boolean"}, "file_name": text(),
                "total": {"type": ["integer", "null"]}, "processed": count(), "created": count(), "updated": count(), "skipped": count(), "failed": count(), "message": text_or_null(),
                "started_at": time_or_null(), "finished_at": time_or_null(), "has_errors": {"type": "boolean"},
                "source": {"type": ["string", "null"], "description": "The product that wrote the file"},
                "summary": {"anyOf": [schema("ImportSummary"), {"type": "null"}], "description": "When the import is over"},
                "undo_until": {"type": ["string", "null"], "format": "date-time", "description": "Until when it can be undone; null when there is nothing to undo"},
                "undone_at": time_or_null(), "undone_by": {"type": ["string", "null"], "format": "uuid"},
                "undo": {"anyOf": [schema("ImportUndo"), {"type": "null"}], "description": "When the import was undone"},
            },
        },
        "ImportUndo": {
            "type": "object",
            "description": "What became of what the import made and changed",
            "required": ["deleted", "restored", "gone", "kept", "kept_records"],
            "properties": {
                "deleted": count(), "restored": {"type": "integer", "minimum": 0, "description": "Records put back to what they were"},
                "gone": {"type": "integer", "minimum": 0, "description": "Deleted by somebody before"},
                "kept": {"type": "object", "description": "How many records stayed as they are, wholly or in some fields, and why",
                    "required": ["changed", "used", "not_allowed", "refused"],
                    "properties": {"changed": count(), "used": count(), "not_allowed": count(), "refused": count()}},
                "kept_records": {"type": "array", "description": "The first hundred of them", "items": {"type": "object", "required": ["entity", "id", "reason"], "properties": {
                    "entity": text(), "id": id(), "title": text_or_null(),
                    "reason": {"type": "string", "enum": ["changed", "used", "not_allowed", "refused"]},
                    "detail": {"type": ["string", "null"], "description": "changed: the fields of a record that was there before; used: the entity that refers to it; refused: why"}}}},
            },
        },
        "ImportSummary": {
            "type": "object",
            "description": "How many rows came to what, the first of each, and what was wrong",
            "properties": {
                "created": rows_of(), "updated": rows_of(), "skipped": rows_of(), "failed": rows_of(), "undone": rows_of(),
                "related": {"type": "object", "description": "Records made because rows referred to them, by entity", "additionalProperties": {"type": "integer"}},
                "problems": {"type": "array", "items": {"type": "object", "properties": {"column": text_or_null(), "count": count(), "message": text()}}},
                "errors": {"type": "array", "items": {"type": "object", "properties": {"row": {"type": "integer"}, "column": text_or_null(), "value": text_or_null(), "message": text()}}},
            },
        },
        "ImportPreview": {
            "type": "object",
            "required": ["source", "format", "columns", "rows", "total_rows", "required", "match_on", "targets"],
            "properties": {
                "source": {"type": "string", "enum": ["kith", "hubspot", "pipedrive", "salesforce", "google_contacts", "outlook", "unknown"]},
                "format": {"type": "string", "enum": ["csv", "xlsx", "xls", "ods", "ndjson", "vcard"]},
                "columns": {"type": "array", "items": {"type": "object", "properties": {
                    "header": text(), "samples": {"type": "array", "items": text()}, "suggestion": text_or_null(), "confidence": {"type": "number"}}}},
                "rows": {"type": "array", "items": {"type": "array", "items": text()}}, "total_rows": count(),
                "encoding": text_or_null(), "delimiter": text_or_null(), "date_order": text(),
                "required": {"type": "array", "items": text()}, "match_on": {"type": "array", "items": text()},
                "targets": {"type": "array", "items": {"type": "object", "properties": {"name": text(), "label": text()}}},
            },
        },
        "ImportOptions": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "mapping": {"type": "object", "description": "Header → field, null leaves a column out", "additionalProperties": text_or_null()}, "dry_run": {"type": "boolean", "default": false},
                "mode": {"type": "string", "enum": ["best_effort", "all_or_nothing"]}, "duplicates": {"type": "string", "enum": ["skip", "update", "create"]}, "match_on": text_or_null(),
                "missing_references": {"type": "string", "enum": ["error", "create", "empty"]}, "defaults": {"type": "object"}, "date_order": {"type": "string", "enum": ["auto", "day_first", "month_first"]},
                "value_map": {"type": "object", "additionalProperties": {"type": "object"}},
            },
        },
    })
}
