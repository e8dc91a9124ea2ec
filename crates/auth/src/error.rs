//! Every way in which signing in, and staying signed in, can fail.

use std::time::Duration;

use kith_catalogue::Fault;
use kith_store::StoreError;

/// What [`std::fmt::Display`] shows is written for the person who signs in and is safe for anyone.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The address or the password is wrong, there is no such account, or it is switched off: one
    /// answer, so that it does not tell which addresses have an account.
    #[error("The e-mail address or the password is wrong.")]
    InvalidCredentials,
    /// Too many failed attempts for this account or from this address.
    #[error("Too many attempts. Try again in {} seconds.", .retry_after.as_secs())]
    Throttled {
        /// Whole seconds, at least one: the value of `Retry-After`.
        retry_after: Duration,
    },
    /// The operator lets nobody register (any more). Decided before the address is looked at.
    #[error("Registration is closed here. Ask someone in your organization for an invitation.")]
    RegistrationClosed,
    /// The address has an account already, in words that do not claim so.
    ///
    /// Where nothing can be sent by mail yet, an open registration cannot hide that an address is
    /// known: any answer but a session tells. So the answer is the same for whatever stands in the
    /// way of the account, the attempt counts as a failure (few are allowed), and with the default
    /// policy `first` nobody gets here: the first registration meets no accounts, every later one
    /// meets [`AuthError::RegistrationClosed`].
    #[error(
        "This registration could not be completed. If you have an account, sign in; otherwise try another address."
    )]
    RegistrationRefused,
    /// Everything wrong with what was sent, by field.
    #[error("Some of the values are not acceptable.")]
    Faults(Vec<Fault>),
    /// A good access token whose time is over: refresh it.
    #[error("The access token has expired.")]
    TokenExpired,
    /// Not an access token of ours.
    #[error("The access token is not valid.")]
    TokenInvalid,
    /// The refresh token is unknown, expired, revoked or was used before: sign in again.
    #[error("This session has ended. Sign in again.")]
    SessionEnded,
    /// Another request used the same refresh token within the last seconds. The session goes on
    /// with the token that request got: repeat with it.
    #[error("This session was refreshed by another request a moment ago. Use the new token.")]
    AlreadyRefreshed,
    /// The user is no active member of the organization (any more).
    #[error("You are not an active member of this organization.")]
    NotAMember,
    /// The password is right, and the account asks for a code as well.
    #[error("Give a code of your authenticator, or a recovery code.")]
    SecondFactorRequired,
    /// The password is right; the code is wrong or was used before.
    #[error(
        "The code is wrong or was used already. Take the one that your authenticator shows now."
    )]
    SecondFactorInvalid,
    /// There is no second factor to prove or to turn off, or none is being set up.
    #[error("Two-step sign-in is not set up, or set up already. Begin with its set-up.")]
    NoSecondFactor,
    /// The person of an invitation's account belongs to the organization already.
    #[error("You are a member of this organization already. Sign in.")]
    AlreadyMember,
    /// An API key wants to do what only a person, or a key with another scope, may.
    #[error("An API key may not do this. It would need the scope account:manage.")]
    KeyNotAllowed,
    /// The link of a mail is unknown, used up, too old or withdrawn: one answer for all.
    #[error(
        "This link is not valid any more. Links work once and for a limited time; ask for a new one."
    )]
    LinkInvalid,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of the program or its keys; the text is for the log.
    #[error("an internal error occurred")]
    Internal(String),
}

impl AuthError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AuthError::InvalidCredentials => "invalid_credentials",
            AuthError::Throttled { .. } => "throttled",
            AuthError::RegistrationClosed => "registration_closed",
            AuthError::RegistrationRefused => "registration_refused",
            AuthError::Faults(_) => "validation",
            AuthError::TokenExpired => "token_expired",
            AuthError::TokenInvalid | AuthError::LinkInvalid => "token_invalid",
            AuthError::SessionEnded => "session_ended",
            AuthError::AlreadyRefreshed => "already_refreshed",
            AuthError::NotAMember => "not_a_member",
            AuthError::SecondFactorRequired => "totp_required",
            AuthError::SecondFactorInvalid => "totp_invalid",
            AuthError::NoSecondFactor | AuthError::AlreadyMember => "state_conflict",
            AuthError::KeyNotAllowed => "forbidden",
            AuthError::Store(_) | AuthError::Internal(_) => "internal",
        }
    }

    /// The same error for another caller who waited for the same answer. A database error keeps the
    /// kinds that a caller treats differently.
    pub(crate) fn shared(&self) -> AuthError {
        match self {
            AuthError::InvalidCredentials => AuthError::InvalidCredentials,
            AuthError::Throttled { retry_after } => AuthError::Throttled {
                retry_after: *retry_after,
            },
            AuthError::RegistrationClosed => AuthError::RegistrationClosed,
            AuthError::RegistrationRefused => AuthError::RegistrationRefused,
            AuthError::Faults(faults) => AuthError::Faults(faults.clone()),
            AuthError::TokenExpired => AuthError::TokenExpired,
            AuthError::TokenInvalid => AuthError::TokenInvalid,
            AuthError::SessionEnded => AuthError::SessionEnded,
            AuthError::AlreadyRefreshed => AuthError::AlreadyRefreshed,
            AuthError::NotAMember => AuthError::NotAMember,
            AuthError::LinkInvalid => AuthError::LinkInvalid,
            AuthError::SecondFactorRequired => AuthError::SecondFactorRequired,
            AuthError::SecondFactorInvalid => AuthError::SecondFactorInvalid,
            AuthError::NoSecondFactor => AuthError::NoSecondFactor,
            AuthError::AlreadyMember => AuthError::AlreadyMember,
            AuthError::KeyNotAllowed => AuthError::KeyNotAllowed,
            AuthError::Internal(text) => AuthError::Internal(text.clone()),
            AuthError::Store(error) => {
                let detail = error.log_detail().unwrap_or_default().to_owned();
                AuthError::Store(match error {
                    StoreError::Unavailable { .. } => StoreError::Unavailable { detail },
                    StoreError::Timeout { .. } => StoreError::Timeout { detail },
                    StoreError::Conflict { .. } => StoreError::Conflict { detail },
                    _ => StoreError::Internal { detail },
                })
            }
        }
    }
}
