//! Keys by which a name in a file finds its record.
//!
//! People write the same name in many ways: "GTX Pro", "gtx  pro", `GTXPro`,
//! "Müller & Söhne" with a composed or a decomposed ü. Two keys serve two
//! steps of a look-up: first by [`normalise_key`], which only unites spellings
//! that nobody would tell apart, and then, when exactly one record has it, by
//! [`loose_key`].

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The strict key: compatibility forms united (NFKC), lower case, apostrophes
/// and full stops dropped, other punctuation taken for a space, runs of white
/// space made one space and trimmed.
///
/// "  ACME,  Inc. " and "acme inc" share a key; "Müller" and "Muller", or
/// "GTX Pro" and `GTXPro`, do not. A name of nothing but punctuation keeps it,
/// so that no name has an empty key unless it is blank. Idempotent.
pub fn normalise_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut gap = false;
    for character in name.nfkc().flat_map(char::to_lowercase).nfkc() {
        if is_dropped(character) {
            continue;
        }
        if character.is_alphanumeric() || is_combining_mark(character) || is_symbol(character) {
            if gap && !key.is_empty() {
                key.push(' ');
            }
            gap = false;
            key.push(character);
        } else {
            gap = true;
        }
    }
    if key.is_empty() {
        return name.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    // What was dropped may have stood between two marks, which then have an order of their own.
    key.nfkc().collect()
}

/// The loose key: [`normalise_key`] without spaces and diacritics, "ß" as
/// "ss", "æ" as "ae", "ø" as "o". "GTX Pro", `GTXPro` and "gtx-pro" share it,
/// so do "Muller" and "Müller". More than one record may share a loose key, so
/// use it only when it finds exactly one.
pub fn loose_key(name: &str) -> String {
    fold(&normalise_key(name))
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}

/// Lower case without diacritics, for comparing words of European languages.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd().flat_map(char::to_lowercase) {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'þ' => folded.push_str("th"),
            // Only the marks of European scripts: an Indic vowel or a Japanese
            // voicing is a letter, not an ornament.
            '\u{300}'..='\u{36f}' => {}
            _ => folded.push(character),
        }
    }
    folded
}

/// Characters that stand inside a word without parting it.
fn is_dropped(character: char) -> bool {
    matches!(
        character,
        '.' | '\'' | '’' | '‘' | '`' | '´' | '\u{ad}' | '\u{200b}'
            ..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Characters that tell names apart: "C", "C++" and "C#" are three products.
fn is_symbol(character: char) -> bool {
    matches!(character, '+' | '#' | '%' | '€' | '$' | '£' | '°')
}

#[cfg(test)]
mod tests {
    use super::{loose_key, normalise_key};

    #[test]
    fn a_mark_dropped_between_two_others_leaves_them_in_order() {
        let key = normalise_key("\u{ffe3}`\u{316}");
        assert_eq!(normalise_key(&key), key);
    }

    #[test]
    fn spellings_nobody_tells_apart_share_a_key() {
        for spelling in [
            "ACME, Inc.",
            " acme   inc ",
            "Acme\u{a0}Inc",
            "ＡＣＭＥ Inc",
            "A.C.M.E. Inc",
        ] {
            assert_eq!(normalise_key(spelling), "acme inc", "{spelling:?}");
        }
        assert_eq!(normalise_key("Mu\u{308}ller"), normalise_key("Müller"));
        assert_eq!(normalise_key("O’Neill"), normalise_key("O'Neill"));
    }

    #[test]
    fn different_names_keep_different_keys() {
        assert_ne!(normalise_key("GTX Pro"), normalise_key("GTXPro"));
        assert_ne!(normalise_key("Müller"), normalise_key("Muller"));
        assert_ne!(normalise_key("C++"), normalise_key("C#"));
        assert_ne!(normalise_key("GTX Plus Pro"), normalise_key("GTX Pro"));
        assert_eq!(normalise_key("???"), "???");
        assert_eq!(normalise_key(" \t"), "");
    }

    #[test]
    fn the_loose_key_unites_spaces_and_diacritics() {
        assert_eq!(loose_key("GTXPro"), loose_key("GTX Pro"));
        assert_eq!(loose_key("Ron-tech"), loose_key("Rontech"));
        assert_eq!(loose_key("Müller"), loose_key("MULLER"));
        assert_eq!(loose_key("Strauß"), loose_key("STRAUSS"));
        assert_eq!(loose_key("Ørsted"), loose_key("Orsted"));
        assert_ne!(loose_key("GTX Plus Pro"), loose_key("GTX Pro"));
        assert_ne!(loose_key("ガス"), loose_key("カス"));
    }
}
