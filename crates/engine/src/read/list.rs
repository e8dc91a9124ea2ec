//! Lists: parse → plan → SQL → write.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::filter::Filter;
use kith_store::types::Type;
use kith_store::{Row, Statement};

use super::cell::{cell_text, uuid};
use super::parent::{one_parent, push_parent};
use super::select::{push_archived, push_deleted};
use super::{Selection, check_columns, write_record};
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::query::{Deleted, ListQuery, SortKey};
use crate::sql::{Cursor, Lead, Order, Phase, Sql, order_of, render_filter, scope_predicate};

/// Records counted exactly up to here; beyond, the total is a lower bound.
const TOTAL_BOUND: i64 = 100_000;
/// Candidates that free text may bring.
const SEARCH_BOUND: i32 = 1_000;

/// A page, as the bytes of the response's body.
#[derive(Debug)]
pub struct ListAnswer {
    pub json: Vec<u8>,
    pub rows: usize,
}

/// A page of records.
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to read; a cursor of another list.
pub async fn list(
    engine: &Engine,
    caller: &Caller,
    entity: &'static Entity,
    query: &ListQuery,
) -> Result<ListAnswer, EngineError> {
    caller.require(entity, Action::Read)?;
    let plan = Plan::new(engine, caller, entity, query)?;
    let mut statements = plan.page(caller);
    if query.total {
        statements.push(plan.total(caller));
    }
    let mut answers = engine.database.read(&caller.principal, &statements).await?;
    let total = match query.total {
        true => answers
            .pop()
            .and_then(|rows| rows.first().and_then(|row| row.try_get::<_, i64>(0).ok())),
        false => None,
    };
    let rows = answers.pop().unwrap_or_default();
    plan.write(&rows, total)
}

/// A list request with everything decided.
pub(crate) struct Plan<'a> {
    engine: &'a Engine,
    entity: &'static Entity,
    query: &'a ListQuery,
    pub(crate) selection: Selection,
    order: Order,
    cursor: Option<Cursor>,
    /// Best match first: free text without a sort.
    by_rank: bool,
    /// What leads the list, and the rest of the filter.
    lead: Option<(Lead, Filter)>,
}

