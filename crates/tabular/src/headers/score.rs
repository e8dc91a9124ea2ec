//! How well a column fits a field.

use super::content::Profile;
use super::words::Name;
use super::{Target, TargetKind};

/// A column, prepared for comparison.
pub(super) struct Column {
    name: Name,
    joined: String,
    profile: Profile,
}

impl Column {
    pub(super) fn new(header: &str, profile: Profile) -> Self {
        let name = Name::new(header);
        let joined = name.joined();
        Self {
            name,
            joined,
            profile,
        }
    }
}

/// A field, prepared for comparison.
pub(super) struct Wanted<'a> {
    target: &'a Target<'a>,
    /// Name and label, and as references also without "id".
    own: Vec<(Name, String)>,
    aliases: Vec<(Name, String)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(target: &'a Target<'a>) -> Self {
        let prepare = |text: &str| {
            let name = Name::new(text);
            let joined = name.joined();
            (name, joined)
        };
        let mut own = vec![prepare(target.name), prepare(target.label)];
        if target.kind == TargetKind::Reference
            && let Some(base) = target.name.strip_suffix("_id")
        {
            own.push(prepare(base));
        }
        own.retain(|(_, joined)| !joined.is_empty());
        let aliases = target.aliases.iter().map(|alias| prepare(alias)).collect();
        Self {
            target,
            own,
            aliases,
        }
    }
}

/// From 0 to 1.
pub(super) fn score(column: &Column, wanted: &Wanted<'_>) -> f32 {
    if column.joined.is_empty() {
        return by_content(column, wanted);
    }
    let mut best = 0.0_f32;
    for (name, joined) in &wanted.own {
        let exact = if *joined == column.joined { 1.0 } else { 0.0 };
        best = best
            .max(exact)
            .max(by_words(column, name, joined, wanted.target.kind));
    }
    for (name, joined) in &wanted.aliases {
        let exact = if *joined == column.joined { 0.98 } else { 0.0 };
        let near = by_words(column, name, joined, wanted.target.kind);
        // An alias that is merely similar is weaker than the field's own name.
        best = best.max(exact).max(near * 0.97);
    }
    weigh_content(best, column, wanted).max(by_content(column, wanted))
}

/// Compares the words of a column's name with those of a field.
fn by_words(column: &Column, name: &Name, joined: &str, kind: TargetKind) -> f32 {
    let (mine, theirs) = (&column.name.concepts, &name.concepts);
    if mine == theirs {
        return 0.92;
    }
    // "Company name" and "Company ID" both name a company.
    if kind == TargetKind::Reference {
        let bare = |words: &[String]| -> Vec<String> {
            words
                .iter()
                .filter(|word| !matches!(word.as_str(), "id" | "name" | "domain"))
                .cloned()
                .collect()
        };
        let (mine, theirs) = (bare(mine), bare(theirs));
        if !mine.is_empty() && mine == theirs {
            // Names find records more often than identifiers of other systems.
            return if column.name.concepts.iter().any(|word| word == "name") {
                0.88
            } else {
                0.8
            };
        }
    }
    let common = mine.iter().filter(|word| theirs.contains(word)).count();
    let all = mine.len() + theirs.len().saturating_sub(common);
    let mut best = 0.0_f32;
    if common > 0 && common == mine.len() && common == theirs.len() {
        best = 0.88;
    } else if common > 0 {
        let ratio = ratio(common, all);
        // "Deal - Title" holds all that "Title" asks for, and ends with it;
        // "Title of nobility" does not end with it.
        let contained = common == theirs.len();
        let ends = mine.last() == theirs.last();
        let numbered = mine
            .iter()
            .any(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        best = match (contained, ends) {
            (true, true) => 0.52 + 0.3 * ratio,
            (true, false) if numbered => 0.52 + 0.3 * ratio,
            (true, false) => 0.4 + 0.3 * ratio,
            (false, _) => 0.7 * ratio,
        };
    }
    // Spelling mistakes and abbreviations. Short words are too easily similar.
    if joined.chars().count() >= 5 && column.joined.chars().count() >= 5 {
        let likeness = to_f32(strsim::jaro_winkler(&column.joined, joined));
        if likeness > 0.9 {
            best = best.max(0.6 + (likeness - 0.9) * 2.0);
        }
    }
    best
}

/// Raises or lowers a score by what the values look like.
fn weigh_content(score: f32, column: &Column, wanted: &Wanted<'_>) -> f32 {
    let Some(share) = wanted.target.kind_share(column) else {
        return score;
    };
    if share >= 0.8 {
        (score * 1.05).min(1.0)
    } else if share < 0.2 {
        // Values that cannot be read would all be errors.
        score * 0.55
    } else {
        score
    }
}

/// A column of unmistakable values under a name that says nothing.
fn by_content(column: &Column, wanted: &Wanted<'_>) -> f32 {
    let plain = wanted.target.kind_share(column);
    match wanted.target.kind {
        TargetKind::Email if plain.is_some_and(|share| share >= 0.8) => {
            // Addresses of others ("owner e-mail") are not this record's.
            let other = column.name.concepts.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "owner" | "manager" | "company" | "contact" | "id"
                )
            });
            if other { 0.0 } else { 0.55 }
        }
        TargetKind::Url if plain.is_some_and(|share| share >= 0.9) => 0.5,
        _ => 0.0,
    }
}

impl Target<'_> {
    fn kind_share(&self, column: &Column) -> Option<f32> {
        if column.profile.values == 0 {
            None
        } else {
            column.profile.share(self.kind)
        }
    }
}

fn ratio(part: usize, whole: usize) -> f32 {
    let part = f32::from(u16::try_from(part).unwrap_or(u16::MAX));
    let whole = f32::from(u16::try_from(whole).unwrap_or(u16::MAX));
    part / whole.max(1.0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a likeness between 0 and 1"
)]
fn to_f32(value: f64) -> f32 {
    value as f32
}
