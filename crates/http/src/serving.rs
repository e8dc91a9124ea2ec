//! Sending files that came from anybody: always as an attachment, never believed to be anything, in ranges.

use std::ops::Range;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kith_channels::storage::is_active;
use kith_entities::document::Served;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::answer::{has_already, not_modified};
use crate::app::App;
use crate::documents::storage_trouble;
use crate::error::Problem;

type Handled = Result<Response, Problem>;

/// Even opened by itself such an answer runs nothing and reaches nothing.
const SANDBOX: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What may stand in `filename*` as it is (RFC 8187).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    /// Beyond its end.
    Nothing,
}

/// Sends a file, or the part of it that is asked for.
pub(crate) async fn file(app: &App, file: &Served, headers: &HeaderMap) -> Handled {
    let tag = format!("\"{}\"", file.checksum);
    if has_already(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let wanted = wanted(headers, file.file_size, &tag);
    if wanted == Wanted::Nothing {
        let mut response = Problem::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            format!("the file has {} bytes", file.file_size),
        )
        .into_response();
        insert(
            &mut response,
            CONTENT_RANGE,
            &format!("bytes */{}", file.file_size),
        );
        return Ok(response);
    }
    let (status, range) = match wanted {
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Wanted::All | Wanted::Nothing => (StatusCode::OK, None),
    };
    let length = range
        .as_ref()
        .map_or(file.file_size, |range| range.end - range.start);
    let body = if file.file_size == 0 {
        Body::empty()
    } else {
        let pieces = app
            .storage()?
            .read(file.organization_id, file.storage_key, range.clone())
            .await
            .map_err(|error| storage_trouble(&error))?;
        Body::from_stream(pieces.map(|piece| {
            piece.inspect_err(|error| tracing::warn!(%error, "a download ended early"))
        }))
    };
    let mut response = (status, body).into_response();
    safe(&mut response);
    // A type that a browser would run is not even named.
    let mime_type = if is_active(&file.mime_type) {
        "application/octet-stream"
    } else {
        &file.mime_type
    };
    insert(&mut response, CONTENT_TYPE, mime_type);
    insert(
        &mut response,
        CONTENT_DISPOSITION,
        &disposition(&file.file_name),
    );
    insert(&mut response, CONTENT_LENGTH, &length.to_string());
    insert(&mut response, ETAG, &tag);
    insert(&mut response, ACCEPT_RANGES, "bytes");
    if let Some(range) = range {
        let text = format!(
            "bytes {}-{}/{}",
            range.start,
            range.end.saturating_sub(1),
            file.file_size
        );
        insert(&mut response, CONTENT_RANGE, &text);
    }
    Ok(response)
}

/// Sends a thumbnail, which this program has drawn itself and which may be shown.
pub(crate) async fn thumbnail(
    app: &App,
    organization: Uuid,
    key: Uuid,
    headers: &HeaderMap,
) -> Handled {
    let tag = format!("\"{}\"", key.simple());
    if has_already(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let content = app
        .storage()?
        .read_whole(organization, key, 4 * 1024 * 1024)
        .await
        .map_err(|error| storage_trouble(&error))?;
    let mime_type = kith_channels::storage::sniff(&content);
    let mut response = (StatusCode::OK, content).into_response();
    safe(&mut response);
    insert(&mut response, CONTENT_TYPE, mime_type);
    insert(&mut response, ETAG, &tag);
    Ok(response)
}

fn safe(response: &mut Response) {
    insert(response, CONTENT_SECURITY_POLICY, SANDBOX);
    insert(response, RESOURCE_POLICY, "same-origin");
    insert(response, CACHE_CONTROL, "private, no-cache");
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// `attachment` with the name for old and new readers.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%' | ';')
                || letter == ' '
            {
                letter
            } else {
                '_'
            }
        })
        .collect();
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, PLAIN)
    )
}

/// One range is honoured; several, other units and nonsense are as if nothing was said (RFC 9110 §14.2).
fn wanted(headers: &HeaderMap, size: u64, tag: &str) -> Wanted {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(RANGE).and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    // A part of another file than the one the client has the beginning of is of no use to it.
    if text(IF_RANGE).is_some_and(|known| known.trim() != tag) {
        return Wanted::All;
    }
    let Some((first, last)) = range.split_once('-').filter(|_| !range.contains(',')) else {
        return Wanted::All;
    };
    let number = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::All,
        (Some(first), _) if first >= size => Wanted::Nothing,
        (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(size)),
        (Some(first), None) if last.trim().is_empty() => Wanted::Part(first..size),
        (None, Some(0)) => Wanted::Nothing,
        (None, Some(_)) if first.trim().is_empty() && size == 0 => Wanted::Nothing,
        (None, Some(last)) if first.trim().is_empty() => {
            Wanted::Part(size.saturating_sub(last)..size)
        }
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_within_the_file_or_nothing() {
        let of = |range: &'static str, size| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_static(range));
            wanted(&headers, size, "\"t\"")
        };
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-300", Wanted::Part(0..10)),
            ("bytes=5-999999999999999999999999", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=1-2", Wanted::All),
        ] {
            assert_eq!(of(range, 10), expected, "{range}");
        }
        assert_eq!(of("bytes=-1", 0), Wanted::Nothing);
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=1-2"));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"other\""));
        assert_eq!(wanted(&headers, 10, "\"t\""), Wanted::All);
    }

    #[test]
    fn names_break_no_header() {
        assert_eq!(
            disposition("a\"b\\c;d%.txt"),
            "attachment; filename=\"a_b_c_d_.txt\"; filename*=UTF-8''a%22b%5Cc%3Bd%25.txt"
        );
        assert_eq!(
            disposition("na\u{ef}ve.pdf"),
            "attachment; filename=\"na_ve.pdf\"; filename*=UTF-8''na%C3%AFve.pdf"
        );
    }
}
