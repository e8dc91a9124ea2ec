//! The one error type at the edge: everything that goes wrong becomes an `application/problem+json`
//! answer (RFC 9457). What belongs in the log only is logged here, beside the request's id.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use kith_catalogue::fault::Fault;
use kith_engine::{EngineError, FieldConflict};
use kith_store::StoreError;
use serde::Serialize;
use serde_json::Value as Json;

use crate::request_id;

/// A refused or failed request.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<Fault>,
    conflicts: Vec<FieldConflict>,
    current: Option<Json>,
    /// Seconds.
    retry_after: Option<u64>,
    /// The methods that the address answers to, for a 405.
    allow: Option<HeaderValue>,
    /// For the log alone.
    internal: Option<String>,
}

/// The body as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    errors: &'a [Fault],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conflicts: &'a [FieldConflict],
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a Json>,
    request_id: Option<String>,
}

impl Problem {
    /// A problem of this status. `code` is a stable word for programs, `detail` is for people.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Problem {
        Problem(Box::new(Inner {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            conflicts: Vec::new(),
            current: None,
            retry_after: None,
            allow: None,
            internal: None,
        }))
    }

    /// A request that cannot be understood (400).
    pub fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// Nothing is there that the caller may see (404).
    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such record",
        )
    }

    /// The address means nothing (404).
    pub fn no_such_address() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
        )
    }

    /// Not allowed (403).
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Fields that need attention (422).
    pub fn invalid(errors: Vec<Fault>) -> Problem {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "some fields need attention",
        )
        .with_errors(errors)
    }

    /// A fault of the program (500). The text goes to the log and nowhere else.
    pub fn internal(text: impl Into<String>) -> Problem {
        let mut problem = Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "an internal error occurred; its request_id is in the server's log",
        );
        problem.0.internal = Some(text.into());
        problem
    }

    /// Too busy, or not able to right now (503).
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1)
    }

    /// The same problem with these fields named.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Fault>) -> Problem {
        self.0.errors = errors;
        self
    }

    /// The same problem with the time, in seconds, after which another attempt makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same problem with a text for the log.
    #[must_use]
    pub fn log(mut self, text: impl Into<String>) -> Problem {
        self.0.internal = Some(text.into());
        self
    }

    /// The same problem with the methods that would be answered.
    #[must_use]
    pub fn allowing(mut self, allow: Option<HeaderValue>) -> Problem {
        self.0.allow = allow;
        self
    }

    /// The same problem with its faults' fields renamed.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Problem {
        for fault in &mut self.0.errors {
            fault.field = if fault.field.is_empty() {
                prefix.to_owned()
            } else {
                format!("{prefix}.{}", fault.field)
            };
        }
        self
    }

    /// The status it will be sent with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// An error of the engine in a request that carries several records: fields are named
    /// `operations[3].data.name`.
    pub fn of_bulk(error: EngineError) -> Problem {
        match error {
            EngineError::InvalidRows(rows) => {
                let faults = rows.into_iter().flat_map(|(index, faults)| {
                    faults.into_iter().map(move |fault| {
                        let field = match fault.field.as_str() {
                            "" => format!("operations[{index}].data"),
                            name => format!("operations[{index}].data.{name}"),
                        };
                        Fault { field, ..fault }
                    })
                });
                Problem::invalid(faults.collect())
            }
            other => Problem::from(other),
        }
    }
}

