//! How a choice is made from costs.

use crate::rng::Rng;

/// The cheapest; equal ones by chance.
pub(crate) fn cheapest(costs: &[f64], rng: &mut Rng) -> usize {
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let equal: Vec<usize> = (0..costs.len())
        .filter(|&backend| costs[backend] <= least + 1e-12)
        .collect();
    if equal.is_empty() {
        0
    } else {
        equal[rng.below(equal.len())]
    }
}

/// The cheaper of two drawn by chance, with replacement, as Envoy draws them; the first when equal.
pub(crate) fn cheaper_of_two(backends: usize, cost: impl Fn(usize) -> f64, rng: &mut Rng) -> usize {
    let (first, second) = (rng.below(backends), rng.below(backends));
    if cost(second) < cost(first) { second } else { first }
}

/// The least and the greatest.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), value| {
        (least.min(value), most.max(value))
    })
}
