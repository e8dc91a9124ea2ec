//! Reading request bodies: bounded, of the right type, and with an error that says where they are wrong.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kith_catalogue::storable;
use serde::de::DeserializeOwned;

use crate::error::Problem;

/// Bytes of a JSON body.
pub(crate) const JSON_LIMIT: usize = 1024 * 1024;
/// Bytes of a bulk request.
pub(crate) const BULK_LIMIT: usize = 8 * 1024 * 1024;

/// A request with its body in memory.
pub(crate) struct Whole {
    pub method: http::Method,
    pub uri: http::Uri,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Whole {
    /// Reads the whole body.
    ///
    /// # Errors
    /// 413 for more than `limit` bytes, 415 for a body that is not JSON.
    pub(crate) async fn read(request: Request<Body>, limit: usize) -> Result<Whole, Problem> {
        let (parts, body) = request.into_parts();
        let announced = parts
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(too_large(limit));
        }
        let bytes = match Limited::new(body, limit).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large(limit)),
            Err(error) => {
                return Err(Problem::malformed("the body ended before it was complete")
                    .log(error.to_string()));
            }
        };
        if !bytes.is_empty() && !is_json(&parts.headers) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "the body must be JSON, sent with Content-Type: application/json",
            ));
        }
        Ok(Whole {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            bytes,
        })
    }

    /// The body as JSON of this shape.
    ///
    /// # Errors
    /// 400 with the position of what is wrong; 422 with every place of what cannot be stored.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.bytes.is_empty() {
            return Err(Problem::malformed("a JSON body is needed"));
        }
        refuse_unstorable(&self.bytes)?;
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = if error.is_data() {
                "the body has another shape than expected"
            } else {
                "the body is not valid JSON"
            };
            Problem::malformed(format!("{what}: {error}"))
        })
    }
}

/// Refuses a document with the character U+0000 in a text or a name, which JSON can only say as an escape.
///
/// # Errors
/// 422 with every place of it.
pub(crate) fn refuse_unstorable(document: &[u8]) -> Result<(), Problem> {
    const ESCAPE: &[u8] = br"\u0000";
    if !document.windows(ESCAPE.len()).any(|part| part == ESCAPE) {
        return Ok(());
    }
    // What is no JSON is for the caller to refuse. A backslash that is escaped itself makes this no escape.
    let Ok(document) = serde_json::from_slice(document) else {
        return Ok(());
    };
    let faults = storable::json(&document);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(faults))
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("the body is larger than {} KiB", limit / 1024),
    )
}

/// `application/json` and its kin, such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence
            .get(..12)
            .is_some_and(|start| start.eq_ignore_ascii_case("application/"))
            && essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, body: &'static str, limit: usize) -> Result<Whole, Problem> {
        let request = Request::builder()
            .header(CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .unwrap();
        Whole::read(request, limit).await
    }

    #[tokio::test]
    async fn bodies_are_bounded_and_json() {
        assert!(
            read("application/json; charset=utf-8", "{}", 10)
                .await
                .is_ok()
        );
        assert!(read("application/merge-patch+json", "{}", 10).await.is_ok());
        let refused =
            |result: Result<Whole, Problem>| result.err().map(|problem| problem.status().as_u16());
        assert_eq!(refused(read("text/plain", "{}", 10).await), Some(415));
        assert_eq!(
            refused(read("application/json", "[1,2,3,4,5]", 10).await),
            Some(413)
        );
    }
}
