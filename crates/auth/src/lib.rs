//! Who somebody is: accounts, passwords, sessions, and what an acting member may do.
//!
//! [`Sessions`] holds the use cases: register, sign in, refresh, sign out, switch organization; what
//! concerns one's own account (profile, password, sessions, API keys, second factor); what a mailbox
//! proves (reset, verification, invitation); and [`Sessions::authenticate`], which turns an access token
//! into an [`Actor`]. The rest are its parts: [`password`], [`keys`], [`token`], [`throttle`], [`actor`].
//!
//! What it must not know: HTTP, cookies, entities, how mail is sent. It reads and writes identity
//! through the narrow functions of migrations 0007 and 0009 only; the application's role has no other
//! way to a password hash, a token, a key or the secret of a second factor.

pub mod actor;
pub mod keys;
pub mod password;
pub mod session;
pub mod throttle;
pub mod token;

mod account;
mod api_key;
mod error;
mod invitation;
mod key_files;
mod own_account;
mod prove;
mod recovery;
mod second_factor;
mod sessions;
mod statements;
mod totp;
mod vault;

pub use account::Registration;
pub use actor::{ACCESS_CHANNEL, ActingKey, Actor, ActorCache, Organization, Role, User};
pub use api_key::ApiKey;
pub use error::AuthError;
pub use keys::KeyRing;
pub use password::Passwords;
pub use second_factor::{SecondFactor, SecondFactorSetup};
pub use session::{
    Acceptance, Clock, Invitation, KeptKey, Me, Membership, NewKey, OpenSession, PasswordChange,
    Profile, RegistrationPolicy, RegistrationStatus, Session, SessionSettings, SignIn,
    system_clock,
};
pub use sessions::Sessions;
pub use throttle::Throttle;
pub use token::{AccessTokens, Claims, OpaqueToken};
pub use vault::Vault;
