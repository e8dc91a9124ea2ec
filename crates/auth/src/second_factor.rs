//! The second factor: setting it up, proving it, and doing without it again.

use std::time::Duration;

use kith_catalogue::Fault;
use kith_store::{Origin, SystemTx, Tx};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    actor::Actor,
    error::AuthError,
    sessions::Sessions,
    statements::{self, column},
    totp::{self, Code},
};

/// Whether somebody has a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SecondFactor {
    /// Signing in takes a code.
    pub enabled: bool,
    /// Recovery codes that were not used.
    pub recovery_codes_left: i32,
}

/// What an authenticator needs to know.
#[derive(Clone, Serialize)]
pub struct SecondFactorSetup {
    /// The secret in Base32, for typing.
    pub secret: String,
    /// The same and whose it is, for a QR code.
    pub uri: String,
}

/// A factor as the database keeps it.
struct Kept {
    sealed_secret: Vec<u8>,
    enabled: bool,
    recovery_codes_left: i32,
    blocked_seconds: Option<i32>,
}

/// A code that is right, to be spent in the transaction that it opens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spending {
    pub(crate) step: Option<i64>,
    pub(crate) recovery: Option<Vec<u8>>,
}

impl Sessions {
    /// Whether the actor has a second factor.
    ///
    /// # Errors
    /// [`AuthError::Store`], also for an API key that may not manage the account.
    pub async fn second_factor(&self, actor: &Actor) -> Result<SecondFactor, AuthError> {
        let kept = self.own_factor(actor).await?.filter(|kept| kept.enabled);
        Ok(kept.map_or(
            SecondFactor {
                enabled: false,
                recovery_codes_left: 0,
            },
            |kept| SecondFactor {
                enabled: true,
                recovery_codes_left: kept.recovery_codes_left,
            },
        ))
    }

    /// Begins to set one up: makes a secret for the authenticator.
    ///
    /// # Errors
    /// [`AuthError::Faults`] on `password` when it is wrong; [`AuthError::Throttled`]; [`AuthError::Store`], also
    /// when one is set up already.
    pub async fn begin_second_factor(
        &self,
        actor: &Actor,
        password: &str,
        origin: &Origin,
    ) -> Result<SecondFactorSetup, AuthError> {
        self.prove_own_password(actor, password, "password", origin)
            .await?;
        let secret = totp::new_secret()?;
        let account = actor.user.email.as_deref().unwrap_or(&actor.user.full_name);
        let authenticator = totp::authenticator(&secret, account)?;
        let uri = authenticator
            .to_url()
            .map_err(|error| AuthError::Internal(format!("a second factor: {error}")))?;
        let sealed = self.vault.seal(actor.user.id, &secret)?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        tx.commit_with(&[statements::begin_second_factor(sealed)])
            .await?;
        Ok(SecondFactorSetup {
            secret: authenticator.secret().to_base32(),
            uri,
        })
    }

