//! E-mail addresses, phone numbers and web addresses, normalised so that equal things are equal.

use serde_json::Value as Json;
use url::{Host, Url};

use super::{as_text, within_length};
use crate::fault::Fault;
use crate::field::AnyField;
use crate::value::Value;

/// An address with a plausible shape: a local part, one `@`, a domain with a dot. Whether mail
/// arrives is found out by sending some, not by a grammar. Stored in lower case, so that equal
/// addresses are equal. The database's CHECK is the same shape.
pub(super) fn email(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let raw = as_text(json)?;
    let text = raw.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    within_length(field, text)?;
    let fault = || {
        Fault::new(
            "not_an_email",
            "is not an e-mail address such as ada@example.com",
        )
    };
    let (local, domain) = text.rsplit_once('@').ok_or_else(fault)?;
    let clean = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| {
                !character.is_whitespace()
                    && !character.is_control()
                    && !matches!(character, '@' | '<' | '>' | ',' | ';' | '"' | '(' | ')')
            })
    };
    let labels_fit = domain.contains('.')
        && domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    if !clean(local) || !clean(domain) || !labels_fit || local.chars().count() > 64 {
        return Err(fault());
    }
    Ok(Value::Text(text.to_lowercase()))
}

/// E.164, with an extension as `;ext=` (RFC 3966) where one was given.
pub(super) fn phone(json: &Json, region: Option<&str>) -> Result<Value, Fault> {
    let raw = as_text(json)?;
    let text = raw.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let fault = || {
        Fault::new(
            "not_a_phone",
            "is not a phone number; write it with its country code, such as +44 20 7946 0000",
        )
    };
    if text.chars().count() > 50 {
        return Err(fault());
    }
    let (number, extension) = split_extension(text);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let international = number.starts_with('+') || number.starts_with("00");
    let candidate = if number.starts_with("00") {
        format!("+{}", digits.trim_start_matches('0'))
    } else {
        number.to_owned()
    };
    let country = region.and_then(|code| code.parse::<phonenumber::country::Id>().ok());
    if country.is_none() && !international {
        return Err(fault());
    }
    let parsed = phonenumber::parse(country, &candidate).map_err(|_| fault())?;
    let formatted = parsed.format().mode(phonenumber::Mode::E164).to_string();
    let length = formatted.chars().filter(char::is_ascii_digit).count();
    if !(7..=15).contains(&length) {
        return Err(fault());
    }
    Ok(Value::Text(match extension {
        Some(extension) => format!("{formatted};ext={extension}"),
        None => formatted,
    }))
}

/// Splits `555-0100 x123`, `… ext. 123` and `…;ext=123`.
fn split_extension(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    for marker in [";ext=", "extension", "ext.", "ext", "x", "#"] {
        if let Some(position) = lower.rfind(marker) {
            let (Some(number), Some(rest)) =
                (text.get(..position), text.get(position + marker.len()..))
            else {
                continue;
            };
            let extension = rest.trim();
            if !number.trim().is_empty()
                && (1..=8).contains(&extension.len())
                && extension.chars().all(|digit| digit.is_ascii_digit())
            {
                return (number.trim(), Some(extension));
            }
        }
    }
    (text, None)
}

/// An http or https address; the scheme may be left out.
pub(super) fn url(field: &AnyField<'_>, json: &Json) -> Result<Value, Fault> {
    let raw = as_text(json)?;
    let text = raw.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let fault = || {
        Fault::new(
            "not_a_url",
            "is not a web address such as https://example.com",
        )
    };
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        return Err(fault());
    }
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let parsed = Url::parse(&with_scheme).map_err(|_| fault())?;
    let named = match parsed.host() {
        Some(Host::Domain(domain)) => domain.contains('.') || domain == "localhost",
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    if !matches!(parsed.scheme(), "http" | "https") || !named {
        return Err(fault());
    }
    let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
    let written = if bare {
        parsed.as_str().trim_end_matches('/').to_owned()
    } else {
        parsed.as_str().to_owned()
    };
    within_length(field, &written)?;
    Ok(Value::Text(written))
}
