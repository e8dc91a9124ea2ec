//! What people want as to being written to: `{"do_not_contact": true}`, or one channel at a time, and which they prefer.

use kith_catalogue::Col;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_catalogue::kind::Kind;
use kith_engine::{Change, Draft};
use serde_json::Value as Json;

/// The members that forbid something; the database asks them before anything is sent.
const FORBIDDING: [&str; 5] = [
    "do_not_contact",
    "do_not_email",
    "do_not_sms",
    "do_not_whatsapp",
    "do_not_call",
];

/// The field of the preferences themselves.
pub(crate) const fn field(column: Col<Json>) -> Field {
    Field::of(column, "Preferences", Kind::Json)
        .default(Default::Empty)
        .help(
            "{\"do_not_contact\": true}, {\"do_not_email\": true}, {\"channels\": [\"whatsapp\"]}",
        )
}

/// The field that says whether they are to be contacted at all.
pub(crate) const fn do_not_contact(column: Col<bool>) -> Field {
    Field::of(column, "Do not contact", Kind::Boolean)
        .filterable()
        .system()
        .help("Follows the preferences")
}

/// What forbids must be true or false: a word would be read as a yes by people and as nothing by the database.
pub(crate) fn check(change: &Change<Draft>, column: Col<Json>, faults: &mut Faults) {
    let Some(preferences) = change.get(column).filter(|_| change.gives(column)) else {
        return;
    };
    for name in FORBIDDING {
        if preferences
            .get(name)
            .is_some_and(|value| !value.is_boolean() && !value.is_null())
        {
            faults.push(
                Fault::new("not_a_boolean", format!("{name} must be true or false"))
                    .at(column.name()),
            );
        }
    }
}
