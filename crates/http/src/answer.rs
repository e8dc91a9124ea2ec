//! Successful answers, and the two headers that make records safe to change: `ETag` and `If-Match`.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use kith_catalogue::entity::Entity;
use kith_engine::RecordJson;

use crate::error::Problem;

/// Set on an answer that repeats an earlier one.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// An answer that can be sent, and kept to be sent again.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub etag: Option<String>,
    /// JSON; empty for none.
    pub body: Vec<u8>,
    pub replayed: bool,
}

impl Answer {
    /// 200 with this JSON.
    pub(crate) fn json(body: Vec<u8>) -> Answer {
        Answer {
            status: StatusCode::OK,
            body,
            ..Answer::default()
        }
    }

    /// 200 with this value.
    pub(crate) fn value(value: &serde_json::Value) -> Answer {
        Answer::json(value.to_string().into_bytes())
    }

    /// 200 with this value. What the program itself makes can always be written.
    pub(crate) fn of(value: &impl serde::Serialize) -> Answer {
        Answer::json(serde_json::to_vec(value).unwrap_or_default())
    }

    /// 204.
    pub(crate) fn nothing() -> Answer {
        Answer {
            status: StatusCode::NO_CONTENT,
            ..Answer::default()
        }
    }

    /// 200 with a record and its version.
    pub(crate) fn record(record: RecordJson) -> Answer {
        Answer {
            status: StatusCode::OK,
            etag: etag(record.version),
            body: record.json,
            ..Answer::default()
        }
    }

    /// 201 with a record, its version and its address.
    pub(crate) fn created(entity: &Entity, record: RecordJson) -> Answer {
        let location = Some(format!("/api/v1/{}/{}", entity.path, record.id));
        Answer {
            status: StatusCode::CREATED,
            location,
            ..Answer::record(record)
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let typed = !self.body.is_empty();
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        if typed {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else {
            headers.remove(CONTENT_TYPE);
        }
        for (name, value) in [(LOCATION, self.location), (ETAG, self.etag)] {
            if let Some(value) = value.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The tag of a version; `None` for records that never change.
pub(crate) fn etag(version: i64) -> Option<String> {
    (version > 0).then(|| format!("\"{version}\""))
}

/// The version that a change is based on; `None` when the client does not say or takes any.
///
/// # Errors
/// 400 for what is no version of ours.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let text = text.strip_prefix("W/").unwrap_or(text);
    let version = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| {
        Problem::malformed("If-Match must hold the ETag of the record, such as \"3\"")
    })
}

/// Whether the client has this version already.
pub(crate) fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let Some(value) = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    value
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// 304 with the tag.
pub(crate) fn not_modified(etag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_tags() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MATCH, HeaderValue::from_static(value));
            if_match(&headers).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(with("\"3\""), Ok(Some(3)));
        assert_eq!(with("W/\"3\""), Ok(Some(3)));
        assert_eq!(with("*"), Ok(None));
        assert_eq!(with("3"), Err(400));
        assert_eq!(with("\"abc\""), Err(400));
    }

    #[test]
    fn known_versions_are_recognised_in_lists() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"1\", W/\"2\""));
        assert!(has_already(&headers, "\"2\""));
        assert!(!has_already(&headers, "\"3\""));
    }
}
