//! A time as a linear function of two loads, learned from samples: the shape that all backends of a fleet share.

/// `base + first * x + second * z`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plane {
    pub(crate) base: f64,
    pub(crate) first: f64,
    pub(crate) second: f64,
}

impl Plane {
    pub(crate) fn at(&self, x: f64, z: f64) -> f64 {
        self.base + self.first * x + self.second * z
    }
}

/// Sums of a weighted least-squares fit of a [`Plane`]: the upper half of the normal matrix, then the right side.
/// Sums of several observers add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums(pub(crate) [f64; 9]);

impl Sums {
    /// Takes in a sample, after all earlier ones have faded by `keep` (0 to 1).
    pub(crate) fn add(&mut self, x: f64, z: f64, y: f64, weight: f64, keep: f64) {
        let terms = [1.0, x, z, x * x, x * z, z * z, y, x * y, z * y];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            let next = *sum * keep + weight * term;
            if next.is_finite() {
                *sum = next;
            }
        }
    }

    /// Adds what another observer saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, term) in self.0.iter_mut().zip(other.0) {
            *sum += term;
        }
    }

    /// The fit, drawn towards `prior` by ridge weights.
    pub(crate) fn solve(&self, prior: &Prior) -> Plane {
        let [n, x, z, xx, xz, zz, y, xy, zy] = self.0;
        let [k0, k1, k2] = prior.ridge;
        let Plane { base, first, second } = prior.plane;
        let (n, xx, zz) = (n + k0, xx + k1, zz + k2);
        let (y, xy, zy) = (y + k0 * base, xy + k1 * first, zy + k2 * second);
        // Cramer's rule on the symmetric 3x3 system.
        let (c0, c1, c2) = (xx * zz - xz * xz, xz * z - x * zz, x * xz - xx * z);
        let det = n * c0 + x * c1 + z * c2;
        let solved = Plane {
            base: (y * c0 + xy * c1 + zy * c2) / det,
            first: (y * c1 + xy * (n * zz - z * z) + zy * (x * z - n * xz)) / det,
            second: (y * c2 + xy * (x * z - n * xz) + zy * (n * xx - x * x)) / det,
        };
        let [base, first, second] = [solved.base, solved.first, solved.second];
        if !(base.is_finite() && first.is_finite() && second.is_finite()) {
            return prior.plane;
        }
        let [low, high] = prior.bounds;
        Plane {
            base: base.clamp(low.base, high.base),
            first: first.clamp(low.first, high.first),
            second: second.clamp(low.second, high.second),
        }
    }
}

/// What is believed before any sample, how strongly, and what is believed never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prior {
    plane: Plane,
    ridge: [f64; 3],
    bounds: [Plane; 2],
}

/// Time to the first token, by tokens of prompts that have not started (x), and by their attention, token times context (z).
pub(crate) const FIRST_TOKEN: Prior = Prior {
    plane: plane(0.02, 1.0 / 15_000.0, 5e-10),
    ridge: [5.0, 5e6, 5e12],
    bounds: [plane(0.003, 2e-6, 0.0), plane(60.0, 2e-3, 1e-7)],
};

/// Time per output token, by requests that decode (x), and by the tokens of their contexts (z).
pub(crate) const PER_TOKEN: Prior = Prior {
    plane: plane(0.012, 2e-4, 5e-8),
    ridge: [5.0, 5e2, 5e9],
    bounds: [plane(0.002, 0.0, 0.0), plane(10.0, 0.01, 1e-6)],
};

const fn plane(base: f64, first: f64, second: f64) -> Plane {
    Plane { base, first, second }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 0.02 * b.abs()
    }

    #[test]
    fn nothing_seen_is_the_prior() {
        assert_eq!(Sums::default().solve(&FIRST_TOKEN).base, FIRST_TOKEN.plane.base);
    }

    #[test]
    fn samples_of_a_plane_give_the_plane() {
        let truth = plane(0.05, 1e-4, 2e-9);
        let mut sums = Sums::default();
        for step in 0..5000 {
            let x = f64::from(step % 83) * 100.0;
            let z = f64::from(step % 61) * 1e6;
            sums.add(x, z, truth.at(x, z), 10.0, 0.9999);
        }
        let fit = sums.solve(&FIRST_TOKEN);
        assert!(close(fit.base, truth.base), "{fit:?}");
        assert!(
            close(fit.first, truth.first) && close(fit.second, truth.second),
            "{fit:?}"
        );
    }

    #[test]
    fn two_observers_add_up_to_one() {
        let (mut one, mut two, mut both) = (Sums::default(), Sums::default(), Sums::default());
        for step in 0..100 {
            let x = f64::from(step) * 50.0;
            let sums = if step % 2 == 0 { &mut one } else { &mut two };
            sums.add(x, 0.0, 0.1 + x * 1e-4, 1.0, 1.0);
            both.add(x, 0.0, 0.1 + x * 1e-4, 1.0, 1.0);
        }
        one.merge(&two);
        assert!(close(
            one.solve(&FIRST_TOKEN).first,
            both.solve(&FIRST_TOKEN).first
        ));
    }

    #[test]
    fn hostile_samples_leave_a_sane_plane() {
        let mut sums = Sums::default();
        for (x, z, y) in [
            (1e308, 1e308, 1e308),
            (f64::NAN, 0.0, 1.0),
            (0.0, 0.0, f64::INFINITY),
            (5.0, 5.0, -1e300),
        ] {
            sums.add(x, z, y, 1.0, 0.999);
        }
        let fit = sums.solve(&FIRST_TOKEN);
        assert!(fit.at(1000.0, 1e6).is_finite() && fit.first > 0.0, "{fit:?}");
    }
}
