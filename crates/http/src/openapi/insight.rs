//! Reports, dashboards, a project on one page, the cache of metrics.

use serde_json::{Value as Json, json};

use super::{Operation, parameter, schema};

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    let object = || json!({"type": "object"});
    let kinds = || {
        let names: Vec<&str> = kith_entities::report::TYPES
            .iter()
            .map(|choice| choice.value)
            .collect();
        json!({"type": "string", "enum": names})
    };
    let column = json!({"type": "object", "required": ["name", "label", "kind"], "properties": {
        "name": {"type": "string"}, "label": {"type": "string"}, "kind": {"type": "string"}}});
    let answer = || {
        json!({"type": "object", "required": ["type", "columns", "rows"], "properties": {
            "type": kinds(), "columns": {"type": "array", "items": column.clone()}, "rows": {"type": "array", "items": {"type": "object"}},
            "summary": {"type": "object", "description": "Of a report that is no table"}}})
    };
    let tag = "Reports";
    let types = json!({"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {"type": "object", "required": ["type", "label", "parameters", "columns"], "properties": {
        "type": kinds(), "label": {"type": "string"}, "parameters": {"type": "array", "items": {"type": "string"}}, "columns": {"type": "array", "items": column.clone()}}}}}});
    add(
        "/reports/types",
        "get",
        Operation::new(
            tag,
            "reportTypes",
            "The types of report, what narrows each and what its answer has",
        )
        .answers(200, "The types", Some(types), None)
        .fails(&[400, 401, 403, 503]),
    );
    let asked = json!({"type": "object", "additionalProperties": false, "required": ["type"], "properties": {
        "type": kinds(), "config": {"type": ["object", "null"], "description": "What narrows it"}}});
    add(
        "/reports/run",
        "post",
        Operation::new(tag, "runReport", "Ask without saving")
            .describe("The answer counts what the caller sees; amounts are text, by currency")
            .body_of("application/json", asked, Some(json!({"type": "conversion", "config": {"from": "2026-01-01", "interval": "month"}})))
            .answers(200, "The answer", Some(answer()), None)
            .fails(&[400, 401, 403, 404, 503]),
    );
    add(
        "/reports/{id}/data",
        "get",
        Operation::new(
            tag,
            "reportData",
            "What a saved report answers now, to the caller",
        )
        .takes([parameter("id")])
        .answers(200, "The answer", Some(answer()), None)
        .fails(&[400, 401, 403, 404, 422, 503]),
    );
    add(
        "/reports/{id}/generate",
        "post",
        Operation::new(
            tag,
            "generateReport",
            "Keep what a report answers now, for whoever reads it",
        )
        .takes([parameter("id"), parameter("idempotency_key")])
        .answers(
            200,
            "The report with its kept answer",
            Some(schema("Report")),
            None,
        )
        .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
    let widgets = json!({"type": "object", "required": ["id", "name", "widgets"], "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"},
        "widgets": {"type": "array", "items": {"type": "object", "properties": {"answer": answer(), "error": {"type": "string"}}}}}});
    add(
        "/dashboards/{id}/data",
        "get",
        Operation::new(
            "Dashboards",
            "dashboardData",
            "What every widget of a dashboard shows, to the caller",
        )
        .takes([parameter("id")])
        .answers(200, "The widgets with their answers", Some(widgets), None)
        .fails(&[400, 401, 403, 404, 503]),
    );
    add(
        "/metrics/refresh",
        "post",
        Operation::new("Metrics", "refreshMetrics", "Count what happened since the last time into the metrics")
            .takes([parameter("idempotency_key")])
            .answers(200, "How many changes were counted", Some(json!({"type": "object", "required": ["changes"], "properties": {"changes": {"type": "integer", "minimum": 0}}})), None)
            .fails(&[400, 401, 403, 409, 413, 415, 422, 503]),
    );
    projects(add, &object, &answer);
}

fn projects(
    add: &mut impl FnMut(&str, &str, Operation),
    object: &impl Fn() -> Json,
    answer: &impl Fn() -> Json,
) {
    let tag = "Projects";
    let day = |name: &str, text: &str| json!({"name": name, "in": "query", "description": text, "schema": {"type": "string", "format": "date"}});
    add(
        "/projects/{id}/summary",
        "get",
        Operation::new(
            tag,
            "projectSummary",
            "A project on one page: leads, sources, tasks, hours",
        )
        .takes([parameter("id")])
        .answers(200, "The summary", Some(object()), None)
        .fails(&[400, 401, 403, 404, 503]),
    );
    for (path, id, text) in [
        (
            "sources",
            "projectSources",
            "Where a project's leads came from, and how many became customers",
        ),
        (
            "conversion",
            "projectConversion",
            "How many of a project's leads became customers, by month",
        ),
    ] {
        add(
            &format!("/projects/{{id}}/{path}"),
            "get",
            Operation::new(tag, id, text)
                .takes([
                    parameter("id"),
                    day("from", "The first day"),
                    day("to", "The last day"),
                ])
                .answers(200, "The answer", Some(answer()), None)
                .fails(&[400, 401, 403, 404, 503]),
        );
    }
}
