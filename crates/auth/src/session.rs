//! What goes into signing in and what comes out of it.

use std::{fmt, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::actor::{Actor, Organization, User};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's clock, for the program.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that everything else is handed"
)]
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Who may make an account with an organization of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// The first person, who owns the first organization; later ones come by invitation.
    #[default]
    First,
    /// Anyone.
    Open,
    /// Nobody.
    Closed,
}

impl RegistrationPolicy {
    /// The word in the settings and in `register_account()`.
    pub const fn name(self) -> &'static str {
        match self {
            RegistrationPolicy::First => "first",
            RegistrationPolicy::Open => "open",
            RegistrationPolicy::Closed => "closed",
        }
    }
}

/// What the operator chooses.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// The installation's public address: `iss` of access tokens.
    pub issuer: String,
    /// The folder of the signing keys: `keys` in the data folder.
    pub keys_folder: PathBuf,
}

/// A person's address and password, as sent.
#[derive(Clone)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// A code of their authenticator or a recovery code, for accounts that ask for one.
    pub totp: Option<String>,
    /// Where to act; `None`: where they acted last.
    pub organization_id: Option<Uuid>,
}

/// A change of password, as sent.
#[derive(Clone)]
pub struct PasswordChange {
    /// The password so far.
    pub current_password: String,
    /// The one to come.
    pub new_password: String,
}

/// What signing in gives.
#[derive(Clone, Serialize)]
pub struct Session {
    /// For the `Authorization` header or the cookie.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    /// Used once, at [`Sessions::refresh`].
    pub refresh_token: String,
    /// The person.
    pub user: User,
    /// Where they act.
    pub organization: Organization,
}

/// Never the tokens.
impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("user_id", &self.user.id)
            .field("organization_id", &self.organization.id)
            .finish_non_exhaustive()
    }
}

/// An organization that a user belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The organization.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// The stable word of the user's role there.
    pub role_key: String,
    /// `active` or `invited`.
    pub status: String,
}

/// What a person may know about themselves.
#[derive(Clone, Debug)]
pub struct Me {
    /// Who, where, as what, and what they may do.
    pub actor: Arc<Actor>,
    /// What is special about their account.
    pub profile: Profile,
    /// Every organization they belong to.
    pub memberships: Vec<Membership>,
}

/// The part of an account that only its person looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// E.164.
    pub phone: Option<String>,
    /// They have shown that they read the mailbox of their address.
    pub is_verified: bool,
    /// Signing in takes a code besides the password.
    pub has_second_factor: bool,
}

/// A session of the acting person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenSession {
    /// Its id.
    pub id: Uuid,
    /// It is the one that asks.
    pub current: bool,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last renewed: at most a quarter of an hour before it was last used.
    pub last_used_at: Timestamp,
    /// From where.
    pub ip_address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

/// An API key of the acting person; never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptKey {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it may do: `read`, `*`, or permissions such as `companies:read`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A key to make, as sent.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for; 1 to 100 characters.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends; `None`: when somebody removes it.
    pub expires_at: Option<Timestamp>,
}

/// What the link of an invitation leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// The address it was sent to.
    pub email: String,
    /// Where it invites to.
    pub organization_name: String,
    /// As what.
    pub role_name: String,
    /// What the organization calls the person.
    pub full_name: String,
    /// The address has an account, whose password is needed to accept.
    pub has_account: bool,
}

/// How an invitation is accepted, as sent.
#[derive(Clone, Default)]
pub struct Acceptance {
    /// The token of the link.
    pub token: String,
    /// The account's password, or that of the account to make.
    pub password: Option<String>,
    /// The name of somebody new; `None`: as the organization calls them.
    pub full_name: Option<String>,
    /// A code, for an account that asks for one.
    pub totp: Option<String>,
}

/// What the sign-in page has to know before anybody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RegistrationStatus {
    /// Whether a registration would be let in.
    pub registration_open: bool,
    /// Whether there is no organization yet.
    pub first: bool,
}
