//! The addresses with a name of their own: sign-in, the organization, the board, the feed, imports.

use serde_json::{Map, Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

pub(super) fn tags() -> Vec<Json> {
    vec![
        json!({"name": "Sign-in"}),
        json!({"name": "Account"}),
        json!({"name": "Organization"}),
        json!({"name": "Imports"}),
        json!({"name": "Unsubscribe"}),
        json!({"name": "Calendar"}),
    ]
}

pub(super) fn web_client() -> Json {
    json!({"name": "X-Kith-Client", "in": "header", "description": "`web`: the session comes as cookies", "schema": {"type": "string", "enum": ["web"]}})
}

fn sign_in(id: &str, summary: &str, status: u16, body: Json) -> Operation {
    Operation::new("Sign-in", id, summary)
        .open()
        .takes([web_client()])
        .body(body)
        .answers(status, "A session", Some(schema("Session")), None)
}

pub(super) fn paths() -> Map<String, Json> {
    let mut paths = Map::new();
    let mut add = |path: &str, method: &str, operation: Operation| {
        if let Json::Object(operations) = paths.entry(path.to_owned()).or_insert_with(|| json!({}))
        {
            operations.insert(method.to_owned(), operation.json());
        }
    };
    authentication(&mut add);
    super::people::paths(&mut add);
    organization(&mut add);
    boards(&mut add);
    leads(&mut add);
    super::billing::paths(&mut add);
    tasks(&mut add);
    super::delivery::paths(&mut add);
    super::support::paths(&mut add);
    imports(&mut add);
    super::talk::paths(&mut add);
    super::insight::paths(&mut add);
    super::platform::paths(&mut add);
    paths
}

fn authentication(add: &mut impl FnMut(&str, &str, Operation)) {
    let text = || json!({"type": "string"});
    let email = || json!({"type": "string", "format": "email", "maxLength": 255});
    let id = || json!({"type": "string", "format": "uuid"});
    let register = json!({"type": "object", "additionalProperties": false, "required": ["email", "password", "full_name", "organization_name"], "properties": {
        "email": email(), "password": text(), "full_name": {"type": "string", "maxLength": 255}, "organization_name": {"type": "string", "maxLength": 255}}});
    let login = json!({"type": "object", "additionalProperties": false, "required": ["email", "password"], "properties": {
        "email": text(), "password": text(), "organization_id": {"type": ["string", "null"], "format": "uuid"},
        "totp": {"type": ["string", "null"], "description": "A code of the authenticator or a recovery code, for an account that asks for one (401 with the code totp_required or totp_invalid)"}}});
    let refresh = json!({"type": "object", "additionalProperties": false, "properties": {"refresh_token": text()}});
    let switch = json!({"type": "object", "additionalProperties": false, "required": ["organization_id"], "properties": {"organization_id": id()}});
    add(
        "/auth/register",
        "post",
        sign_in(
            "register",
            "Register a person and their organization",
            201,
            register,
        )
        .fails(&[400, 403, 409, 413, 415, 422, 429, 503]),
    );
    add(
        "/auth/login",
        "post",
        sign_in("login", "Sign in", 200, login).fails(&[400, 401, 403, 413, 415, 422, 429, 503]),
    );
    add(
        "/auth/refresh",
        "post",
        sign_in(
            "refresh",
            "Renew a session; the refresh token is replaced",
            200,
            refresh,
        )
        .fails(&[400, 401, 403, 409, 413, 415, 422, 429, 503]),
    );
    let options = json!({"type": "object", "required": ["registration_open", "first"], "properties": {"registration_open": {"type": "boolean"}, "first": {"type": "boolean", "description": "Nobody has registered yet"}}});
    add(
        "/auth/options",
        "get",
        Operation::new("Sign-in", "authOptions", "What a sign-in page offers")
            .open()
            .answers(200, "The options", Some(options), None)
            .fails(&[503]),
    );
    add(
        "/auth/logout",
        "post",
        Operation::new("Sign-in", "logout", "End the session")
            .answers(204, "Ended", None, None)
            .fails(&[400, 401, 403, 413, 415, 422, 503]),
    );
    add(
        "/auth/me",
        "get",
        Operation::new("Sign-in", "me", "Who is signed in, and what they may do")
            .answers(200, "The member", Some(schema("Me")), None)
            .fails(&[401, 503]),
    );
    let switching = Operation::new(
        "Sign-in",
        "switchOrganization",
        "Go on in another organization",
    )
    .body(switch);
    add(
        "/auth/switch-organization",
        "post",
        switching
            .answers(200, "A session", Some(schema("Session")), None)
            .fails(&[400, 401, 403, 404, 413, 415, 422, 503]),
    );
}

fn organization(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Organization";
    let object = || Some(json!({"type": "object"}));
    add(
        "/meta",
        "get",
        Operation::new(tag, "meta", "The catalogue as the caller may see it")
            .takes([parameter("if_none_match")])
            .answers(
                200,
                "Entities, fields and layout",
                object(),
                Some(etag_header()),
            )
            .answers(304, "Unchanged", None, None)
            .fails(&[401, 503]),
    );
    add(
        "/openapi.json",
        "get",
        Operation::new(
            tag,
            "openapi",
            "This document, with the caller's own fields",
        )
        .open()
        .answers(200, "The document", object(), None)
        .answers(304, "Unchanged", None, None)
        .fails(&[401, 503]),
    );
    add(
        "/organization",
        "get",
        Operation::new(tag, "getOrganization", "The organization's settings")
            .answers(
                200,
                "The organization",
                Some(schema("Organization")),
                Some(etag_header()),
            )
            .fails(&[401, 403, 404, 503]),
    );
    add(
        "/organization",
        "patch",
        Operation::new(
            tag,
            "updateOrganization",
            "Change the organization's settings",
        )
        .takes([parameter("if_match")])
        .body(schema("OrganizationUpdate"))
        .answers(
            200,
            "The organization",
            Some(schema("Organization")),
            Some(etag_header()),
        )
        .fails(&[400, 401, 403, 404, 412, 413, 415, 422, 503]),
    );
    let after = json!({"name": "after", "in": "query", "description": "page.next_after of the stretch before, as it is; without it, from the beginning", "schema": {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?$"}});
    let limit = json!({"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}});
    add(
        "/events",
        "get",
        Operation::new(tag, "events", "What happened after a position, in order")
            .takes([after, limit])
            .answers(
                200,
                "A stretch of the feed",
                Some(schema("EventList")),
                None,
            )
            .fails(&[400, 401, 403, 503]),
    );

    let into = json!({"type": "object", "additionalProperties": false, "required": ["into"], "properties": {"into": {"type": "string", "format": "uuid"}}});
    add(
        "/stages/{id}/merge",
        "post",
        Operation::new(
            "Stages",
            "mergeStage",
            "Give a stage's deals to another and remove it",
        )
        .takes([parameter("id"), parameter("idempotency_key")])
        .body(into)
        .answers(204, "Merged", None, None)
        .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

/// What is worked through stages.
fn boards(add: &mut impl FnMut(&str, &str, Operation)) {
    for (path, tag, name, one) in [
        ("deals", "Deals", "Deal", "deal"),
        ("leads", "Leads", "Lead", "lead"),
    ] {
        let stage = json!({"type": "object", "additionalProperties": false, "properties": {
            "stage": {"type": "string", "description": "The stage's id, key or name"}, "lost_reason": {"type": ["string", "null"]},
            "before": {"type": ["string", "null"], "format": "uuid", "description": "Lay the card before this one's"},
            "after": {"type": ["string", "null"], "format": "uuid"}}});
        add(
            &format!("/{path}/{{id}}/stage"),
            "put",
            Operation::new(
                tag,
                format!("move{name}"),
                format!("Move a {one} to a stage, or within its column"),
            )
            .takes([parameter("id"), parameter("if_match")])
            .body_of(
                "application/json",
                stage,
                Some(json!({"stage": "qualified"})),
            )
            .answers(200, "The record", Some(schema(name)), Some(etag_header()))
            .fails(&[400, 401, 403, 404, 409, 412, 413, 415, 422, 503]),
        );
        let pipeline = json!({"name": "pipeline_id", "in": "query", "description": "The default pipeline when absent", "schema": {"type": "string", "format": "uuid"}});
        add(
            &format!("/{path}/pipeline"),
            "get",
            Operation::new(
                tag,
                if name == "Deal" {
                    "pipeline".to_owned()
                } else {
                    "leadPipeline".to_owned()
                },
                "The board's totals by stage and currency",
            )
            .describe(&format!("Takes every filter of the list of {path}"))
            .takes([pipeline, parameter("q"), parameter("filter")])
            .answers(200, "The totals", Some(schema("PipelineTotals")), None)
            .fails(&[400, 401, 403, 404, 503]),
        );
    }
}

fn leads(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Leads";
    let id = || json!({"type": ["string", "null"], "format": "uuid"});
    let text = || json!({"type": ["string", "null"]});
    let found = || {
        json!({"type": "object", "required": ["suggested", "matches"], "properties": {"suggested": id(), "matches": {"type": "array", "items": {
            "type": "object", "required": ["id", "name", "reason"], "properties": {"id": {"type": "string", "format": "uuid"}, "name": text(),
            "reason": {"type": "string", "enum": ["contact", "domain", "email", "phone", "name"]}}}}}})
    };
    let suggestion = json!({"type": "object", "required": ["converted", "can_undo", "blockers", "company", "contact", "deal"], "properties": {
        "converted": {"type": "boolean"}, "can_undo": {"type": "boolean"},
        "blockers": {"type": "array", "items": {"type": "string"}, "description": "What hangs on what the conversion made"},
        "company": found(), "contact": found(),
        "deal": {"type": "object", "properties": {"name": text(), "pipeline_id": id(), "stage_id": id(), "amount": text(), "currency": text()}}}});
    add(
        "/leads/{id}/conversion",
        "get",
        Operation::new(
            tag,
            "leadConversion",
            "What a conversion would do, or whether the one that was made can be undone",
        )
        .takes([parameter("id")])
        .answers(200, "What was found", Some(suggestion), None)
        .fails(&[400, 401, 403, 404, 503]),
    );
    let choice = |properties: Json| json!({"type": ["object", "null"], "additionalProperties": false, "required": ["action"], "properties": properties});
    let action = || json!({"type": "string", "enum": ["create", "use", "none"]});
    let body = json!({"type": "object", "additionalProperties": false, "properties": {
        "company": choice(json!({"action": action(), "id": id(), "name": text()})),
        "contact": choice(json!({"action": action(), "id": id(), "name": text()})),
        "deal": choice(json!({"action": {"type": "string", "enum": ["create", "none"]}, "name": text(), "pipeline_id": id(), "stage_id": id(),
            "amount": text(), "currency": text(), "expected_close_date": {"type": ["string", "null"], "format": "date"}}))}});
    let or_null = |name: &str| json!({"anyOf": [schema(name), {"type": "null"}]});
    let made = json!({"type": "object", "required": ["lead", "company", "contact", "deal"], "properties": {
        "lead": schema("Lead"), "company": or_null("Company"), "contact": or_null("Contact"), "deal": or_null("Deal")}});
    let example = json!({"company": {"action": "create"}, "contact": {"action": "create"}, "deal": {"action": "create", "name": "Website", "amount": "12000.00"}});
    add(
        "/leads/{id}/convert",
        "post",
        Operation::new(
            tag,
            "convertLead",
            "Make a lead a company, a contact and a deal",
        )
        .describe("What is not said is matched by domain, address, number and name, else made")
        .takes([parameter("id"), parameter("idempotency_key")])
        .body_of("application/json", body, Some(example))
        .answers(200, "The lead and what it became", Some(made), None)
        .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
    let back =
        json!({"type": "object", "required": ["lead"], "properties": {"lead": schema("Lead")}});
    add(
        "/leads/{id}/unconvert",
        "post",
        Operation::new(
            tag,
            "unconvertLead",
            "Take a conversion back while nothing hangs on it",
        )
        .takes([parameter("id"), parameter("idempotency_key")])
        .answers(200, "The lead as it stood", Some(back), None)
        .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

fn tasks(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Tasks";
    let buckets = [
        "overdue",
        "today",
        "tomorrow",
        "this_week",
        "later",
        "no_date",
    ];
    let bucket = json!({"name": "bucket", "in": "query", "description": "One bucket only", "schema": {"type": "string", "enum": buckets}});
    let completed = json!({"name": "completed", "in": "query", "description": "Adds what was completed today, as bucket done", "schema": {"type": "string", "enum": ["today"]}});
    let counts: Map<String, Json> = buckets
        .iter()
        .map(|bucket| ((*bucket).to_owned(), json!({"type": "integer"})))
        .collect();
    let list = json!({"type": "object", "required": ["data", "page"], "properties": {
        "data": {"type": "array", "items": {"allOf": [schema("Task"), {"type": "object", "required": ["bucket"], "properties": {"bucket": {"type": "string"}}}]}},
        "page": {"allOf": [schema("Page"), {"type": "object", "required": ["counts"], "properties": {"counts": {"type": "object", "properties": counts}}}]}}});
    add(
        "/tasks/my-tasks",
        "get",
        Operation::new(tag, "myTasks", "One's own open tasks, by day")
            .describe(
                "Days are those of the person's time zone; overdue is what was due before today",
            )
            .takes([bucket, completed, parameter("limit"), parameter("offset")])
            .answers(200, "The tasks", Some(list), None)
            .fails(&[400, 401, 403, 503]),
    );
    for (segment, id, summary) in [
        ("complete", "completeTask", "Tick a task off"),
        ("reopen", "reopenTask", "Open a task again"),
    ] {
        let mut operation = Operation::new(tag, id, summary)
            .takes([parameter("id"), parameter("if_match")])
            .answers(200, "The task", Some(schema("Task")), Some(etag_header()))
            .fails(&[400, 401, 403, 404, 409, 412, 413, 415, 422, 503]);
        if segment == "complete" {
            let body = json!({"type": "object", "additionalProperties": false, "properties": {"subtasks": {"type": ["string", "null"], "enum": ["complete", null],
                "description": "complete: with what is open below; otherwise a task with open subtasks answers 409"}}});
            operation = operation
                .describe("A task that repeats makes its next")
                .optional_body(body);
        }
        add(&format!("/tasks/{{id}}/{segment}"), "put", operation);
    }
}

fn imports(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Imports";
    let one = || Some(schema("Import"));
    let list = json!({"type": "object", "required": ["data", "page"], "properties": {"data": {"type": "array", "items": schema("Import")}, "page": schema("Page")}});
    add(
        "/imports",
        "get",
        Operation::new(tag, "listImports", "Imports, newest first")
            .takes([parameter("limit"), parameter("cursor")])
            .answers(200, "A page", Some(list), None)
            .fails(&[400, 401, 403, 503]),
    );
    add(
        "/imports/{id}",
        "get",
        Operation::new(tag, "getImport", "How an import goes")
            .takes([parameter("id")])
            .answers(200, "The import", one(), None)
            .fails(&[401, 403, 404, 503]),
    );
    add(
        "/imports/{id}/cancel",
        "post",
        Operation::new(
            tag,
            "cancelImport",
            "Stop an import after the batch it works on",
        )
        .takes([parameter("id")])
        .answers(200, "The import", one(), None)
        .fails(&[401, 403, 404, 409, 503]),
    );
    add(
        "/imports/{id}/undo",
        "post",
        Operation::new(tag, "undoImport", "Take a finished import back, within 30 days")
            .describe("What it made is deleted, what it changed is put back, with the rights of whoever asks. What was changed or is used since stays: `undo` says what and why")
            .takes([parameter("id")])
            .answers(200, "The import", one(), None)
            .fails(&[401, 403, 404, 409, 503]),
    );
    let mut errors = Operation::new(tag, "importErrors", "The rows that failed, as CSV")
        .takes([parameter("id")])
        .fails(&[401, 403, 404, 503]);
    errors.insert_response(200, json!({"description": "Row number, column, value, message, and the row's cells", "content": {"text/csv": {"schema": {"type": "string"}}}}));
    add("/imports/{id}/errors", "get", errors);
}
