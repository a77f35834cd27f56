//! The comparisons of windows and counts give the numbers of SciPy, and never pass for want of data.

use proptest::prelude::*;
use serde::Deserialize;
use warroom::probe::compare::{Comparison, Counted, Difference, NEED, compare, compare_counts, compare_rates};

/// Kind, seed and size of the baseline, seed and size of the window, what is added to the window; then U, p, the median
/// difference and both medians.
type Window = (String, u64, usize, u64, usize, f64, f64, f64, f64, f64, f64);

#[derive(Deserialize)]
struct References {
    about: String,
    windows: Vec<Window>,
    tables: Vec<(u64, u64, u64, u64, f64)>,
    rates: Vec<(u64, f64, u64, f64, f64)>,
}

fn references() -> References {
    serde_json::from_str(include_str!("support/statistics.json")).unwrap()
}

/// SplitMix64, as in the script that made the references.
struct Split(u64);

impl Split {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn sample(kind: &str, seed: u64, n: usize, shift: f64) -> Vec<f64> {
    let mut split = Split(seed);
    let mut one = || {
        let (u, v) = (split.unit(), split.unit());
        shift
            + match kind {
                "uniform" => u * 100.0,
                "heavy" => 1.0 / (1.0 - u) / (1.0 - v),
                "ties" => (u * 5.0).floor(),
                "few" => f64::from(u8::from(u < 0.03)),
                "signed" => (u - 0.5) * 1e-6 + (v - 0.5),
                _ => 7.0,
            }
    };
    (0..n).map(|_| one()).collect()
}

fn close(ours: f64, theirs: f64, relative: f64, absolute: f64) -> bool {
    (ours - theirs).abs() <= (relative * theirs.abs()).max(absolute)
}

fn p_of(counted: Counted) -> f64 {
    match counted {
        Counted::Compared { p, .. } => p,
        Counted::NoTraffic => f64::NAN,
    }
}

#[test]
fn windows_are_compared_as_scipy_compares_them() {
    let all = references();
    assert!(all.windows.len() > 200 && all.about.contains("scipy"));
    for (kind, a, n, b, m, shift, u, p, difference, before, after) in all.windows {
        let case = format!("{kind} {a} {n} {b} {m} {shift}");
        let (old, new) = (sample(&kind, a, n, 0.0), sample(&kind, b, m, shift));
        let Comparison::Compared(ours) = compare(&old, &new) else { panic!("{case}: not compared") };
        assert!(close(ours.u, u, 1e-9, 0.0), "{case}: U {} {u}", ours.u);
        assert!(close(ours.p, p, 1e-6, 1e-12), "{case}: p {} {p}", ours.p);
        assert!(close(ours.shift, difference, 1e-12, 1e-15), "{case}: shift {} {difference}", ours.shift);
        assert!(close(ours.before, before, 1e-12, 1e-15) && close(ours.after, after, 1e-12, 1e-15), "{case}");
        assert_eq!(ours.points, (n, m));
    }
}

#[test]
fn a_very_small_p_keeps_its_digits() {
    // Far in the tail an absolute bound would accept 0: these are held relatively, down to 1e-200.
    let mut held = 0;
    for (kind, a, n, b, m, shift, _, p, ..) in references().windows {
        if p > 0.0 && p < 1e-20 {
            let Comparison::Compared(ours) = compare(&sample(&kind, a, n, 0.0), &sample(&kind, b, m, shift)) else {
                panic!("not compared")
            };
            assert!(close(ours.p, p, 1e-9, 0.0), "{kind} {a}: {} {p}", ours.p);
            held += 1;
        }
    }
    assert!(held > 20, "{held}");
}

#[test]
fn counts_are_compared_as_scipy_compares_them() {
    let all = references();
    for (k1, n1, k2, n2, p) in all.tables {
        let ours = p_of(compare_counts(k1, n1, k2, n2));
        assert!(close(ours, p, 1e-6, 1e-12), "{k1} of {n1}, {k2} of {n2}: {ours} {p}");
    }
    for (k1, t1, k2, t2, p) in all.rates {
        let ours = p_of(compare_rates(k1, t1, k2, t2));
        assert!(close(ours, p, 1e-6, 1e-12), "{k1} in {t1}, {k2} in {t2}: {ours} {p}");
    }
}

#[test]
fn too_few_points_are_never_the_same() {
    let many = vec![1.0; 100];
    for few in 0..NEED {
        let some = vec![1.0; few];
        let too_few = Comparison::TooFewPoints { have: few, need: NEED };
        assert_eq!(compare(&some, &many), too_few);
        assert_eq!(compare(&many, &some), too_few);
    }
    let mut holes = vec![f64::NAN; 60];
    holes[0] = 1.0;
    assert_eq!(compare(&many, &holes), Comparison::TooFewPoints { have: 1, need: NEED }, "NaN is no point");
    assert_eq!(compare_counts(0, 0, 3, 100), Counted::NoTraffic);
    assert_eq!(compare_counts(3, 100, 0, 0), Counted::NoTraffic);
    assert_eq!(compare_rates(3, 60.0, 0, 0.0), Counted::NoTraffic);
}

fn verdict(old: &[f64], new: &[f64]) -> Difference {
    match compare(old, new) {
        Comparison::Compared(it) => it.verdict,
        Comparison::TooFewPoints { .. } => panic!("not compared"),
    }
}

#[test]
fn only_what_is_both_sure_and_large_is_a_difference() {
    let base: Vec<f64> = (0..720).map(|i| 100.0 + f64::from(i % 21)).collect();
    let by = |factor: f64| base.iter().map(|v| v * factor).collect::<Vec<_>>();
    assert_eq!(verdict(&base, &base), Difference::Same);
    assert_eq!(verdict(&base, &by(1.2)), Difference::Same, "significant, and within a quarter");
    assert_eq!(verdict(&base, &by(1.3)), Difference::Higher);
    assert_eq!(verdict(&base, &by(0.7)), Difference::Lower);
    // A baseline of zeros has no quarter: whatever is sure counts.
    let zeros = vec![0.0; 100];
    assert_eq!(verdict(&zeros, &zeros), Difference::Same);
    assert_eq!(verdict(&zeros, &[0.5; 100]), Difference::Higher);
    let Counted::Compared { verdict, ratio, .. } = compare_counts(1, 1_000, 40, 1_000) else { panic!() };
    assert_eq!(verdict, Difference::Higher);
    assert!((ratio.unwrap() - 40.0).abs() < 1e-9);
    let Counted::Compared { verdict, .. } = compare_counts(0, 100, 3, 100) else { panic!() };
    assert_eq!(verdict, Difference::Same, "3 of 100 after 0 of 100 proves nothing");
}

#[test]
fn the_largest_windows_are_compared_at_once() {
    let old = sample("heavy", 1, 720, 0.0);
    let new = sample("heavy", 2, 720, 1.0);
    let began = std::time::Instant::now();
    for _ in 0..20 {
        compare(&old, &new);
    }
    // A list of all differences would take 20 times 4 MB and a sort each; this is a debug build on a shared machine.
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    let began = std::time::Instant::now();
    p_of(compare_counts(2_000_000, 3_000_000_000, 2_001_000, 3_000_000_000));
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_two_sides_mirror_each_other(
        old in prop::collection::vec(prop_oneof![-5.0..5.0_f64, Just(0.0), Just(1.0)], 50..90),
        new in prop::collection::vec(prop_oneof![-5.0..5.0_f64, Just(0.0), Just(1.0)], 50..90),
    ) {
        let (Comparison::Compared(a), Comparison::Compared(b)) = (compare(&old, &new), compare(&new, &old)) else {
            panic!("not compared")
        };
        prop_assert_eq!(a.u + b.u, (old.len() * new.len()) as f64);
        prop_assert!((a.p - b.p).abs() < 1e-12);
        prop_assert!((a.delta + b.delta).abs() < 1e-12);
        prop_assert!((a.shift + b.shift).abs() < 1e-12);
        let mut all: Vec<f64> = new.iter().flat_map(|n| old.iter().map(move |o| n - o)).collect();
        all.sort_by(f64::total_cmp);
        prop_assert!((a.shift - warroom::probe::compare::median(&all)).abs() < 1e-12);
        prop_assert!((0.0..=1.0).contains(&a.p));
    }

    #[test]
    fn counts_mirror_each_other(k1 in 0..50_u64, n1 in 50..5_000_u64, k2 in 0..50_u64, n2 in 50..5_000_u64) {
        let (a, b) = (p_of(compare_counts(k1, n1, k2, n2)), p_of(compare_counts(k2, n2, k1, n1)));
        prop_assert!((a - b).abs() <= 1e-9 * a, "{} {}", a, b);
        prop_assert!(a > 0.0 && a <= 1.0);
        prop_assert!(p_of(compare_rates(k1, n1 as f64, k2, n2 as f64)) <= 1.0);
    }
}
