//! The steps behind the use cases: proving who somebody is, and opening their session.

use std::sync::PoisonError;

use kith_store::{Origin, Statement, SystemTx};
use uuid::Uuid;

use crate::{
    account,
    actor::Actor,
    error::AuthError,
    password::{self, Verdict},
    second_factor::Spending,
    session::{Session, SignIn},
    sessions::Sessions,
    statements::{self, column},
    token::{ACCESS_TOKEN_SECONDS, OpaqueToken, REFRESH_TOKEN_SECONDS},
};

impl Sessions {
    pub(crate) async fn any_organization(&self) -> Result<bool, AuthError> {
        let answers = self
            .database
            .system_read(None, &[statements::any_organization()])
            .await?;
        let row = answers.first().and_then(|rows| rows.first());
        row.map_or(Ok(false), |row| Ok(column(row, "any_organization")?))
    }

    pub(crate) async fn make_account(
        &self,
        checked: &account::Checked,
        password: &str,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let hash = self.passwords.hash(password).await?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        let row = tx
            .query_one(&statements::register_account(
                &checked.email,
                &hash,
                &checked.full_name,
                &checked.organization_name,
                self.policy.name(),
            ))
            .await?;
        let made: (Option<Uuid>, Option<Uuid>) =
            (column(&row, "user_id")?, column(&row, "organization_id")?);
        match (column(&row, "status")?, made) {
            ("registered", (Some(user_id), Some(organization_id))) => {
                tx.query(&statements::request_verification(user_id)).await?;
                let none = Spending::default();
                self.open_session(tx, user_id, Some(organization_id), none)
                    .await
            }
            ("taken", _) => Err(AuthError::RegistrationRefused),
            _ => Err(AuthError::RegistrationClosed),
        }
    }

    /// Every way to fail takes the time of one verification and says the same.
    pub(crate) async fn prove_and_open(
        &self,
        email: Option<&str>,
        sign_in: &SignIn,
        origin: &Origin,
    ) -> Result<Session, AuthError> {
        let password = &sign_in.password;
        if password.chars().count() > password::LONGEST {
            return Err(AuthError::InvalidCredentials);
        }
        let statement = statements::sign_in_user(email.unwrap_or_default());
        let answers = self.database.system_read(None, &[statement]).await?;
        let Some(row) = answers.first().and_then(|rows| rows.first()) else {
            self.passwords.verify_for_nobody(password).await?;
            // No organization has a trail for it; the operator's log has.
            tracing::info!(ip = ?origin.ip, "sign-in failed: no such account");
            return Err(AuthError::InvalidCredentials);
        };
        let user_id: Uuid = column(row, "user_id")?;
        let Some(hash) = column::<Option<String>>(row, "password_hash")? else {
            self.passwords.verify_for_nobody(password).await?;
            self.leave_trail(user_id, "no_password", origin);
            return Err(AuthError::InvalidCredentials);
        };
        let verdict = self.passwords.verify(password, &hash).await?;
        let refused = match verdict {
            Verdict::Wrong => Some("password"),
            _ if !column::<bool>(row, "is_active")? => Some("inactive"),
            Verdict::Right | Verdict::RightButOutdated => None,
        };
        if let Some(reason) = refused {
            self.leave_trail(user_id, reason, origin);
            return Err(AuthError::InvalidCredentials);
        }
        let code = self
            .prove_code(user_id, sign_in.totp.as_deref(), origin)
            .await?;
        let tx = SystemTx::begin(&self.database, None, origin).await?;
        if verdict == Verdict::RightButOutdated {
            let fresh = self.passwords.hash(password).await?;
            tx.query(&statements::rehash_password(user_id, &hash, &fresh))
                .await?;
        }
        let opened = self
            .open_session(tx, user_id, sign_in.organization_id, code)
            .await;
        if matches!(opened, Err(AuthError::SecondFactorInvalid)) {
            self.count_wrong_code(user_id, origin).await?;
        }
        opened
    }

    /// Opens a session of a user who has proven their password, at the price of the code.
    pub(crate) async fn open_session(
        &self,
        tx: SystemTx,
        user_id: Uuid,
        organization_id: Option<Uuid>,
        code: Spending,
    ) -> Result<Session, AuthError> {
        let (session_id, token) = (Uuid::now_v7(), OpaqueToken::generate()?);
        let row = tx
            .query_one(&statements::open_session(
                user_id,
                organization_id,
                session_id,
                token.hash(),
                REFRESH_TOKEN_SECONDS,
                code,
            ))
            .await?;
        let chosen: Option<Uuid> = column(&row, "organization_id")?;
        match (column(&row, "status")?, chosen) {
            ("opened", Some(organization_id)) => {
                self.finish(tx, user_id, organization_id, session_id, token)
                    .await
            }
            // Spent a moment ago, or (were one turned on in between) not given.
            ("second_factor", _) => Err(AuthError::SecondFactorInvalid),
            _ => Err(AuthError::NotAMember),
        }
    }

    /// Commits, and answers the session as it stands.
    pub(crate) async fn finish(
        &self,
        tx: SystemTx,
        user_id: Uuid,
        organization_id: Uuid,
        session_id: Uuid,
        refresh_token: OpaqueToken,
    ) -> Result<Session, AuthError> {
        let access_token =
            self.tokens
                .issue(user_id, organization_id, session_id, (self.clock)())?;
        let statement = statements::session_actor(user_id, organization_id, Some(session_id));
        let answers = tx.commit_with(&[statement]).await?;
        let row = answers
            .first()
            .and_then(|rows| rows.first())
            .ok_or(AuthError::NotAMember)?;
        let actor = Actor::from_row(row, Some(session_id))?;
        Ok(Session {
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_SECONDS,
            refresh_token: refresh_token.as_str().to_owned(),
            user: actor.user,
            organization: actor.organization,
        })
    }

    /// Writes a failed attempt to the trail without letting the answer wait for it: for an account that
    /// does not exist there is nothing to write, and the time of a write would tell.
    pub(crate) fn leave_trail(&self, user_id: Uuid, reason: &'static str, origin: &Origin) {
        let statement = statements::sign_in_failed(user_id, reason);
        self.write_aside(
            statement,
            origin,
            "a failed sign-in is missing from the trail",
        );
    }

    /// Runs a statement for no user, without anybody waiting for it.
    pub(crate) fn write_aside(&self, statement: Statement, origin: &Origin, lost: &'static str) {
        let (database, origin) = (self.database.clone(), origin.clone());
        let write = async move {
            let written = match SystemTx::begin(&database, None, &origin).await {
                Ok(tx) => tx.commit_with(&[statement]).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                tracing::error!(%error, detail = error.log_detail(), "{lost}");
            }
        };
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        while aside.try_join_next().is_some() {}
        aside.spawn(write);
    }
}
