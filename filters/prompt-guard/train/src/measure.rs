//! How well scores tell attacks from harmless texts.

/// Area under the ROC curve, ties counted half.
pub fn auc(attacks: &[f32], harmless: &[f32]) -> f64 {
    let mut ranked: Vec<(f32, bool)> = attacks
        .iter()
        .map(|s| (*s, true))
        .chain(harmless.iter().map(|s| (*s, false)))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut at) = (0.0, 0);
    while let Some((score, _)) = ranked.get(at) {
        let end = at
            + ranked[at..]
                .iter()
                .take_while(|(other, _)| other == score)
                .count();
        let found = ranked[at..end].iter().filter(|(_, attack)| *attack).count();
        sum += (at + 1 + end) as f64 / 2.0 * found as f64;
        at = end;
    }
    let (n, m) = (attacks.len() as f64, harmless.len() as f64);
    (sum - n * (n + 1.0) / 2.0) / (n * m)
}

/// The lowest threshold over which at most this part of the harmless texts is.
pub fn threshold(harmless: &[f32], rate: f64) -> f32 {
    let mut sorted = harmless.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted
        .get((rate * sorted.len() as f64) as usize)
        .copied()
        .unwrap_or(f32::NEG_INFINITY)
}

/// The part of the scores over a threshold.
pub fn over(scores: &[f32], threshold: f32) -> f64 {
    scores.iter().filter(|score| **score > threshold).count() as f64 / scores.len().max(1) as f64
}

/// The part of the attacks that is found where at most `rate` of the harmless texts is flagged.
pub fn recall_at(attacks: &[f32], harmless: &[f32], rate: f64) -> f64 {
    over(attacks, threshold(harmless, rate))
}

#[cfg(test)]
mod tests {
    use super::{auc, over, recall_at, threshold};

    #[test]
    fn figures_are_those_of_a_count_by_hand() {
        let (attacks, harmless) = ([0.9, 0.8, 0.4, 0.4], [0.4, 0.3, 0.2, 0.1]);
        // Of 16 pairs 14 are in order and two are ties.
        assert_eq!(auc(&attacks, &harmless), 15.0 / 16.0);
        assert_eq!(threshold(&harmless, 0.25), 0.3);
        assert_eq!(recall_at(&attacks, &harmless, 0.0), 0.5);
        assert_eq!(recall_at(&attacks, &harmless, 0.25), 1.0);
        assert_eq!(over(&attacks, 0.8), 0.25);
    }
}
