//! Each rule of evaluation by hand-made samples: extrapolation, resets, staleness, quantiles, matching, mistakes.

use std::time::Duration;

use warroom::probe::exposition::{Format, Limits, Page, Parser};
use warroom::probe::promql::{Expr, Store, Value, evaluate, longest_range, parse, read, syntax};

pub fn page(text: &str) -> Page {
    let mut parser = Parser::new(Format::Text, Limits::default());
    parser.feed(text.as_bytes()).unwrap();
    parser.finish().unwrap()
}

fn query(text: &str) -> Expr {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// One scrape each ten seconds from 0 on; `x` is a sample line without its value, one value for each scrape; `_` is
/// missing from its page, `!` fails the scrape, `.` is no scrape at all.
fn scraped(queries: &[&Expr], series: &[(&str, &str)]) -> Store {
    let mut store = Store::for_queries(queries.iter().copied());
    let columns: Vec<Vec<&str>> = series.iter().map(|(_, values)| values.split_whitespace().collect()).collect();
    for i in 0..columns.iter().map(Vec::len).max().unwrap_or(0) {
        let at = i as i64 * 10_000;
        let values: Vec<&str> = columns.iter().map(|c| c.get(i).copied().unwrap_or("_")).collect();
        if values.contains(&"!") {
            store.scrape_failed(at);
        } else if !values.contains(&".") {
            let lines =
                series.iter().zip(&values).filter(|(_, v)| **v != "_").map(|((name, _), v)| format!("{name} {v}\n"));
            store.append(at, &page(&lines.collect::<String>()));
        }
    }
    store
}

/// The answer at `seconds`, as `name{labels} value` lines in order.
fn ask(text: &str, series: &[(&str, &str)], seconds: f64) -> String {
    let expr = query(text);
    let store = scraped(&[&expr], series);
    match evaluate(&expr, &store, (seconds * 1000.0) as i64) {
        Ok(answer) => match answer.value {
            Value::Scalar(value) => rounded(value).to_string(),
            Value::String(text) => text,
            Value::Vector(all) => {
                let mut lines: Vec<String> =
                    all.iter().map(|(labels, value)| format!("{labels} {}", rounded(*value))).collect();
                lines.sort();
                lines.join("; ")
            }
        },
        Err(error) => format!("error: {error}"),
    }
}

/// To twelve digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap()
}

macro_rules! table {
    ($($text:expr, $series:expr, $at:expr => $expected:expr;)*) => {
        $(assert_eq!(ask($text, $series, f64::from($at)), $expected, "{} at {}", $text, $at);)*
    };
}

#[test]
fn rates_are_extrapolated_and_see_resets() {
    let steady: &[(&str, &str)] = &[("x", "0 10 20 30 40 50 60")];
    let reset: &[(&str, &str)] = &[("x", "100 110 120 5 15 25")];
    table! {
        // Samples at 10 … 60 s, the range is (5, 65]: 5 s to each end are within 1.1 intervals.
        "rate(x[1m])", steady, 65 => "{} 1";
        "increase(x[1m])", steady, 65 => "{} 60";
        // The counter was 0 at 0 s: never extrapolated below zero, though the range begins before.
        "increase(x[2m])", steady, 60 => "{} 60";
        // Ranges are open on the left: at 60 s the sample at 40 s is outside.
        "count_over_time(x[20s])", steady, 60 => "{} 2";
        "increase(x[20s])", steady, 60 => "{} 20";
        // First seen at 30 s: half an interval is added before it, though zero would be 8 s before (Prometheus 2: 38).
        "increase(x[1m])", &[("x", "_ _ _ 8 18 28")], 60 => "{} 35";
        // One sample is no rate.
        "rate(x[10s])", steady, 60 => "";
        // 100 110 120 | 5 15 25: 20 before, 25 after the reset counted from zero.
        "increase(x[1m])", reset, 50 => "{} 54";
        "resets(x[1m])", reset, 50 => "{} 1";
        "changes(x[1m])", reset, 50 => "{} 5";
        "irate(x[1m])", reset, 30 => "{} 0.5";
        "irate(x[1m])", reset, 50 => "{} 1";
        "idelta(x[1m])", reset, 30 => "{} -115";
        // A gauge's difference may fall, and is extrapolated below zero.
        "delta(x[40s])", &[("x", "40 30 20 10 0")], 40 => "{} -40";
        "rate(x[1m])", &[("x", "5 5 5 5 5 5 5")], 60 => "{} 0";
        "rate(x[1m])", &[("x", "1 NaN 3")], 20 => "{} 0.04166666666667";
    }
    // Nearer to the end than 1.1 intervals: to the end; farther: half an interval. The start lies 9.5 and 8 s before.
    assert_eq!(ask("increase(x[1m])", &[("x", "1000 1010 1020 1030 1040")], 50.5), "{} 60");
    assert_eq!(ask("increase(x[1m])", &[("x", "1000 1010 1020 1030 1040")], 52.0), "{} 53");
    // The last sample lies 25 s before the end: more than 1.1 intervals, so only half an interval is added.
    assert_eq!(ask("increase(x[1m])", &[("x", "1000 1010 1020 1030 1040")], 65.0), "{} 40");
}

