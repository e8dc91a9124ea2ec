//! The questions, a statement each. They run under row security: whoever asks counts what they see. Money is
//! never added up across currencies; amounts are text, so that no decimal is lost on the way.

use kith_catalogue::Catalogue;
use kith_catalogue::access::Grants;
use kith_catalogue::entity::Entity;
use kith_engine::{Sql, scope_predicate};
use kith_store::Statement;
use kith_store::types::Type;
use uuid::Uuid;

use super::request::{Interval, Narrowed, Request};
use crate::{deal, lead};

/// A column of the answer: name, label, kind.
pub(super) type Column = (&'static str, &'static str, &'static str);

/// A day of the organization, from a moment.
const DAY: &str = "AT TIME ZONE organization_timezone(current_organization_id())";

/// How a report's rows are called and what they are.
pub(super) fn columns(kind: &str) -> &'static [Column] {
    match kind {
        "conversion" => &[
            ("period", "From", "date"),
            ("leads", "Leads", "integer"),
            ("converted", "Converted", "integer"),
            ("rate", "Conversion rate", "percent"),
        ],
        "source_performance" => &[
            ("source", "Source", "text"),
            ("count", "Leads", "integer"),
            ("converted", "Converted", "integer"),
            ("rate", "Conversion rate", "percent"),
        ],
        "campaign_performance" => &[
            ("campaign", "Campaign", "text"),
            ("count", "Leads", "integer"),
            ("converted", "Converted", "integer"),
            ("rate", "Conversion rate", "percent"),
            ("currency", "Currency", "text"),
            ("value", "Estimated value", "money"),
        ],
        "lead_funnel" => &[
            ("stage", "Key", "text"),
            ("name", "Stage", "text"),
            ("currency", "Currency", "text"),
            ("count", "Leads", "integer"),
            ("avg_value", "Average value", "money"),
            ("total_value", "Value", "money"),
        ],
        "pipeline" => &[
            ("stage", "Key", "text"),
            ("name", "Stage", "text"),
            ("kind", "Kind", "text"),
            ("currency", "Currency", "text"),
            ("count", "Deals", "integer"),
            ("amount", "Amount", "money"),
            ("weighted", "Weighted", "money"),
        ],
        "forecast" => &[
            ("period", "From", "date"),
            ("currency", "Currency", "text"),
            ("count", "Open deals", "integer"),
            ("amount", "Amount", "money"),
            ("weighted", "Weighted", "money"),
        ],
        "won_lost" => &[
            ("owner_id", "Owner", "user"),
            ("owner", "Owner", "text"),
            ("currency", "Currency", "text"),
            ("won", "Won", "integer"),
            ("lost", "Lost", "integer"),
            ("rate", "Win rate", "percent"),
            ("won_amount", "Won amount", "money"),
            ("lost_amount", "Lost amount", "money"),
        ],
        "product_performance" => &[
            ("product_id", "Product", "reference"),
            ("product", "Product", "text"),
            ("leads", "Leads", "integer"),
            ("converted", "Converted", "integer"),
            ("rate", "Conversion rate", "percent"),
            ("currency", "Currency", "text"),
            ("quantity", "Sold", "decimal"),
            ("won_amount", "Won amount", "money"),
        ],
        "activity" => &[
            ("user_id", "User", "user"),
            ("user", "User", "text"),
            ("type", "Type", "text"),
            ("count", "Activities", "integer"),
        ],
        "project_profitability" => &[
            ("id", "Project", "reference"),
            ("name", "Project", "text"),
            ("currency", "Currency", "text"),
            ("budget", "Budget", "money"),
            ("actual_cost", "Cost", "money"),
            ("profit", "Profit", "money"),
            ("profit_margin", "Margin", "percent"),
            ("total_hours_logged", "Hours", "decimal"),
        ],
        _ => &[],
    }
}

/// What a question is asked with.
pub(super) struct Asking<'a> {
    pub(super) catalogue: &'static Catalogue,
    pub(super) grants: &'a Grants,
    sql: Sql,
}

