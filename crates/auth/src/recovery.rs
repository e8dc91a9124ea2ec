//! What a mailbox proves: a new password for whoever forgot theirs, and that an address is its account's.

use kith_store::{Origin, SystemTx};
use uuid::Uuid;

use crate::{
    account,
    actor::Actor,
    error::AuthError,
    password,
    sessions::Sessions,
    statements::{self, column},
    token::OpaqueToken,
};

impl Sessions {
    /// Puts a mail with a link for a new password into the queue. Nothing here depends on whether the address has an
    /// account: that is looked up when the mail is sent.
    ///
    /// # Errors
    /// [`AuthError::Throttled`], also alike for every address; [`AuthError::Store`].
    pub async fn forgot_password(&self, email: &str, origin: &Origin) -> Result<(), AuthError> {
        let Some(email) = account::normalised_email(email) else {
            // No account can have it.
            return Ok(());
        };
        let attempt = self
            .mail_throttle
            .begin(&format!("reset {email}"), origin.ip)?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let queued = tx
            .commit_with(&[statements::request_password_reset(&email)])
            .await;
        if let Err(error) = queued {
            attempt.forgive();
            return Err(error.into());
        }
        Ok(())
    }

    /// Sets a new password by the token of a mail, and ends every session of the account.
    ///
    /// # Errors
    /// [`AuthError::LinkInvalid`], [`AuthError::Faults`] for the password, [`AuthError::Store`].
    pub async fn reset_password(
        &self,
        token: &str,
        new_password: &str,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        let token = OpaqueToken::parse(token).ok_or(AuthError::LinkInvalid)?;
        let subject = statements::reset_subject(token.hash());
        let answers = self.database.system_read(None, &[subject]).await?;
        let row = answers
            .first()
            .and_then(|rows| rows.first())
            .ok_or(AuthError::LinkInvalid)?;
        let email: String = column(row, "email")?;
        let full_name: String = column(row, "full_name")?;
        let faults = password::faults("password", new_password, &[&email, &full_name]);
        if !faults.is_empty() {
            return Err(AuthError::Faults(faults));
        }
        let hash = self.passwords.hash(new_password).await?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx
            .query_one(&statements::reset_password(token.hash(), &hash))
            .await?;
        let user: Option<Uuid> = column(&row, "reset_password")?;
        if user.is_none() {
            // Another request was quicker with the same link.
            return Err(AuthError::LinkInvalid);
        }
        tx.commit().await?;
        // Which organizations the person is in is not known here; it happens rarely enough.
        self.actors().invalidate_all();
        Ok(())
    }

    /// Takes the token of a mail as proof that the address is its account's.
    ///
    /// # Errors
    /// [`AuthError::LinkInvalid`], [`AuthError::Store`].
    pub async fn verify_email(&self, token: &str, origin: &Origin) -> Result<(), AuthError> {
        let token = OpaqueToken::parse(token).ok_or(AuthError::LinkInvalid)?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx
            .query_one(&statements::verify_email(token.hash()))
            .await?;
        if !column::<bool>(&row, "verify_email")? {
            return Err(AuthError::LinkInvalid);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts a mail that somebody asks for; it is not given back, because every mail counts.
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn count_mail(&self, about: &str, origin: &Origin) -> Result<(), AuthError> {
        let _counted = self.mail_throttle.begin(about, origin.ip)?;
        Ok(())
    }

    /// Sends the mail that asks for that proof again; nothing when the address is proven already.
    ///
    /// # Errors
    /// [`AuthError::Throttled`], [`AuthError::Store`].
    pub async fn resend_verification(
        &self,
        actor: &Actor,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        self.count_mail(&format!("verify {}", actor.user.id), origin)?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        tx.commit_with(&[statements::request_verification(actor.user.id)])
            .await?;
        Ok(())
    }
}
