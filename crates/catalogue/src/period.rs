//! Relative days and periods: `today`, `-30d`, `this_quarter`, counted in the user's time zone.

use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use crate::storable;

/// The day that a word means, where it means one: `today`, `yesterday`, `tomorrow`, `-30d`, `+2w`,
/// `-3m`, `+1y`. A period (`this_month`) means its first day.
pub fn day(word: &str, now: &Zoned) -> Option<Date> {
    days(word, now).map(|(first, _)| first)
}

/// The moment that a word means: `now`, `-2h`, or the start of the day that [`day`] finds.
pub fn moment(word: &str, now: &Zoned) -> Option<Timestamp> {
    if word == "now" {
        return Some(now.timestamp());
    }
    if let Some(hours) = offset(word, 'h') {
        return now
            .checked_add(Span::new().try_hours(hours).ok()?)
            .ok()
            .map(|zoned| zoned.timestamp());
    }
    start_of(day(word, now)?, now)
}

/// The days that a word covers, first inclusive, last exclusive. Weeks begin on Monday (ISO 8601).
pub fn days(word: &str, now: &Zoned) -> Option<(Date, Date)> {
    covered(word, now).filter(|(first, _)| storable::day(*first))
}

fn covered(word: &str, now: &Zoned) -> Option<(Date, Date)> {
    let today = now.date();
    let single = |first: Date| first.checked_add(1.day()).ok().map(|next| (first, next));
    match word {
        "today" => return single(today),
        "yesterday" => return single(today.checked_sub(1.day()).ok()?),
        "tomorrow" => return single(today.checked_add(1.day()).ok()?),
        _ => {}
    }
    for (unit, span) in [
        ('d', 1.day()),
        ('w', 1.week()),
        ('m', 1.month()),
        ('y', 1.year()),
    ] {
        if let Some(count) = offset(word, unit) {
            let shifted = today.checked_add(span.checked_mul(count).ok()?).ok()?;
            return single(shifted);
        }
    }
    let (which, unit) = word.split_once('_')?;
    let steps: i64 = match which {
        "this" => 0,
        "last" => -1,
        "next" => 1,
        _ => return None,
    };
    let (first, length) = match unit {
        "week" => {
            let since_monday = i64::from(today.weekday().since(Weekday::Monday));
            (today.checked_sub(since_monday.days()).ok()?, 1.week())
        }
        "month" => (today.first_of_month(), 1.month()),
        "quarter" => {
            let month = (today.month() - 1) / 3 * 3 + 1;
            (Date::new(today.year(), month, 1).ok()?, 3.months())
        }
        "year" => (today.first_of_year(), 1.year()),
        _ => return None,
    };
    let first = first.checked_add(length.checked_mul(steps).ok()?).ok()?;
    Some((first, first.checked_add(length).ok()?))
}

/// The moments that a word covers, first inclusive, last exclusive.
pub fn moments(word: &str, now: &Zoned) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = days(word, now)?;
    Some((start_of(first, now)?, start_of(last, now)?))
}

/// Midnight at the start of a day, or the first moment after it where the clocks skip midnight.
fn start_of(day: Date, now: &Zoned) -> Option<Timestamp> {
    day.to_zoned(now.time_zone().clone())
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// The number in `-30d`, at most 10,000 either way.
fn offset(word: &str, unit: char) -> Option<i64> {
    let number = word.strip_suffix(unit)?;
    let signed = number.starts_with('-') || number.starts_with('+');
    let count: i64 = number.parse().ok()?;
    (signed && count.abs() <= 10_000).then_some(count)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn now() -> Zoned {
        "2026-11-21T15:00:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn words_cover_the_days_they_say() {
        let cases = [
            ("today", (2026, 11, 21), (2026, 11, 22)),
            ("yesterday", (2026, 11, 20), (2026, 11, 21)),
            ("-30d", (2026, 10, 22), (2026, 10, 23)),
            ("+2w", (2026, 12, 5), (2026, 12, 6)),
            ("this_week", (2026, 11, 16), (2026, 11, 23)),
            ("last_month", (2026, 10, 1), (2026, 11, 1)),
            ("this_quarter", (2026, 10, 1), (2027, 1, 1)),
            ("next_year", (2027, 1, 1), (2028, 1, 1)),
        ];
        for (word, first, last) in cases {
            let expected = (
                date(first.0, first.1, first.2),
                date(last.0, last.1, last.2),
            );
            assert_eq!(days(word, &now()), Some(expected), "{word}");
        }
    }

    #[test]
    fn other_words_mean_nothing() {
        for word in ["", "30d", "-d", "this_decade", "-99999d", "-9999y", "now-1"] {
            assert_eq!(days(word, &now()), None, "{word}");
        }
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let (first, _) = moments("today", &now()).unwrap();
        assert_eq!(first.to_string(), "2026-11-20T23:00:00Z");
    }
}
