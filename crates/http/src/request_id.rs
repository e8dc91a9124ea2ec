//! The id under which a request stands in the log, in its answer and in the history.

use http::HeaderValue;
use uuid::Uuid;

/// The header that carries it, in and out.
pub(crate) const HEADER: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: RequestId;
}

/// A request's id: the client's, when it gave a plain one, or a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The id of a request that came with this header. Ids of others are kept when they are at most
    /// 100 letters, digits, `-`, `_`, `.`: they end in log lines and in the database.
    pub(crate) fn of(header: Option<&HeaderValue>) -> RequestId {
        let plain = |text: &&str| {
            (1..=100).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        match header.and_then(|value| value.to_str().ok()).filter(plain) {
            Some(given) => RequestId(given.to_owned()),
            None => RequestId(Uuid::now_v7().to_string()),
        }
    }

    /// The id's text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// Runs `work` so that [`current`] answers this id within it.
pub(crate) async fn scope<F: Future>(id: RequestId, work: F) -> F::Output {
    CURRENT.scope(id, work).await
}

/// The id of the request that this task is answering.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(|id| id.0.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        let given = HeaderValue::from_static("abc-1.2_X");
        assert_eq!(RequestId::of(Some(&given)).as_str(), "abc-1.2_X");
        for odd in ["", "a b", "a\"b", &"x".repeat(101)] {
            let odd = HeaderValue::from_str(odd).unwrap();
            assert_eq!(RequestId::of(Some(&odd)).as_str().len(), 36);
        }
    }
}
