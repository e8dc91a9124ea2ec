//! What a file is, as its content says. What its sender or its name says is not believed.

/// Bytes at the beginning of a file that are looked at.
pub const SNIFFED: usize = 8192;

/// What a browser would run rather than show.
const ACTIVE: [&str; 6] = [
    "text/html",
    "image/svg+xml",
    "application/xhtml+xml",
    "text/xml",
    "application/javascript",
    "application/x-shockwave-flash",
];

/// The media type of a file that begins like this.
pub fn sniff(beginning: &[u8]) -> &'static str {
    // Markup first: it hides behind white space, byte order marks and comments, and browsers look for it hard.
    if let Some(markup) = markup(beginning) {
        return markup;
    }
    if let Some(known) = infer::get(beginning) {
        return known.mime_type();
    }
    if is_text(beginning) {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

/// Whether a browser would run content of this type.
pub fn is_active(mime_type: &str) -> bool {
    ACTIVE.contains(&mime_type)
}

fn markup(beginning: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let text =
        text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    if !text.starts_with('<') {
        return None;
    }
    let has = |tag: &str| text.contains(tag);
    if has("<svg") {
        Some("image/svg+xml")
    } else if [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<title",
        "<style",
        "<table",
        "<img",
        "<div",
        "<h1",
        "<p>",
        "<a ",
        "<br",
        "<b>",
        "<font",
    ]
    .into_iter()
    .any(has)
    {
        Some("text/html")
    } else if text.starts_with("<?xml") || text.starts_with("<!--") || text.starts_with("<!doctype")
    {
        Some("text/xml")
    } else {
        None
    }
}

/// UTF-8 without control characters; a character cut in two at the end is forgiven.
fn is_text(beginning: &[u8]) -> bool {
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => beginning
            .get(..error.valid_up_to())
            .and_then(|part| std::str::from_utf8(part).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !text.is_empty()
        && text
            .chars()
            .all(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_says_what_it_is() {
        for (content, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"plain words\n", "text/plain"),
            ("h\u{e4}\u{df}lich".as_bytes(), "text/plain"),
            (b"\0\x01\x02\x03", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(sniff(content), expected, "{content:?}");
        }
    }

    #[test]
    fn what_a_browser_would_run_is_known_however_it_hides() {
        for hostile in [
            "<script>alert(1)</script>",
            "\u{feff}  \n<!-- a comment --><HTML><body onload=alert(1)>",
            "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
            "<svg/onload=alert(1)>",
            "<!DOCTYPE html>",
        ] {
            assert!(is_active(sniff(hostile.as_bytes())), "{hostile}");
        }
        assert!(!is_active("application/pdf"));
    }
}
