//! Tails and masses of distributions, exact to about 1e-14 of the value: what the comparisons compute their p from.

use std::f64::consts::{PI, TAU};

/// Terms or steps after which a series has converged in any case.
const STEPS: usize = 500;

/// The share of a standard normal distribution above `z`; for NaN NaN.
/// A power series near 0, Lentz's continued fraction in the tail. (Abramowitz & Stegun 7.1.6, 7.1.14.)
pub(super) fn upper_tail(z: f64) -> f64 {
    if z.is_nan() {
        return f64::NAN;
    }
    let x = z.abs() / std::f64::consts::SQRT_2;
    let tail = if x < 2.0 { 0.5 - 0.5 * erf(x) } else { 0.5 * erfc(x) };
    if z >= 0.0 { tail } else { 1.0 - tail }
}

fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..STEPS {
        term *= 2.0 * x * x / (2.0 * n as f64 + 1.0);
        sum += term;
        if term < sum * f64::EPSILON * 0.25 {
            break;
        }
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

fn erfc(x: f64) -> f64 {
    // exp(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …))))
    let (mut value, mut above, mut below) = (x, x, 0.0);
    for n in 1..STEPS {
        let half = n as f64 / 2.0;
        below = 1.0 / (x + half * below);
        above = x + half / above;
        let by = above * below;
        value *= by;
        if (by - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    (-x * x).exp() / (PI.sqrt() * value)
}

/// The logarithm of the probability of `k` hits in `n` tries of chance `p`.
/// Loader's saddle point form: no large numbers are subtracted, whatever `n` is. (Loader, "Fast and accurate computation of
/// binomial probabilities", 2000.)
pub(super) fn ln_binomial(k: f64, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    if p <= 0.0 || q <= 0.0 {
        let sure = if p <= 0.0 { 0.0 } else { n };
        return if k == sure { 0.0 } else { f64::NEG_INFINITY };
    }
    if k == 0.0 {
        return n * (-p).ln_1p();
    }
    if k == n {
        return n * p.ln();
    }
    let saddle = stirling(n) - stirling(k) - stirling(n - k) - deviance(k, n * p) - deviance(n - k, n * q);
    saddle + 0.5 * (n / (TAU * k * (n - k))).ln()
}

/// What Stirling's formula leaves out: ln n! − ln(√(2πn) (n/e)ⁿ).
fn stirling(n: f64) -> f64 {
    if n < 16.0 {
        let factorial: f64 = (2..=n as u32).map(f64::from).product();
        return if n == 0.0 { 0.0 } else { factorial.ln() - 0.5 * (TAU * n).ln() - n * n.ln() + n };
    }
    let nn = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1_260.0 - (1.0 / 1_680.0 - 1.0 / 1_188.0 / nn) / nn) / nn) / nn) / n
}

/// x ln(x/m) + m − x, without loss where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..STEPS {
        term *= v * v;
        let next = sum + term / (2 * j + 1) as f64;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The two-sided p of an exact test: the mass of all outcomes from `low` to `high` that are no likelier than `seen`.
/// `ln` gives the logarithm of an outcome's mass, which rises to `mode` and falls after it. Outcomes whose masses differ only
/// by rounding count as equally likely.
pub(super) fn two_sided(seen: u64, low: u64, high: u64, mode: u64, ln: impl Fn(u64) -> f64) -> f64 {
    let limit = ln(seen) + 1e-7;
    if limit >= ln(mode) {
        return 1.0;
    }
    // Each tail begins at its likeliest outcome and is left when what follows cannot be seen in the sum.
    let rare = |x: u64| ln(x) <= limit;
    let left = (mode > low && rare(low)).then(|| last_where(low, mode, rare));
    let right = (mode < high && rare(high)).then(|| high - last_where(0, high - mode, |d| rare(high - d)));
    let mut p = 0.0;
    for x in left.into_iter().flat_map(|edge| (low..=edge).rev()) {
        let mass = ln(x).exp();
        p += mass;
        if mass < p * f64::EPSILON * 0.01 {
            break;
        }
    }
    for x in right.into_iter().flat_map(|edge| edge..=high) {
        let mass = ln(x).exp();
        p += mass;
        if mass < p * f64::EPSILON * 0.01 {
            break;
        }
    }
    f64::min(p, 1.0)
}

/// The largest of `from..to` that passes, where `from` does and all after the first that does not do neither.
fn last_where(from: u64, to: u64, passes: impl Fn(u64) -> bool) -> u64 {
    let (mut yes, mut no) = (from, to);
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if passes(middle) { yes = middle } else { no = middle }
    }
    yes
}

/// The logarithm of the probability that `drawn` of `all` hold `k` of the `marked`.
pub(super) fn ln_hypergeometric(k: f64, marked: f64, plain: f64, drawn: f64) -> f64 {
    let all = marked + plain;
    if all <= 0.0 || drawn <= 0.0 || drawn >= all {
        return if k == if drawn <= 0.0 { 0.0 } else { marked } { 0.0 } else { f64::NEG_INFINITY };
    }
    // Loader: any p gives the same; this one keeps every part near its own mode.
    let p = drawn / all;
    ln_binomial(k, marked, p) + ln_binomial(drawn - k, plain, p) - ln_binomial(drawn, all, p)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.025),
            (3.0, 0.001_349_898_031_630_094_6),
            (8.0, 6.220_960_574_271_785e-16),
            (-1.0, 0.841_344_746_068_542_9),
        ] {
            assert!((upper_tail(z) / p - 1.0).abs() < 1e-12, "{z}: {}", upper_tail(z));
        }
        assert!((ln_binomial(3.0, 10.0, 0.5).exp() - 120.0 / 1_024.0).abs() < 1e-14);
        assert!((ln_binomial(20.0, 40.0, 0.5) + 40.0 * LN_2 - 137_846_528_820_f64.ln()).abs() < 1e-12);
    }
}