impl<'a> Plan<'a> {
    fn new(
        engine: &'a Engine,
        caller: &Caller,
        entity: &'static Entity,
        query: &'a ListQuery,
    ) -> Result<Plan<'a>, EngineError> {
        let by_rank =
            query.search.is_some() && query.sort.is_empty() && query.deleted == Deleted::No;
        let keys = if query.sort.is_empty() {
            let (name, descending) = entity.default_sort;
            entity
                .field(name)
                .map(|field| SortKey { field, descending })
                .into_iter()
                .collect()
        } else {
            query.sort.clone()
        };
        let mut order = order_of(keys);
        let lead = Some(&query.filter)
            .filter(|_| query.search.is_none() && order.is_by_title(entity))
            .and_then(Lead::of);
        order.led = lead.is_some();
        let cursor = query
            .cursor
            .as_deref()
            .map(|text| Cursor::decode(text, &order))
            .transpose()?;
        // The cursor is made from the sort fields, so they are read even when they are not shown.
        let fields = query.fields.as_ref().map(|fields| {
            let mut fields = fields.clone();
            fields.extend(
                order
                    .keys
                    .iter()
                    .map(|key| key.field)
                    .filter(|field| !fields.iter().any(|other| other.name == field.name))
                    .collect::<Vec<_>>(),
            );
            fields
        });
        Ok(Plan {
            engine,
            entity,
            query,
            selection: Selection::new(
                caller,
                engine.catalogue,
                entity,
                fields.as_deref(),
                &query.include,
            ),
            order,
            cursor,
            by_rank,
            lead,
        })
    }

    /// The same request for every record, as `whole` reads it: in the order of the ids unless the caller says.
    pub(crate) fn of_everything(
        engine: &'a Engine,
        caller: &Caller,
        entity: &'static Entity,
        query: &'a ListQuery,
    ) -> Result<Plan<'a>, EngineError> {
        let mut plan = Plan::new(engine, caller, entity, query)?;
        if query.sort.is_empty() {
            plan.order = order_of(Vec::new());
            plan.lead = None;
        }
        plan.selection = Selection::new(
            caller,
            engine.catalogue,
            entity,
            query.fields.as_deref(),
            &[],
        );
        Ok(plan)
    }

    /// All records, with `more` conditions.
    pub(crate) fn whole(&self, caller: &Caller, more: &dyn Fn(&mut Sql)) -> Statement {
        let mut sql = Sql::new();
        let phases = if self.by_rank {
            vec![Phase::Whole]
        } else {
            self.order.phases(None)
        };
        let several = phases.len() > 1;
        for (index, phase) in phases.iter().enumerate() {
            if index > 0 {
                sql.push(" UNION ALL ");
            }
            if several {
                sql.push("(");
            }
            sql.push("SELECT ");
            self.selection.push_columns(&mut sql);
            self.push_rows(&mut sql, caller);
            more(&mut sql);
            if self.by_rank {
                sql.push(" ORDER BY found.rank DESC, t.id");
            } else {
                self.order.push_condition(&mut sql, *phase, None);
                self.order.push_order(&mut sql, *phase);
            }
            if several {
                sql.push(")");
            }
        }
        sql.finish()
    }

    /// Whether free text is looked up in the indexes, which hold living records only; deleted ones are
    /// found by their title.
    fn by_index(&self) -> bool {
        self.query.deleted == Deleted::No
    }

    /// `FROM … WHERE …` of the rows in question.
    fn push_rows(&self, sql: &mut Sql, caller: &Caller) {
        sql.push(&format!(" FROM {} t", self.entity.table));
        if let Some(text) = self.query.search.as_ref().filter(|_| self.by_index()) {
            sql.push(&format!(
                " JOIN search_candidates('{}', ",
                self.entity.table
            ));
            sql.bind(text.clone(), Type::TEXT);
            sql.push(&format!(", {SEARCH_BOUND}) found ON found.id = t.id"));
        }
        if self.lead.is_some() {
            Lead::push_join(sql);
        }
        sql.push(" WHERE true");
        if let Some(text) = &self.query.search
            && (self.selection.mask.is_active() || !self.by_index())
        {
            push_found_by_title(sql, self.entity, text);
        }
        push_deleted(sql, self.entity, self.query.deleted);
        push_archived(sql, self.entity, self.query.archived);
        scope_predicate(sql, self.engine.catalogue, self.entity, &caller.grants, "t");
        if self.query.filter.is_everything() {
            return;
        }
        // The records of one parent are found by the index of their reference, whichever parent it is, and those with a
        // value by the index that leads: one plan is kept for all. What is best for any other filter depends on its values.
        let led = self
            .lead
            .as_ref()
            .is_some_and(|(_, rest)| rest.is_everything());
        match one_parent(self.entity, &self.query.filter) {
            Some(parent) => push_parent(sql, self.engine.catalogue, self.entity, caller, parent),
            None if led => {}
            None => {
                sql.plan_each_time();
            }
        }
        let filter = match &self.lead {
            Some((lead, rest)) => {
                lead.push_condition(sql, self.entity);
                rest
            }
            None => &self.query.filter,
        };
        if !filter.is_everything() {
            sql.push(" AND ");
            render_filter(sql, self.engine.catalogue, self.entity, "t", filter);
        }
    }

    /// The statements of one round trip that bring the page; the last one's rows are it.
    fn page(&self, caller: &Caller) -> Vec<Statement> {
        let mut sql = Sql::new();
        if self.selection.included.is_empty() {
            let columns = crate::sql::column_list("t", &self.selection.fields);
            self.push_page(&mut sql, caller, &columns);
            return vec![sql.finish()];
        }
        // What has to be planned each time is the filter alone: the page's ids are handed over within the transaction to
        // a statement whose plan is kept. Planning a dozen row-secured tables takes longer than reading them.
        sql.push("SELECT set_config('kith.page', ARRAY(");
        self.push_page(&mut sql, caller, "t.id");
        sql.push(")::text, true)");
        let mut records = Sql::new();
        records.push("SELECT ");
        self.selection.push_columns(&mut records);
        records.push(&format!(
            " FROM unnest(current_setting('kith.page')::uuid[]) WITH ORDINALITY page (id, place) JOIN {} t ON t.id = page.id",
            self.entity.table
        ));
        self.selection.push_joins(&mut records);
        records.push(" ORDER BY page.place");
        vec![sql.finish(), records.finish()]
    }

    /// One more row than asked for, to know whether there are more.
    fn push_page(&self, sql: &mut Sql, caller: &Caller, columns: &str) {
        let wanted = self.query.limit + 1;
        let phases = if self.by_rank {
            vec![Phase::Whole]
        } else {
            self.order.phases(self.cursor.as_ref())
        };
        let several = phases.len() > 1;
        for (index, phase) in phases.iter().enumerate() {
            if index > 0 {
                sql.push(" UNION ALL ");
            }
            if several {
                sql.push("(");
            }
            sql.push(&format!("SELECT {columns}"));
            self.push_rows(sql, caller);
            if self.by_rank {
                sql.push(" ORDER BY found.rank DESC, t.id");
            } else {
                self.order.push_condition(sql, *phase, self.cursor.as_ref());
                self.order.push_order(sql, *phase);
            }
            sql.push(&format!(
                " LIMIT {}",
                if several {
                    wanted + self.query.offset
                } else {
                    wanted
                }
            ));
            if !several && self.query.offset > 0 {
                sql.push(&format!(" OFFSET {}", self.query.offset));
            }
            if several {
                sql.push(")");
            }
        }
        if several {
            sql.push(&format!(" LIMIT {wanted} OFFSET {}", self.query.offset));
        }
    }

    fn total(&self, caller: &Caller) -> Statement {
        self.at_most(caller, TOTAL_BOUND + 1, &|_| {})
    }

    /// How many records there are, counted up to a bound, with `more` conditions.
    pub(crate) fn at_most(
        &self,
        caller: &Caller,
        bound: i64,
        more: &dyn Fn(&mut Sql),
    ) -> Statement {
        let mut sql = Sql::new();
        sql.push("SELECT count(*) FROM (SELECT 1");
        self.push_rows(&mut sql, caller);
        more(&mut sql);
        sql.push(&format!(" LIMIT {bound}) counted"));
        sql.finish()
    }

    fn write(&self, rows: &[Row], total: Option<i64>) -> Result<ListAnswer, EngineError> {
        let limit = self.query.limit as usize;
        let shown = rows.get(..limit.min(rows.len())).unwrap_or_default();
        check_columns(&self.selection, shown)?;
        let mut json = Vec::with_capacity(256 + shown.len() * 1024);
        json.extend_from_slice(b"{\"data\":[");
        for (index, row) in shown.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            write_record(&mut json, &self.selection, row)?;
        }
        let next = match shown.last() {
            Some(last) if rows.len() > limit && !self.by_rank => {
                Some(self.cursor_after(last)?.encode())
            }
            _ => None,
        };
        let (total, lower_bound) = match total {
            Some(total) if total > TOTAL_BOUND => (Some(TOTAL_BOUND), true),
            total => (total, false),
        };
        let page = serde_json::json!({
            "limit": self.query.limit,
            "next_cursor": next,
            "total": total,
            "total_is_lower_bound": lower_bound,
        });
        json.extend_from_slice(b"],\"page\":");
        json.extend_from_slice(page.to_string().as_bytes());
        json.push(b'}');
        Ok(ListAnswer {
            json,
            rows: shown.len(),
        })
    }

    fn cursor_after(&self, row: &Row) -> Result<Cursor, EngineError> {
        let mut values = Vec::with_capacity(self.order.keys.len());
        for key in &self.order.keys {
            let index = self
                .selection
                .position(key.field.name)
                .ok_or_else(|| kith_store::StoreError::internal("a sort field was not selected"))?;
            values.push(cell_text(key.field.kind, row, index)?);
        }
        Ok(self.order.cursor(values, uuid(row, 0)?))
    }
}

/// Whoever sees addresses and numbers masked must not find them by searching either: every word has to
/// be in the title.
fn push_found_by_title(sql: &mut Sql, entity: &'static Entity, text: &str) {
    for word in text.split_whitespace().take(8) {
        sql.push(" AND position(fold_text(");
        sql.bind(word.to_owned(), Type::TEXT);
        sql.push(&format!(") IN fold_text(t.{})) > 0", entity.title));
    }
}
