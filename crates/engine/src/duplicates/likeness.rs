//! How alike two records are. Pure.

use std::collections::HashSet;

use kith_catalogue::identity::Likeness;
use serde_json::{Value as Json, json};

use super::Compared;

/// How alike names must be to count at all.
const SIMILAR: f64 = 0.6;

/// What a record is compared by: a value for each compared field, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(pub Vec<Option<String>>);

/// What two records have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    /// From 0 to 100.
    pub score: u8,
    /// The fields with their likeness and how alike they are, from 0 to 1.
    pub reasons: Vec<(&'static str, Likeness, f64)>,
}

impl Comparison {
    pub(super) fn reasons_json(&self) -> Json {
        self.reasons
            .iter()
            .map(|(field, likeness, alike)| json!({"field": field, "code": likeness.code(), "similarity": (alike * 100.0).round() / 100.0}))
            .collect()
    }

    /// Whether one of these kinds of likeness is among the reasons.
    pub(super) fn has(&self, likenesses: &[Likeness]) -> bool {
        self.reasons
            .iter()
            .any(|(_, likeness, _)| likenesses.contains(likeness))
    }
}

/// Compares two records. Numbers are compared across the fields that hold numbers, and so on.
pub(super) fn compare(fields: &[Compared], left: &Keys, right: &Keys) -> Comparison {
    let key = |keys: &'_ Keys, index: usize| keys.0.get(index).cloned().flatten();
    let mut reasons: Vec<(&'static str, Likeness, f64)> = Vec::new();
    let mut doubt = 1.0_f64;
    let mut context_doubt = 1.0_f64;
    for (index, (field, identity)) in fields.iter().enumerate() {
        let Some(mine) = key(left, index) else {
            continue;
        };
        let alike = fields
            .iter()
            .enumerate()
            .filter(|(_, (_, other))| other.likeness == identity.likeness)
            .filter(|(other, _)| identity.likeness != Likeness::Context || *other == index)
            .filter_map(|(other, _)| key(right, other))
            .map(|theirs| match identity.likeness {
                Likeness::Name => similarity(&mine, &theirs),
                _ if mine == theirs => 1.0,
                _ => 0.0,
            })
            .fold(0.0_f64, f64::max);
        if alike < SIMILAR {
            continue;
        }
        // The same number in two fields says no more than once.
        let again = reasons.iter().any(|(_, likeness, _)| {
            *likeness == identity.likeness && *likeness != Likeness::Context
        });
        if !again {
            let sure = f64::from(identity.weight) / 100.0 * alike;
            if identity.likeness == Likeness::Context {
                context_doubt *= 1.0 - sure;
            } else {
                doubt *= 1.0 - sure;
            }
        }
        reasons.push((field.name, identity.likeness, alike));
    }
    let alone = reasons
        .iter()
        .all(|(_, likeness, _)| *likeness == Likeness::Context);
    if alone {
        return Comparison {
            score: 0,
            reasons: Vec::new(),
        };
    }
    Comparison {
        score: percent(1.0 - doubt * context_doubt),
        reasons,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 100 by construction"
)]
fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// The share of three-letter pieces that two texts have in common, as `pg_trgm` counts it.
pub(super) fn similarity(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    let (left, right) = (pieces(left), pieces(right));
    let common = left.intersection(&right).count();
    let all = left.len() + right.len() - common;
    if all == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
    let share = common as f64 / all as f64;
    share
}

fn pieces(text: &str) -> HashSet<[char; 3]> {
    let mut found = HashSet::new();
    for word in text.split(|character: char| !character.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let padded: Vec<char> = "  ".chars().chain(word.chars()).chain([' ']).collect();
        for piece in padded.windows(3) {
            if let [first, second, third] = piece {
                found.insert([*first, *second, *third]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use kith_catalogue::col::{Col, col};
    use kith_catalogue::field::Field;
    use kith_catalogue::identity::Identity;
    use kith_catalogue::kind::Kind;

    const NAME: Col<String> = col("name");
    const PHONE: Col<String> = col("phone");
    const MOBILE: Col<String> = col("mobile");
    const COMPANY: Col<String> = col("company");
    static FIELDS: [Field; 4] = [
        Field::of(NAME, "Name", Kind::Text).identifies(Likeness::Name, "name", 60),
        Field::of(PHONE, "Phone", Kind::Phone).identifies(Likeness::Phone, "phone", 70),
        Field::of(MOBILE, "Mobile", Kind::Phone).identifies(Likeness::Phone, "mobile", 70),
        Field::of(COMPANY, "Company", Kind::Text).identifies(Likeness::Context, "company", 50),
    ];

    fn fields() -> Vec<(&'static Field, Identity)> {
        FIELDS
            .iter()
            .map(|field| (field, field.identity.unwrap()))
            .collect()
    }

    fn keys(values: [&str; 4]) -> Keys {
        Keys(
            values
                .iter()
                .map(|value| (!value.is_empty()).then(|| (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn names_count_by_how_alike_they_are_and_context_never_alone() {
        let compared = |left, right| compare(&fields(), &keys(left), &keys(right));
        assert_eq!(
            compared(["ada lovelace", "", "", ""], ["ada lovelace", "", "", ""]).score,
            60
        );
        let misspelt = compared(["ada lovelace", "", "", ""], ["ada lovelase", "", "", ""]);
        assert!((36..60).contains(&misspelt.score), "{misspelt:?}");
        assert_eq!(
            compared(
                ["ada lovelace", "", "", ""],
                ["charles babbage", "", "", ""]
            )
            .score,
            0
        );
        assert_eq!(compared(["", "", "", "x"], ["", "", "", "x"]).score, 0);
        assert_eq!(
            compared(["ada", "", "", "x"], ["ada", "", "", "x"]).score,
            80
        );
    }

    #[test]
    fn a_number_is_found_in_another_field_and_counts_once() {
        let compared = |left, right| compare(&fields(), &keys(left), &keys(right));
        assert_eq!(compared(["", "+1", "", ""], ["", "", "+1", ""]).score, 70);
        assert_eq!(
            compared(["", "+1", "+1", ""], ["", "+1", "+1", ""]).score,
            70
        );
    }

    #[test]
    fn likeness_is_that_of_the_database() {
        // SELECT similarity('word', 'two words')
        assert!((similarity("word", "two words") - 0.363_636).abs() < 0.001);
        assert!(similarity("", "").abs() > 0.99);
        assert!(similarity("a", "").abs() < f64::EPSILON);
    }
}
