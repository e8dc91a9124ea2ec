//! Tasks' order, time and calendars.

use serde_json::{Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    task_order(add);
    week(add);
    reviews(add);
    calendars(add);
}

fn task_order(add: &mut impl FnMut(&str, &str, Operation)) {
    let id = || json!({"type": ["string", "null"], "format": "uuid"});
    let body = json!({"type": "object", "additionalProperties": false, "properties": {"before": id(), "after": id()}});
    add(
        "/tasks/{id}/position",
        "put",
        Operation::new(
            "Tasks",
            "placeTask",
            "Lay a task among those of its project",
        )
        .describe("Before or after another task; at the end when neither is given")
        .takes([parameter("id")])
        .body(body)
        .answers(200, "The task", Some(schema("Task")), Some(etag_header()))
        .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

fn grid() -> Json {
    let text = || json!({"type": "string"});
    let id = || json!({"type": "string", "format": "uuid"});
    let date = || json!({"type": "string", "format": "date"});
    let named = |name: &str| json!({"type": "object", "required": ["id", name], "properties": {"id": id(), name: {"type": ["string", "null"]}}});
    let entry = json!({"type": "object", "required": ["id", "hours", "status", "billable", "description", "version"], "properties": {
        "id": id(), "hours": text(), "status": {"type": "string", "enum": ["draft", "pending", "approved", "rejected"]},
        "billable": {"type": "boolean"}, "description": {"type": ["string", "null"]}, "version": {"type": "integer"}}});
    let day = json!({"type": "object", "required": ["date", "hours", "entries"], "properties": {
        "date": date(), "hours": text(), "entries": {"type": "array", "items": entry}}});
    let row = json!({"type": "object", "required": ["project", "task", "days", "total"], "properties": {
        "project": named("name"), "task": {"anyOf": [named("title"), {"type": "null"}]}, "days": {"type": "array", "items": day}, "total": text()}});
    let statuses = json!({"type": "object", "required": ["draft", "pending", "approved", "rejected"], "properties": {
        "draft": text(), "pending": text(), "approved": text(), "rejected": text()}});
    json!({"type": "object", "required": ["user_id", "week", "from", "to", "rows", "days", "statuses", "total"], "properties": {
        "user_id": id(), "week": text(), "from": date(), "to": date(), "rows": {"type": "array", "items": row},
        "days": {"type": "array", "items": {"type": "object", "required": ["date", "total"], "properties": {"date": date(), "total": text()}}},
        "statuses": statuses, "total": text()}})
}

fn week(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Time entries";
    let user = json!({"name": "user_id", "in": "query", "description": "The caller when absent", "schema": {"type": "string", "format": "uuid"}});
    let week = json!({"name": "week", "in": "query", "description": "2026-W48, or one of its days; the current week when absent", "schema": {"type": "string"}});
    add(
        "/time-entries/week",
        "get",
        Operation::new(
            tag,
            "timeWeek",
            "A person's week: projects and tasks by day",
        )
        .takes([user, week])
        .answers(200, "The week", Some(grid()), None)
        .fails(&[400, 401, 403, 503]),
    );
    let id = || json!({"type": ["string", "null"], "format": "uuid"});
    let cell = json!({"type": "object", "additionalProperties": false, "required": ["date", "hours"], "properties": {
        "project_id": id(), "task_id": id(), "date": {"type": "string", "format": "date"},
        "hours": {"type": ["string", "number"], "description": "0 empties the cell"},
        "description": {"type": ["string", "null"], "maxLength": 2000}, "billable": {"type": ["boolean", "null"]}}});
    let body = json!({"type": "object", "additionalProperties": false, "required": ["cells"], "properties": {
        "user_id": id(), "week": {"type": ["string", "null"]}, "cells": {"type": "array", "items": cell, "maxItems": 500}}});
    add(
        "/time-entries/week",
        "put",
        Operation::new(tag, "setTimeWeek", "Set cells of a week, all or none")
            .describe(
                "A cell of one entry gets its hours; a cell of several is changed entry by entry",
            )
            .body_of(
                "application/json",
                body,
                Some(json!({"week": "2026-W48", "cells": []})),
            )
            .answers(200, "The week", Some(grid()), None)
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

fn reviews(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Time entries";
    let id = || json!({"type": "string", "format": "uuid"});
    let moved = || {
        json!({"type": "object", "required": ["status", "count", "hours", "ids"], "properties": {
            "status": {"type": "string"}, "count": {"type": "integer"}, "hours": {"type": "string"}, "ids": {"type": "array", "items": id()}}})
    };
    for (verb, name, summary, described) in [
        ("submit", "Submit", "Submit time for approval", ""),
        ("withdraw", "Withdraw", "Take submitted time back", ""),
        (
            "approve",
            "Approve",
            "Approve submitted time",
            "Never one's own, unless nobody else could. Fixes the rates and locks the time",
        ),
        ("reject", "Reject", "Reject time, saying why", ""),
        (
            "reopen",
            "Reopen",
            "Open approved time again, as a draft",
            "Unless it has been invoiced",
        ),
    ] {
        let reason = json!({"type": ["string", "null"], "maxLength": 1000, "description": "Needed to reject"});
        let all = json!({"type": "object", "additionalProperties": false, "properties": {
            "ids": {"type": ["array", "null"], "items": id(), "maxItems": 1000},
            "user_id": {"type": ["string", "null"], "format": "uuid"},
            "week": {"type": ["string", "null"], "description": "2026-W48, or one of its days"}, "reason": reason}});
        let one = json!({"type": "object", "additionalProperties": false, "properties": {"reason": reason}});
        let example = (verb == "reject").then(|| json!({"reason": "Booked on the wrong project"}));
        let statuses = [400, 401, 403, 404, 409, 413, 415, 422, 503];
        add(
            &format!("/time-entries/{verb}"),
            "post",
            Operation::new(
                tag,
                format!("{verb}TimeEntries"),
                format!("{summary}: entries by id, or a person's week"),
            )
            .describe(described)
            .takes([parameter("idempotency_key")])
            .body(all)
            .answers(200, "What was moved", Some(moved()), None)
            .fails(&statuses),
        );
        add(
            &format!("/time-entries/{{id}}/{verb}"),
            "put",
            Operation::new(tag, format!("{verb}TimeEntry"), summary)
                .describe(described)
                .takes([parameter("id")])
                .body_of("application/json", one, example)
                .answers(
                    200,
                    format!("{name}: what was moved").as_str(),
                    Some(moved()),
                    None,
                )
                .fails(&statuses),
        );
    }
}

fn calendars(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Calendar";
    let state = json!({"type": "object", "required": ["active", "created_at"], "properties": {
        "active": {"type": "boolean"}, "created_at": {"type": ["string", "null"], "format": "date-time"}}});
    add(
        "/calendar",
        "get",
        Operation::new(
            tag,
            "calendarState",
            "Whether one's own tasks have a calendar address",
        )
        .answers(200, "The state", Some(state), None)
        .fails(&[401, 403, 503]),
    );
    let made = json!({"type": "object", "required": ["active", "created_at", "url"], "properties": {
        "active": {"type": "boolean"}, "created_at": {"type": "string", "format": "date-time"},
        "url": {"type": "string", "description": "Shown this once; whoever knows it reads the calendar"}}});
    add(
        "/calendar",
        "post",
        Operation::new(
            tag,
            "renewCalendar",
            "Make a secret address for one's own tasks; the one before is dead at once",
        )
        .answers(200, "The address", Some(made), None)
        .fails(&[401, 403, 503]),
    );
    add(
        "/calendar",
        "delete",
        Operation::new(tag, "revokeCalendar", "Revoke the secret address")
            .answers(204, "Revoked", None, None)
            .fails(&[401, 403, 404, 503]),
    );
    let secret = json!({"name": "file", "in": "path", "required": true, "description": "The secret and .ics", "schema": {"type": "string"}});
    let form = json!({"name": "as", "in": "query", "description": "What is due as events, or all as to-dos", "schema": {"type": "string", "enum": ["events", "todos"], "default": "events"}});
    let mut feed = Operation::new(tag, "calendarFeed", "A person's open tasks as iCalendar")
        .open()
        .takes([secret, form, parameter("if_none_match")])
        .fails(&[400, 404, 429, 503]);
    feed.insert_response(200, json!({"description": "The calendar", "headers": {"ETag": {"schema": {"type": "string"}}}, "content": {"text/calendar": {"schema": {"type": "string"}}}}));
    feed.insert_response(304, json!({"description": "The client has it already"}));
    add("/calendar/{file}", "get", feed);
}
