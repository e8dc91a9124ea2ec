//! The SQL of sign-in: calls of the functions of migrations 0007 and 0009, and nothing else.

use jiff::Timestamp;
use kith_store::{Row, Statement, types::Type};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::second_factor::Spending;

pub(crate) fn sign_in_user(email: &str) -> Statement {
    Statement::new("select user_id, password_hash, is_active from sign_in_user($1)")
        .with(email.to_owned(), Type::TEXT)
}

pub(crate) fn password_of(user_id: Uuid) -> Statement {
    Statement::new("select password_hash, email, full_name from password_of($1)")
        .with(user_id, Type::UUID)
}

pub(crate) fn sign_in_failed(user_id: Uuid, reason: &'static str) -> Statement {
    Statement::new("select sign_in_failed($1, $2)::text")
        .with(user_id, Type::UUID)
        .with(reason, Type::TEXT)
}

pub(crate) fn any_organization() -> Statement {
    Statement::new("select any_organization()")
}

pub(crate) fn register_account(
    email: &str,
    password_hash: &str,
    full_name: &str,
    organization_name: &str,
    policy: &'static str,
) -> Statement {
    Statement::new(
        "select status, user_id, organization_id from register_account($1, $2, $3, $4, $5)",
    )
    .with(email.to_owned(), Type::TEXT)
    .with(password_hash.to_owned(), Type::TEXT)
    .with(full_name.to_owned(), Type::TEXT)
    .with(organization_name.to_owned(), Type::TEXT)
    .with(policy, Type::TEXT)
}

pub(crate) fn session_actor(
    user_id: Uuid,
    organization_id: Uuid,
    session_id: Option<Uuid>,
) -> Statement {
    Statement::new(
        "select user_id, email, full_name, user_locale, user_timezone, avatar_url, organization_id, organization_name, \
         slug, base_currency, timezone, locale, country, settings, role_id, role_key, role_name, resources, actions, scopes \
         from session_actor($1, $2, $3)",
    )
    .with(user_id, Type::UUID)
    .with(organization_id, Type::UUID)
    .with(session_id, Type::UUID)
}

pub(crate) fn memberships_of(user_id: Uuid) -> Statement {
    Statement::new(
        "select organization_id, organization_name, slug, role_key, role_name, status from memberships_of($1)",
    )
    .with(user_id, Type::UUID)
}

pub(crate) fn open_session(
    user_id: Uuid,
    organization_id: Option<Uuid>,
    session_id: Uuid,
    token_hash: Vec<u8>,
    lifetime_seconds: i32,
    code: Spending,
) -> Statement {
    Statement::new(
        "select status, organization_id from open_proven_session($1, $2, $3, $4, $5, $6, $7)",
    )
    .with(user_id, Type::UUID)
    .with(organization_id, Type::UUID)
    .with(session_id, Type::UUID)
    .with(token_hash, Type::BYTEA)
    .with(lifetime_seconds, Type::INT4)
    .with(code.step, Type::INT8)
    .with(code.recovery, Type::BYTEA)
}

pub(crate) fn renew_session(
    presented: Vec<u8>,
    next: Vec<u8>,
    lifetime_seconds: i32,
    grace_seconds: i32,
) -> Statement {
    Statement::new(
        "select status, user_id, organization_id, family_id from renew_session($1, $2, $3, $4)",
    )
    .with(presented, Type::BYTEA)
    .with(next, Type::BYTEA)
    .with(lifetime_seconds, Type::INT4)
    .with(grace_seconds, Type::INT4)
}

pub(crate) fn switch_session(
    user_id: Uuid,
    session_id: Uuid,
    organization_id: Uuid,
    token_hash: Vec<u8>,
    lifetime_seconds: i32,
) -> Statement {
    Statement::new("select switch_session($1, $2, $3, $4, $5)")
        .with(user_id, Type::UUID)
        .with(session_id, Type::UUID)
        .with(organization_id, Type::UUID)
        .with(token_hash, Type::BYTEA)
        .with(lifetime_seconds, Type::INT4)
}

pub(crate) fn end_session(user_id: Uuid, session_id: Uuid) -> Statement {
    Statement::new("select end_session($1, $2)::text")
        .with(user_id, Type::UUID)
        .with(session_id, Type::UUID)
}

pub(crate) fn end_session_of_token(presented: Vec<u8>) -> Statement {
    Statement::new("select user_id, organization_id, family_id from end_session_of_token($1)")
        .with(presented, Type::BYTEA)
}

pub(crate) fn rehash_password(user_id: Uuid, old: &str, new: &str) -> Statement {
    Statement::new("select rehash_password($1, $2, $3)")
        .with(user_id, Type::UUID)
        .with(old.to_owned(), Type::TEXT)
        .with(new.to_owned(), Type::TEXT)
}

pub(crate) fn change_password(old: &str, new: &str, kept_session: Option<Uuid>) -> Statement {
    Statement::new("select change_password($1, $2, $3)")
        .with(old.to_owned(), Type::TEXT)
        .with(new.to_owned(), Type::TEXT)
        .with(kept_session, Type::UUID)
}

pub(crate) fn key_actor(hash: &[u8]) -> Statement {
    Statement::new(
        "select user_id, email, full_name, user_locale, user_timezone, avatar_url, organization_id, organization_name, \
         slug, base_currency, timezone, locale, country, settings, role_id, role_key, role_name, resources, actions, scopes, \
         key_id, key_prefix, expires_at, manages_account from key_actor($1)",
    )
    .with(hash.to_vec(), Type::BYTEA)
}

