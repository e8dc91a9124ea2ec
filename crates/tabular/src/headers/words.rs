//! The words of a name.

use super::thesaurus;
use crate::keys::fold;

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Words, folded: "primaryPhoneNo." is primary, phone, no.
    pub(super) words: Vec<String>,
    /// Words with synonyms united and words without meaning left out.
    pub(super) concepts: Vec<String>,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let words = words(text);
        let mut concepts = thesaurus::unite(&words);
        let meaningful: Vec<String> = concepts
            .iter()
            .filter(|word| !thesaurus::is_noise(word))
            .cloned()
            .collect();
        if !meaningful.is_empty() {
            concepts = meaningful;
        }
        Self { words, concepts }
    }

    /// All words without gaps: "e-mail" and "email" are one.
    pub(super) fn joined(&self) -> String {
        self.words.concat()
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous: Option<char> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !character.is_alphanumeric() {
            // "Manager's" is one word.
            if matches!(character, '\'' | '’') && !word.is_empty() {
                previous = None;
                continue;
            }
            finish(&mut word, &mut words);
            previous = None;
            continue;
        }
        if let Some(before) = previous {
            let hump = before.is_lowercase() && character.is_uppercase();
            // The last capital of "URLPath" begins the next word.
            let after_acronym = before.is_uppercase()
                && character.is_uppercase()
                && characters.peek().is_some_and(|next| next.is_lowercase());
            let digits = before.is_numeric() != character.is_numeric();
            if hump || after_acronym || digits {
                finish(&mut word, &mut words);
            }
        }
        word.push(character);
        previous = Some(character);
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(fold(word));
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, words};

    #[test]
    fn names_come_apart_at_humps_digits_and_punctuation() {
        assert_eq!(words("primaryPhoneNo."), ["primary", "phone", "no"]);
        assert_eq!(words("E-mail 1 - Value"), ["e", "mail", "1", "value"]);
        assert_eq!(words("Person - Name*"), ["person", "name"]);
        assert_eq!(words("websiteURL"), ["website", "url"]);
        assert_eq!(words("URLPath"), ["url", "path"]);
        assert_eq!(words("Manager's Name"), ["managers", "name"]);
        assert_eq!(words("Straße"), ["strasse"]);
        assert_eq!(words("Phone1"), ["phone", "1"]);
    }

    #[test]
    fn synonyms_are_one_concept() {
        let concepts = |text| Name::new(text).concepts;
        for synonym in [
            "E-mail",
            "Mail",
            "courriel",
            "Correo electrónico",
            "E-Mail-Adresse",
        ] {
            assert_eq!(concepts(synonym), ["email"], "{synonym}");
        }
        assert_eq!(concepts("Téléphone portable"), ["mobile"]);
        assert_eq!(concepts("Firma"), concepts("account"));
    }
}
