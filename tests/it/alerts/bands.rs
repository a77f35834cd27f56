//! Bands: half-open, so that each number is in one and in one only; what does not ascend is told at its place.

use std::fmt::Write as _;

use proptest::prelude::*;
use warroom::plan::{Input, Outside, load};

use super::*;

fn loaded(bands: &[u32]) -> warroom::plan::Loaded {
    let edges: Vec<String> = bands.iter().map(|edge| format!("\"{}%\"", f64::from(*edge) / 10.0)).collect();
    let text =
        PLAN.replace("query = \"rate(x[1m])\"", &format!("query = \"rate(x[1m])\"\nbands = [{}]", edges.join(", ")));
    let (none, nothing) = (|_: &str| None, |_: &str| Err("not in a test".to_owned()));
    let outside = Outside { env: &none, file: &nothing, cmd: &nothing };
    load(&Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &[] })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plans_bands_ascend_or_are_told(bands in prop::collection::vec(1_u32..40, 1..6)) {
        let mut highest = None;
        let mut bad = 0;
        for edge in &bands {
            if highest.is_some_and(|h| *edge <= h) { bad += 1 } else { highest = Some(*edge) }
        }
        let found = loaded(&bands);
        let told = found.findings.iter().filter(|f| f.code == "WR014").count();
        prop_assert_eq!(told, bad, "{:?}: {:?}", bands, found.findings);
    }

    #[test]
    fn each_number_is_in_one_band(mut bands in prop::collection::btree_set(1_u32..40, 1..6), value in 0_u32..420) {
        let edges: Vec<u32> = std::mem::take(&mut bands).into_iter().collect();
        let plan = loaded(&edges).plan;
        // Between the edges, on them, and off both ends.
        let value = f64::from(value) / 100.0;
        let edges: Vec<f64> = edges.iter().map(|e| f64::from(*e) / 10.0).collect();
        let within = |n: usize| {
            let from = if n == 0 { f64::NEG_INFINITY } else { edges[n - 1] };
            from <= value && edges.get(n).is_none_or(|until| value < *until)
        };
        let by_definition: Vec<usize> = (0..=edges.len()).filter(|n| within(*n)).collect();
        prop_assert_eq!(by_definition.len(), 1);
        let mut room = watching(RUNBOOK, PLAN);
        room.replan(plan);
        let reading = MetricReading { metric: MetricIx(0), value: Ok(Point { at: room.now.utc, value }) };
        let (at, took) = (room.now, SECOND);
        observe::observe_all(&mut room, [Sample { probe: ProbeId(0), at, took, reading: Reading::Metrics(vec![reading]) }]);
        prop_assert_eq!(room.live.metrics[0].band, Some(by_definition[0]));
    }

    /// Bands of a runbook's levels: a gap, an overlap, or neither, wherever it is.
    #[test]
    fn a_runbooks_bands_are_checked_for_gaps_and_overlaps(
        steps in prop::collection::vec(2_u32..9, 3..6),
        at in 1_usize..3,
        shift in -1_i32..2,
    ) {
        let mut edges = vec![1_u32];
        for step in &steps {
            edges.push(edges[edges.len() - 1] + step);
        }
        let mut text = "# Go-live\n\n## Decision tree\n".to_owned();
        for (n, pair) in edges.windows(2).enumerate() {
            let from = if n == at { pair[0] as i32 + shift } else { pair[0] as i32 };
            let _ = write!(text, "\n### Level {}\n\n- Error rate {from}-{}%\n", n + 1, pair[1]);
        }
        let book = warroom::runbook::read("t.md", text.as_bytes()).unwrap();
        let whole = warroom::check::text_of(&book);
        let source = warroom::finding::Source { file: "t.md", text: &whole };
        let input = warroom::check::Input { runbooks: &[(&book, source)], missing: &[], plan: None };
        let found = warroom::check::flight_check(&input);
        let told: Vec<&str> = found.iter().map(|f| f.code).filter(|code| ["WR052", "WR053"].contains(code)).collect();
        let expected: &[&str] = match shift {
            0 => &[],
            1 => &["WR053"],
            _ => &["WR052"],
        };
        prop_assert_eq!(told, expected, "{}", text);
    }
}
