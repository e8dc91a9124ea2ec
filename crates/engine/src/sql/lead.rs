//! Lists that the side table leads.
//!
//! The records with a tag or a value of a custom field, sorted by what they are called, stand in one index of
//! `record_values` in that order: the page is its first entries, whether ten records have the value or half a million.
//! Without it every record with the value is fetched and all are sorted for the first fifty.

use kith_catalogue::entity::Entity;
use kith_catalogue::filter::{Filter, Operator, Target, Test};
use kith_catalogue::kind::Kind;
use kith_catalogue::value::Value;
use kith_store::types::Type;

use super::Sql;
use super::filter::{side_field, side_number, side_text};

/// The value whose records are listed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lead {
    field: String,
    text: String,
}

impl Lead {
    /// Takes a test that can lead out of a filter that must hold as a whole; the rest still has to be asked.
    pub(crate) fn of(filter: &Filter) -> Option<(Lead, Filter)> {
        match filter {
            Filter::Test(test) => Some((Lead::of_test(test)?, Filter::everything())),
            Filter::All(parts) => {
                let (place, (lead, rest)) = parts
                    .iter()
                    .enumerate()
                    .find_map(|(place, part)| Some((place, Lead::of(part)?)))?;
                let mut parts = parts.clone();
                if rest.is_everything() {
                    parts.remove(place);
                } else if let Some(part) = parts.get_mut(place) {
                    *part = rest;
                }
                Some((lead, Filter::All(parts)))
            }
            Filter::Any(_) | Filter::Not(_) => None,
        }
    }

    /// One value of a list or of a custom field, compared as text.
    fn of_test(test: &Test) -> Option<Lead> {
        let [value] = test.values.as_slice() else {
            return None;
        };
        let kind = test.target.kind();
        let aside = match &test.target {
            Target::Column(_) => matches!(kind, Kind::Tags | Kind::MultiChoice),
            Target::Custom { .. } => true,
        };
        let one = matches!(
            test.operator,
            Operator::Equal | Operator::Has | Operator::In
        );
        if test.hop.is_some() || !aside || !one || *value == Value::Null {
            return None;
        }
        side_number(kind, value).is_none().then(|| Lead {
            field: side_field(&test.target),
            text: side_text(kind, value),
        })
    }

    /// ` JOIN …` to the rows of alias `t`.
    pub(crate) fn push_join(sql: &mut Sql) {
        sql.push(" JOIN record_values lead ON lead.record_id = t.id");
    }

    /// ` AND …`: the entries of the value.
    pub(crate) fn push_condition(&self, sql: &mut Sql, entity: &'static Entity) {
        sql.push(&format!(
            " AND lead.organization_id = current_organization_id() AND lead.entity = '{}' AND lead.field = ",
            entity.name
        ));
        sql.bind(self.field.clone(), Type::TEXT);
        sql.push(" AND lead.text_value = ");
        sql.bind(self.text.clone(), Type::TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(operator: Operator, kind: Kind, values: Vec<Value>) -> Filter {
        Filter::Test(Test {
            hop: None,
            target: Target::Custom {
                key: "tier".to_owned(),
                kind,
            },
            operator,
            values,
        })
    }

    fn text(value: &str) -> Vec<Value> {
        vec![Value::Text(value.to_owned())]
    }

    #[test]
    fn one_text_of_what_must_hold_leads_and_the_rest_remains() {
        let gold = test(Operator::Equal, Kind::Choice, text("gold"));
        let other = test(Operator::NotEqual, Kind::Choice, text("iron"));
        let lead = Lead {
            field: "custom.tier".to_owned(),
            text: "gold".to_owned(),
        };
        assert_eq!(Lead::of(&gold), Some((lead.clone(), Filter::everything())));
        let both = Filter::All(vec![
            other.clone(),
            Filter::All(vec![gold.clone(), other.clone()]),
        ]);
        let rest = Filter::All(vec![other.clone(), Filter::All(vec![other.clone()])]);
        assert_eq!(Lead::of(&both), Some((lead, rest)));
        for none in [
            other.clone(),
            Filter::Any(vec![gold.clone()]),
            Filter::Not(Box::new(gold.clone())),
            test(
                Operator::In,
                Kind::Choice,
                [text("gold"), text("iron")].concat(),
            ),
            test(Operator::Equal, Kind::Integer, vec![Value::Integer(3)]),
            test(Operator::IsNull, Kind::Choice, vec![Value::Boolean(true)]),
            test(Operator::Starts, Kind::Text, text("go")),
        ] {
            assert_eq!(Lead::of(&none), None, "{none:?}");
        }
    }
}
