//! Dashboards: reports side by side, for oneself or for everyone.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Caller, Change, Deleted, Draft, Engine, EngineError, Rules, get};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::report::{self, REPORT, Request};
use crate::view::VISIBILITIES;

pub const NAME: Col<String> = col("name");
pub const DESCRIPTION: Col<String> = col("description");
pub const VISIBILITY: Col<String> = col("visibility");
pub const WIDGETS: Col<Json> = col("widgets");
pub const POSITION: Col<i64> = col("position");
pub const OWNER: Col<Uuid> = col("owner_id");

/// Widgets of a dashboard, at most: each is a question to the database.
const MOST_WIDGETS: usize = 24;

pub static DASHBOARD: Entity = Entity {
    name: "dashboard",
    table: "dashboards",
    is_view: false,
    path: "dashboards",
    label: "Dashboard",
    label_plural: "Dashboards",
    icon: "layout-dashboard",
    resource: "dashboards",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text).required().sortable(),
        Field::of(DESCRIPTION, "Description", Kind::LongText),
        Field::of(VISIBILITY, "Seen by", Kind::Choice)
            .choices(VISIBILITIES)
            .required()
            .default(Default::Text("private"))
            .filterable(),
        Field::of(WIDGETS, "Widgets", Kind::Json)
            .default(Default::Empty)
            .help("[{\"title\": …, \"type\": a report's type, \"config\": {…}, \"width\": 1 to 4}] or [{\"report_id\": …}]"),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
        Field::of(OWNER, "Owner", Kind::User).filterable().system(),
    ],
    children: &[],
    layout: Layout {
        table: &["name", "visibility", "owner_id", "updated_at"],
        sections: &[Section {
            label: "Dashboard",
            fields: &["name", "description", "visibility", "widgets", "position"],
        }],
        board: None,
    },
    verbs: Verbs {
        create: true,
        update: true,
        delete: true,
        import: false,
    },
    soft_delete: false,
    versioned: true,
    tagged: false,
    extensible: false,
    archive: None,
    natural_keys: &["name"],
    default_sort: ("position", false),
    all: fields_of!(DASHBOARD),
};

/// Rules of dashboards.
pub struct DashboardRules;

impl Rules for DashboardRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            for change in batch.changes.iter_mut() {
                if matches!(change.get(WIDGETS), Some(Json::Object(members)) if members.is_empty())
                {
                    change.set(WIDGETS, json!([]));
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let Some(widgets) = change.get(WIDGETS) else {
            return;
        };
        let fault = |message: String| Fault::new("bad_widgets", message).at("widgets");
        let Json::Array(widgets) = &widgets else {
            faults.push(fault("must be a list of widgets".to_owned()));
            return;
        };
        if widgets.len() > MOST_WIDGETS {
            faults.push(fault(format!("has at most {MOST_WIDGETS} widgets")));
        }
        for (index, widget) in widgets.iter().enumerate() {
            let number = index + 1;
            match (widget.get("report_id"), widget.get("type")) {
                (Some(id), None) if id.as_str().is_some_and(|id| Uuid::try_parse(id).is_ok()) => {}
                (None, Some(Json::String(kind))) => {
                    let config = widget.get("config").cloned().unwrap_or_else(|| json!({}));
                    if let Err(problems) = Request::parse(kind, &config) {
                        for problem in problems.into_vec() {
                            faults.push(fault(format!(
                                "{number}: {} {}",
                                problem.field, problem.message
                            )));
                        }
                    }
                }
                _ => faults.push(fault(format!(
                    "{number}: needs either a report_id or a type"
                ))),
            }
        }
    }
}

/// What every widget of a dashboard shows to this caller; one that fails says so and spoils no other.
///
/// # Errors
/// [`EngineError::NotFound`] for a dashboard that the caller does not see.
pub async fn data(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    let record = get(engine, caller, &DASHBOARD, id, &[], Deleted::No).await?;
    let dashboard: Json = serde_json::from_slice(&record.json)
        .map_err(|error| kith_store::StoreError::internal(error.to_string()))?;
    let mut widgets = Vec::new();
    for widget in dashboard
        .get("widgets")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let mut shown = match widget {
            Json::Object(members) => members.clone(),
            _ => Map::new(),
        };
        match answer(engine, caller, widget).await {
            Ok(answer) => shown.insert("answer".to_owned(), answer),
            Err(EngineError::Store(error)) => return Err(EngineError::Store(error)),
            Err(error) => shown.insert("error".to_owned(), json!(error.to_string())),
        };
        widgets.push(Json::Object(shown));
    }
    Ok(json!({"id": dashboard.get("id"), "name": dashboard.get("name"), "widgets": widgets}))
}

async fn answer(engine: &Engine, caller: &Caller, widget: &Json) -> Result<Json, EngineError> {
    if let Some(id) = widget["report_id"].as_str() {
        let id = Uuid::try_parse(id).map_err(|_| EngineError::NotFound)?;
        return report::data(engine, caller, id).await;
    }
    let config = widget.get("config").cloned().unwrap_or_else(|| json!({}));
    let request = Request::parse(widget["type"].as_str().unwrap_or_default(), &config)?;
    caller.require(&REPORT, kith_catalogue::access::Action::Read)?;
    report::run(engine, caller, &request).await
}
