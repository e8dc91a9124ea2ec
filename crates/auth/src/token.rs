//! The tokens: a signed access token that lives for minutes and is verified without the database, and
//! opaque ones that are used once, to renew a session or in the link of a mail.

use std::{fmt, sync::Arc, time::Duration};

use aws_lc_rs::{digest, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{error::AuthError, keys::KeyRing};

/// How long an access token is good for, in seconds.
pub const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;
/// How far the clocks of two nodes may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 30;
/// How long a refresh token is good for, in seconds: 30 days.
pub const REFRESH_TOKEN_SECONDS: i32 = 30 * 24 * 60 * 60;
/// Verified tokens remembered at once.
const VERIFIED_TOKENS: u64 = 10_000;
/// How long a good signature is remembered; a key that is retired is refused at the latest then.
const VERIFIED_FOR: Duration = Duration::from_mins(1);
/// The longest text that is looked at as a token, in bytes.
const LONGEST_TOKEN: usize = 2_000;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The organization they act in.
    pub org: Uuid,
    /// The session: the family of its refresh tokens.
    pub sid: Uuid,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
    /// Which installation issued it.
    pub iss: String,
}

/// Issues and verifies access tokens. Cheap to clone.
#[derive(Clone)]
pub struct AccessTokens {
    keys: Arc<KeyRing>,
    issuer: Arc<str>,
    /// Tokens whose signature was found good: checking one takes about as long as reading a record, and
    /// the same one comes with every request. Whose time is over is refused all the same.
    verified: Cache<Box<str>, Claims>,
}

impl AccessTokens {
    /// Tokens of this installation; `issuer` is its public address.
    pub fn new(keys: Arc<KeyRing>, issuer: impl Into<Arc<str>>) -> AccessTokens {
        AccessTokens {
            keys,
            issuer: issuer.into(),
            verified: Cache::builder()
                .max_capacity(VERIFIED_TOKENS)
                .time_to_live(VERIFIED_FOR)
                .build(),
        }
    }

    /// A token for one session, good for [`ACCESS_TOKEN_SECONDS`] from `now`.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when there is no key to sign with.
    pub fn issue(
        &self,
        user_id: Uuid,
        organization_id: Uuid,
        session_id: Uuid,
        now: Timestamp,
    ) -> Result<String, AuthError> {
        let claims = Claims {
            sub: user_id,
            org: organization_id,
            sid: session_id,
            iat: now.as_second(),
            exp: now.as_second() + ACCESS_TOKEN_SECONDS,
            iss: self.issuer.as_ref().to_owned(),
        };
        self.keys.sign(&claims)
    }

    /// What the token says, when we issued it and its time is not over.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`] for a token of ours whose time is over, [`AuthError::TokenInvalid`]
    /// for anything else.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AuthError> {
        if token.len() > LONGEST_TOKEN {
            return Err(AuthError::TokenInvalid);
        }
        let claims = match self.verified.get(token) {
            Some(claims) => claims,
            None => {
                let claims: Claims = self.keys.verify(token)?;
                self.verified.insert(token.into(), claims.clone());
                claims
            }
        };
        let now = now.as_second();
        if claims.iss != *self.issuer || claims.iat > now.saturating_add(LEEWAY_SECONDS) {
            return Err(AuthError::TokenInvalid);
        }
        if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
            return Err(AuthError::TokenExpired);
        }
        Ok(claims)
    }
}

/// A refresh token, or the token in the link of a mail: 256 random bits in base64url. Only its SHA-256 is
/// stored.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl OpaqueToken {
    /// A new one.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the system has no randomness to give.
    pub fn generate() -> Result<OpaqueToken, AuthError> {
        Ok(OpaqueToken(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))
    }

    /// Reads what a client sent; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<OpaqueToken> {
        let plausible = text.len() == 43
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        plausible.then(|| OpaqueToken(text.to_owned()))
    }

    /// What the client keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database keeps. A plain hash is enough for 256 random bits.
    pub fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.0.as_bytes())
            .as_ref()
            .to_vec()
    }
}

/// Never the token itself.
impl fmt::Debug for OpaqueToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpaqueToken(…)")
    }
}

/// Bytes from the cryptographic generator.
///
/// # Errors
/// [`AuthError::Internal`] when the system has no randomness to give.
pub(crate) fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], AuthError> {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes)
        .map_err(|_| AuthError::Internal("the system gives no random bytes".to_owned()))?;
    Ok(bytes)
}
