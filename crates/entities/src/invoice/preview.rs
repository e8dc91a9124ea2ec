//! What an invoice that is not saved would come to. The same functions of the database sum it up as keep the totals
//! of what is saved, so the two cannot differ.

use kith_catalogue::access::Action;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{AnyField, Default as FieldDefault};
use kith_catalogue::kinds::parse;
use kith_catalogue::value::Value;
use kith_engine::{Caller, Engine, EngineError, money_text};
use kith_store::Statement;
use kith_store::types::Type;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::INVOICE;
use crate::invoice_item::INVOICE_ITEM;
use crate::reading::cell;

/// Lines of a preview.
const MOST_LINES: usize = 1_000;

/// The totals of a body as `POST /invoices` takes it, in the shape of the record's own.
///
/// # Errors
/// [`EngineError::Invalid`] with every bad figure: `items[2].quantity` …
pub async fn preview(engine: &Engine, caller: &Caller, body: &Json) -> Result<Json, EngineError> {
    caller.require(&INVOICE, Action::Read)?;
    let Json::Object(members) = body else {
        return Err(Fault::new("not_an_object", "the invoice must be a JSON object").into());
    };
    let mut faults = Faults::new();
    for name in members.keys() {
        if name != "items" && INVOICE.field(name).is_none() {
            let message = format!("is not a field of {}", INVOICE.path);
            faults.push(Fault::new("unknown_field", message).at(name));
        }
    }
    let mut reader = Reader {
        caller,
        faults: &mut faults,
    };
    let percent = reader.decimal(&INVOICE, body, "discount_percent", "");
    let fixed = reader.decimal(&INVOICE, body, "fixed_discount", "");
    let currency = reader.text(body, "currency");
    let company = reader.text(body, "company_id");
    let mut columns: [Vec<Decimal>; 4] = Default::default();
    match members.get("items") {
        None | Some(Json::Null) => {}
        Some(Json::Array(items)) if items.len() <= MOST_LINES => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("items[{index}].");
                let names = ["quantity", "unit_price", "discount_percent", "tax_rate"];
                for (column, name) in columns.iter_mut().zip(names) {
                    column.push(reader.decimal(&INVOICE_ITEM, item, name, &place));
                }
            }
        }
        Some(_) => {
            let message = format!("must be a list of at most {MOST_LINES} objects");
            reader
                .faults
                .push(Fault::new("not_a_list", message).at("items"));
        }
    }
    faults.into_result()?;
    let [quantities, prices, discounts, rates] = columns;
    let sql = "WITH chosen AS (SELECT coalesce($1, (SELECT c.currency::text FROM companies c WHERE c.id = $2), $3) AS currency), \
         line AS (SELECT coalesce(array_agg(invoice_line_amount(u.quantity, u.price, u.discount, c.currency) ORDER BY u.n), '{}') AS amounts \
           FROM chosen c, unnest($4::numeric[], $5::numeric[], $6::numeric[]) WITH ORDINALITY AS u (quantity, price, discount, n)) \
         SELECT c.currency, currency_minor_units(c.currency) IS NOT NULL, t.subtotal, t.discount_amount, t.tax_amount, t.total_amount, t.tax_breakdown, t.lines \
         FROM chosen c, line l, invoice_totals(c.currency, $7, $8, l.amounts, $9::numeric[]) t";
    let statement = Statement::new(sql)
        .with(currency, Type::TEXT)
        .with(company.and_then(|id| Uuid::try_parse(&id).ok()), Type::UUID)
        .with(caller.base_currency.clone(), Type::TEXT)
        .with(quantities, Type::NUMERIC_ARRAY)
        .with(prices, Type::NUMERIC_ARRAY)
        .with(discounts, Type::NUMERIC_ARRAY)
        .with(percent, Type::NUMERIC)
        .with(fixed, Type::NUMERIC)
        .with(rates, Type::NUMERIC_ARRAY);
    let mut answers = engine
        .database
        .read(&caller.principal, &[statement])
        .await?;
    let rows = answers.pop().unwrap_or_default();
    let row = rows.first().ok_or(EngineError::NotFound)?;
    let currency: String = cell(row, 0)?;
    if !cell::<bool>(row, 1)? {
        let message = format!(
            "nothing can be invoiced in {currency}; choose a currency with at most three decimal places"
        );
        return Err(Fault::new("rule", message).at("currency").into());
    }
    let amount = |index: usize| cell::<Decimal>(row, index).map(money_text);
    Ok(json!({
        "currency": currency,
        "subtotal": amount(2)?,
        "discount_amount": amount(3)?,
        "tax_amount": amount(4)?,
        "total_amount": amount(5)?,
        "tax_breakdown": cell::<Json>(row, 6)?,
        "items": cell::<Json>(row, 7)?,
    }))
}

/// Reads figures as the catalogue reads them, and keeps every fault.
struct Reader<'a> {
    caller: &'a Caller,
    faults: &'a mut Faults,
}

impl Reader<'_> {
    fn value(&mut self, entity: &'static Entity, body: &Json, name: &str, place: &str) -> Value {
        let Some(field) = entity.field(name) else {
            return Value::Null;
        };
        let json = body.get(name).unwrap_or(&Json::Null);
        match parse(&AnyField::Column(field), json, &self.caller.parse_context()) {
            Ok(Value::Null) => match field.default {
                FieldDefault::Integer(number) => Value::Decimal(number.into()),
                _ => Value::Null,
            },
            Ok(value) => value,
            Err(fault) => {
                self.faults.push(fault.at(format!("{place}{name}")));
                Value::Null
            }
        }
    }

    /// A figure; a price that is not written yet counts as nothing.
    fn decimal(
        &mut self,
        entity: &'static Entity,
        body: &Json,
        name: &str,
        place: &str,
    ) -> Decimal {
        match self.value(entity, body, name, place) {
            Value::Decimal(number) => number,
            _ => Decimal::ZERO,
        }
    }

    fn text(&mut self, body: &Json, name: &str) -> Option<String> {
        match self.value(&INVOICE, body, name, "") {
            Value::Text(text) => Some(text),
            Value::Uuid(id) => Some(id.to_string()),
            _ => None,
        }
    }
}
