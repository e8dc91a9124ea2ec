//! From the text of a date to the date.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::clock::{self, Clock};
use super::{DateError, DateOrder, names};
use crate::keys::fold;

/// Longest text that can be a date, in bytes.
const MAX_LENGTH: usize = 100;
/// Excel's serial numbers with five digits: 1927-05-18 to 2173-10-13.
const SERIALS: std::ops::RangeInclusive<i32> = 10_000..=99_999;
const NANOSECONDS_PER_DAY: i128 = 86_400_000_000_000;

/// Reads a date; a time behind it is passed over after it has been checked.
///
/// Read are: year first with any separator ("2017-03-11", "2017/3/11",
/// "20170311", "2017年3月11日"); two numbers and the year ("11.03.2017",
/// "3/11/17"); a month by name in seven European languages ("11 Mar 2017",
/// "March 11th, 2017", "11. März 2017"); Excel's serial numbers with five
/// digits ("45631", "45631.0"); Unix times in seconds (ten digits) or
/// milliseconds (thirteen), as a day in UTC. Two digits for the year mean 1969
/// to 2068.
///
/// # Errors
/// [`DateError`]; with [`DateOrder::Auto`] also for "03/04/2017", which means
/// two days. Use [`DateOrder::infer`] over the column first.
pub fn parse_date(text: &str, order: DateOrder) -> Result<Date, DateError> {
    read(text, order).map(|moment| match moment {
        Moment::Civil(date, _) => date,
        Moment::Exact(timestamp) => timestamp.to_zoned(TimeZone::UTC).date(),
    })
}

/// Reads a moment: a date as [`parse_date`] reads it, with or without a time
/// ("14:30", "2:30 PM") and a zone ("Z", "UTC", "+02:00", "CET",
/// "[Europe/Berlin]"). Without a time it is midnight; without a zone it is
/// local time in `zone`.
///
/// # Errors
/// As [`parse_date`], and [`DateError::BadTime`].
pub fn parse_timestamp(
    text: &str,
    order: DateOrder,
    zone: &TimeZone,
) -> Result<Timestamp, DateError> {
    match read(text, order)? {
        Moment::Exact(timestamp) => Ok(timestamp),
        Moment::Civil(date, clock) => {
            let clock = clock.unwrap_or(Clock {
                time: Time::midnight(),
                zone: None,
            });
            let zone = clock.zone.unwrap_or_else(|| zone.clone());
            DateTime::from_parts(date, clock.time)
                .to_zoned(zone)
                .map(|zoned| zoned.timestamp())
                .map_err(|_| DateError::NoSuchDay { text: shown(text) })
        }
    }
}

enum Moment {
    Civil(Date, Option<Clock>),
    Exact(Timestamp),
}

fn shown(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

fn read(text: &str, order: DateOrder) -> Result<Moment, DateError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(DateError::Blank);
    }
    if trimmed.len() > MAX_LENGTH {
        return Err(DateError::NotADate { text: shown(text) });
    }
    if let Some(moment) = plain_number(trimmed) {
        return moment.map_err(|kind| kind.error(text));
    }
    let spelled_out = spell_out_compact(trimmed);
    let (date, time) = split_time(spelled_out.as_deref().unwrap_or(trimmed));
    let clock = match time {
        Some(time) => {
            let clock = clock::parse(time);
            Some(clock.ok_or_else(|| DateError::BadTime { text: shown(text) })?)
        }
        None => None,
    };
    let date = civil_date(date, order).map_err(|kind| kind.error(text))?;
    Ok(Moment::Civil(date, clock))
}

/// What is wrong, before the text is added to it.
#[derive(Clone, Copy)]
enum Kind {
    NotADate,
    Incomplete,
    NoSuchDay,
    Ambiguous,
}

impl Kind {
    fn error(self, text: &str) -> DateError {
        let text = shown(text);
        match self {
            Self::NotADate => DateError::NotADate { text },
            Self::Incomplete => DateError::Incomplete { text },
            Self::NoSuchDay => DateError::NoSuchDay { text },
            Self::Ambiguous => DateError::Ambiguous { text },
        }
    }
}

/// Numbers without separators: compact dates, serial numbers, Unix times.
/// `None` when the text is something else.
fn plain_number(text: &str) -> Option<Result<Moment, Kind>> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let moment = match (whole.len(), fraction.is_empty()) {
        (5, _) => serial(whole, fraction).ok_or(Kind::NoSuchDay),
        (8, true) => compact(whole).map(|date| Moment::Civil(date, None)),
        (10, true) => unix(whole, 1_000_000_000).ok_or(Kind::NoSuchDay),
        (13, true) => unix(whole, 1_000_000).ok_or(Kind::NoSuchDay),
        // "11.03" and "2017": a day or a year is missing.
        (1..=2, false) | (4, true) => Err(Kind::Incomplete),
        _ => Err(Kind::NotADate),
    };
    Some(moment)
}

fn compact(digits: &str) -> Result<Date, Kind> {
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    make_date(parse(part(0..4))?, parse(part(4..6))?, parse(part(6..8))?)
}

/// Days since 1899-12-30, with the time of day as a fraction.
fn serial(whole: &str, fraction: &str) -> Option<Moment> {
    let days: i32 = whole.parse().ok().filter(|days| SERIALS.contains(days))?;
    let fraction: String = fraction
        .chars()
        .chain("0".repeat(12).chars())
        .take(12)
        .collect();
    let trillionths: i128 = fraction.parse().ok()?;
    // To the millisecond, which is what Excel keeps.
    let nanoseconds = trillionths * NANOSECONDS_PER_DAY / 1_000_000_000_000;
    let milliseconds = i64::try_from((nanoseconds + 500_000) / 1_000_000).ok()?;
    let midnight = Date::new(1899, 12, 30)
        .ok()?
        .checked_add(Span::new().try_days(days).ok()?)
        .ok()?;
    let moment = DateTime::from_parts(midnight, Time::midnight())
        .checked_add(SignedDuration::from_millis(milliseconds))
        .ok()?;
    Some(Moment::Civil(
        moment.date(),
        Some(Clock {
            time: moment.time(),
            zone: None,
        }),
    ))
}