fn at(field: Option<String>, code: &'static str, message: &str) -> Vec<Fault> {
    field
        .map(|field| Fault::new(code, message).at(field))
        .into_iter()
        .collect()
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Problem {
        let text = error.to_string();
        match error {
            EngineError::Malformed(message) => Problem::malformed(message),
            EngineError::BadQuery(faults) => {
                Problem::new(StatusCode::BAD_REQUEST, "bad_query", text).with_errors(faults)
            }
            EngineError::Invalid(faults) => Problem::invalid(faults),
            EngineError::InvalidRows(rows) => {
                Problem::invalid(rows.into_iter().flat_map(|(_, faults)| faults).collect())
            }
            EngineError::Forbidden { .. } => Problem::forbidden(text),
            EngineError::Refused { field, message } => {
                let errors = at(field, "forbidden", &message);
                Problem::forbidden(message).with_errors(errors)
            }
            EngineError::NotFound => Problem::not_found(),
            EngineError::Stale { conflicts, current } => {
                let mut problem = Problem::new(StatusCode::PRECONDITION_FAILED, "conflict", text);
                problem.0.conflicts = conflicts;
                problem.0.current = Some(current);
                problem
            }
            EngineError::Conflict { field, message } => {
                let errors = at(field, "conflict", &message);
                Problem::new(StatusCode::CONFLICT, "state_conflict", message).with_errors(errors)
            }
            EngineError::Busy { message } => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_at_a_time", message)
                    .retry_after(5)
            }
            EngineError::Store(error) => Problem::from(error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let text = error.to_string();
        let detail = error.log_detail().map(str::to_owned);
        let logged = |problem: Problem| match detail {
            Some(detail) => problem.log(detail),
            None => problem,
        };
        match error {
            StoreError::Unique { .. } | StoreError::ForeignKey { .. } => {
                logged(Problem::new(StatusCode::CONFLICT, "state_conflict", text))
            }
            StoreError::Check { .. } | StoreError::NotNull { .. } | StoreError::Value { .. } => {
                logged(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    text,
                ))
            }
            StoreError::Parameter { .. } => logged(Problem::malformed(text)),
            StoreError::Permission { .. } => logged(Problem::forbidden("you may not do this")),
            StoreError::Conflict { .. } => logged(Problem::unavailable("busy", text)),
            StoreError::Timeout { .. } => logged(Problem::unavailable(
                "timeout",
                "the request took too long; narrow it and try again",
            )),
            StoreError::Unavailable { .. } => logged(Problem::unavailable("unavailable", text)),
            StoreError::Setup { message } => {
                Problem::unavailable("unavailable", "the database is not available at the moment")
                    .log(message)
            }
            StoreError::Internal { .. } => logged(Problem::internal(text)),
            raised @ StoreError::Raised { .. } => match EngineError::from(raised) {
                EngineError::Store(error) => Problem::internal(format!(
                    "{error}: {}",
                    error.log_detail().unwrap_or_default()
                )),
                error => Problem::from(error),
            },
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let inner = *self.0;
        let request_id = request_id::current();
        if let Some(internal) = &inner.internal {
            if inner.status.is_server_error() {
                tracing::error!(request_id, status = inner.status.as_u16(), code = %inner.code, "{internal}");
            } else {
                tracing::debug!(request_id, status = inner.status.as_u16(), code = %inner.code, "{internal}");
            }
        }
        let body = Body {
            r#type: format!("urn:kith:problem:{}", inner.code),
            title: title(inner.status),
            status: inner.status.as_u16(),
            code: &inner.code,
            detail: &inner.detail,
            errors: &inner.errors,
            conflicts: &inner.conflicts,
            current: inner.current.as_ref(),
            request_id,
        };
        // A body of strings and JSON values always serialises.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (inner.status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if inner.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = inner.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = inner.allow {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_several_records_name_their_operation() {
        let rows = vec![(
            3,
            vec![
                Fault::new("required", "is required").at("name"),
                Fault::new("not_an_object", "must be an object"),
            ],
        )];
        let problem = Problem::of_bulk(EngineError::InvalidRows(rows));
        let fields: Vec<&str> = problem
            .0
            .errors
            .iter()
            .map(|fault| fault.field.as_str())
            .collect();
        assert_eq!(fields, ["operations[3].data.name", "operations[3].data"]);
    }

    #[test]
    fn the_databases_words_stay_in_the_log() {
        let problem = Problem::from(StoreError::internal("relation \"secret\" does not exist"));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.0.detail.contains("secret"));
        assert!(
            problem
                .0
                .internal
                .is_some_and(|text| text.contains("secret"))
        );
    }
}
