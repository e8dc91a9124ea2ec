//! What can go wrong with the database, by meaning. This is the only place that reads SQLSTATE codes.

use std::error::Error as _;

use tokio_postgres::error::DbError;

/// A failed statement or a database that cannot be reached.
///
/// What [`std::fmt::Display`] shows is safe for anyone; the database's own words are in
/// [`StoreError::log_detail`] and belong in the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key or an exclusion constraint (23505, 23P01).
    #[error("a record with the same value exists already")]
    Unique {
        /// The constraint or unique index.
        constraint: String,
        /// The table it belongs to.
        table: String,
        /// For the log.
        detail: String,
    },
    /// A reference to nothing, or the removal of what is still referred to (23503, 23001).
    #[error("a referenced record does not exist, or the record is still in use")]
    ForeignKey {
        /// The constraint.
        constraint: String,
        /// The table it belongs to.
        table: String,
        /// For the log.
        detail: String,
    },
    /// A CHECK constraint (23514).
    #[error("a value breaks a rule of the database")]
    Check {
        /// The constraint.
        constraint: String,
        /// The table it belongs to.
        table: String,
        /// For the log.
        detail: String,
    },
    /// A missing value (23502).
    #[error("a required value is missing")]
    NotNull {
        /// The column.
        column: String,
        /// The table it belongs to.
        table: String,
        /// For the log.
        detail: String,
    },
    /// A value the database cannot store: too long, out of range, malformed (classes 22 and 54).
    #[error("a value cannot be stored")]
    Value {
        /// The column, when the database names it.
        column: Option<String>,
        /// For the log.
        detail: String,
    },
    /// A read whose parameter is beyond what can be compared (classes 22 and 54): nothing was to be stored.
    #[error("a value of the request is beyond what can be compared")]
    Parameter {
        /// For the log.
        detail: String,
    },
    /// Row security or a missing grant (42501).
    #[error("this is not permitted")]
    Permission {
        /// For the log.
        detail: String,
    },
    /// Another transaction was in the way (40001, 40P01, 55P03): the whole transaction may be tried again.
    #[error("another change was in the way; try again")]
    Conflict {
        /// For the log.
        detail: String,
    },
    /// The statement took longer than it may (57014).
    #[error("the request took too long")]
    Timeout {
        /// For the log.
        detail: String,
    },
    /// The database cannot be reached, went away, or every connection stayed in use (classes 08, 53, 57P).
    #[error("the database is not available at the moment")]
    Unavailable {
        /// For the log.
        detail: String,
    },
    /// A rule that the migrations state with `RAISE … USING ERRCODE = 'KT…'`. The message is written for users.
    #[error("{message}")]
    Raised {
        /// The five characters, `KT001` for example.
        code: String,
        /// Safe to show.
        message: String,
        /// DETAIL of the RAISE: safe to show.
        detail: Option<String>,
        /// HINT of the RAISE: safe to show.
        hint: Option<String>,
        /// The constraint it names, if any.
        constraint: Option<String>,
        /// The field it names, if any.
        column: Option<String>,
        /// The table it names, if any.
        table: Option<String>,
    },
    /// The set-up is wrong, sign-in to the database included (classes 28, 3D): the text says what and what to do about
    /// it. For the operator's eyes only; to anyone else the database is not available.
    #[error("{message}")]
    Setup {
        /// What is wrong and what to do.
        message: String,
    },
    /// A fault of the program: wrong SQL, a parameter of a wrong type. Never shown.
    #[error("an internal error occurred")]
    Internal {
        /// For the log.
        detail: String,
    },
}

