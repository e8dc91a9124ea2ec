//! From the text of a number to its decimal.

use iso_currency::Currency;
use rust_decimal::Decimal;

use super::{NumberError, NumberStyle};

/// Longest text that can be a number, in bytes.
const MAX_LENGTH: usize = 100;

/// Signs of currencies; those that several currencies share name none.
const SIGNS: &[(&str, Option<&str>)] = &[
    ("US$", Some("USD")),
    ("A$", Some("AUD")),
    ("C$", Some("CAD")),
    ("NZ$", Some("NZD")),
    ("HK$", Some("HKD")),
    ("R$", Some("BRL")),
    ("€", Some("EUR")),
    ("Euro", Some("EUR")),
    ("euro", Some("EUR")),
    ("£", Some("GBP")),
    ("₹", Some("INR")),
    ("₽", Some("RUB")),
    ("₩", Some("KRW")),
    ("₺", Some("TRY")),
    ("₫", Some("VND")),
    ("₪", Some("ILS")),
    ("₴", Some("UAH")),
    ("₦", Some("NGN")),
    ("฿", Some("THB")),
    ("zł", Some("PLN")),
    ("Kč", Some("CZK")),
    ("Ft", Some("HUF")),
    ("Rs.", Some("INR")),
    ("Rs", Some("INR")),
    ("Fr.", Some("CHF")),
    ("kr.", None),
    ("kr", None),
    ("$", None),
    ("¥", None),
];

/// Words and letters for powers of ten.
const SCALES: &[(&str, u32)] = &[
    ("thousand", 3),
    ("tausend", 3),
    ("tsd.", 3),
    ("tsd", 3),
    ("million", 6),
    ("millions", 6),
    ("millionen", 6),
    ("mio.", 6),
    ("mio", 6),
    ("mn", 6),
    ("mm", 6),
    ("billion", 9),
    ("billions", 9),
    ("mrd.", 9),
    ("mrd", 9),
    ("bn", 9),
    ("lakh", 5),
    ("crore", 7),
    ("k", 3),
    ("m", 6),
    ("b", 9),
];

/// A number and the currency written beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// The number.
    pub value: Decimal,
    /// ISO 4217 code, where the text names one: "EUR" for "€" and "EUR", but
    /// nothing for "$", which twenty countries use.
    pub currency: Option<String>,
}

/// Reads a number: thousands separators, currency signs and codes before or
/// after it, brackets or a minus at either end for negative, an exponent, `k`,
/// `m`, `bn` and their words. A percent sign is passed over: "12.5 %" is 12.5.
///
/// # Errors
/// [`NumberError`]; with [`NumberStyle::Auto`] also for "1,234" and "1.234",
/// which mean two numbers.
pub fn parse_decimal(text: &str, style: NumberStyle) -> Result<Decimal, NumberError> {
    parse_amount(text, style).map(|amount| amount.value)
}

/// [`parse_decimal`] with the currency.
///
/// # Errors
/// As [`parse_decimal`].
pub fn parse_amount(text: &str, style: NumberStyle) -> Result<Amount, NumberError> {
    let shown = || text.trim().chars().take(60).collect::<String>();
    if text.trim().is_empty() {
        return Err(NumberError::Blank);
    }
    if text.len() > MAX_LENGTH {
        return Err(NumberError::NotANumber { text: shown() });
    }
    let parts = strip(text).ok_or_else(|| NumberError::NotANumber { text: shown() })?;
    let readings = match style {
        NumberStyle::DecimalPoint => vec![read(&parts, '.')],
        NumberStyle::DecimalComma => vec![read(&parts, ',')],
        NumberStyle::Auto => vec![read(&parts, '.'), read(&parts, ',')],
    };
    let mut found: Option<Decimal> = None;
    let mut failure = None;
    for reading in readings {
        match reading {
            Ok(value) if found.is_some_and(|other| other != value) => {
                return Err(NumberError::Ambiguous { text: shown() });
            }
            Ok(value) => found = Some(value),
            // The first failure speaks of the more common style.
            Err(problem) => failure = failure.or(Some(problem)),
        }
    }
    match (found, failure) {
        (Some(value), _) => Ok(Amount {
            value,
            currency: parts.currency,
        }),
        (None, Some(Problem::Grouping)) => Err(NumberError::BadGrouping { text: shown() }),
        (None, Some(Problem::Size)) => Err(NumberError::Overflow { text: shown() }),
        (None, _) => Err(NumberError::NotANumber { text: shown() }),
    }
}

