//! Who acts, and from where. The database reads both from transaction-local settings.

use std::{borrow::Cow, net::IpAddr};

use uuid::Uuid;

/// The user on whose behalf a transaction runs, in the organization they act in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The tenant.
    pub organization_id: Uuid,
    /// The acting user.
    pub user_id: Uuid,
    /// The API key through which they act; the database narrows what they may do to the key's scopes.
    pub key_id: Option<Uuid>,
}

impl Principal {
    /// A user who acts by themselves, without an API key.
    #[must_use]
    pub const fn user(organization_id: Uuid, user_id: Uuid) -> Principal {
        Principal {
            organization_id,
            user_id,
            key_id: None,
        }
    }
}

/// Where a change comes from. The history and the activities carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Groups everything that one request, import or job changed.
    pub change_set_id: Uuid,
    /// One of `api`, `web`, `import`, `cli`, `system`; `key` and the beginning of an API key.
    pub kind: Cow<'static, str>,
    /// The client's address, when there is a client.
    pub ip: Option<IpAddr>,
    /// The client's own description of itself; control characters are dropped and 500 characters kept.
    pub user_agent: Option<String>,
    /// The request's id, as it stands in the log.
    pub request_id: Option<String>,
}

impl Origin {
    /// An origin without a client, such as a job, with a new change set.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>) -> Origin {
        Origin {
            change_set_id: Uuid::now_v7(),
            kind: kind.into(),
            ip: None,
            user_agent: None,
            request_id: None,
        }
    }

    /// The user agent as it may be stored: a header can hold bytes that `text` cannot.
    pub(crate) fn stored_user_agent(&self) -> String {
        self.user_agent
            .as_deref()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(500)
            .collect()
    }
}
