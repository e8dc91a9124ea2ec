//! Text that a spreadsheet would take for a formula, made harmless and made whole again.
//!
//! A program that opens a CSV file runs a cell that begins with `=`. An apostrophe in front makes it text, as it
//! does when people type it. Text that begins with such an apostrophe by itself gets another one, so that every
//! text comes back exactly.

use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards included.
const BEGINNINGS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text as a cell that no spreadsheet runs.
pub fn neutralised(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether the text would be run, or is a text of that kind with apostrophes in front.
pub fn is_formula(text: &str) -> bool {
    // Nearly every text ends the question at its first byte.
    match text.as_bytes().first() {
        Some(b'\'' | b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | 0x80..) => {
            text.trim_start_matches('\'').starts_with(BEGINNINGS)
        }
        None | Some(_) => false,
    }
}

/// The text that a cell of a file stands for: the opposite of [`neutralised`].
pub fn restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_formula, neutralised, restored};
    use proptest::prelude::*;

    #[test]
    fn formulas_become_text() {
        for formula in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "＝1",
        ] {
            assert_eq!(neutralised(formula), format!("'{formula}"));
        }
        for harmless in ["", "Acme", "'tis", "O'Neill", "a=b", "1-2", "é"] {
            assert_eq!(neutralised(harmless), harmless);
            assert_eq!(restored(harmless), harmless);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "['=+@\\-\t\ra-c＝ ]{0,8}|\\PC*") {
            let cell = neutralised(&text);
            prop_assert_eq!(restored(&cell), text.as_str());
            prop_assert!(!is_formula(&cell) || cell.starts_with('\''));
        }
    }
}