enum Problem {
    Form,
    Grouping,
    Size,
}

/// A number without what stands around its digits.
struct Parts {
    negative: bool,
    /// Digits with separators.
    digits: String,
    /// Power of ten to multiply with.
    scale: i32,
    currency: Option<String>,
}

fn strip(text: &str) -> Option<Parts> {
    let mut rest = text.trim();
    let mut negative = false;
    let mut currency: Option<Option<String>> = None;
    let mut scale: Option<u32> = None;
    let mut signed = false;
    let mut percent = false;
    // What stands around the digits comes in any order: -$5, $-5, ($5), 5- €.
    loop {
        let before = rest;
        rest = rest.trim();
        if let Some(inner) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
        {
            mark(&mut signed)?;
            negative = true;
            rest = inner;
        }
        for sign in ['-', '−', '–', '+'] {
            if let Some(unsigned) = rest.strip_prefix(sign).or_else(|| rest.strip_suffix(sign)) {
                mark(&mut signed)?;
                negative = sign != '+';
                rest = unsigned.trim();
            }
        }
        if let Some(number) = rest.strip_suffix('%') {
            mark(&mut percent)?;
            rest = number;
        }
        if let Some((without, code)) = strip_currency(rest) {
            if currency.is_some() {
                return None;
            }
            currency = Some(code);
            rest = without;
        }
        if scale.is_none()
            && let Some((without, power)) = strip_scale(rest)
        {
            scale = Some(power);
            rest = without;
        }
        if rest == before {
            break;
        }
    }
    let (digits, exponent) = split_exponent(rest)?;
    let scale = exponent.checked_add(i32::try_from(scale.unwrap_or_default()).ok()?)?;
    Some(Parts {
        negative,
        digits: digits.to_owned(),
        scale,
        currency: currency.flatten(),
    })
}

/// Notes that something was seen; `None` for the second time.
fn mark(seen: &mut bool) -> Option<()> {
    (!std::mem::replace(seen, true)).then_some(())
}

/// Takes one currency from either end. Whatever else is there must turn out to
/// be digits, so a word that merely begins like a currency fails later.
fn strip_currency(text: &str) -> Option<(&str, Option<String>)> {
    for (sign, code) in SIGNS {
        if let Some(without) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) {
            return Some((without, code.map(str::to_owned)));
        }
    }
    let start = text.len().saturating_sub(3);
    let in_front = text.get(..3).zip(text.get(3..));
    let behind = text.get(start..).zip(text.get(..start));
    [in_front, behind]
        .into_iter()
        .flatten()
        .find_map(|(code, without)| {
            let upper = code.to_ascii_uppercase();
            let written = upper == code || matches!(upper.as_str(), "EUR" | "USD" | "GBP" | "CHF");
            (written && Currency::from_code(&upper).is_some()).then_some((without, Some(upper)))
        })
}

fn strip_scale(text: &str) -> Option<(&str, u32)> {
    SCALES.iter().find_map(|(word, power)| {
        let start = text.len().checked_sub(word.len())?;
        let (number, end) = (text.get(..start)?, text.get(start..)?);
        let number = number.trim_end();
        (end.eq_ignore_ascii_case(word)
            && number
                .chars()
                .next_back()
                .is_some_and(|last| last.is_ascii_digit()))
        .then_some((number, *power))
    })
}