#[test]
fn series_end_where_they_vanish_and_hold_five_minutes_where_nobody_asked() {
    let gone: &[(&str, &str)] = &[("x", "1 2 _ _ 5"), ("y", "1 1 1 1 1")];
    let failed: &[(&str, &str)] = &[("x", "1 2 ! 4")];
    let unasked: &[(&str, &str)] = &[("x", "1 2 . .")];
    table! {
        "x", gone, 15 => "x 2";
        "x", gone, 20 => "";
        "x", gone, 35 => "";
        "x", gone, 40 => "x 5";
        // A marker is no sample.
        "count_over_time(x[1m])", gone, 45 => "{} 3";
        "x", failed, 25 => "";
        "x", failed, 30 => "x 4";
        "up", failed, 20 => "up 0";
        "up", failed, 30 => "up 1";
        "x", unasked, 309 => "x 2";
        "x", unasked, 310 => "";
        "x offset 10s", unasked, 20 => "x 2";
        "x offset 20s", unasked, 20 => "x 1";
        "rate(x[1m] offset -5s)", &[("x", "1000 1010 1020 1030 1040 1050 1060")], 60 => "{} 1";
        "absent(x{a=\"b\"})", gone, 15 => "{a=\"b\"} 1";
        "absent(x)", gone, 15 => "";
        "absent_over_time(x{a=\"b\",c=~\"d\"}[1m])", gone, 15 => "{a=\"b\"} 1";
    }
}

#[test]
fn a_page_s_own_time_stamps_count_and_give_no_markers() {
    let expr = query("x");
    let mut store = Store::for_queries([&expr]);
    store.append(10_000, &page("x 1 9000\n"));
    let done = store.append(20_000, &page("x 1 9000\ny 2\n"));
    assert_eq!((done.repeated, done.unasked), (1, 1), "the same time stamp again is no new sample; nobody asks for y");
    store.append(30_000, &page("y 2\n"));
    assert_eq!(evaluate(&expr, &store, 40_000).unwrap().newest_ms, Some(9_000), "no marker ended x");
    assert_eq!(store.append(40_000, &page("x 1 700000\n")).ahead, 1, "more than ten minutes ahead");
}

#[test]
fn a_clock_set_back_costs_no_sample() {
    let expr = query("x");
    let mut store = Store::for_queries([&expr]);
    for (at, value) in [(10_000, 1), (20_000, 2), (12_000, 3), (22_000, 4)] {
        store.append(at, &page(&format!("x {value}\n")));
        assert_eq!(read(&expr, &store, at).unwrap().value, f64::from(value));
    }
}

#[test]
fn over_time() {
    let x: &[(&str, &str)] = &[("x", "4 2 NaN 8 6")];
    let y: &[(&str, &str)] = &[("x", "4 2 8 6")];
    table! {
        "avg_over_time(x[1m])", y, 30 => "{} 5";
        "sum_over_time(x[1m])", y, 30 => "{} 20";
        "min_over_time(x[1m])", x, 40 => "{} 2";
        "max_over_time(x[1m])", x, 40 => "{} 8";
        "count_over_time(x[1m])", x, 40 => "{} 5";
        "last_over_time(x[1m])", x, 40 => "x 6";
        "present_over_time(x[1m])", x, 40 => "{} 1";
        "quantile_over_time(0.5, x[1m])", y, 30 => "{} 5";
        "quantile_over_time(0.25, x[1m])", y, 30 => "{} 3.5";
        "quantile_over_time(-1, x[1m])", y, 30 => "{} -inf";
        "quantile_over_time(2, x[1m])", y, 30 => "{} inf";
        "stdvar_over_time(x[1m])", y, 30 => "{} 5";
        "stddev_over_time(x[1m]) * 0", y, 30 => "{} 0";
        "sum_over_time(x[1m])", &[("x", "1e100 1 -1e100 1")], 30 => "{} 2";
        "avg_over_time(x[1m]) / 1e308", &[("x", "1e308 1e308")], 10 => "{} 1";
    }
}

