//! Names of columns: made unique, understood where a known product wrote them, and mapped to fields.

mod assignment;
mod content;
mod products;
mod score;
mod thesaurus;
mod words;

pub use products::{Product, translate};

use score::{Column, Wanted};

/// The least confidence with which a mapping is proposed.
const THRESHOLD: f32 = 0.5;
/// Longest name of a column kept, in characters.
const MAX_NAME: usize = 200;

/// A field that a column may be mapped to, as the caller describes it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Name of the field in the interface: `company_id`.
    pub name: &'a str,
    /// Label that people see: "Company".
    pub label: &'a str,
    /// Further names of this field of this entity: for the name of a company
    /// "account", "company name", "organization - name". General synonyms
    /// ("mobile" and "cell phone") are known here already.
    pub aliases: &'a [&'a str],
    /// What its values look like.
    pub kind: TargetKind,
}

/// What the values of a field look like, as far as it can be told from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// Anything.
    Text,
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Web addresses or domain names.
    Url,
    /// Numbers, amounts of money, percentages.
    Number,
    /// Yes and no.
    Boolean,
    /// Dates and times.
    Date,
    /// Names or identifiers of other records. "Company", "Company name" and
    /// "Company ID" all mean a reference to a company.
    Reference,
    /// Identifiers of the record itself, here or in another system.
    Identifier,
}

/// The field proposed for one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// [`Target::name`]; `None` when nothing fits.
    pub target: Option<String>,
    /// From 0.5 (a guess) to 1 (the same name); 0 without a target.
    pub confidence: f32,
}

/// Proposes a field for each header, in the order of the headers. No field is
/// proposed twice.
///
/// What counts, from strong to weak: the same name but for case, punctuation,
/// `camelCase` and diacritics; an alias; the same words after synonyms have been
/// united, in seven languages; words in common; similar spelling. `samples`
/// are rows (the first 20 are enough); values that look like the kind of a
/// field raise, and values that cannot be of it lower the confidence, and a
/// column of e-mail addresses is recognised under any name.
pub fn suggest(
    headers: &[String],
    samples: &[Vec<String>],
    targets: &[Target<'_>],
) -> Vec<Suggestion> {
    let columns: Vec<Column> = headers
        .iter()
        .enumerate()
        .map(|(index, header)| {
            let values = samples
                .iter()
                .filter_map(|row| row.get(index))
                .map(String::as_str);
            Column::new(header, content::Profile::of(values))
        })
        .collect();
    let wanted: Vec<Wanted<'_>> = targets.iter().map(Wanted::new).collect();
    let mut candidates = Vec::new();
    for (header, column) in columns.iter().enumerate() {
        for (target, wanted) in wanted.iter().enumerate() {
            let score = score::score(column, wanted);
            if score >= THRESHOLD {
                candidates.push(assignment::Candidate {
                    header,
                    target,
                    score,
                });
            }
        }
    }
    let chosen = assignment::assign(candidates);
    (0..headers.len())
        .map(|header| {
            let best = chosen.get(&header);
            let target = best.and_then(|(target, _)| targets.get(*target));
            Suggestion {
                target: target.map(|target| target.name.to_owned()),
                confidence: best.map_or(0.0, |(_, score)| *score),
            }
        })
        .collect()
}

/// Names for `width` columns of a header row: white space tidied, empty ones
/// "Column 3", repeated ones "Name (2)".
pub(crate) fn unique_names(header: Vec<String>, width: usize) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let padding = std::iter::repeat_n(String::new(), width.saturating_sub(header.len()));
    (1..)
        .zip(header.into_iter().chain(padding))
        .map(|(number, name): (usize, String)| {
            let tidy = tidy(&name);
            let base = if tidy.is_empty() {
                format!("Column {number}")
            } else {
                tidy
            };
            let mut unique = base.clone();
            let mut copy = 2_usize;
            while !taken.insert(unique.clone()) {
                unique = format!("{base} ({copy})");
                copy += 1;
            }
            unique
        })
        .collect()
}

fn tidy(name: &str) -> String {
    let visible: String = name
        .chars()
        .filter(|character| !matches!(character, '\u{feff}' | '\u{200b}' | '\0'))
        .collect();
    let mut tidy = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = tidy.char_indices().nth(MAX_NAME) {
        tidy.truncate(end);
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::unique_names;

    #[test]
    fn names_are_unique_and_never_empty() {
        let header = [
            "\u{feff} Name ",
            "",
            "Name",
            "Name (2)",
            "a\nb",
            "Column 2",
            "Name",
        ];
        let names = unique_names(header.map(str::to_owned).to_vec(), 8);
        let expected = [
            "Name",
            "Column 2",
            "Name (2)",
            "Name (2) (2)",
            "a b",
            "Column 2 (2)",
            "Name (3)",
            "Column 8",
        ];
        assert_eq!(names, expected);
    }
}