impl<'a> Asking<'a> {
    pub(super) fn new(catalogue: &'static Catalogue, grants: &'a Grants) -> Asking<'a> {
        Asking {
            catalogue,
            grants,
            sql: Sql::new(),
        }
    }

    fn push(&mut self, text: &str) {
        self.sql.push(text);
    }

    /// Living records of an entity within the caller's scope, as alias `t`.
    fn living(&mut self, entity: &'static Entity) {
        self.push("t.organization_id = current_organization_id() AND t.deleted_at IS NULL");
        scope_predicate(&mut self.sql, self.catalogue, entity, self.grants, "t");
    }

    /// Days, both included, of a column that holds moments.
    fn moments(&mut self, column: &str, narrowed: &Narrowed) {
        if let Some(from) = narrowed.from {
            self.push(&format!(" AND {column} >= ("));
            self.sql.bind(from, Type::DATE);
            self.push(&format!("::timestamp {DAY})"));
        }
        if let Some(to) = narrowed.to {
            self.push(&format!(" AND {column} < (("));
            self.sql.bind(to, Type::DATE);
            self.push(&format!(" + 1)::timestamp {DAY})"));
        }
    }

    /// Days, both included, of a column that holds days.
    fn days(&mut self, column: &str, narrowed: &Narrowed) {
        for (operator, day) in [(">=", narrowed.from), ("<=", narrowed.to)] {
            if let Some(day) = day {
                self.push(&format!(" AND {column} {operator} "));
                self.sql.bind(day, Type::DATE);
            }
        }
    }

    fn ids(&mut self, columns: &[(&str, Option<Uuid>)]) {
        for (column, id) in columns {
            if let Some(id) = id {
                self.push(&format!(" AND {column} = "));
                self.sql.bind(*id, Type::UUID);
            }
        }
    }

    /// Leads as the request narrows them; a company's are those of its projects and those that became it.
    fn leads(&mut self, narrowed: &Narrowed) {
        self.living(&lead::LEAD);
        self.moments("t.created_at", narrowed);
        self.ids(&[
            ("t.project_id", narrowed.project_id),
            ("t.owner_id", narrowed.owner_id),
        ]);
        if let Some(company) = narrowed.company_id {
            self.push(" AND (t.converted_company_id = ");
            self.sql.bind(company, Type::UUID);
            self.push(" OR t.project_id IN (SELECT p.id FROM projects p WHERE p.organization_id = t.organization_id AND p.company_id = ");
            self.sql.bind(company, Type::UUID);
            self.push("))");
        }
    }

    fn deals(&mut self, narrowed: &Narrowed) {
        self.living(&deal::DEAL);
        self.ids(&[
            ("t.pipeline_id", narrowed.pipeline_id),
            ("t.owner_id", narrowed.owner_id),
            ("t.company_id", narrowed.company_id),
        ]);
    }

    fn finish(mut self) -> Statement {
        self.push(") r");
        self.sql.finish()
    }
}

/// Of those that are counted, how many percent became customers.
const RATE: &str =
    "round(count(*) FILTER (WHERE t.status = 'converted') * 100.0 / nullif(count(*), 0), 2)";