impl StoreError {
    /// Whether the whole transaction may succeed when it is simply run again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StoreError::Conflict { .. })
    }

    /// The database's own words, for the log only.
    pub fn log_detail(&self) -> Option<&str> {
        match self {
            StoreError::Unique { detail, .. }
            | StoreError::ForeignKey { detail, .. }
            | StoreError::Check { detail, .. }
            | StoreError::NotNull { detail, .. }
            | StoreError::Value { detail, .. }
            | StoreError::Parameter { detail }
            | StoreError::Permission { detail }
            | StoreError::Conflict { detail }
            | StoreError::Timeout { detail }
            | StoreError::Unavailable { detail }
            | StoreError::Internal { detail } => Some(detail),
            StoreError::Raised { .. } | StoreError::Setup { .. } => None,
        }
    }

    /// A fault of the program.
    pub fn internal(detail: impl Into<String>) -> StoreError {
        StoreError::Internal {
            detail: detail.into(),
        }
    }

    /// A wrong set-up: say what is wrong and what to do.
    pub fn setup(message: impl Into<String>) -> StoreError {
        StoreError::Setup {
            message: message.into(),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> StoreError {
        match error.as_db_error() {
            Some(database) => from_database(database),
            None if is_connection_failure(&error) => StoreError::Unavailable {
                detail: chain(&error),
            },
            None if is_refused_sign_in(&error) => StoreError::setup(format!(
                "the database cannot be signed in to: {}",
                chain(&error)
            )),
            None => StoreError::Internal {
                detail: chain(&error),
            },
        }
    }
}

/// The SQLSTATE table.
fn from_database(error: &DbError) -> StoreError {
    let owned = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let constraint = || owned(error.constraint());
    let table = || owned(error.table());
    let detail = describe(error);
    let code = error.code().code();
    match code {
        "23505" | "23P01" => StoreError::Unique {
            constraint: constraint(),
            table: table(),
            detail,
        },
        "23503" | "23001" => StoreError::ForeignKey {
            constraint: constraint(),
            table: table(),
            detail,
        },
        "23514" => StoreError::Check {
            constraint: constraint(),
            table: table(),
            detail,
        },
        "23502" => StoreError::NotNull {
            column: owned(error.column()),
            table: table(),
            detail,
        },
        "42501" => StoreError::Permission { detail },
        "40001" | "40P01" | "55P03" => StoreError::Conflict { detail },
        // A migration changed a table under a prepared statement; the connection forgets its statements (connection.rs).
        "0A000" if is_stale_plan(error) => StoreError::Conflict { detail },
        "57014" => StoreError::Timeout { detail },
        "57P01" | "57P02" | "57P03" | "57P05" => StoreError::Unavailable { detail },
        _ => match code.get(..2).unwrap_or_default() {
            "KT" => StoreError::Raised {
                code: code.to_owned(),
                message: error.message().to_owned(),
                detail: error.detail().map(str::to_owned),
                hint: error.hint().map(str::to_owned),
                constraint: error.constraint().map(str::to_owned),
                column: error.column().map(str::to_owned),
                table: error.table().map(str::to_owned),
            },
            "28" | "3D" => StoreError::setup(format!(
                "the database cannot be signed in to: {}",
                error.message()
            )),
            "22" | "54" => StoreError::Value {
                column: error.column().map(str::to_owned),
                detail,
            },
            "08" | "53" => StoreError::Unavailable { detail },
            _ => StoreError::Internal { detail },
        },
    }
}

/// Whether a prepared statement outlived the shape of its table.
pub(crate) fn is_stale_plan(error: &DbError) -> bool {
    error.code().code() == "0A000" && error.message().contains("cached plan")
}

/// Whether the connection, not the statement, failed. The driver tells a lost connection by its kind (closed) or by
/// an input/output error underneath.
fn is_connection_failure(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error
            .source()
            .is_some_and(|source| source.is::<std::io::Error>() && !is_encoding(error))
}

/// A missing password, a method of sign-in the driver lacks, TLS that cannot be agreed on: known by the text only.
fn is_refused_sign_in(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    [
        "invalid configuration",
        "authentication error",
        "error performing TLS handshake",
    ]
    .contains(&text.as_str())
}

/// The driver reports a malformed message as an input/output error too; only its text tells the difference.
fn is_encoding(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error encoding") || text.starts_with("error parsing")
}

fn describe(error: &DbError) -> String {
    let mut text = format!("{}: {}", error.code().code(), error.message());
    for (label, part) in [
        ("detail", error.detail()),
        ("hint", error.hint()),
        ("table", error.table()),
        ("constraint", error.constraint()),
        ("where", error.where_()),
    ] {
        if let Some(part) = part {
            text.push_str("; ");
            text.push_str(label);
            text.push_str(": ");
            text.push_str(part);
        }
    }
    text
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
