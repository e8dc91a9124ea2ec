//! What people look at again and again: views of lists, reports, dashboards.

use kith_entities::dashboard::DASHBOARD;
use kith_entities::report::REPORT;
use kith_entities::view::VIEW;
use serde_json::{Value as Json, json};

use crate::people::{MANAGER, OWNER};
use crate::story::Story;

pub(crate) fn plan(story: &mut Story) {
    story.begin("insight");
    let moment = story.workday(90);
    story.at(MANAGER, moment);
    let big = json!({"and": [{"field": "status", "op": "eq", "value": "open"}, {"field": "amount", "op": "gte", "value": "10000"}]});
    let fresh = json!({"and": [{"field": "status", "op": "eq", "value": "new"}, {"field": "owner_id", "op": "is_null", "value": true}]});
    let gold = json!({"and": [{"field": "custom.tier", "op": "eq", "value": "gold"}]});
    let columns =
        |names: &[&str]| -> Json { names.iter().map(|name| json!({"field": name})).collect() };
    for (position, (name, entity, layout, filter, sort, shown)) in (1..).zip([
        (
            "Big open deals",
            "deal",
            "table",
            big,
            "-amount",
            columns(&[
                "name",
                "company_id",
                "stage_id",
                "amount",
                "owner_id",
                "expected_close_date",
            ]),
        ),
        (
            "Nobody's leads",
            "lead",
            "table",
            fresh,
            "-created_at",
            columns(&["full_name", "company_name", "source", "created_at"]),
        ),
        (
            "Gold customers",
            "company",
            "table",
            gold,
            "name",
            columns(&["name", "industry_id", "owner_id", "tags"]),
        ),
        (
            "Everything on the board",
            "deal",
            "board",
            json!({"and": []}),
            "-updated_at",
            columns(&[]),
        ),
    ]) {
        story.create(
            &VIEW,
            format!("view.{position}"),
            json!({"name": name, "entity": entity, "layout": layout, "filter": filter, "sort": sort, "columns": shown,
                "visibility": "shared", "position": position}),
        );
    }
    story.at("mateo", moment);
    story.create(
        &VIEW,
        "view.mine",
        json!({"name": "My week", "entity": "task", "layout": "calendar", "sort": "due_at",
            "filter": {"and": [{"field": "assigned_to_id", "op": "in", "value": ["me"]}]}}),
    );
    reports(story);
}

fn reports(story: &mut Story) {
    let moment = story.workday(80);
    story.at(MANAGER, moment);
    for (name, title, kind, config, schedule) in [
        (
            "report.conversion",
            "Conversion by month",
            "conversion",
            json!({"interval": "month"}),
            Some("monthly"),
        ),
        (
            "report.sources",
            "Where leads come from",
            "source_performance",
            json!({}),
            Some("weekly"),
        ),
        (
            "report.funnel",
            "Lead funnel",
            "lead_funnel",
            json!({}),
            None,
        ),
        (
            "report.won",
            "Won and lost by owner",
            "won_lost",
            json!({}),
            Some("monthly"),
        ),
        (
            "report.products",
            "Products",
            "product_performance",
            json!({}),
            None,
        ),
        (
            "report.countries",
            "Customers by industry",
            "custom",
            json!({"entity": "company", "group_by": "industry_id"}),
            None,
        ),
    ] {
        story.create(
            &REPORT,
            name,
            json!({"name": title, "type": kind, "config": config, "schedule": schedule}),
        );
    }
    let moment = story.after(moment, 1).unwrap_or(moment);
    story.at(OWNER, moment);
    story.create(
        &DASHBOARD,
        "dashboard.monday",
        json!({"name": "Monday morning", "description": "What the sales meeting looks at", "visibility": "shared", "widgets": [
            {"title": "Pipeline", "type": "pipeline", "config": {}, "width": 2},
            {"title": "Forecast", "type": "forecast", "config": {"interval": "month"}, "width": 2},
            {"report_id": "{report.conversion}", "width": 2},
            {"report_id": "{report.sources}", "width": 1},
            {"report_id": "{report.won}", "width": 1},
        ]}),
    );
}