#[test]
fn aggregation_and_matching() {
    let s: &[(&str, &str)] = &[
        ("r{code=\"200\",pod=\"a\"}", "10"),
        ("r{code=\"500\",pod=\"a\"}", "2"),
        ("r{code=\"200\",pod=\"b\"}", "30"),
        ("limit{pod=\"a\",zone=\"x\"}", "5"),
        ("limit{pod=\"b\",zone=\"y\"}", "60"),
        ("odd{v=\"a\\\"b\\\\c\\nd\"}", "1"),
    ];
    table! {
        "sum(r)", s, 0 => "{} 42";
        "sum by (pod) (r)", s, 0 => "{pod=\"a\"} 12; {pod=\"b\"} 30";
        "sum without (code) (r)", s, 0 => "{pod=\"a\"} 12; {pod=\"b\"} 30";
        "count by (__name__) ({pod=\"a\"})", s, 0 => "limit 1; r 2";
        "avg(r)", s, 0 => "{} 14";
        "min(r) + max(r)", s, 0 => "{} 32";
        "group by (code) (r)", s, 0 => "{code=\"200\"} 1; {code=\"500\"} 1";
        "quantile(0.5, r)", s, 0 => "{} 10";
        "topk(1, r)", s, 0 => "r{code=\"200\", pod=\"b\"} 30";
        "bottomk by (pod) (1, r)", s, 0 => "r{code=\"200\", pod=\"b\"} 30; r{code=\"500\", pod=\"a\"} 2";
        "sum(nothing)", s, 0 => "";
        "r{code=~\"5..\"}", s, 0 => "r{code=\"500\", pod=\"a\"} 2";
        "r{code!~\"5..\",pod!=\"b\"}", s, 0 => "r{code=\"200\", pod=\"a\"} 10";
        "r{zone=\"\",code=~\".*0\",pod=~\"b|c\"}", s, 0 => "r{code=\"200\", pod=\"b\"} 30";
        // Anchored.
        "r{code=~\"5\"}", s, 0 => "";
        "odd{v=\"a\\\"b\\\\c\\nd\"}", s, 0 => "odd{v=\"a\\\"b\\\\c\\nd\"} 1";
        "odd{v=~\"a.*d\"} * 1", s, 0 => "{v=\"a\\\"b\\\\c\\nd\"} 1";
        "{__name__=~\"li.*\"} > 10", s, 0 => "limit{pod=\"b\", zone=\"y\"} 60";
        "r > 5", s, 0 => "r{code=\"200\", pod=\"a\"} 10; r{code=\"200\", pod=\"b\"} 30";
        "5 < r{pod=\"a\"}", s, 0 => "r{code=\"200\", pod=\"a\"} 10";
        "r{pod=\"a\"} > bool 5", s, 0 => "{code=\"200\", pod=\"a\"} 1; {code=\"500\", pod=\"a\"} 0";
        "100 * sum(r{code=~\"5..\"}) / sum(r)", s, 0 => "{} 4.761904761905";
        "sum by (pod) (r) / on (pod) limit", s, 0 => "{pod=\"a\"} 2.4; {pod=\"b\"} 0.5";
        "sum by (pod) (r) / ignoring (zone) limit", s, 0 => "{pod=\"a\"} 2.4; {pod=\"b\"} 0.5";
        "r / on (pod) group_left (zone) limit", s, 0 =>
            "{code=\"200\", pod=\"a\", zone=\"x\"} 2; {code=\"200\", pod=\"b\", zone=\"y\"} 0.5; {code=\"500\", pod=\"a\", zone=\"x\"} 0.4";
        "limit > on (pod) group_right (zone) r", s, 0 => "r{code=\"200\", pod=\"b\", zone=\"y\"} 60; r{code=\"500\", pod=\"a\", zone=\"x\"} 5";
        "limit > on (pod) sum by (pod) (r)", s, 0 => "{pod=\"b\"} 60";
        "sum(r) / sum(nothing)", s, 0 => "";
        "r and on (pod) (limit > 10)", s, 0 => "r{code=\"200\", pod=\"b\"} 30";
        "limit unless on (pod) (limit > 10)", s, 0 => "limit{pod=\"a\", zone=\"x\"} 5";
        "limit{pod=\"a\"} or limit", s, 0 => "limit{pod=\"a\", zone=\"x\"} 5; limit{pod=\"b\", zone=\"y\"} 60";
        "nothing or vector(0)", s, 0 => "{} 0";
        "-limit{pod=\"a\"}", s, 0 => "{pod=\"a\", zone=\"x\"} -5";
        "abs(-limit{pod=\"a\"}) + 2 ^ 3 % 5", s, 0 => "{pod=\"a\", zone=\"x\"} 8";
        "clamp(limit, 10, 50)", s, 0 => "{pod=\"a\", zone=\"x\"} 10; {pod=\"b\", zone=\"y\"} 50";
        "clamp(limit, 50, 10)", s, 0 => "";
        "clamp_min(sum(limit), 100) + clamp_max(sum(limit), 1)", s, 0 => "{} 101";
        "round(vector(2.5)) + round(vector(7), 5) + floor(vector(-0.5)) + ceil(vector(0.5))", s, 0 => "{} 8";
        "scalar(sum(r)) + 1", s, 0 => "43";
        "scalar(r)", s, 0 => "NaN";
        "time()", s, 5 => "5";
        "1 == bool 1", s, 0 => "1";
        "-2 ^ 2", s, 0 => "-4";
        "limit * on (pod) r", s, 0 =>
            "error: r{code=\"200\", pod=\"a\"} and r{code=\"500\", pod=\"a\"} match the same series on the other side; say on(…) or ignoring(…)";
        "r * on (pod) limit", s, 0 => "error: several series match {pod=\"a\"}; say group_left or group_right";
        "abs({pod=\"a\",code!=\"500\"} * 0)", &[("r{pod=\"a\"}", "1"), ("l{pod=\"a\"}", "2")], 0 =>
            "error: the result has {pod=\"a\"} twice; aggregate, or select by name";
    }
}

