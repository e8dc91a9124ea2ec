//! The organization's own settings, which are not a list of records.

use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::storable;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, Tx};
use serde_json::{Map, Value as Json, json};

use crate::ticket;

const COLUMNS: &str = "id, name, slug, base_currency::text, timezone, locale, country::text, branding, settings, version";

/// What may be changed, and how the text is checked.
const TEXTS: &[&str] = &["name", "base_currency", "timezone", "locale", "country"];

/// The acting member's organization.
///
/// # Errors
/// [`EngineError::NotFound`] when the member may not see it.
pub async fn get(engine: &Engine, caller: &Caller) -> Result<Json, EngineError> {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM organizations"));
    let rows = engine
        .database
        .read(&caller.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    shown(rows.first().ok_or(EngineError::NotFound)?)
}

/// Changes settings; members of `settings` and `branding` that are not mentioned stay (RFC 7396).
///
/// # Errors
/// [`EngineError::Forbidden`] without the permission to configure; every bad field.
pub async fn update(tx: &Tx, caller: &Caller, body: &Json) -> Result<Json, EngineError> {
    if !caller.grants.allows("organization", Action::Configure) {
        return Err(EngineError::Forbidden {
            action: Action::Configure,
            resource: "organization",
        });
    }
    let Json::Object(given) = body else {
        return Err(EngineError::Malformed(
            "the body must be a JSON object".to_owned(),
        ));
    };
    let mut faults = Faults::new();
    for (name, value) in given {
        check(name, value, &mut faults);
    }
    for fault in storable::json(body) {
        faults.push(fault);
    }
    faults.into_result()?;
    let text = |name: &str| given.get(name).and_then(Json::as_str).map(str::to_owned);
    let object = |name: &str| {
        given
            .get(name)
            .cloned()
            .unwrap_or_else(|| Json::Object(Map::new()))
    };
    let mut statement = Statement::new(format!(
        "UPDATE organizations SET name = coalesce($1, name), base_currency = coalesce($2, base_currency), \
         timezone = coalesce($3, timezone), locale = coalesce($4, locale), country = CASE WHEN $8 THEN NULL ELSE coalesce($5, country) END, \
         settings = jsonb_strip_nulls(settings || $6), branding = jsonb_strip_nulls(branding || $7) RETURNING {COLUMNS}"
    ));
    for name in TEXTS {
        statement.bind(text(name), Type::TEXT);
    }
    statement.bind(object("settings"), Type::JSONB);
    statement.bind(object("branding"), Type::JSONB);
    statement.bind(given.get("country").is_some_and(Json::is_null), Type::BOOL);
    shown(
        tx.query_opt(&statement)
            .await?
            .as_ref()
            .ok_or(EngineError::NotFound)?,
    )
}

fn check(name: &str, value: &Json, faults: &mut Faults) {
    let fault = |message: &str| Fault::new("not_allowed", message.to_owned()).at(name);
    match (name, value) {
        ("name", Json::String(text)) if (1..=255).contains(&text.trim().chars().count()) => {}
        ("name", _) => faults.push(fault("must have 1 to 255 characters")),
        ("base_currency", Json::String(text))
            if text.len() == 3 && text.chars().all(|letter| letter.is_ascii_uppercase()) => {}
        ("base_currency", _) => faults.push(fault("must be a currency code such as USD")),
        ("timezone", Json::String(text)) if jiff::tz::TimeZone::get(text).is_ok() => {}
        ("timezone", _) => faults.push(fault("must be a time zone such as Europe/Berlin")),
        ("locale", Json::String(text))
            if (2..=35).contains(&text.len())
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '-') => {}
        ("locale", _) => faults.push(fault("must be a language such as en or de-AT")),
        ("country", Json::String(text))
            if text.len() == 2 && text.chars().all(|letter| letter.is_ascii_uppercase()) => {}
        ("country", value) if !value.is_null() => {
            faults.push(fault("must be a country code such as DE"));
        }
        ("settings", Json::Object(settings)) => {
            let limit = settings.get("max_active_products");
            if limit.is_some_and(|limit| {
                !limit.is_null() && limit.as_u64().is_none_or(|limit| limit > 100_000)
            }) {
                faults.push(
                    Fault::new("not_allowed", "must be a whole number from 0 to 100000")
                        .at("settings.max_active_products"),
                );
            }
            if let Some(retention) = settings.get("retention") {
                crate::privacy::check_retention(retention, faults);
            }
            ticket::check_settings(settings, faults);
        }
        ("branding", Json::Object(_)) | ("country", Json::Null) => {}
        ("settings" | "branding", _) => faults.push(fault("must be an object")),
        _ => faults
            .push(Fault::new("unknown_field", "is not a setting of the organization").at(name)),
    }
}

fn shown(row: &Row) -> Result<Json, EngineError> {
    let read = || -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        Ok(json!({
            "id": row.try_get::<_, uuid::Uuid>(0)?,
            "name": row.try_get::<_, &str>(1)?,
            "slug": row.try_get::<_, &str>(2)?,
            "base_currency": row.try_get::<_, &str>(3)?,
            "timezone": row.try_get::<_, &str>(4)?,
            "locale": row.try_get::<_, &str>(5)?,
            "country": row.try_get::<_, Option<&str>>(6)?,
            "branding": row.try_get::<_, Json>(7)?,
            "settings": row.try_get::<_, Json>(8)?,
            "version": row.try_get::<_, i64>(9)?,
        }))
    };
    read().map_err(|error| EngineError::Store(kith_store::StoreError::internal(error.to_string())))
}