pub(crate) fn touch_api_key(organization_id: Uuid, key_id: Uuid) -> Statement {
    Statement::new("select touch_api_key($1, $2)::text")
        .with(organization_id, Type::UUID)
        .with(key_id, Type::UUID)
}

pub(crate) fn own_keys() -> Statement {
    Statement::new(
        "select id, name, prefix, scopes, created_at, last_used_at, expires_at from api_keys \
         where organization_id = current_organization_id() and user_id = current_user_id() order by id desc",
    )
}

pub(crate) fn own_key(key_id: Uuid) -> Statement {
    Statement::new(
        "select id, name, prefix, scopes, created_at, last_used_at, expires_at from api_keys \
         where organization_id = current_organization_id() and id = $1",
    )
    .with(key_id, Type::UUID)
}

pub(crate) fn create_api_key(
    name: &str,
    prefix: &str,
    hash: &[u8],
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
) -> Statement {
    Statement::new("select create_api_key($1, $2, $3, $4, $5)")
        .with(name.to_owned(), Type::TEXT)
        .with(prefix.to_owned(), Type::TEXT)
        .with(hash.to_vec(), Type::BYTEA)
        .with(scopes, Type::TEXT_ARRAY)
        .with(expires_at, Type::TIMESTAMPTZ)
}

pub(crate) fn delete_api_key(key_id: Uuid) -> Statement {
    Statement::new("select delete_api_key($1)").with(key_id, Type::UUID)
}

pub(crate) fn own_sessions() -> Statement {
    Statement::new(
        "select id, created_at, last_used_at, expires_at, ip_address, user_agent from own_sessions()",
    )
}

pub(crate) fn end_own_session(session_id: Uuid) -> Statement {
    Statement::new("select end_own_session($1)").with(session_id, Type::UUID)
}

pub(crate) fn end_other_sessions(kept: Option<Uuid>) -> Statement {
    Statement::new("select end_other_sessions($1)::text").with(kept, Type::UUID)
}

pub(crate) fn profile() -> Statement {
    Statement::new(
        "select phone::text, is_verified, has_second_factor from users where id = current_user_id()",
    )
}

pub(crate) fn update_own_profile(changes: Json) -> Statement {
    Statement::new("select update_own_profile($1)::text").with(changes, Type::JSONB)
}

pub(crate) fn second_factor_of(user_id: Uuid) -> Statement {
    Statement::new(
        "select sealed_secret, enabled, recovery_codes_left, blocked_seconds from second_factor_of($1)",
    )
    .with(user_id, Type::UUID)
}

pub(crate) fn second_factor_failed(user_id: Uuid) -> Statement {
    Statement::new("select second_factor_failed($1)::text").with(user_id, Type::UUID)
}

pub(crate) fn begin_second_factor(sealed: Vec<u8>) -> Statement {
    Statement::new("select begin_second_factor($1)::text").with(sealed, Type::BYTEA)
}

pub(crate) fn enable_second_factor(step: i64, recovery: Vec<Vec<u8>>) -> Statement {
    Statement::new("select enable_second_factor($1, $2)")
        .with(step, Type::INT8)
        .with(recovery, Type::BYTEA_ARRAY)
}

pub(crate) fn renew_recovery_codes(code: Spending, recovery: Vec<Vec<u8>>) -> Statement {
    Statement::new("select renew_recovery_codes($1, $2, $3)")
        .with(code.step, Type::INT8)
        .with(code.recovery, Type::BYTEA)
        .with(recovery, Type::BYTEA_ARRAY)
}

pub(crate) fn disable_second_factor(code: Spending) -> Statement {
    Statement::new("select disable_second_factor($1, $2)")
        .with(code.step, Type::INT8)
        .with(code.recovery, Type::BYTEA)
}

pub(crate) fn invitation_of(token: Vec<u8>) -> Statement {
    Statement::new(
        "select email, full_name, organization_id, organization_name, role_name, account_id, account_name, password_hash, \
         is_active from invitation_of($1)",
    )
    .with(token, Type::BYTEA)
}

pub(crate) fn accept_invitation(
    token: Vec<u8>,
    proven: Option<(Uuid, String)>,
    new_password_hash: Option<String>,
    new_full_name: Option<String>,
) -> Statement {
    let (user_id, hash) = proven.unzip();
    Statement::new(
        "select status, user_id, organization_id from accept_invitation($1, $2, $3, $4, $5)",
    )
    .with(token, Type::BYTEA)
    .with(user_id, Type::UUID)
    .with(hash, Type::TEXT)
    .with(new_password_hash, Type::TEXT)
    .with(new_full_name, Type::TEXT)
}

pub(crate) fn request_password_reset(email: &str) -> Statement {
    Statement::new("select request_password_reset($1)::text").with(email.to_owned(), Type::TEXT)
}

pub(crate) fn reset_subject(token: Vec<u8>) -> Statement {
    Statement::new("select email, full_name from reset_subject($1)").with(token, Type::BYTEA)
}

pub(crate) fn reset_password(token: Vec<u8>, hash: &str) -> Statement {
    Statement::new("select reset_password($1, $2)")
        .with(token, Type::BYTEA)
        .with(hash.to_owned(), Type::TEXT)
}

pub(crate) fn request_verification(user_id: Uuid) -> Statement {
    Statement::new("select request_verification($1)::text").with(user_id, Type::UUID)
}

pub(crate) fn verify_email(token: Vec<u8>) -> Statement {
    Statement::new("select verify_email($1)").with(token, Type::BYTEA)
}

/// One column, with the driver's error as ours.
pub(crate) fn column<'row, T>(row: &'row Row, name: &str) -> Result<T, kith_store::StoreError>
where
    T: kith_store::types::FromSql<'row>,
{
    Ok(row.try_get(name)?)
}