#[test]
fn histogram_quantiles() {
    fn buckets(counts: &[(&str, f64)]) -> Vec<(String, String)> {
        counts.iter().map(|(le, n)| (format!("h_bucket{{le=\"{le}\"}}"), n.to_string())).collect()
    }
    /// Quantile, buckets, answer.
    type Case = (f64, &'static [(&'static str, f64)], &'static str);
    let cases: &[Case] = &[
        (0.5, &[("0.1", 50.0), ("0.5", 90.0), ("+Inf", 100.0)], "{} 0.1"),
        (0.7, &[("0.1", 50.0), ("0.5", 90.0), ("+Inf", 100.0)], "{} 0.3"),
        (0.25, &[("0.1", 50.0), ("0.5", 90.0), ("+Inf", 100.0)], "{} 0.05"),
        // In the last bucket: its lower end.
        (0.95, &[("0.1", 50.0), ("0.5", 90.0), ("+Inf", 100.0)], "{} 0.5"),
        (-0.1, &[("0.1", 50.0), ("+Inf", 100.0)], "{} -inf"),
        (1.1, &[("0.1", 50.0), ("+Inf", 100.0)], "{} inf"),
        (f64::NAN, &[("0.1", 50.0), ("+Inf", 100.0)], "{} NaN"),
        // No observation, no +Inf, only +Inf.
        (0.5, &[("0.1", 0.0), ("+Inf", 0.0)], "{} NaN"),
        (0.5, &[("0.1", 1.0), ("0.2", 2.0)], "{} NaN"),
        (0.5, &[("+Inf", 2.0)], "{} NaN"),
        // A lower bucket at or below zero has no lower end.
        (0.1, &[("-1", 50.0), ("1", 90.0), ("+Inf", 100.0)], "{} -1"),
        // A higher bucket that counts less is raised: 10 10 10 20.
        (0.75, &[("1", 10.0), ("2", 8.0), ("4", 9.0), ("8", 20.0), ("+Inf", 20.0)], "{} 6"),
        // Equal bounds written differently are one bucket.
        (0.5, &[("1", 5.0), ("1.0", 5.0), ("+Inf", 20.0)], "{} 1"),
        // What is no number is left out.
        (0.5, &[("x", 5.0), ("1", 10.0), ("+Inf", 10.0)], "{} 0.5"),
    ];
    for (q, counts, expected) in cases {
        let series = buckets(counts);
        let series: Vec<(&str, &str)> = series.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let q = if q.is_nan() { "NaN".to_owned() } else { q.to_string() };
        assert_eq!(ask(&format!("histogram_quantile({q}, h_bucket)"), &series, 0.0), *expected, "{q} of {counts:?}");
    }
    let by_job: &[(&str, &str)] = &[
        ("h_bucket{job=\"a\",le=\"1\"}", "10"),
        ("h_bucket{job=\"a\",le=\"+Inf\"}", "10"),
        ("h_bucket{job=\"b\",le=\"1\"}", "0"),
        ("h_bucket{job=\"b\",le=\"2\"}", "10"),
        ("h_bucket{job=\"b\",le=\"+Inf\"}", "10"),
    ];
    table! { "histogram_quantile(0.5, sum by (job, le) (h_bucket))", by_job, 0 => "{job=\"a\"} 0.5; {job=\"b\"} 1.5"; }
}

