//! The language of rules and gates: what can be written, what it means with three values, and where mistakes point.

use proptest::prelude::*;
use warroom::condition::{Condition, Expr, Names, Test, Trouble};

fn metrics() -> Vec<(String, Option<String>)> {
    [
        ("error rate", Some("%")),
        ("p95", Some("ms")),
        ("rps", Some("/s")),
        ("5xx and timeouts", None),
        ("failures", None),
        ("api", None),
        ("memory", Some("MiB")),
    ]
    .map(|(name, unit)| (name.to_owned(), unit.map(str::to_owned)))
    .to_vec()
}

fn parse(text: &str) -> Result<Condition, warroom::condition::ConditionError> {
    let services = ["api".to_owned(), "card-api".to_owned(), "not found page".to_owned()];
    let slos = ["availability".to_owned()];
    let gates = ["deploy".to_owned(), "canary 5%".to_owned()];
    Condition::parse(text, Names { metrics: &metrics(), services: &services, slos: &slos, gates: Some(&gates) })
}

/// The tree in one line, as people would say it.
fn said(expr: &Expr) -> String {
    let list = |of: &[Expr], word: &str| of.iter().map(said).collect::<Vec<_>>().join(word);
    match expr {
        Expr::All { of } => format!("({})", list(of, " and ")),
        Expr::Any { of } => format!("({})", list(of, " or ")),
        Expr::Some { need, of } => format!("{need} of ({})", list(of, ", ")),
        Expr::Not { of } => format!("not {}", said(of)),
        Expr::Test(test) => test.to_string(),
    }
}

#[test]
fn everything_that_is_promised_can_be_written() {
    for (text, means) in [
        ("error rate < 1%", "error rate < 1%"),
        ("p95<=0.5s", "p95 <=0.5s"),
        ("1% > error rate", "error rate < 1%"),
        ("100 <= rps < 500", "(rps >= 100 and rps < 500)"),
        ("rps in 100..500", "rps in 100..500"),
        ("rps in [100, 500)", "rps in 100..500"),
        ("rps within [100, 500]", "rps in [100, 500]"),
        ("rps not in 6000 /min..500", "not rps in 100..500"),
        ("rps between 100 and 500 and services up", "(rps in [100, 500] and services up)"),
        ("error rate <= 1.2 * baseline", "error rate <= 1.2 * baseline"),
        ("error rate <= baseline + 20%", "error rate <= 1.2 * baseline"),
        ("p95 < baseline", "p95 < baseline"),
        ("p95 is not above baseline", "not p95 above baseline"),
        ("p95 like baseline", "p95 like baseline"),
        ("count of failures over 1m > 100", "count of failures over 1m > 100"),
        ("count of failures over 10m is not above baseline", "not count of failures over 10m above baseline"),
        ("failures has no data", "not failures has data"),
        ("5xx and timeouts > 3 and p95 < 1s", "(5xx and timeouts > 3 and p95 < 1s)"),
        ("2 of (error rate < 1%, p95 < 500 ms, services up)", "2 of (error rate < 1%, p95 < 500 ms, services up)"),
        (
            "1 of (rps in [100, 500], 2 OF (api up, steps done))",
            "1 of (rps in [100, 500], 2 of (api is up, steps done))",
        ),
        ("gate \"canary 5%\" go", "gate canary 5% GO"),
        ("gate canary 5% is go and steps done", "(gate canary 5% GO and steps done)"),
        ("gate deploy is not no-go", "not gate deploy NO-GO"),
        ("all services up", "services up"),
        ("Steps Done", "steps done"),
        ("card-api up", "card-api is up"),
        ("card-api is not down", "not card-api is down"),
        ("api is slow", "api is degraded"),
        ("api > 3", "api > 3"),
        ("api version is \"v2.0 rc\"", "api version is v2.0 rc"),
        ("api version != 1.9", "not api version is 1.9"),
        ("not found page up", "not found page is up"),
        ("not not found page up", "not not found page is up"),
        ("`error rate` < 1%", "error rate < 1%"),
        ("services up and not (p95 > 1s or error rate > 1%)", "(services up and not (p95 > 1s or error rate > 1%))"),
        ("p95 > 1s or error rate > 1% and services up", "(p95 > 1s or (error rate > 1% and services up))"),
        ("memory > 1GiB", "memory > 1GiB"),
        ("availability burns", "availability burns"),
        (
            "availability is not overspent and availability within budget",
            "(not availability overspent and availability within budget)",
        ),
    ] {
        match parse(text) {
            Ok(condition) => assert_eq!(said(&condition.expr), means, "{text}"),
            Err(e) => panic!("{text}: {e} ({}) at {:?}", e.help, e.span),
        }
    }
}

