//! Keys and slugs made from names.

/// Lower-case ASCII words of a name joined by `separator`, at most `limit` characters; `None` when the
/// name has no letter or digit that survives.
pub(crate) fn words(name: &str, separator: char, limit: usize) -> Option<String> {
    let mut out = String::new();
    let mut gap = false;
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            if gap && !out.is_empty() {
                out.push(separator);
            }
            gap = false;
            out.push(character);
        } else {
            gap = true;
        }
    }
    let cut: String = out.chars().take(limit).collect();
    let trimmed = cut.trim_end_matches(separator);
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A key such as `closed_won`: begins with a letter.
pub(crate) fn key(name: &str) -> Option<String> {
    let words = words(name, '_', 48)?;
    Some(if words.starts_with(|first: char| first.is_ascii_digit()) {
        format!("n{words}")
    } else {
        words
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!(
            words("Müller & Söhne GmbH", '-', 100).as_deref(),
            Some("m-ller-s-hne-gmbh")
        );
        assert_eq!(
            words("  Acme, Inc. ", '-', 100).as_deref(),
            Some("acme-inc")
        );
        assert_eq!(words("日本", '-', 100), None);
        assert_eq!(words("ab cd", '-', 3).as_deref(), Some("ab"));
        assert_eq!(key("2nd Stage").as_deref(), Some("n2nd_stage"));
    }
}