#[test]
fn one_value_with_the_age_of_its_newest_sample_or_why_there_is_none() {
    let errors = query("100 * sum(rate(x{code=\"500\"}[1m])) / sum(rate(x[1m]))");
    let series: &[(&str, &str)] = &[("x{code=\"200\"}", "0 10 20 30"), ("x{code=\"500\"}", "0 1 2 3")];
    let point = read(&errors, &scraped(&[&errors], series), 45_000).unwrap();
    assert!((point.value - 100.0 / 11.0).abs() < 1e-9);
    assert_eq!(point.at.timestamp_millis(), 30_000, "its newest sample is 15 s old");

    let why = |text: &str, series: &[(&str, &str)], at: i64| {
        let expr = query(text);
        read(&expr, &scraped(&[&expr], series), at).unwrap_err()
    };
    assert_eq!(why("sum(nothing)", series, 30_000), "no such series");
    assert_eq!(
        why("sum(rate(x[1m]))", &[("x", "1")], 0),
        "no value: too few samples yet, none for 5 minutes, or none passes the comparison"
    );
    assert_eq!(why("sum(x) / 0 * 0", series, 0), "0/0: no traffic");
    assert_eq!(why("(sum(x) + 1) / 0", series, 0), "infinite: divided by 0");
    assert_eq!(why("x", series, 0), "2 series, aggregate them, for example with sum(…)");
    assert_eq!(why("\"text\"", series, 0), "the query gives a text, no number");

    // A constant is as old as the last good scrape, so that it goes stale with it.
    let zero = query("sum(rate(nothing[1m])) or vector(0)");
    let mut store = scraped(&[&zero], series);
    store.scrape_failed(60_000);
    assert_eq!(read(&zero, &store, 90_000).unwrap().at.timestamp_millis(), 30_000);
}

#[test]
fn a_store_keeps_what_its_queries_see_and_no_more() {
    let short = query("x{a=\"1\"}");
    let long = query("rate(y[20m] offset 10m)");
    assert_eq!(longest_range(&short), Duration::from_mins(5));
    assert_eq!(longest_range(&long), Duration::from_mins(30));
    let mut store = Store::for_queries([&short]);
    let lines = (0..1000).fold(String::new(), |text, i| text + &format!("x{{a=\"{i}\"}} 1\nz{i} 2\n"));
    let done = store.append(0, &page(&lines));
    assert_eq!((done.kept, store.series()), (1, 1));
    // A series that nobody can see any more is forgotten.
    let mut store = Store::for_queries([&query("sum(x)")]);
    for i in 0..2_000_i64 {
        store.append(i * 10_000, &page(&format!("x{{pod=\"{}\"}} {i}\n", i / 10)));
    }
    assert!(store.series() < 10, "{} series of short-lived pods are kept", store.series());
    // What does not fit is said, not left out of the sums.
    let day = query("sum_over_time(x[24h])");
    let mut store = Store::for_queries([&day]);
    for i in 0..90_001_i64 {
        store.append(i * 500, &page("x 1\n"));
    }
    assert!(read(&day, &store, 45_000_000).unwrap_err().starts_with("the range holds more samples of x than are kept"));
    let all = query("sum(x)");
    let mut store = Store::for_queries([&all]);
    let lines = (0..20_001).fold(String::new(), |text, i| text + &format!("x{{a=\"{i}\"}} 1\n"));
    assert_eq!(store.append(0, &page(&lines)).refused, 1);
    assert!(read(&all, &store, 0).unwrap_err().contains("more than 20,000 series"));
}

