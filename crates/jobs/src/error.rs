//! How a job can end other than well.

use std::time::Duration;

use kith_engine::EngineError;
use kith_store::StoreError;

/// Why a job did not get done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another attempt may succeed, after the usual pause.
    #[error("{0}")]
    Later(String),
    /// Another attempt may succeed, but not before this long.
    #[error("{1}")]
    NotBefore(Duration, String),
    /// No attempt will succeed.
    #[error("{0}")]
    Never(String),
    /// The lease is somebody else's by now, or the job was discarded: nothing of it may be kept.
    #[error("the job is no longer this worker's")]
    Lost,
    /// The database; tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule or the engine; tried again.
    #[error(transparent)]
    Engine(EngineError),
}

impl From<EngineError> for JobError {
    fn from(error: EngineError) -> JobError {
        match error {
            EngineError::Store(error) => JobError::Store(error),
            other => JobError::Engine(other),
        }
    }
}

impl JobError {
    /// What the list of jobs shows. The database's own words stay in the log.
    pub(crate) fn text(&self) -> String {
        self.to_string().replace('\0', " ")
    }

    /// What the log shows.
    pub(crate) fn log_detail(&self) -> String {
        match self {
            JobError::Store(error) | JobError::Engine(EngineError::Store(error)) => {
                error.log_detail().unwrap_or_default().to_owned()
            }
            _ => String::new(),
        }
    }
}
