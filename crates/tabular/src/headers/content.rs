//! What the values of a column look like.

use super::TargetKind;
use crate::dates::{DateOrder, parse_date};
use crate::numbers::{NumberStyle, parse_decimal};

/// Values looked at.
const MAX_VALUES: usize = 50;

/// Shares of a column's values, from 0 to 1, that look like each kind.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Profile {
    /// Values that are not blank; without any, nothing is known.
    pub(super) values: usize,
    email: f32,
    phone: f32,
    url: f32,
    number: f32,
    boolean: f32,
    date: f32,
}

impl Profile {
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let values: Vec<&str> = values
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .take(MAX_VALUES)
            .collect();
        let total = f32::from(u16::try_from(values.len()).unwrap_or(u16::MAX)).max(1.0);
        let share = |test: fn(&str) -> bool| {
            let count = values.iter().filter(|value| test(value)).count();
            f32::from(u16::try_from(count).unwrap_or(u16::MAX)) / total
        };
        Self {
            values: values.len(),
            email: share(is_email),
            phone: share(is_phone),
            url: share(is_url),
            number: share(is_number),
            boolean: share(|value| crate::booleans::parse(value).is_ok()),
            date: share(is_date),
        }
    }

    /// Share of values that can be of `kind`; `None` when every text can.
    pub(super) fn share(&self, kind: TargetKind) -> Option<f32> {
        match kind {
            TargetKind::Email => Some(self.email),
            TargetKind::Phone => Some(self.phone),
            TargetKind::Url => Some(self.url),
            TargetKind::Number => Some(self.number),
            TargetKind::Boolean => Some(self.boolean),
            TargetKind::Date => Some(self.date),
            TargetKind::Text | TargetKind::Reference | TargetKind::Identifier => None,
        }
    }
}

pub(super) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !value.contains(char::is_whitespace)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

fn is_phone(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters: String = value
        .chars()
        .filter(|character| character.is_alphabetic())
        .collect();
    let extension = matches!(
        letters.to_ascii_lowercase().as_str(),
        "" | "x" | "ext" | "tel" | "durchwahl"
    );
    (6..=20).contains(&digits)
        && extension
        && value.chars().all(|character| {
            character.is_alphanumeric()
                || matches!(
                    character,
                    '+' | '-' | '(' | ')' | '.' | '/' | ' ' | '\u{a0}' | ':'
                )
        })
        && !value.contains(':')
        && parse_date(value, DateOrder::DayFirst).is_err()
}

fn is_url(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("www.") {
        return !value.contains(char::is_whitespace);
    }
    let host = lower.split('/').next().unwrap_or_default();
    let Some((name, top)) = host.rsplit_once('.') else {
        return false;
    };
    !name.is_empty()
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_lowercase())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

fn is_number(value: &str) -> bool {
    [NumberStyle::DecimalPoint, NumberStyle::DecimalComma]
        .into_iter()
        .any(|style| parse_decimal(value, style).is_ok())
}

/// Dates that show that they are: a five-digit number is more often a number.
fn is_date(value: &str) -> bool {
    let bare = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    let serial = bare && value.bytes().take_while(u8::is_ascii_digit).count() >= 5;
    !serial
        && [DateOrder::DayFirst, DateOrder::MonthFirst]
            .into_iter()
            .any(|order| parse_date(value, order).is_ok())
}
