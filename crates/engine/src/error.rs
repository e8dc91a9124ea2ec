//! What can go wrong, by meaning. The HTTP crate gives each its status.

use kith_catalogue::access::Action;
use kith_catalogue::fault::{Fault, Faults};
use kith_store::StoreError;
use serde::Serialize;
use serde_json::Value as Json;

/// One field on which two people's edits collide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldConflict {
    pub field: String,
    /// What this request wants.
    pub mine: Json,
    /// What stands there now.
    pub theirs: Json,
    /// What stood there when the caller read the record.
    pub was: Json,
}

/// A refused or failed operation.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The request itself cannot be understood (400).
    #[error("{0}")]
    Malformed(String),
    /// Bad query parameters (400), each named.
    #[error("the request has invalid parameters")]
    BadQuery(Vec<Fault>),
    /// Bad fields (422), all of them.
    #[error("some fields need attention")]
    Invalid(Vec<Fault>),
    /// Bad fields in some of several records (422): index of the operation, its faults.
    #[error("some records need attention")]
    InvalidRows(Vec<(usize, Vec<Fault>)>),
    /// The member holds no such permission, or not for this record (403).
    #[error("you may not {} these {}", .action.name(), .resource.replace('_', " "))]
    Forbidden {
        action: Action,
        resource: &'static str,
    },
    /// A rule about who may do something (403), in words for people.
    #[error("{message}")]
    Refused {
        field: Option<String>,
        message: String,
    },
    /// There is no such record that the caller may see (404).
    #[error("there is no such record")]
    NotFound,
    /// The record changed in a colliding way (412).
    #[error("someone else changed the same fields meanwhile")]
    Stale {
        conflicts: Vec<FieldConflict>,
        current: Json,
    },
    /// A duplicate or a state that forbids the operation (409).
    #[error("{message}")]
    Conflict {
        field: Option<String>,
        message: String,
    },
    /// As many of these as may run at a time are running (429).
    #[error("{message}")]
    Busy { message: String },
    /// The database: by its own meaning.
    #[error(transparent)]
    Store(StoreError),
}

impl EngineError {
    /// A cursor that cannot be gone on from.
    pub(crate) fn bad_cursor(message: &str) -> EngineError {
        EngineError::BadQuery(vec![Fault::new("bad_cursor", message).at("cursor")])
    }
}

impl From<Faults> for EngineError {
    fn from(faults: Faults) -> Self {
        EngineError::Invalid(faults.into_vec())
    }
}

impl From<Fault> for EngineError {
    fn from(fault: Fault) -> Self {
        EngineError::Invalid(vec![fault])
    }
}

/// Rules that the migrations state with `RAISE … ERRCODE 'KT<status>'` carry words for people and the
/// field they are about; constraints are translated where the entity is known (`write/constraints.rs`).
impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Raised {
                code,
                message,
                column,
                ..
            } => match code.as_str() {
                "KT403" => EngineError::Refused {
                    field: column,
                    message,
                },
                "KT409" => EngineError::Conflict {
                    field: column,
                    message,
                },
                "KT422" => EngineError::Invalid(vec![Fault {
                    field: column.unwrap_or_default(),
                    code: "rule".into(),
                    message,
                }]),
                _ => EngineError::Store(StoreError::internal(format!(
                    "unknown rule code {code}: {message}"
                ))),
            },
            other => EngineError::Store(other),
        }
    }
}

/// A column that is not of the type that was asked for: a mistake of ours.
impl From<tokio_postgres::Error> for EngineError {
    fn from(error: tokio_postgres::Error) -> Self {
        EngineError::Store(error.into())
    }
}
