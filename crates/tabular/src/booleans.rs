//! Yes and no as people write them.

use crate::keys::fold;

const YES: &str = "true t yes y 1 1.0 x on checked enabled active ✓ ✔ ☑ wahr ja j oui o vrai si s verdadero \
     sim verdadeiro vero waar";
const NO: &str = "false f no n 0 0.0 off unchecked disabled inactive ✗ ✘ ☐ - falsch nein non faux falso \
     nao nee onwaar";

/// Text that is neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is neither yes nor no; write true or false")]
pub struct NotABoolean {
    /// The text, at most 60 characters of it.
    pub text: String,
}

/// Reads true/false, yes/no, 1/0, x, on/off and their German, French, Spanish,
/// Dutch, Italian and Portuguese words, in any case.
///
/// # Errors
/// For anything else, blank text included: whether blank means no or unknown
/// is for the caller to say.
pub fn parse(text: &str) -> Result<bool, NotABoolean> {
    let word = fold(text.trim());
    if YES.split(' ').any(|known| known == word) {
        Ok(true)
    } else if NO.split(' ').any(|known| known == word) {
        Ok(false)
    } else {
        Err(NotABoolean {
            text: text.trim().chars().take(60).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn words_of_several_languages() {
        for yes in [
            "true", "TRUE", "Yes", "y", "1", "x", "X", "on", "ja", "Oui", "Sí", "si", "WAHR",
            " vrai ",
        ] {
            assert_eq!(parse(yes), Ok(true), "{yes}");
        }
        for no in [
            "false", "No", "n", "0", "off", "Nein", "non", "FALSCH", "nee", "não",
        ] {
            assert_eq!(parse(no), Ok(false), "{no}");
        }
        for neither in ["", "maybe", "2", "yes please", "null"] {
            assert!(parse(neither).is_err(), "{neither}");
        }
    }
}
