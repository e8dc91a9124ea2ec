//! Passwords: Argon2id, and which ones are refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use kith_catalogue::Fault;
use tokio::sync::Semaphore;

use crate::{error::AuthError, token::random_bytes};

/// In characters. NIST SP 800-63B asks for length and for no rules about kinds of characters.
pub const SHORTEST: usize = 10;
/// In characters. Bounds the work of hashing.
pub const LONGEST: usize = 200;

/// Memory in KiB, passes, lanes: OWASP's choice of 2024, about 30 ms.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const COMMON: &str = include_str!("common_passwords.txt");

/// Hashes and verifies passwords, as many at a time as there are cores, away from the threads that
/// serve requests. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    cores: Arc<Semaphore>,
    /// A hash that no password matches, for accounts that do not exist.
    nobody: Arc<str>,
    verified_for_nobody: Arc<AtomicU64>,
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is another.
    Wrong,
    /// The password is right.
    Right,
    /// The password is right, and its hash was made with other parameters than today's.
    RightButOutdated,
}

impl Passwords {
    /// Takes one hash's time.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the system has no randomness to give.
    pub fn new() -> Result<Passwords, AuthError> {
        let params = Params::new(MEMORY, PASSES, LANES, None).map_err(internal)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash_now(&argon, &random_bytes::<32>()?)?;
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Passwords {
            argon,
            cores: Arc::new(Semaphore::new(cores)),
            nobody: nobody.into(),
            verified_for_nobody: Arc::default(),
        })
    }

    /// The hash of a password as a PHC string.
    ///
    /// # Errors
    /// [`AuthError::Internal`].
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let (argon, password) = (self.argon.clone(), password.to_owned());
        self.work(move || hash_now(&argon, password.as_bytes()))
            .await
    }

    /// Compares a password with a stored hash.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the hash is none.
    pub async fn verify(&self, password: &str, hash: &str) -> Result<Verdict, AuthError> {
        let (argon, password, hash) = (self.argon.clone(), password.to_owned(), hash.to_owned());
        self.work(move || verify_now(&argon, password.as_bytes(), &hash))
            .await
    }

    /// Does the same work for an account that does not exist or has no password, so that the time an
    /// answer takes does not tell.
    ///
    /// # Errors
    /// [`AuthError::Internal`].
    pub async fn verify_for_nobody(&self, password: &str) -> Result<(), AuthError> {
        self.verified_for_nobody.fetch_add(1, Ordering::Relaxed);
        self.verify(password, &self.nobody).await.map(drop)
    }

    /// How often [`Passwords::verify_for_nobody`] ran.
    pub fn verified_for_nobody(&self) -> u64 {
        self.verified_for_nobody.load(Ordering::Relaxed)
    }

    /// The permit goes along: a caller who leaves does not free a core that is still at work.
    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let permit = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(internal)?;
        tokio::task::spawn_blocking(move || {
            let result = job();
            drop(permit);
            result
        })
        .await
        .map_err(internal)?
    }
}

/// A new password that can be read out and typed: six groups of two syllables, 72 random bits.
///
/// # Errors
/// [`AuthError::Internal`] when the system has no randomness to give.
pub fn generate() -> Result<String, AuthError> {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aeiu";
    let letter = |from: &[u8], byte: u8| {
        let index = usize::from(byte) % from.len();
        from.get(index).copied().map_or('a', char::from)
    };
    let bytes = crate::token::random_bytes::<12>()?;
    let mut password = String::with_capacity(29);
    for (place, byte) in bytes.into_iter().enumerate() {
        if place > 0 && place % 2 == 0 {
            password.push('-');
        }
        password.push(letter(CONSONANTS, byte));
        password.push(letter(VOWELS, byte >> 4));
    }
    Ok(password)
}

/// What is wrong with a new password; `personal` are the person's address and names, which it must not be.
pub fn faults(field: &str, password: &str, personal: &[&str]) -> Vec<Fault> {
    let fault =
        |code: &'static str, message: String| vec![Fault::new(code, message).at(field.to_owned())];
    let length = password.chars().count();
    if length < SHORTEST {
        return fault(
            "too_short",
            format!("must have at least {SHORTEST} characters; a few words in a row work well"),
        );
    }
    if length > LONGEST {
        return fault(
            "too_long",
            format!("must have at most {LONGEST} characters"),
        );
    }
    if is_personal(password, personal) {
        return fault(
            "personal",
            "must not be your name or address; choose something nobody can look up".to_owned(),
        );
    }
    if is_common(password) {
        return fault(
            "too_common",
            "is among the first that an attacker tries; choose another".to_owned(),
        );
    }
    Vec::new()
}

