//! The time of day and the zone behind a date.

use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone};

/// Hours east of Greenwich of abbreviations that mean one zone in practice.
const ZONES: &[(&str, i32)] = &[
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 1),
    ("cet", 1),
    ("cest", 2),
    ("mez", 1),
    ("mesz", 2),
    ("eet", 2),
    ("eest", 3),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

/// A time of day, with its zone where the text names one.
pub(super) struct Clock {
    pub(super) time: Time,
    pub(super) zone: Option<TimeZone>,
}

/// Reads "14:30", "2:30:05.123 PM", "14:30:00+02:00", "14:30 UTC",
/// "14:30:00 -0500", "14:30[Europe/Berlin]".
pub(super) fn parse(text: &str) -> Option<Clock> {
    let mut rest = text.trim();
    let hour = number(&mut rest, 2)?;
    rest = rest.strip_prefix(':')?;
    let minute = two_digits(&mut rest)?;
    let (mut second, mut nanosecond) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        rest = after;
        second = two_digits(&mut rest)?;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = after.split_at_checked(digits)?;
            if fraction.is_empty() {
                return None;
            }
            rest = after;
            // Nanoseconds; what is finer is dropped.
            let padded: String = fraction
                .chars()
                .chain("000000000".chars())
                .take(9)
                .collect();
            nanosecond = padded.parse().ok()?;
        }
    }
    rest = rest.trim_start();
    let hour = half_day(&mut rest, hour)?;
    let zone = zone(rest.trim())?;
    // Some systems write the end of a leap minute as second 60.
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    Some(Clock { time, zone })
}

fn number(rest: &mut &str, most: usize) -> Option<i8> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > most {
        return None;
    }
    let (number, after) = rest.split_at_checked(digits)?;
    *rest = after;
    number.parse().ok()
}

fn two_digits(rest: &mut &str) -> Option<i8> {
    let (digits, after) = rest.split_at_checked(2)?;
    *rest = after;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// The hour of 24, of an hour that "AM" or "PM" may follow.
fn half_day(rest: &mut &str, hour: i8) -> Option<i8> {
    for (mark, afternoon) in [
        ("a.m.", false),
        ("am", false),
        ("a. m.", false),
        ("p.m.", true),
        ("pm", true),
        ("p. m.", true),
    ] {
        let Some(head) = rest.get(..mark.len()) else {
            continue;
        };
        if head.eq_ignore_ascii_case(mark) {
            *rest = rest.get(mark.len()..)?;
            return match (hour, afternoon) {
                (12, false) => Some(0),
                (12, true) => Some(12),
                (1..=11, false) => Some(hour),
                (1..=11, true) => Some(hour + 12),
                _ => None,
            };
        }
    }
    Some(hour)
}

/// `None` for a zone that is not known, `Some(None)` for no zone.
#[expect(
    clippy::option_option,
    reason = "unknown and absent are different answers"
)]
fn zone(text: &str) -> Option<Option<TimeZone>> {
    let text = text.strip_suffix("Uhr").map_or(text, str::trim);
    if text.is_empty() {
        return Some(None);
    }
    // "+01:00[Europe/Berlin]": the offset is exact, the name only explains it.
    let (text, name) = match text.split_once('[') {
        Some((offset, name)) => (offset.trim(), Some(name.strip_suffix(']')?)),
        None => (text, None),
    };
    if let (true, Some(name)) = (text.is_empty(), name) {
        return TimeZone::get(name).ok().map(Some);
    }
    let lower = text.to_ascii_lowercase();
    let offset = ["utc", "gmt"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
        .unwrap_or(&lower);
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| *name == offset) {
        return fixed(hours * 3600);
    }
    if let Some(unsigned) = offset.strip_prefix(['+', '-', '−']) {
        let sign = if offset.starts_with('+') { 1 } else { -1 };
        let digits: String = unsigned
            .chars()
            .filter(|character| *character != ':')
            .collect();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits.parse::<i32>().ok()?, 0),
            4 => (
                digits.get(..2)?.parse::<i32>().ok()?,
                digits.get(2..)?.parse::<i32>().ok()?,
            ),
            _ => return None,
        };
        if hours > 15 || minutes > 59 {
            return None;
        }
        return fixed(sign * (hours * 3600 + minutes * 60));
    }
    if text.contains('/') {
        TimeZone::get(text).ok().map(Some)
    } else {
        None
    }
}

#[expect(clippy::option_option, reason = "the shape that zone() answers with")]
fn fixed(seconds: i32) -> Option<Option<TimeZone>> {
    Offset::from_seconds(seconds)
        .ok()
        .map(|offset| Some(TimeZone::fixed(offset)))
}