#[test]
fn mistakes_are_shown_at_their_word() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("rat(x[1m])", "rat", "there is no function \"rat\"", "did you mean rate?"),
        ("sum(rate(x[5m:1m]))", ":", "subqueries are not evaluated on a scrape", "source of kind prometheus"),
        ("x @ 1609746000", "@", "\"@\" is not evaluated", "source of kind prometheus"),
        (
            "label_replace(x, \"a\", \"b\", \"c\", \"d\")",
            "label_replace",
            "not evaluated on a scrape",
            "source of kind prometheus",
        ),
        ("sum(histogram_count(x))", "histogram_count", "not evaluated on a scrape", ""),
        ("count_values(\"a\", x)", "count_values", "not evaluated on a scrape", ""),
        ("rate(x)", "rate", "expected type matrix", "give the function a range"),
        ("sum(x[5m])", "", "got matrix", "take the range away"),
        ("x[5m]", "x", "a range alone is no value", ""),
        ("rate(x[5x])", "5x", "\"5x\" is no duration", "30s"),
        ("rate(x[1e300])", "1e300", "is no duration", ""),
        ("rate(x[99999999999999999999y])", "99999999999999999999y", "is", ""),
        ("rate(x[0s])", "0s", "a duration of nothing", ""),
        ("rate(x[30d])", "30d", "no more than 24 hours", ""),
        ("sum(x", "(", "\"(\" is never closed", "close it"),
        ("sum(x))", ")", "\")\" closes nothing", ""),
        ("sum(x]", "]", "\"]\" closes nothing", ""),
        ("x{a=\"b}", "\"b}", "the quoted text is not closed", ""),
        ("x{a=~\"5\\d\"}", "\"5\\d\"}", "this escape is unknown", ""),
        ("x{a=~\"(\"}", "\"(\"", "no regular expression", ""),
        ("x y", "y", "\"y\" cannot stand here", ""),
        ("x + * y", "*", "\"*\" cannot stand after \"+\"", ""),
        ("x +", "+", "after \"+\" something is missing", ""),
        ("x $ y", "$", "this character means nothing here", ""),
        ("1 > 2", "", "comparisons between scalars must use BOOL", "> bool"),
        ("", "", "the query is empty", ""),
        ("{a=\"\"}", "", "matcher", "name the metric"),
        ("x{a=\"1\" or b=\"2\"}", "or", "\"or\" between matchers", ""),
        ("x / fill(0) y", "fill", "not evaluated on a scrape", ""),
    ];
    for (text, word, message, help) in cases {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert!(error.help.contains(help), "{text}: {}", error.help);
        if !word.is_empty() {
            assert_eq!(&text[error.span.clone()], *word, "{text}");
        }
    }
    for text in ["label_replace(x, \"a\", \"b\", \"c\", \"d\")", "max_over_time(rate(x[1m])[5m:])", "x @ 5"] {
        assert!(syntax(text).is_ok(), "a Prometheus would evaluate {text}");
    }
    assert!(syntax("sum(").is_err());
}

#[test]
fn no_text_makes_the_parser_panic() {
    use proptest::prelude::*;
    let words = prop::sample::select(vec![
        "x",
        "rate",
        "sum",
        "by",
        "on",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "5m",
        "1e300",
        "0x",
        "\"a\"",
        "\"\\x",
        "'",
        "`",
        "=~",
        "!=",
        "+",
        "-",
        "^",
        "offset",
        "@",
        ":",
        ",",
        " ",
        "é",
        "group_left",
        "bool",
        "NaN",
        "08",
        "or",
        "start",
        "end",
        "\\",
        "#",
        "\n",
        "9e9999",
        "1w1y",
    ]);
    proptest!(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() }, |(parts in prop::collection::vec(words, 0..24))| {
        let text: String = parts.concat();
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{text}: {:?}", error.span);
        }
        let _ = syntax(&text);
    });
    for text in [
        "(".repeat(5_000),
        "-".repeat(5_000) + "x",
        "1+".repeat(900) + "1",
        "x".repeat(100_000),
        "sum(".repeat(40) + "x" + &")".repeat(40),
    ] {
        let _ = parse(&text);
    }
}
