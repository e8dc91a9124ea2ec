//! API keys: `kith_` and 256 random bits in base 62. Only a hash is stored, and a beginning by which people tell keys
//! apart.

use std::fmt;

use aws_lc_rs::digest;

use crate::{error::AuthError, token::random_bytes};

/// What every key begins with, so that one in a wrong place is recognised.
const MARK: &str = "kith_";
/// Characters of 256 bits in base 62.
const LENGTH: usize = 43;
/// Characters behind the mark that are shown.
const SHOWN: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new one.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the system has no randomness to give.
    pub fn generate() -> Result<ApiKey, AuthError> {
        Ok(ApiKey(format!("{MARK}{}", base62(random_bytes::<32>()?))))
    }

    /// Whether a text means to be a key.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(MARK)
    }

    /// Reads what a client sent; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<ApiKey> {
        let rest = text.strip_prefix(MARK)?;
        let plausible =
            rest.len() == LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plausible.then(|| ApiKey(text.to_owned()))
    }

    /// What the holder keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The beginning that is shown.
    pub fn prefix(&self) -> &str {
        self.0.get(..MARK.len() + SHOWN).unwrap_or_default()
    }

    /// What the database keeps. A plain hash is enough for 256 random bits.
    pub fn hash(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let hash = digest::digest(&digest::SHA256, self.0.as_bytes());
        for (place, byte) in bytes.iter_mut().zip(hash.as_ref()) {
            *place = *byte;
        }
        bytes
    }
}

/// Never the key itself.
impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// The number that the bytes are, in base 62, of one length whatever it is.
fn base62(mut number: [u8; 32]) -> String {
    let mut letters = Vec::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        let letter = usize::try_from(rest)
            .ok()
            .and_then(|rest| ALPHABET.get(rest));
        letters.push(char::from(letter.copied().unwrap_or(b'0')));
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_base_62() {
        assert_eq!(base62([0; 32]), "0".repeat(43));
        let mut one = [0; 32];
        one[31] = 61;
        assert_eq!(base62(one), format!("{}z", "0".repeat(42)));
        one[31] = 62;
        assert_eq!(base62(one), format!("{}10", "0".repeat(41)));
        // 2²⁵⁶ - 1, by any calculator with long numbers.
        assert_eq!(
            base62([255; 32]),
            "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"
        );
    }

    #[test]
    fn keys_are_recognised_and_not_shown() {
        let key = ApiKey::generate().unwrap();
        assert_eq!(key.as_str().len(), 48);
        assert_eq!(ApiKey::parse(key.as_str()), Some(key.clone()));
        assert_eq!(key.prefix().len(), 11);
        assert!(key.as_str().starts_with(key.prefix()));
        assert!(!format!("{key:?}").contains(&key.as_str()[5..]));
        assert_ne!(key, ApiKey::generate().unwrap());
        for bad in [
            "",
            "kith_",
            "kith_é",
            &"x".repeat(48),
            &format!("{}-", &key.as_str()[..47]),
            &format!("{}0", key.as_str()),
        ] {
            assert_eq!(ApiKey::parse(bad), None, "{bad}");
        }
    }
}
