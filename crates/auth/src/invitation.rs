//! Joining an organization by the link of a mail. The link proves the mailbox; an account that the address has proves
//! itself by its password as well, and somebody new gets an account.

use kith_catalogue::Fault;
use kith_store::{Origin, SystemTx};
use uuid::Uuid;

use crate::{
    account,
    error::AuthError,
    password::{self, Verdict},
    second_factor::Spending,
    session::{Acceptance, Invitation, Session},
    sessions::Sessions,
    statements::{self, column},
    token::OpaqueToken,
};

/// An invitation with what only the server may know.
struct Found {
    shown: Invitation,
    account: Option<Account>,
}

/// The account that the address has.
struct Account {
    id: Uuid,
    password_hash: Option<String>,
    is_active: bool,
}

impl Sessions {
    /// What the link invites to.
    ///
    /// # Errors
    /// [`AuthError::LinkInvalid`], [`AuthError::Store`].
    pub async fn invitation(&self, token: &str) -> Result<Invitation, AuthError> {
        let token = OpaqueToken::parse(token).ok_or(AuthError::LinkInvalid)?;
        Ok(self.find_invitation(&token).await?.shown)
    }

    /// Accepts it, and signs in. Whatever [`crate::RegistrationPolicy`] says: who is invited may join.
    ///
    /// # Errors
    /// [`AuthError::LinkInvalid`]; for somebody new [`AuthError::Faults`]; for an account those of
    /// [`Sessions::sign_in`]; [`AuthError::AlreadyMember`]; [`AuthError::Store`].
    pub async fn accept_invitation(
        &self,
        acceptance: &Acceptance,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let token = OpaqueToken::parse(&acceptance.token).ok_or(AuthError::LinkInvalid)?;
        let found = self.find_invitation(&token).await?;
        let Some(given) = acceptance
            .password
            .as_deref()
            .filter(|text| !text.is_empty())
        else {
            let fault = Fault::new("required", "is required").at("password");
            return Err(AuthError::Faults(vec![fault]));
        };
        match &found.account {
            Some(account) => {
                let attempt = self.throttle.begin(&found.shown.email, origin.ip)?;
                let result = self
                    .join_with_account(&token, account, given, acceptance, origin)
                    .await;
                if !matches!(
                    result,
                    Err(AuthError::InvalidCredentials | AuthError::SecondFactorInvalid)
                ) {
                    attempt.forgive();
                }
                result
            }
            None => {
                self.join_as_new(&token, &found.shown, given, acceptance, origin)
                    .await
            }
        }
    }

    async fn join_with_account(
        &self,
        token: &OpaqueToken,
        account: &Account,
        given: &str,
        acceptance: &Acceptance,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let Some(hash) = account
            .password_hash
            .as_deref()
            .filter(|_| account.is_active)
        else {
            return Err(AuthError::InvalidCredentials);
        };
        let too_long = given.chars().count() > password::LONGEST;
        if too_long || self.passwords.verify(given, hash).await? == Verdict::Wrong {
            self.leave_trail(account.id, "password", origin);
            return Err(AuthError::InvalidCredentials);
        }
        let code = self
            .prove_code(account.id, acceptance.totp.as_deref(), origin)
            .await?;
        let proven = Some((account.id, hash.to_owned()));
        let accept = statements::accept_invitation(token.hash(), proven, None, None);
        let joined = self.join(&accept, code, origin).await;
        if matches!(joined, Err(AuthError::SecondFactorInvalid)) {
            self.count_wrong_code(account.id, origin).await?;
        }
        joined
    }

    async fn join_as_new(
        &self,
        token: &OpaqueToken,
        shown: &Invitation,
        given: &str,
        acceptance: &Acceptance,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let mut faults = Vec::new();
        let full_name = acceptance
            .full_name
            .as_deref()
            .map(|name| account::full_name(name, &mut faults));
        let called = full_name.as_deref().unwrap_or(&shown.full_name);
        let personal = [shown.email.as_str(), called, &shown.organization_name];
        faults.extend(password::faults("password", given, &personal));
        if !faults.is_empty() {
            return Err(AuthError::Faults(faults));
        }
        let hash = self.passwords.hash(given).await?;
        let accept = statements::accept_invitation(token.hash(), None, Some(hash), full_name);
        self.join(&accept, Spending::default(), origin).await
    }

    async fn join(
        &self,
        accept: &kith_store::Statement,
        code: Spending,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx.query_one(accept).await?;
        let made: (Option<Uuid>, Option<Uuid>) =
            (column(&row, "user_id")?, column(&row, "organization_id")?);
        match (column(&row, "status")?, made) {
            ("accepted", (Some(user_id), Some(organization_id))) => {
                let session = self
                    .open_session(tx, user_id, Some(organization_id), code)
                    .await?;
                self.actors().invalidate(organization_id);
                Ok(session)
            }
            // Meanwhile the account was made, or its password changed.
            ("account", _) => Err(AuthError::InvalidCredentials),
            ("member", _) => Err(AuthError::AlreadyMember),
            _ => Err(AuthError::LinkInvalid),
        }
    }

    async fn find_invitation(&self, token: &OpaqueToken) -> Result<Found, AuthError> {
        let statement = statements::invitation_of(token.hash());
        let answers = self.database.system_read(None, &[statement]).await?;
        let row = answers
            .first()
            .and_then(|rows| rows.first())
            .ok_or(AuthError::LinkInvalid)?;
        let account = match column::<Option<Uuid>>(row, "account_id")? {
            Some(id) => Some(Account {
                id,
                password_hash: column(row, "password_hash")?,
                is_active: column::<Option<bool>>(row, "is_active")?.unwrap_or_default(),
            }),
            None => None,
        };
        Ok(Found {
            shown: Invitation {
                email: column(row, "email")?,
                organization_name: column(row, "organization_name")?,
                role_name: column(row, "role_name")?,
                full_name: column(row, "full_name")?,
                has_account: account.is_some(),
            },
            account,
        })
    }
}