fn is_personal(password: &str, personal: &[&str]) -> bool {
    let core = letters(password);
    personal.iter().any(|text| {
        let local = text.split('@').next().unwrap_or(text);
        [*text, local].iter().any(|text| {
            let known = letters(text);
            known.chars().count() >= 3
                && (core == known || password.to_lowercase() == text.to_lowercase())
        })
    })
}

/// Equal to a common password, or to a common word with digits and signs around it, or without variety.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let bare = letters(&lower);
    // p@ssw0rd2024!: signs within stand for letters, those around are decoration.
    let word: String = lower
        .trim_matches(|letter: char| !letter.is_alphabetic())
        .chars()
        .map(plain_letter)
        .collect();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() <= 2 || is_run(&lower) {
        return true;
    }
    // A passphrase that merely begins with a common word is fine: the whole must be one.
    COMMON
        .lines()
        .any(|common| common == lower || common == bare || common == word)
}

/// Each character follows the one before, as in 1234567890 or abcdefghij, or goes backwards.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text
        .chars()
        .map(|letter| i64::from(u32::from(letter)))
        .collect();
    let steps = |wanted: &[i64]| {
        codes
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if wanted.contains(&(b - a))))
    };
    // -9: from 9 on to 0.
    steps(&[1, -9]) || steps(&[-1, 9])
}

/// The letters alone, in lower case.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What stands for a letter, as in p@ssw0rd.
fn plain_letter(letter: char) -> char {
    match letter {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        other => other,
    }
}

fn hash_now(argon: &Argon2<'_>, password: &[u8]) -> Result<String, AuthError> {
    Ok(argon.hash_password(password).map_err(internal)?.to_string())
}

fn verify_now(argon: &Argon2<'_>, password: &[u8], hash: &str) -> Result<Verdict, AuthError> {
    let parsed = PasswordHash::new(hash).map_err(internal)?;
    // The parameters of the hash count, not those of `argon`.
    if argon.verify_password(password, &parsed).is_err() {
        return Ok(Verdict::Wrong);
    }
    let same = parsed.algorithm == Algorithm::Argon2id.ident()
        && Params::try_from(&parsed).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES)
        });
    Ok(if same {
        Verdict::Right
    } else {
        Verdict::RightButOutdated
    })
}

fn internal(error: impl std::fmt::Display) -> AuthError {
    AuthError::Internal(format!("hashing a password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> Option<String> {
        faults(
            "password",
            password,
            &["ada.lovelace@example.com", "Ada Lovelace"],
        )
        .first()
        .map(|fault| fault.code.to_string())
    }

    #[test]
    fn rules() {
        for (password, expected) in [
            ("correct horse battery", None),
            ("password is my least favourite word", None),
            ("Übergrößenträger", None),
            ("ninechars", Some("too_short")),
            ("ada.lovelace@example.com", Some("personal")),
            ("AdaLovelace1815", Some("personal")),
            ("password123", Some("too_common")),
            ("P@ssw0rd2024!", Some("too_common")),
            ("1q2w3e4r5t", Some("too_common")),
            ("1234567890", Some("too_common")),
            ("0987654321", Some("too_common")),
            ("abcdefghijkl", Some("too_common")),
            ("aaaaaaaaaaaaaa", Some("too_common")),
        ] {
            assert_eq!(code(password).as_deref(), expected, "{password}");
        }
        assert_eq!(code(&"xyz ".repeat(51)).as_deref(), Some("too_long"));
    }

    #[test]
    fn the_list_is_in_lower_case_and_without_blanks() {
        for line in COMMON.lines() {
            assert_eq!(line, line.trim().to_lowercase());
            assert!(!line.is_empty());
        }
    }

    #[tokio::test]
    async fn hashes_verify_and_old_parameters_show() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse battery").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let verdict = |password: &'static str, hash: String| {
            let passwords = passwords.clone();
            async move { passwords.verify(password, &hash).await.unwrap() }
        };
        assert_eq!(
            verdict("correct horse battery", hash.clone()).await,
            Verdict::Right
        );
        assert_eq!(verdict("correct horse batterY", hash).await, Verdict::Wrong);
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let old = hash_now(&weak, b"correct horse battery").unwrap();
        assert_eq!(
            verdict("correct horse battery", old).await,
            Verdict::RightButOutdated
        );
        passwords
            .verify_for_nobody("anything at all")
            .await
            .unwrap();
        assert_eq!(passwords.verified_for_nobody(), 1);
    }

    #[test]
    fn generated_passwords_are_good_ones() {
        let one = generate().unwrap();
        assert_eq!(one.len(), 29);
        assert!(faults("password", &one, &[]).is_empty());
        assert_ne!(one, generate().unwrap());
    }
}
