//! Dates and times, absolute (ISO 8601, RFC 3339) or relative (`today`, `-30d`).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value as Json;

use super::{ParseContext, as_text};
use crate::fault::Fault;
use crate::period;
use crate::storable;
use crate::value::Value;

/// A day: `2026-11-21`, also from a timestamp's day, or a relative day.
pub(super) fn date(json: &Json, context: &ParseContext) -> Result<Value, Fault> {
    let fault = || Fault::new("not_a_date", "must be a date such as 2026-11-21");
    let raw = as_text(json).map_err(|_| fault())?;
    let text = raw.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let parsed = text
        .parse::<Date>()
        .ok()
        .or_else(|| period::day(text, &context.now))
        .ok_or_else(fault)?;
    if !storable::day(parsed) {
        return Err(fault());
    }
    Ok(Value::Date(parsed))
}

/// A moment: RFC 3339 with an offset; without one it is read in the user's time zone.
pub(super) fn timestamp(json: &Json, context: &ParseContext) -> Result<Value, Fault> {
    let fault = || Fault::new("not_a_time", "must be a time such as 2026-11-21T09:30:00Z");
    let raw = as_text(json).map_err(|_| fault())?;
    let text = raw.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let zone = context.now.time_zone().clone();
    let local = |civil: DateTime| {
        civil
            .to_zoned(zone.clone())
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let parsed = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok().and_then(local))
        .or_else(|| {
            text.parse::<Date>()
                .ok()
                .and_then(|day| local(day.at(0, 0, 0, 0)))
        })
        .or_else(|| period::moment(text, &context.now))
        .ok_or_else(fault)?;
    // PostgreSQL keeps microseconds; what is stored and what is answered must be the same.
    let parsed = Timestamp::from_microsecond(parsed.as_microsecond()).map_err(|_| fault())?;
    if !storable::moment(parsed) {
        return Err(fault());
    }
    Ok(Value::Timestamp(parsed))
}
