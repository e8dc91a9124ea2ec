//! Codes of an authenticator (RFC 6238: SHA-1, six digits, thirty seconds, which every authenticator speaks), and the
//! recovery codes for whoever lost theirs.

use aws_lc_rs::digest;
use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;

use crate::{error::AuthError, token::random_bytes};

/// Whose codes these are, in the authenticator's list.
const ISSUER: &str = "Kith";
/// Recovery codes of a set.
pub(crate) const RECOVERY_CODES: usize = 10;
/// Crockford's: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a recovery code, five bits each.
const RECOVERY_LENGTH: usize = 16;

/// A new secret of 160 bits.
pub(crate) fn new_secret() -> Result<[u8; 20], AuthError> {
    random_bytes::<20>()
}

/// The authenticator of a secret.
pub(crate) fn authenticator(secret: &[u8], account: &str) -> Result<Totp, AuthError> {
    // A colon would end the name in the address that the authenticator reads.
    let account = account.replace(':', "-");
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
        .map_err(|error| AuthError::Internal(format!("a second factor: {error}")))
}

/// The time step whose code this is: the present one's, or that before or after it.
pub(crate) fn step_of(totp: &Totp, digits: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.as_second()).ok()?;
    totp.check(digits, seconds)
        .and_then(|step| i64::try_from(step).ok())
}

/// A code as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Six digits.
    Digits(String),
    /// What is kept of a recovery code.
    Recovery(Vec<u8>),
}

impl Code {
    /// Reads a code; blanks and hyphens are for the eye. `None` for what is neither kind.
    pub(crate) fn parse(text: &str, user: Uuid) -> Option<Code> {
        let plain: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .take(RECOVERY_LENGTH + 1)
            .map(|letter| match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        let all = |allowed: fn(u8) -> bool| plain.bytes().all(allowed);
        match plain.len() {
            6 if all(|byte| byte.is_ascii_digit()) => Some(Code::Digits(plain)),
            RECOVERY_LENGTH if all(|byte| ALPHABET.contains(&byte)) => {
                Some(Code::Recovery(recovery_hash(user, &plain)))
            }
            _ => None,
        }
    }
}

/// New recovery codes as they are shown, and what is kept of them.
pub(crate) fn recovery_codes(user: Uuid) -> Result<(Vec<String>, Vec<Vec<u8>>), AuthError> {
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    let mut kept = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let letters: Vec<char> = random_bytes::<RECOVERY_LENGTH>()?
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|byte| char::from(*byte))
            .collect();
        kept.push(recovery_hash(user, &letters.iter().collect::<String>()));
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        shown.push(groups.join("-"));
    }
    Ok((shown, kept))
}

/// A plain hash is enough for 80 random bits; the user makes it one of theirs alone.
fn recovery_hash(user: Uuid, code: &str) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(user.as_bytes());
    context.update(code.as_bytes());
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let totp = authenticator(b"12345678901234567890", "ada@example.com").unwrap();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step_of(&totp, code, at(seconds)), Some(seconds / 30));
            // Clocks differ by a little, not by more.
            assert!(step_of(&totp, code, at(seconds + 30)).is_some());
            assert!(step_of(&totp, code, at(seconds - 30)).is_some());
            assert_eq!(step_of(&totp, code, at(seconds + 90)), None);
            assert_eq!(step_of(&totp, code, at(seconds - 90)), None);
        }
    }

    #[test]
    fn the_address_for_the_authenticator_names_us_and_the_account() {
        let totp = authenticator(b"12345678901234567890", "a:b@example.com").unwrap();
        let uri = totp.to_url().unwrap();
        assert!(
            uri.starts_with(
                "otpauth://totp/Kith:a-b%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            ),
            "{uri}"
        );
        assert!(uri.contains("issuer=Kith"), "{uri}");
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (shown, kept) = recovery_codes(ada).unwrap();
        assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), RECOVERY_CODES);
        for (code, hash) in shown.iter().zip(&kept) {
            assert_eq!(code.len(), 19, "{code}");
            for typed in [
                code.clone(),
                code.to_uppercase(),
                code.replace('-', " "),
                code.replace('0', "O").replace('1', "l"),
            ] {
                assert_eq!(
                    Code::parse(&typed, ada),
                    Some(Code::Recovery(hash.clone())),
                    "{typed}"
                );
            }
            assert_ne!(Code::parse(code, bob), Some(Code::Recovery(hash.clone())));
        }
        assert_eq!(
            Code::parse(" 123 456 ", ada),
            Some(Code::Digits("123456".to_owned()))
        );
        for bad in [
            "",
            "12345",
            "1234567",
            "abcdef",
            "uuuu-uuuu-uuuu-uuuu",
            &"1".repeat(10_000),
            "１２３４５６",
        ] {
            assert_eq!(Code::parse(bad, ada), None, "{bad}");
        }
    }
}
