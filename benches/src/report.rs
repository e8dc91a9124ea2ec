//! The table and the file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};

/// One line of the table.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) figure: String,
    /// Empty for what is only told.
    pub(crate) bar: &'static str,
    pub(crate) met: Option<bool>,
    /// The figures behind it, for the file.
    pub(crate) details: Json,
}

impl Line {
    fn verdict(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        }
    }
}

/// The table as Markdown, its columns aligned.
pub(crate) fn table(lines: &[Line]) -> String {
    let mut rows = vec![["measurement", "figure", "bar", ""].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        [
            line.name.clone(),
            line.figure.clone(),
            line.bar.to_owned(),
            line.verdict().to_owned(),
        ]
    }));
    let mut widths = [0_usize; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if index == 0 {
            for width in widths {
                let _ = write!(text, "|{:-<1$}", "", width + 2);
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Writes the file: everything that was measured, about which machine, with which options.
pub(crate) fn write(path: &Path, about: &Json, lines: &[Line]) -> Result<()> {
    let measurements: Vec<Json> = lines
        .iter()
        .map(|line| {
            json!({
                "name": line.name, "figure": line.figure, "bar": line.bar, "met": line.met, "details": line.details,
            })
        })
        .collect();
    let document = json!({"about": about, "measurements": measurements});
    std::fs::write(path, format!("{document:#}\n"))
        .with_context(|| format!("writing {}", path.display()))
}

/// Writes a line for whoever typed the command.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_says_what_was_missed() {
        let line = |met| Line {
            name: "read".to_owned(),
            figure: "1 ms".to_owned(),
            bar: "under 2 ms",
            met,
            details: Json::Null,
        };
        let text = table(&[line(Some(true)), line(Some(false)), line(None)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()));
        assert!(lines[2].ends_with("| met    |") && lines[3].ends_with("| MISSED |"));
    }
}
