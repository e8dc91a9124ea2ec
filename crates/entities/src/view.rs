//! Saved views: how somebody likes to look at a list, for themselves or for everyone.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::entity::{Access, Entity, Layout, Section, Verbs};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Choice, Default, Field, Writer};
use kith_catalogue::kind::Kind;
use kith_catalogue::{Col, col, fields_of};
use kith_engine::{Batch, Change, Draft, EngineError, Rules};
use serde_json::Value as Json;
use uuid::Uuid;

pub const NAME: Col<String> = col("name");
pub const ENTITY: Col<String> = col("entity");
pub const VISIBILITY: Col<String> = col("visibility");
pub const LAYOUT: Col<String> = col("layout");
pub const FILTER: Col<Json> = col("filter");
pub const SORT: Col<String> = col("sort");
pub const SEARCH: Col<String> = col("search");
pub const COLUMNS: Col<Json> = col("columns");
pub const ARCHIVED: Col<String> = col("archived");
pub const PIPELINE: Col<Uuid> = col("pipeline_id");
pub const POSITION: Col<i64> = col("position");
pub const OWNER: Col<Uuid> = col("owner_id");

/// Who sees what somebody arranged for themselves.
pub(crate) const VISIBILITIES: &[Choice] = &[
    Choice::new("private", "Only me", "gray"),
    Choice::new("shared", "Everyone", "blue").also(&["public", "team"]),
];

const LAYOUTS: &[Choice] = &[
    Choice::new("table", "Table", "gray").also(&["list"]),
    Choice::new("board", "Board", "violet").also(&["kanban"]),
    Choice::new("calendar", "Calendar", "teal"),
];

const ARCHIVES: &[Choice] = &[
    Choice::new("no", "Without the archive", "gray"),
    Choice::new("only", "Only the archive", "amber"),
    Choice::new("with", "With the archive", "blue"),
];

/// Columns of a view, at most.
const MOST_COLUMNS: usize = 100;

pub static VIEW: Entity = Entity {
    name: "view",
    table: "views",
    is_view: false,
    path: "views",
    label: "View",
    label_plural: "Views",
    icon: "panels-top-left",
    resource: "views",
    title: "name",
    access: Access::Shared,
    fields: &[
        Field::of(NAME, "Name", Kind::Text)
            .required()
            .max_length(100)
            .sortable(),
        Field::of(ENTITY, "List", Kind::Text)
            .required()
            .max_length(50)
            .writer(Writer::OnCreate)
            .filterable()
            .help("The entity whose records it shows, such as lead"),
        Field::of(VISIBILITY, "Seen by", Kind::Choice)
            .choices(VISIBILITIES)
            .required()
            .default(Default::Text("private"))
            .filterable(),
        Field::of(LAYOUT, "Layout", Kind::Choice)
            .choices(LAYOUTS)
            .required()
            .default(Default::Text("table"))
            .filterable(),
        Field::of(FILTER, "Filter", Kind::Json)
            .help("As POST /{entity}/query takes it: {\"and\": [{\"field\": …, \"op\": …, \"value\": …}]}"),
        Field::of(SORT, "Sort", Kind::Text)
            .max_length(1000)
            .help("As lists take it: -amount,name"),
        Field::of(SEARCH, "Search", Kind::Text)
            .max_length(200)
            .help("Free text, as q"),
        Field::of(COLUMNS, "Columns", Kind::Json)
            .default(Default::Empty)
            .help("[{\"field\": \"name\", \"width\": 240}], from the left"),
        Field::of(ARCHIVED, "Archive", Kind::Choice)
            .choices(ARCHIVES)
            .required()
            .default(Default::Text("no")),
        Field::of(PIPELINE, "Pipeline", Kind::Reference)
            .references("pipeline")
            .filterable()
            .help("The board's"),
        Field::of(POSITION, "Position", Kind::Integer)
            .default(Default::Integer(0))
            .sortable(),
        Field::of(OWNER, "Owner", Kind::User).filterable().system(),
    ],
    children: &[],
    layout: Layout {
        table: &["name", "entity", "layout", "visibility", "owner_id", "updated_at"],
        sections: &[Section {
            label: "View",
            fields: &[
                "name",
                "entity",
                "visibility",
                "layout",
                "filter",
                "sort",
                "search",
                "columns",
                "archived",
                "pipeline_id",
                "position",
            ],
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
    all: fields_of!(VIEW),
};

/// Rules of views. What a filter may say follows from the list's fields, which change; one that has become
/// meaningless is told of by the list itself, so here only its shape counts.
pub struct ViewRules;

impl Rules for ViewRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        async move {
            for change in batch.changes.iter_mut() {
                if matches!(change.get(COLUMNS), Some(Json::Object(members)) if members.is_empty())
                {
                    change.set(COLUMNS, Json::Array(Vec::new()));
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        let entity = change
            .get(ENTITY)
            .and_then(|name| crate::CATALOGUE.by_name(&name));
        if entity.is_none() && !faults.has("entity") {
            faults.push(
                Fault::new("not_allowed", "must be the name of an entity, such as lead")
                    .at("entity"),
            );
        }
        if change
            .get(FILTER)
            .is_some_and(|filter| !is_tree(&filter, 0))
        {
            faults.push(
                Fault::new(
                    "bad_filter",
                    "must be a filter tree: {\"and\": […]}, {\"or\": […]}, {\"not\": …} or {\"field\", \"op\", \"value\"}",
                )
                .at("filter"),
            );
        }
        if change.get(SORT).is_some_and(|sort| !is_sort(&sort)) {
            faults
                .push(Fault::new("bad_sort", "must name fields, such as -amount,name").at("sort"));
        }
        if change
            .get(COLUMNS)
            .is_some_and(|columns| !are_columns(&columns))
        {
            faults
                .push(Fault::new("bad_columns", "must be a list of {field, width}").at("columns"));
        }
        if change.get(LAYOUT).as_deref() == Some("board")
            && entity.is_some_and(|entity| entity.layout.board.is_none())
        {
            faults.push(Fault::new("rule", "this list has no board").at("layout"));
        }
    }
}

fn is_tree(node: &Json, depth: usize) -> bool {
    let Json::Object(members) = node else {
        return false;
    };
    let all = |parts: &Json| {
        parts
            .as_array()
            .is_some_and(|parts| parts.iter().all(|part| is_tree(part, depth + 1)))
    };
    depth <= 8
        && match (members.get("and"), members.get("or"), members.get("not")) {
            (Some(parts), None, None) | (None, Some(parts), None) => all(parts),
            (None, None, Some(part)) => is_tree(part, depth + 1),
            _ => members.get("field").is_some_and(Json::is_string),
        }
}

fn is_sort(sort: &str) -> bool {
    sort.split(',').all(|part| {
        let name = part.trim().strip_prefix('-').unwrap_or(part.trim());
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.'))
    })
}

fn are_columns(columns: &Json) -> bool {
    match columns {
        Json::Array(columns) => {
            columns.len() <= MOST_COLUMNS
                && columns.iter().all(|column| {
                    column.get("field").is_some_and(Json::is_string)
                        && column
                            .get("width")
                            .is_none_or(|width| width.as_u64().is_some_and(|width| width <= 5000))
                })
        }
        _ => false,
    }
}
