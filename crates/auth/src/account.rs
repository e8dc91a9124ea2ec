//! What a person sends to make an account, and what is wrong with it.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use kith_catalogue::{
    AnyField, Fault, Field, Kind, Value, col,
    kinds::{self, ParseContext},
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{error::AuthError, password};

const EMAIL: Field = Field::of(col::<String>("email"), "E-mail", Kind::Email).required();
const FULL_NAME: Field = Field::of(col::<String>("full_name"), "Full name", Kind::Text).required();
const ORGANIZATION_NAME: Field = Field::of(
    col::<String>("organization_name"),
    "Organization",
    Kind::Text,
)
.required();

/// A new account with an organization of its own, as it was sent.
#[derive(Clone)]
pub struct Registration {
    /// The address to sign in with.
    pub email: String,
    /// The password; see [`password::faults`].
    pub password: String,
    /// The person's name.
    pub full_name: String,
    /// The name of the organization to make.
    pub organization_name: String,
}

/// Never the password.
impl fmt::Debug for Registration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registration")
            .field("organization_name", &self.organization_name)
            .finish_non_exhaustive()
    }
}

/// A registration that can be stored.
pub(crate) struct Checked {
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) organization_name: String,
}

/// Normalises a registration, or answers everything that is wrong with it.
pub(crate) fn check(registration: &Registration) -> Result<Checked, AuthError> {
    let mut faults = Vec::new();
    let email = parse(&EMAIL, &registration.email, &mut faults);
    let full_name = parse(&FULL_NAME, &registration.full_name, &mut faults);
    let organization_name = parse(
        &ORGANIZATION_NAME,
        &registration.organization_name,
        &mut faults,
    );
    faults.extend(password::faults(
        "password",
        &registration.password,
        &[
            &registration.email,
            &registration.full_name,
            &registration.organization_name,
        ],
    ));
    if faults.is_empty() {
        Ok(Checked {
            email,
            full_name,
            organization_name,
        })
    } else {
        Err(AuthError::Faults(faults))
    }
}

/// The form in which addresses are stored; `None` for what no account can have.
pub(crate) fn normalised_email(email: &str) -> Option<String> {
    let mut faults = Vec::new();
    let email = parse(&EMAIL, email, &mut faults);
    faults.is_empty().then_some(email)
}

/// A person's name as it is stored.
pub(crate) fn full_name(name: &str, faults: &mut Vec<Fault>) -> String {
    parse(&FULL_NAME, name, faults)
}

/// The same reading as everywhere else, so that an address imported as a contact's or a member's is
/// equal to the one its person registers with.
fn parse(field: &'static Field, text: &str, faults: &mut Vec<Fault>) -> String {
    let context = ParseContext {
        now: Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC),
        user_id: Uuid::nil(),
        region: None,
    };
    match kinds::parse(
        &AnyField::Column(field),
        &Json::String(text.to_owned()),
        &context,
    ) {
        Ok(Value::Text(text)) if !text.is_empty() => text,
        Ok(_) => {
            faults.push(Fault::new("required", "is required").at(field.name));
            String::new()
        }
        Err(fault) => {
            faults.push(fault.at(field.name));
            String::new()
        }
    }
}