/// The statement of a report whose rows are one table; `None` for the others.
pub(super) fn statement(mut ask: Asking<'_>, request: &Request) -> Option<Statement> {
    let narrowed = &request.narrowed;
    let interval = narrowed.interval.unwrap_or(Interval::Month).name();
    ask.push("SELECT row_to_json(r) FROM (");
    match request.kind {
        "conversion" => {
            ask.push(&format!(
                "SELECT date_trunc('{interval}', t.created_at {DAY})::date AS period, count(*) AS leads, count(*) FILTER (WHERE t.status = 'converted') AS converted, {RATE} AS rate FROM leads t WHERE "
            ));
            ask.leads(narrowed);
            ask.push(" GROUP BY 1 ORDER BY 1");
        }
        "source_performance" => {
            ask.push(&format!(
                "SELECT coalesce(t.source, 'other') AS source, count(*) AS count, count(*) FILTER (WHERE t.status = 'converted') AS converted, {RATE} AS rate FROM leads t WHERE "
            ));
            ask.leads(narrowed);
            ask.push(" GROUP BY 1 ORDER BY 2 DESC, 1");
        }
        "campaign_performance" => {
            ask.push(&format!(
                "SELECT t.utm_campaign AS campaign, count(*) AS count, count(*) FILTER (WHERE t.status = 'converted') AS converted, {RATE} AS rate, t.currency::text AS currency, \
                 coalesce(round(sum(t.estimated_value), 2), 0)::text AS value FROM leads t WHERE t.utm_campaign IS NOT NULL AND "
            ));
            ask.leads(narrowed);
            ask.push(" GROUP BY t.utm_campaign, t.currency ORDER BY 2 DESC, 1, 5 LIMIT 500");
        }
        "lead_funnel" => {
            ask.push(
                "SELECT f.stage, f.name, f.currency, f.count, f.avg_value::text AS avg_value, round(f.total_value, 2)::text AS total_value FROM lead_conversion_funnel f WHERE ",
            );
            match narrowed.pipeline_id {
                Some(id) => {
                    ask.push("f.pipeline_id = ");
                    ask.sql.bind(id, Type::UUID);
                }
                None => ask.push("f.pipeline_id = (SELECT p.id FROM pipelines p WHERE p.entity = 'lead' AND p.is_default)"),
            }
            ask.push(" ORDER BY f.position, f.stage_id, f.currency");
        }
        "forecast" => {
            ask.push(&format!(
                "SELECT date_trunc('{interval}', t.expected_close_date)::date AS period, t.currency::text AS currency, count(*) AS count, \
                 round(coalesce(sum(t.amount_key), 0) * 0.001, 2)::text AS amount, \
                 round(coalesce(sum((t.amount_key * t.probability + 500) / 1000), 0) * 0.01, 2)::text AS weighted \
                 FROM deals t WHERE t.status = 'open' AND t.expected_close_date IS NOT NULL AND "
            ));
            ask.deals(narrowed);
            ask.days("t.expected_close_date", narrowed);
            ask.push(" GROUP BY 1, 2 ORDER BY 1, 2");
        }
        "won_lost" => {
            ask.push(
                "SELECT t.owner_id, m.full_name AS owner, t.currency::text AS currency, count(*) FILTER (WHERE t.status = 'won') AS won, count(*) FILTER (WHERE t.status = 'lost') AS lost, \
                 round(count(*) FILTER (WHERE t.status = 'won') * 100.0 / count(*), 2) AS rate, \
                 round(coalesce(sum(t.amount) FILTER (WHERE t.status = 'won'), 0), 2)::text AS won_amount, \
                 round(coalesce(sum(t.amount) FILTER (WHERE t.status = 'lost'), 0), 2)::text AS lost_amount \
                 FROM deals t LEFT JOIN members m ON m.organization_id = t.organization_id AND m.id = t.owner_id WHERE t.status <> 'open' AND ",
            );
            ask.deals(narrowed);
            ask.days("t.actual_close_date", narrowed);
            ask.push(" GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3");
        }
        "product_performance" => product_performance(&mut ask, narrowed),
        "activity" => {
            ask.push(
                "SELECT t.user_id, m.full_name AS user, t.type, count(*) AS count FROM activities t \
                 LEFT JOIN members m ON m.organization_id = t.organization_id AND m.id = t.user_id WHERE t.organization_id = current_organization_id()",
            );
            ask.moments("t.created_at", narrowed);
            ask.ids(&[("t.user_id", narrowed.owner_id)]);
            ask.push(" GROUP BY 1, 2, 3 ORDER BY 2, 4 DESC, 3");
        }
        "project_profitability" => {
            ask.push(
                "SELECT f.id, f.name, f.currency, f.budget::text AS budget, f.actual_cost::text AS actual_cost, f.profit::text AS profit, f.profit_margin, \
                 f.total_hours_logged::text AS total_hours_logged FROM project_profitability f WHERE true",
            );
            ask.ids(&[
                ("f.company_id", narrowed.company_id),
                ("f.id", narrowed.project_id),
            ]);
            ask.push(" ORDER BY f.profit_margin, f.name, f.id LIMIT 1000");
        }
        _ => return None,
    }
    Some(ask.finish())
}

/// What is asked for and what is sold, by product (002).
fn product_performance(ask: &mut Asking<'_>, narrowed: &Narrowed) {
    ask.push(
        "SELECT p.id AS product_id, p.name AS product, coalesce(l.leads, 0) AS leads, coalesce(l.converted, 0) AS converted, l.rate, s.currency, \
         coalesce(s.quantity, 0)::text AS quantity, coalesce(round(s.amount, 2), 0)::text AS won_amount \
         FROM products p LEFT JOIN (",
    );
    ask.push(&format!(
        "SELECT t.product_id, count(*) AS leads, count(*) FILTER (WHERE t.status = 'converted') AS converted, {RATE} AS rate FROM leads t WHERE t.product_id IS NOT NULL AND "
    ));
    ask.leads(narrowed);
    ask.push(
        " GROUP BY 1) l ON l.product_id = p.id LEFT JOIN (SELECT i.product_id, t.currency::text AS currency, sum(i.quantity) AS quantity, sum(i.amount) AS amount \
         FROM deal_items i JOIN deals t ON t.organization_id = i.organization_id AND t.id = i.deal_id WHERE t.status = 'won' AND ",
    );
    ask.deals(&Narrowed::default());
    ask.days("t.actual_close_date", narrowed);
    ask.push(
        " GROUP BY 1, 2) s ON s.product_id = p.id WHERE p.deleted_at IS NULL ORDER BY 3 DESC, 2, 6",
    );
}
