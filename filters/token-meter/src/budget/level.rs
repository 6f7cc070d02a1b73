//! Max-min fair shares by weight: all get in proportion to their weights, and what one does not want goes to the others in the
//! same proportion (Bertsekas and Gallager, Data Networks, 6.5.2).

/// So much for each weight: `pool / weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pool: f64,
    weight: f64,
}

/// Between what one has, and what it wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) weight: f64,
    pub(crate) used: f64,
    pub(crate) wanted: f64,
}

impl Level {
    /// Where the water stands if what is free is poured out over all, who keep what they have. One of them wants everything.
    ///
    /// As lengths are resolved between their bounds in <https://www.w3.org/TR/css-flexbox-1/#resolve-flexible-lengths>: share by
    /// weight, settle those that are out of bounds on the side that is out by more, and share the rest again.
    pub(crate) fn pour(free: u64, mut open: Vec<Bounds>) -> Self {
        let mut level = Self {
            pool: open.iter().fold(free as f64, |pool, one| pool + one.used),
            weight: open.iter().fold(0.0, |weight, one| weight + one.weight),
        };
        loop {
            let Self { pool, weight } = level;
            let below = |one: &Bounds| (one.used * weight - pool * one.weight).max(0.0);
            let above = |one: &Bounds| (pool * one.weight - one.wanted * weight).max(0.0);
            let (lack, excess) = open.iter().fold((0.0, 0.0), |(lack, excess), one| {
                (lack + below(one), excess + above(one))
            });
            if lack == 0.0 && excess == 0.0 {
                return level;
            }
            open.retain(|one| {
                let (out, bound) = if lack >= excess {
                    (below(one), one.used)
                } else {
                    (above(one), one.wanted)
                };
                if out > 0.0 {
                    level.pool -= bound;
                    level.weight -= one.weight;
                }
                out == 0.0
            });
        }
    }

    /// What it comes to for so much weight.
    pub(crate) fn of(self, weight: f64) -> u64 {
        (self.pool * weight / self.weight) as u64
    }

    /// Whether it leaves more for so much weight than is used. Products of whole numbers are exact here, up to 2^53.
    pub(crate) fn exceeds(self, weight: f64, used: u64) -> bool {
        used as f64 * self.weight < self.pool * weight
    }

    /// How much more there must be until it does.
    pub(crate) fn short(self, weight: f64, used: u64) -> u64 {
        ((used as f64 * self.weight / weight - self.pool).max(0.0) as u64).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bounds((weight, used, more): (u16, u32, u32)) -> Bounds {
        Bounds {
            weight: f64::from(weight),
            used: f64::from(used),
            wanted: f64::from(used) + f64::from(more),
        }
    }

    proptest! {
        /// If everybody had what the level gives it, no less than it has and no more than it wants, all would be given away.
        #[test]
        fn all_is_given_away(
            all in prop::collection::vec((1u16..=1000, 0u32..1000, 0u32..1000), 1..64),
            free in 1u64..100_000,
        ) {
            let mut all: Vec<_> = all.into_iter().map(bounds).collect();
            all[0].wanted = f64::INFINITY;
            let level = Level::pour(free, all.clone());
            let each = level.pool / level.weight;
            let given: f64 = all.iter().map(|one| (each * one.weight).clamp(one.used, one.wanted)).sum();
            let pool: f64 = free as f64 + all.iter().map(|one| one.used).sum::<f64>();
            prop_assert!((given - pool).abs() < 1e-6 * pool, "{given} of {pool}");
        }
    }

    #[test]
    fn where_nothing_is_free_nobody_gets_more() {
        let level = Level::pour(0, vec![bounds((1, 500, 0)), bounds((3, 20, 9000))]);
        assert!(!level.exceeds(3.0, 20) && !level.exceeds(1.0, 500));
    }
}