fn unix(digits: &str, nanoseconds_per_unit: i128) -> Option<Moment> {
    let units: i128 = digits.parse().ok()?;
    Timestamp::from_nanosecond(units * nanoseconds_per_unit)
        .ok()
        .map(Moment::Exact)
}

/// "20170311T143000Z" (calendars write that) as "20170311 14:30:00Z".
fn spell_out_compact(text: &str) -> Option<String> {
    let (date, time) = text.split_once(['T', 't'])?;
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let compact_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    if !compact_date || !matches!(digits, 4 | 6) {
        return None;
    }
    let (hour, minute) = (time.get(..2)?, time.get(2..4)?);
    let second = time
        .get(4..digits)
        .filter(|second| !second.is_empty())
        .unwrap_or("00");
    Some(format!(
        "{date} {hour}:{minute}:{second}{}",
        time.get(digits..)?
    ))
}

/// Parts the date from the time, which begins with the digits before the first
/// colon.
fn split_time(text: &str) -> (&str, Option<&str>) {
    let Some(colon) = text.find(':') else {
        return (text, None);
    };
    let head = text.get(..colon).unwrap_or_default();
    let hour = head.bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = colon - hour;
    let date = text.get(..start).unwrap_or_default().trim_end();
    let date = date.strip_suffix(['T', ',']).unwrap_or(date).trim_end();
    (date, text.get(start..))
}

/// A date of three parts with separators between them.
fn civil_date(text: &str, order: DateOrder) -> Result<Date, Kind> {
    let mut numbers: Vec<&str> = Vec::new();
    let mut month_name = None;
    let mut dotted = 0_u32;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let same = |other: char| {
            if character.is_ascii_digit() {
                other.is_ascii_digit()
            } else {
                other.is_alphabetic()
            }
        };
        let length = rest.find(|other| !same(other)).unwrap_or(rest.len());
        let length = length.max(character.len_utf8());
        let (part, after) = rest.split_at_checked(length).ok_or(Kind::NotADate)?;
        if character.is_ascii_digit() {
            numbers.push(part);
            dotted += u32::from(after.starts_with('.'));
        } else if character.is_alphabetic() {
            let word = fold(part);
            if let Some(month) = names::month(&word)
                && month_name.is_none()
            {
                month_name = Some(month);
            } else if !names::is_passed_over(&word) && !is_date_sign(part) {
                return Err(Kind::NotADate);
            }
        } else if !matches!(
            character,
            '-' | '/' | '.' | ',' | '\'' | '’' | '–' | '_' | '\\'
        ) && !character.is_whitespace()
        {
            return Err(Kind::NotADate);
        }
        rest = after;
    }
    match (numbers.as_slice(), month_name) {
        ([compact_digits], None) if compact_digits.len() == 8 => compact(compact_digits),
        ([first, second], Some(month)) => with_month(first, second, month),
        ([first, second, third], None) => numeric(first, second, third, order, dotted >= 2),
        ([_] | [_, _], None) | ([_], Some(_)) => Err(Kind::Incomplete),
        _ => Err(Kind::NotADate),
    }
}

/// Year, month and day in Chinese, Japanese and Korean dates.
fn is_date_sign(part: &str) -> bool {
    matches!(part, "年" | "月" | "日" | "년" | "월" | "일")
}

fn with_month(first: &str, second: &str, month: i8) -> Result<Date, Kind> {
    if first.len() == 4 {
        make_date(parse(first)?, month, parse(second)?)
    } else {
        make_date(year(second)?, month, parse(first)?)
    }
}

fn numeric(
    first: &str,
    second: &str,
    third: &str,
    order: DateOrder,
    dotted: bool,
) -> Result<Date, Kind> {
    if first.len() == 4 {
        return make_date(parse(first)?, parse(second)?, parse(third)?);
    }
    let year = year(third)?;
    let (first, second) = (parse::<i8>(first)?, parse::<i8>(second)?);
    let day_first = make_date(year, second, first);
    if dotted {
        return day_first;
    }
    let month_first = make_date(year, first, second);
    match order {
        DateOrder::DayFirst => day_first,
        DateOrder::MonthFirst => month_first,
        DateOrder::Auto => match (day_first, month_first) {
            (Ok(one), Ok(other)) if one != other => Err(Kind::Ambiguous),
            (Ok(date), _) | (_, Ok(date)) => Ok(date),
            (Err(kind), Err(_)) => Err(kind),
        },
    }
}

fn parse<T: std::str::FromStr>(digits: &str) -> Result<T, Kind> {
    digits.parse().map_err(|_| Kind::NotADate)
}

fn year(digits: &str) -> Result<i16, Kind> {
    let year: i16 = parse(digits)?;
    match digits.len() {
        4 => Ok(year),
        2 if year <= 68 => Ok(2000 + year),
        2 => Ok(1900 + year),
        _ => Err(Kind::NotADate),
    }
}

fn make_date(year: i16, month: i8, day: i8) -> Result<Date, Kind> {
    // Databases and people begin with the year 1; "0000-00-00" is MySQL's way
    // to say that there is none.
    if year < 1 {
        return Err(Kind::NoSuchDay);
    }
    Date::new(year, month, day).map_err(|_| Kind::NoSuchDay)
}