fn split_exponent(text: &str) -> Option<(&str, i32)> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Some((text, 0));
    };
    if exponent.len() > 4 || !exponent.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    exponent.parse().ok().map(|exponent| (mantissa, exponent))
}

fn is_space(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}'
    )
}

/// Reads digits with `mark` before the fraction.
fn read(parts: &Parts, mark: char) -> Result<Decimal, Problem> {
    let text = parts.digits.as_str();
    let (whole, fraction) = match text.rsplit_once(mark) {
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(fraction) {
        // "1.234,5" read with a point: the comma comes after it.
        return Err(
            if fraction
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
            {
                Problem::Grouping
            } else {
                Problem::Form
            },
        );
    }
    let whole = ungroup(whole, mark)?;
    if whole.is_empty() && fraction.is_empty() {
        return Err(Problem::Form);
    }
    // The power of ten moves the mark, digit for digit.
    let mut digits = format!("{whole}{fraction}");
    let length = i32::try_from(whole.len()).map_err(|_| Problem::Size)?;
    let position = length.checked_add(parts.scale).ok_or(Problem::Size)?;
    if !(-40..=140).contains(&position) {
        let zero = digits.bytes().all(|byte| byte == b'0');
        return if zero {
            Ok(Decimal::ZERO)
        } else {
            Err(Problem::Size)
        };
    }
    if position < 0 {
        let zeros = usize::try_from(position.unsigned_abs()).map_err(|_| Problem::Size)?;
        digits.insert_str(0, &"0".repeat(zeros));
    }
    let position = usize::try_from(position.max(0)).map_err(|_| Problem::Size)?;
    if digits.len() < position {
        digits.push_str(&"0".repeat(position - digits.len()));
    }
    let (whole, fraction) = digits.split_at_checked(position).ok_or(Problem::Size)?;
    let whole = whole.trim_start_matches('0');
    let written_fraction = fraction;
    // Zeros beyond what a decimal can hold carry nothing.
    let fraction = if written_fraction.len() > 20 {
        written_fraction.trim_end_matches('0')
    } else {
        written_fraction
    };
    let whole = if whole.is_empty() { "0" } else { whole };
    let plain = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    let mut value = Decimal::from_str_exact(&plain).map_err(|_| Problem::Size)?;
    value.set_sign_negative(parts.negative && !value.is_zero());
    Ok(value)
}

/// The digits of a whole number without its separators, which have to stand
/// where a style puts them: every three digits, or in India three and then
/// every two.
fn ungroup(whole: &str, mark: char) -> Result<String, Problem> {
    let separator = whole.chars().find(|character| !character.is_ascii_digit());
    let Some(separator) = separator else {
        return Ok(whole.to_owned());
    };
    let other_mark = if mark == '.' { ',' } else { '.' };
    let allowed =
        separator == other_mark || is_space(separator) || matches!(separator, '\'' | '’' | '_');
    if separator == mark {
        // "1.234.567" read with a point.
        return Err(Problem::Grouping);
    }
    if !allowed {
        return Err(Problem::Form);
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    if groups
        .iter()
        .any(|group| !group.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let marks = |character: char| {
            character.is_ascii_digit()
                || is_space(character)
                || matches!(character, ',' | '.' | '\'' | '’')
        };
        return Err(if whole.chars().all(marks) {
            Problem::Grouping
        } else {
            Problem::Form
        });
    }
    let [first, middle @ .., last] = groups.as_slice() else {
        return Err(Problem::Form);
    };
    let by_three = (1..=3).contains(&first.len()) && middle.iter().all(|group| group.len() == 3);
    let indian = separator == ','
        && (1..=2).contains(&first.len())
        && middle.iter().all(|group| group.len() == 2);
    // "0.125" is a fraction, never a thousand.
    let leading_zero = first.starts_with('0');
    if last.len() == 3 && (by_three || indian) && !leading_zero {
        Ok(groups.concat())
    } else {
        Err(Problem::Grouping)
    }
}