    /// Turns it on, once a code shows that the authenticator works. Answers the recovery codes, which are shown this
    /// once.
    ///
    /// # Errors
    /// [`AuthError::Faults`] on `code` when it is wrong; [`AuthError::NoSecondFactor`] when none is being set up;
    /// [`AuthError::Throttled`]; [`AuthError::Store`].
    pub async fn enable_second_factor(
        &self,
        actor: &Actor,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, AuthError> {
        let attempt = self.throttle.begin(&counted(actor), origin.ip)?;
        let kept = self.own_factor(actor).await?;
        let kept = kept
            .filter(|kept| !kept.enabled)
            .ok_or(AuthError::NoSecondFactor)?;
        let step = match Code::parse(code, actor.user.id) {
            Some(Code::Digits(digits)) => self.step(actor.user.id, &kept, &digits)?,
            _ => None,
        };
        let step = step.ok_or_else(wrong_code)?;
        attempt.forgive();
        let (shown, hashes) = totp::recovery_codes(actor.user.id)?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx
            .query_one(&statements::enable_second_factor(step, hashes))
            .await?;
        if !column::<bool>(&row, "enable_second_factor")? {
            return Err(AuthError::NoSecondFactor);
        }
        tx.commit().await?;
        Ok(shown)
    }

    /// New recovery codes, at the price of a code; the old ones are worth nothing any more.
    ///
    /// # Errors
    /// As [`Sessions::enable_second_factor`].
    pub async fn renew_recovery_codes(
        &self,
        actor: &Actor,
        code: &str,
        origin: &Origin,
    ) -> Result<Vec<String>, AuthError> {
        let spending = self.prove_own_code(actor, code, origin).await?;
        let (shown, hashes) = totp::recovery_codes(actor.user.id)?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx
            .query_one(&statements::renew_recovery_codes(spending, hashes))
            .await?;
        if !column::<bool>(&row, "renew_recovery_codes")? {
            return Err(wrong_code());
        }
        tx.commit().await?;
        Ok(shown)
    }

    /// Turns it off, with the password and a code.
    ///
    /// # Errors
    /// [`AuthError::Faults`] on `password` or `code`; otherwise as [`Sessions::enable_second_factor`].
    pub async fn disable_second_factor(
        &self,
        actor: &Actor,
        password: &str,
        code: &str,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        self.prove_own_password(actor, password, "password", origin)
            .await?;
        let spending = self.prove_own_code(actor, code, origin).await?;
        let tx = Tx::begin(&self.database, &actor.principal, origin).await?;
        let row = tx
            .query_one(&statements::disable_second_factor(spending))
            .await?;
        if !column::<bool>(&row, "disable_second_factor")? {
            return Err(wrong_code());
        }
        tx.commit().await?;
        Ok(())
    }

    /// What signing in takes besides the password: nothing for an account without a factor.
    ///
    /// # Errors
    /// [`AuthError::SecondFactorRequired`] without a code, [`AuthError::SecondFactorInvalid`] for a wrong one,
    /// [`AuthError::Throttled`] after several of those.
    pub(crate) async fn prove_code(
        &self,
        user_id: Uuid,
        code: Option<&str>,
        origin: &Origin,
    ) -> Result<Spending, AuthError> {
        let statement = statements::second_factor_of(user_id);
        let answers = self.database.system_read(None, &[statement]).await?;
        let kept = answers.first().and_then(|rows| rows.first());
        let Some(kept) = kept.map(kept_of).transpose()?.filter(|kept| kept.enabled) else {
            return Ok(Spending::default());
        };
        let code = code.map(str::trim).filter(|code| !code.is_empty());
        let code = code.ok_or(AuthError::SecondFactorRequired)?;
        self.spending(user_id, &kept, code, origin).await
    }

    /// Counts a code that was wrong or spent, and leaves it in the trail.
    pub(crate) async fn count_wrong_code(
        &self,
        user_id: Uuid,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        tx.commit_with(&[statements::second_factor_failed(user_id)])
            .await?;
        Ok(())
    }

    /// The same for somebody who is signed in.
    async fn prove_own_code(
        &self,
        actor: &Actor,
        code: &str,
        origin: &Origin,
    ) -> Result<Spending, AuthError> {
        let attempt = self.throttle.begin(&counted(actor), origin.ip)?;
        let kept = self.own_factor(actor).await?;
        let kept = kept
            .filter(|kept| kept.enabled)
            .ok_or(AuthError::NoSecondFactor)?;
        match self.spending(actor.user.id, &kept, code, origin).await {
            Ok(spending) => {
                attempt.forgive();
                Ok(spending)
            }
            Err(AuthError::SecondFactorInvalid) => Err(wrong_code()),
            Err(error) => Err(error),
        }
    }

    async fn spending(
        &self,
        user_id: Uuid,
        kept: &Kept,
        code: &str,
        origin: &Origin,
    ) -> Result<Spending, AuthError> {
        let step = match Code::parse(code, user_id) {
            // Too long to be guessed, so never blocked; whether it is one of theirs the database says.
            Some(Code::Recovery(hash)) => {
                return Ok(Spending {
                    step: None,
                    recovery: Some(hash),
                });
            }
            Some(Code::Digits(digits)) => {
                if let Some(seconds) = kept.blocked_seconds.filter(|seconds| *seconds > 0) {
                    return Err(AuthError::Throttled {
                        retry_after: Duration::from_secs(seconds.unsigned_abs().into()),
                    });
                }
                self.step(user_id, kept, &digits)?
            }
            None => None,
        };
        match step {
            Some(step) => Ok(Spending {
                step: Some(step),
                recovery: None,
            }),
            None => {
                self.count_wrong_code(user_id, origin).await?;
                Err(AuthError::SecondFactorInvalid)
            }
        }
    }

    fn step(&self, user_id: Uuid, kept: &Kept, digits: &str) -> Result<Option<i64>, AuthError> {
        let secret = self.vault.unseal(user_id, &kept.sealed_secret)?;
        let authenticator = totp::authenticator(&secret, "account")?;
        Ok(totp::step_of(&authenticator, digits, (self.clock)()))
    }

    async fn own_factor(&self, actor: &Actor) -> Result<Option<Kept>, AuthError> {
        let statement = statements::second_factor_of(actor.user.id);
        let answers = self.database.read(&actor.principal, &[statement]).await?;
        answers
            .first()
            .and_then(|rows| rows.first())
            .map(kept_of)
            .transpose()
    }
}

fn kept_of(row: &kith_store::Row) -> Result<Kept, AuthError> {
    Ok(Kept {
        sealed_secret: column(row, "sealed_secret")?,
        enabled: column(row, "enabled")?,
        recovery_codes_left: column(row, "recovery_codes_left")?,
        blocked_seconds: column(row, "blocked_seconds")?,
    })
}

/// Codes of somebody who is signed in are counted apart from signing in.
fn counted(actor: &Actor) -> String {
    format!("code {}", actor.user.id)
}

fn wrong_code() -> AuthError {
    AuthError::Faults(vec![
        Fault::new(
            "totp_invalid",
            "is not a code of your authenticator, or was used already",
        )
        .at("code"),
    ])
}