#[test]
fn numbers_are_in_the_unit_of_their_metric() {
    let value = |text: &str| match parse(text).expect(text).expr {
        Expr::Test(Test::Metric { threshold, .. }) => threshold.value,
        Expr::Test(Test::Within { from, .. }) => from,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("p95 < 0.5s"), 500.0);
    assert_eq!(value("memory > 1GiB"), 1024.0);
    assert_eq!(value("rps > 600/min"), 10.0);
    assert_eq!(value("rps in 600/min..20"), 10.0);
}

#[test]
fn a_mistake_points_at_its_word() {
    for (text, word, says) in [
        ("error rat < 1%", "error rat", "there is no metric \"error rat\""),
        ("services up and eror rate < 1%", "eror rate", "there is no metric \"eror rate\""),
        ("web up", "web", "there is no service \"web\""),
        ("services up and web is not down", "web", "there is no service \"web\""),
        ("error rate < 1% services up", "1% services up", "\"% services up\" is no unit"),
        ("error rate < 1% or", "error rate < 1% or", "a condition is missing here"),
        ("(error rate < 1%", "(error rate < 1%", "the bracket is never closed"),
        ("error rate < 5 apples", "apples", "\"apples\" is no unit"),
        ("services up and error rate < 5ms", "ms", "\"ms\" is time"),
        ("rps in 500..100", "rps in 500..100", "nothing lies between 500 and 100"),
        ("count of failures > 3", "failures > 3", "the count has no window"),
        ("api version is", "version is", "the version is compared with nothing"),
        ("fine", "fine", "\"fine\" compares nothing"),
        ("availability > 3", "availability > 3", "\"availability > 3\" says nothing of the budget"),
        ("services up, steps done", ", steps done", "\", steps done\" is too much"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.message.starts_with(says), "{text}: {}", error.message);
        assert!(
            text.get(error.span.clone()).is_some_and(|t| t.contains(word) || word.contains(t.trim())),
            "{text}: {:?}",
            error.span
        );
        let named = matches!(error.kind, Trouble::UnknownMetric(_) | Trouble::UnknownService(_));
        assert!(named || !error.help.is_empty(), "{text} is refused without a remedy");
    }
}

/// Three-valued logic by definition: true is 2, unknown 1, false 0; and is the least, or the greatest, not turns over.
fn by_definition(expr: &Expr, leaves: &[Option<bool>], next: &mut usize) -> u8 {
    let rank = |v: Option<bool>| match v {
        Some(true) => 2,
        None => 1,
        Some(false) => 0,
    };
    match expr {
        Expr::Test(_) => {
            *next += 1;
            rank(leaves[(*next - 1) % leaves.len()])
        }
        Expr::Not { of } => 2 - by_definition(of, leaves, next),
        Expr::All { of } => of.iter().map(|e| by_definition(e, leaves, next)).min().unwrap_or(2),
        Expr::Any { of } => of.iter().map(|e| by_definition(e, leaves, next)).max().unwrap_or(0),
        // So many of several is what stands in that place, the best first.
        Expr::Some { need, of } => {
            let mut found: Vec<u8> = of.iter().map(|e| by_definition(e, leaves, next)).collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            found[need - 1]
        }
    }
}

fn any_expr() -> impl Strategy<Value = Expr> {
    Just(Expr::Test(Test::ServicesUp)).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| Expr::Not { of: Box::new(e) }),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|of| Expr::All { of }),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|of| Expr::Any { of }),
            (1..3_usize, prop::collection::vec(inner, 2..4)).prop_map(|(need, of)| Expr::Some { need, of }),
        ]
    })
}

/// Every leaf is its own: numbered in the order they stand.
fn number(expr: &mut Expr, next: &mut usize) {
    match expr {
        Expr::Test(test) => {
            *test = Test::Version {
                service: warroom::condition::ServiceRef {
                    ix: warroom::probe::ServiceIx(*next as u32),
                    name: "s".into(),
                },
                version: String::new(),
            };
            *next += 1;
        }
        Expr::Not { of } => number(of, next),
        Expr::All { of } | Expr::Any { of } | Expr::Some { of, .. } => of.iter_mut().for_each(|e| number(e, next)),
    }
}

proptest! {
    #[test]
    fn unknown_is_neither_true_nor_false(mut expr in any_expr(), leaves in prop::collection::vec(prop::option::of(any::<bool>()), 1..8)) {
        let expected = by_definition(&expr, &leaves, &mut 0);
        number(&mut expr, &mut 0);
        let got = expr.holds(&mut |test| test.service().and_then(|s| leaves[s.ix.0 as usize % leaves.len()]));
        prop_assert_eq!(got, match expected { 2 => Some(true), 1 => None, _ => Some(false) });
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused_in_words(text in "(error rate|p95|services|up|not|and|or|in|is|baseline|count of|over|[<>=!()\\[\\].,%*]|[0-9]{1,3}|[a-zé\u{202e}]| ){0,14}") {
        if let Err(e) = parse(&text) {
            prop_assert!(!e.message.is_empty());
            prop_assert!(e.span.end <= text.len() && text.get(e.span.clone()).is_some(), "{:?} of {:?}", e.span, text);
        }
    }
}
