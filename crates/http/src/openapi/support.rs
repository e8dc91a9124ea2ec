//! The named addresses of tickets.

use serde_json::{Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Tickets";
    let writes = &[400, 401, 403, 404, 409, 413, 415, 422, 503];
    let id_or_null = || json!({"type": ["string", "null"], "format": "uuid"});
    let reply = json!({"type": "object", "additionalProperties": false, "required": ["comment"], "properties": {
        "comment": {"type": "string", "minLength": 1, "maxLength": 50_000},
        "is_internal": {"type": "boolean", "default": false, "description": "Never shown to the customer"},
        "contact_id": id_or_null(),
        "status": {"type": ["string", "null"], "enum": ["open", "in_progress", "waiting_customer", "resolved", "closed", null],
            "description": "Where the ticket stands afterwards; what follows from the comment when absent"}}});
    let said = json!({"type": "object", "required": ["comment", "ticket"], "properties": {"comment": schema("TicketComment"), "ticket": schema("Ticket")}});
    add(
        "/tickets/{id}/reply",
        "post",
        Operation::new(tag, "replyToTicket", "Say something in a ticket, to the customer or among ourselves")
            .describe("The first public comment of an agent is the first response; a customer's ends the waiting and opens again what was done")
            .takes([parameter("id"), parameter("idempotency_key")])
            .body_of("application/json", reply, Some(json!({"comment": "Have you tried it again?", "status": "waiting_customer"})))
            .answers(200, "The comment and the ticket", Some(said), None)
            .fails(writes),
    );
    let assignment = json!({"type": "object", "additionalProperties": false, "properties": {
        "strategy": {"type": "string", "enum": ["manual", "round_robin", "least_loaded"], "default": "manual"},
        "assigned_to_id": id_or_null()}});
    add(
        "/tickets/{id}/assign",
        "post",
        Operation::new(
            tag,
            "assignTicket",
            "Give a ticket to somebody, to whoever's turn it is or to whoever has the fewest",
        )
        .takes([parameter("id"), parameter("idempotency_key")])
        .body_of(
            "application/json",
            assignment,
            Some(json!({"strategy": "round_robin"})),
        )
        .answers(
            200,
            "The ticket",
            Some(schema("Ticket")),
            Some(etag_header()),
        )
        .fails(writes),
    );
    let into = json!({"type": "object", "additionalProperties": false, "required": ["into"], "properties": {"into": {"type": "string", "format": "uuid"}}});
    let merged = json!({"type": "object", "required": ["ticket", "into"], "properties": {"ticket": schema("Ticket"), "into": schema("Ticket")}});
    add(
        "/tickets/{id}/merge",
        "post",
        Operation::new(
            tag,
            "mergeTicket",
            "Make a ticket part of another: its comments move, and it is closed with a pointer",
        )
        .takes([parameter("id"), parameter("idempotency_key")])
        .body(into)
        .answers(200, "Both tickets", Some(merged), None)
        .fails(writes),
    );
    add(
        "/tickets/metrics",
        "get",
        Operation::new(tag, "ticketMetrics", "How many tickets, and how soon they were answered and resolved")
            .describe("Takes every filter of the list of tickets. Minutes are of business time, without the time in which we waited for the customer")
            .takes([
                json!({"name": "period", "in": "query", "description": "By the day on which a ticket was opened where you are; all time in one when absent", "schema": {"type": "string", "enum": ["daily", "weekly", "monthly"]}}),
                json!({"name": "group", "in": "query", "description": "Among priority, assigned_to_id, category, channel, company_id, with commas between", "schema": {"type": "string"}}),
                parameter("q"),
                parameter("filter"),
            ])
            .answers(200, "The figures of each group and of all", Some(figures()), None)
            .fails(&[400, 401, 403, 503]),
    );
}

fn figures() -> Json {
    let count = || json!({"type": "integer"});
    let minutes = || json!({"type": ["number", "null"]});
    let timed = || {
        json!({"type": "object", "required": ["count", "met", "missed", "share_met", "median_minutes", "mean_minutes"], "properties": {
            "count": count(), "met": count(), "missed": count(),
            "share_met": {"type": ["number", "null"], "description": "Percent of those of which it is known"},
            "median_minutes": minutes(), "mean_minutes": minutes()}})
    };
    let own = json!({"tickets": count(), "open": count(), "resolved": count(), "reopened": count(), "first_response": timed(), "resolution": timed()});
    let required = [
        "tickets",
        "open",
        "resolved",
        "reopened",
        "first_response",
        "resolution",
    ];
    let mut grouped = own.clone();
    if let Some(properties) = grouped.as_object_mut() {
        properties.insert(
            "period".to_owned(),
            json!({"type": "string", "format": "date", "description": "Its first day"}),
        );
        for group in ["priority", "category", "channel"] {
            properties.insert(group.to_owned(), json!({"type": ["string", "null"]}));
        }
        for group in ["assigned_to_id", "company_id"] {
            properties.insert(
                group.to_owned(),
                json!({"type": ["string", "null"], "format": "uuid"}),
            );
        }
    }
    json!({"type": "object", "required": ["data", "total", "truncated"], "properties": {
        "data": {"type": "array", "items": {"type": "object", "required": required, "properties": grouped}},
        "total": {"type": "object", "required": required, "properties": own},
        "truncated": {"type": "boolean", "description": "There are more groups than an answer holds"}}})
}
