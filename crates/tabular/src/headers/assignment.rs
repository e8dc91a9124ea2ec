//! Which column gets which field, each at most once.

use std::collections::HashMap;

/// A field that a column could have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) header: usize,
    pub(super) target: usize,
    pub(super) score: f32,
}

/// Field and score for the columns that get one.
///
/// The best pairs are taken first, so that the same name always wins. Then,
/// while it helps, a column that came away empty takes a field whose holder
/// can do with another that is free.
pub(super) fn assign(mut candidates: Vec<Candidate>) -> HashMap<usize, (usize, f32)> {
    // Equal scores go to the earlier column and the earlier field.
    candidates.sort_by(|one, other| {
        other
            .score
            .total_cmp(&one.score)
            .then(one.header.cmp(&other.header))
            .then(one.target.cmp(&other.target))
    });
    let mut chosen: HashMap<usize, (usize, f32)> = HashMap::new();
    let mut holders: HashMap<usize, usize> = HashMap::new();
    for candidate in &candidates {
        if !chosen.contains_key(&candidate.header) && !holders.contains_key(&candidate.target) {
            chosen.insert(candidate.header, (candidate.target, candidate.score));
            holders.insert(candidate.target, candidate.header);
        }
    }
    let mut choices: HashMap<usize, Vec<Candidate>> = HashMap::new();
    for candidate in &candidates {
        choices
            .entry(candidate.header)
            .or_default()
            .push(*candidate);
    }
    // Each step gives one more column a field, so this ends.
    while let Some((empty, moved)) = improvement(&candidates, &choices, &chosen, &holders) {
        holders.insert(moved.target, moved.header);
        chosen.insert(moved.header, (moved.target, moved.score));
        holders.insert(empty.target, empty.header);
        chosen.insert(empty.header, (empty.target, empty.score));
    }
    chosen
}

/// A column without a field, and the move of a holder that makes room for it.
fn improvement(
    candidates: &[Candidate],
    choices: &HashMap<usize, Vec<Candidate>>,
    chosen: &HashMap<usize, (usize, f32)>,
    holders: &HashMap<usize, usize>,
) -> Option<(Candidate, Candidate)> {
    let empty = candidates
        .iter()
        .filter(|candidate| !chosen.contains_key(&candidate.header));
    for wish in empty {
        let Some(holder) = holders.get(&wish.target) else {
            continue;
        };
        let Some((_, held)) = chosen.get(holder) else {
            continue;
        };
        let Some(others) = choices.get(holder) else {
            continue;
        };
        // Moving must not cost a clear match: a tenth at most.
        let room = others
            .iter()
            .find(|other| !holders.contains_key(&other.target) && other.score >= held - 0.1);
        if let Some(room) = room {
            return Some((*wish, *room));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Candidate, assign};

    fn candidate(header: usize, target: usize, score: f32) -> Candidate {
        Candidate {
            header,
            target,
            score,
        }
    }

    #[test]
    fn the_best_pair_wins() {
        let chosen = assign(vec![candidate(0, 0, 0.7), candidate(1, 0, 1.0)]);
        assert_eq!(chosen.get(&1), Some(&(0, 1.0)));
        assert_eq!(chosen.get(&0), None);
    }

    #[test]
    fn a_holder_makes_room_when_it_can() {
        let chosen = assign(vec![
            candidate(0, 0, 0.9),
            candidate(0, 1, 0.85),
            candidate(1, 0, 0.88),
        ]);
        assert_eq!(chosen.get(&0).map(|found| found.0), Some(1));
        assert_eq!(chosen.get(&1).map(|found| found.0), Some(0));
    }

    #[test]
    fn a_clear_match_stays() {
        let chosen = assign(vec![
            candidate(0, 0, 1.0),
            candidate(0, 1, 0.6),
            candidate(1, 0, 0.9),
        ]);
        assert_eq!(chosen.get(&0).map(|found| found.0), Some(0));
        assert_eq!(chosen.get(&1), None);
    }
}
