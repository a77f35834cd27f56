//! Objectives with budgets: what is counted, what burns, what is left, and that nothing unknown passes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use warroom::clock::Now;
use warroom::plan::slo::{HiddenReads, Side};
use warroom::plan::{Input, Loaded, Outside, load};
use warroom::probe::counter::{BEGINS, Completeness, Running, Totals};
use warroom::probe::slo::{BurnState, Lasts, Objective, PAIRS, Seen, budget, burn};
use warroom::probe::{Ask, MetricIx, MetricReading, Point, ProbeId, Reading, Reads, Sample};
use warroom::room::slo::{SloState, hidden_ix, judge, sentence};
use warroom::room::{Room, observe};

use crate::support;
use crate::support::watch::Watched;

const MONTH: Duration = Duration::from_hours(720);

fn objective() -> Objective {
    Objective::new(99.9, MONTH).unwrap()
}

fn seen(bad: f64, total: f64) -> Seen {
    Seen::Counted { bad, total }
}

fn none() -> Seen {
    Seen::NoData("no answer for 40 s".to_owned())
}

#[test]
fn the_factors_are_those_of_the_workbook() {
    let factors = |period| PAIRS.map(|p| p.factor(period));
    assert_eq!(factors(MONTH).map(|f| (f * 1e9).round() / 1e9), [14.4, 6.0, 3.0, 1.0]);
    let four_weeks = factors(Duration::from_hours(672));
    assert!((four_weeks[0] - 13.44).abs() < 1e-9, "{four_weeks:?}");
    let windows = PAIRS.map(|p| (p.long.as_secs() / 60, p.short.as_secs() / 60));
    assert_eq!(windows, [(60, 5), (360, 30), (1_440, 120), (4_320, 360)]);
}

#[test]
fn it_burns_only_where_both_windows_say_so() {
    let state = |long: &Seen, short: &Seen| burn(&objective(), PAIRS[0], long, short).state;
    // 14.4 × 0.1 % is 1.44 %: exactly so much does not exceed it.
    assert_eq!(state(&seen(145.0, 10_000.0), &seen(145.0, 10_000.0)), BurnState::Firing);
    assert_eq!(state(&seen(143.0, 10_000.0), &seen(9_000.0, 10_000.0)), BurnState::Quiet);
    assert_eq!(state(&seen(9_000.0, 10_000.0), &seen(143.0, 10_000.0)), BurnState::Quiet, "it is over");
    for (long, short) in
        [(none(), seen(9.0, 9.0)), (seen(9.0, 9.0), none()), (none(), none()), (seen(0.0, 9.0), none())]
    {
        assert_eq!(state(&long, &short), BurnState::NoData("no answer for 40 s".to_owned()));
    }
    let idle = BurnState::NoData("no traffic".to_owned());
    assert_eq!(state(&seen(0.0, 0.0), &seen(0.0, 100.0)), idle);
    assert_eq!(state(&seen(5.0, 0.0), &seen(5.0, 0.0)), idle, "no share of nothing");
    let it = burn(&objective(), PAIRS[0], &seen(10.0, 10_000.0), &seen(20.0, 10_000.0));
    assert!((it.long.unwrap() - 1.0).abs() < 1e-9 && (it.short.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn a_budget_is_computed_from_what_was_counted() {
    let five = Duration::from_mins(5);
    let it = budget(&objective(), &seen(250.0, 1_000_000.0), &seen(50.0, 2_000.0), five).unwrap();
    assert_eq!((it.allowed, it.spent, it.left, it.share_left), (1_000.0, 250.0, 750.0, 0.75));
    assert_eq!(it.lasts, Lasts::Minutes(75.0), "10 a minute");
    let lasts = |present: &Seen| budget(&objective(), &seen(0.0, 1e6), present, five).unwrap().lasts;
    assert_eq!(lasts(&seen(0.0, 9.0)), Lasts::NothingFails);
    assert_eq!(lasts(&none()), Lasts::NoData("no answer for 40 s".to_owned()));
    let over = budget(&objective(), &seen(1_500.0, 1_000_000.0), &none(), five).unwrap();
    assert_eq!((over.share_left, over.lasts), (-0.5, Lasts::Spent));
    assert_eq!(budget(&objective(), &seen(0.0, 0.0), &none(), five), Err("no traffic".to_owned()));
    assert_eq!(budget(&objective(), &none(), &none(), five), Err("no answer for 40 s".to_owned()));
    for percent in [0.0, 100.0, -1.0, 101.0, f64::NAN] {
        assert_eq!(Objective::new(percent, MONTH), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn budgets_and_burns_agree(percent in 50.0..99.999_f64, total in 1.0..1e9_f64, share in 0.0..1.0_f64, pair in 0..4_usize) {
        let objective = Objective::new(percent, MONTH).unwrap();
        let bad = total * share;
        let now = seen(bad, total);
        let it = budget(&objective, &now, &now, MONTH).unwrap();
        prop_assert!((it.left + it.spent - it.allowed).abs() <= 1e-9 * total);
        // A burn of 1 over the whole period spends the budget exactly: what is left is 1 − burn.
        let burning = burn(&objective, PAIRS[pair], &now, &now);
        prop_assert!((it.share_left - (1.0 - burning.long.unwrap())).abs() <= 1e-6 * burning.long.unwrap().max(1.0));
        // At a steady rate the time left is what the counts say.
        if let Lasts::Minutes(minutes) = it.lasts {
            prop_assert!((minutes * bad / (MONTH.as_secs_f64() / 60.0) - it.left).abs() <= 1e-6 * it.allowed);
        }
        // More failures never quieten it, and nothing unknown fires or is quiet.
        let more = seen((bad * 1.5).min(total), total);
        if burning.state == BurnState::Firing {
            prop_assert_eq!(burn(&objective, PAIRS[pair], &more, &more).state, BurnState::Firing);
        }
        let unknown = burn(&objective, PAIRS[pair], &now, &none()).state;
        prop_assert!(matches!(unknown, BurnState::NoData(_)));
    }

    #[test]
    fn a_running_total_counts_every_event_through_resets(
        steps in prop::collection::vec((0..4_usize, 0..20_u32, prop::bool::weighted(0.1), prop::bool::weighted(0.1)), 1..200),
    ) {
        // Four series that grow, start again and hide; what each truly counted is known.
        let mut running = Running::default();
        let (mut shown, mut truth) = ([0.0_f64; 4], 0.0);
        running.take((0..4).map(|s| (s, 0.0))).unwrap();
        for (series, grown, reset, hide) in steps {
            if reset {
                shown[series] = 0.0;
                // Told at once, as a scrape between the reset and the next event would.
                running.take([(series, 0.0)]).unwrap();
            }
            shown[series] += f64::from(grown);
            truth += f64::from(grown);
            let here = (0..4).filter(|s| !hide || *s != (series + 1) % 4);
            let total = running.take(here.map(|s| (s, shown[s]))).unwrap();
            prop_assert_eq!(total, truth);
        }
    }
}

fn t(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_761_048_000 + seconds, 0).unwrap()
}

#[test]
fn a_new_series_counts_from_nothing_and_no_series_is_no_number() {
    let mut running = Running::default();
    assert_eq!(running.take(Vec::<(&str, f64)>::new()), Err("no such series".to_owned()));
    assert_eq!(running.take([("200", 1_000.0)]), Ok(1_000.0));
    assert_eq!(running.take([("200", 1_010.0), ("503", 3.0)]), Ok(1_013.0));
    assert_eq!(running.take([("200", 5.0)]), Ok(1_018.0), "started again, and the other is gone");
    assert_eq!(running.take([("200", 5.0), ("503", 4.0)]), Ok(1_019.0), "back, with one more");
    assert!(running.take([("200", f64::NAN)]).is_err());
    let many = (0..20_001).map(|n| (n, 1.0));
    assert_eq!(Running::default().take(many), Err("more than 20,000 series; select fewer".to_owned()));
}

#[test]
fn totals_say_how_far_back_they_reach() {
    let mut totals = Totals::default();
    assert_eq!(totals.over(Duration::from_mins(5)), Err(Duration::ZERO));
    for s in (0..=720).step_by(5) {
        totals.push(t(s), 100.0 + s as f64);
    }
    assert_eq!(totals.over(Duration::from_mins(5)), Ok(300.0));
    assert_eq!(totals.over(Duration::from_mins(12)), Ok(720.0));
    assert_eq!(totals.over(Duration::from_hours(24)), Err(Duration::from_mins(12)));
    let since = totals.since(t(700)).unwrap();
    assert_eq!((since.by, since.since, since.count), (20.0, t(700), Completeness::Exact));
    assert_eq!(totals.since(t(-50)).unwrap().since, t(0), "counted from its beginning only");
    // Whoever counts begins anew: what it said before may be missing a part.
    totals.begins();
    totals.push(t(725), 900.0);
    let since = totals.since(t(700)).unwrap();
    assert_eq!((since.by, since.count), (100.0, Completeness::AtLeast(t(725))));
    totals.push(t(730), 910.0);
    assert_eq!(totals.since(t(725)).unwrap().count, Completeness::Exact);
    // Nobody looked for five seconds of five minutes, and the series went on: counted as a Prometheus would.
    assert_eq!(totals.over(Duration::from_mins(5)), Ok(380.0));
    assert_eq!(totals.over(Duration::from_secs(45)), Err(Duration::from_secs(5)), "a ninth of it was not seen");
    // A total never falls by itself.
    totals.push(t(735), 2.0);
    assert_eq!(totals.since(t(700)).unwrap().count, Completeness::AtLeast(t(735)));
    assert_eq!(totals.since(t(700)).unwrap().by, 110.0);
    assert_eq!(totals.over(Duration::from_mins(5)), Err(Duration::ZERO), "what was counted meanwhile is not known");
    totals.push(t(735), 50.0);
    assert_eq!(totals.since(t(735)).unwrap().by, 0.0, "not newer");
}

#[test]
fn a_take_over_after_a_deployment_counts_on_where_the_series_are() {
    // Two series, one of which was started again: the total lies 1,000 above what they show.
    let mut running = Running::default();
    running.take([("a", 1_000.0), ("b", 500.0)]).unwrap();
    assert_eq!(running.above(), 0.0);
    assert_eq!(running.take([("a", 10.0), ("b", 600.0)]), Ok(1_610.0));
    assert_eq!(running.above(), 1_000.0);
    let mut totals = Totals::default();
    totals.push(t(0), 1_500.0);
    totals.push(t(5), 1_610.0);
    totals.lies_above(running.above());
    for s in (10..=600).step_by(5) {
        totals.push(t(s), 1_610.0);
    }
    // The next watch sees what the series show: 20 more.
    let mut next = Running::default();
    totals.begins();
    totals.push(t(610), next.take([("a", 20.0), ("b", 610.0)]).unwrap());
    assert_eq!(totals.over(Duration::from_mins(5)), Ok(20.0), "the window goes on");
    assert_eq!(
        totals.since(t(0)).unwrap().count,
        Completeness::AtLeast(t(610)),
        "and what was spent says that it may be more"
    );
    // The one after comes when a series was started again meanwhile: what it had is not known.
    totals.begins();
    totals.push(t(620), 300.0);
    assert_eq!(totals.over(Duration::from_mins(5)), Err(Duration::ZERO));
    totals.push(t(800), 330.0);
    assert_eq!(totals.over(Duration::from_mins(3)), Ok(30.0), "and it is whole again when that is past");
}

#[test]
fn totals_are_bounded_and_keep_days() {
    let mut totals = Totals::default();
    let days = 4 * 86_400;
    for s in 0..days {
        if s % 2 == 0 {
            totals.push(t(s), s as f64);
        }
    }
    assert!(totals.len() <= 5_940, "{}", totals.len());
    let close = |hours: u64, slack: f64| {
        let grown = totals.over(Duration::from_hours(hours)).unwrap();
        assert!((grown - hours as f64 * 3_600.0).abs() <= slack, "{hours} h: {grown}");
    };
    close(1, 10.0);
    close(6, 120.0);
    close(72, 4_000.0);
}

const PLAN: &str = r#"
[room]
name = "retail"
t0 = 2025-10-21T12:00:00Z

[source.app]
scrape = "http://127.0.0.1:1/metrics"
every = "5s"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(x[1m])"
source = "app"

[[slo]]
name = "checkout"
target = "99.9%"
source = "app"
bad = 'http_requests_total{code=~"5.."}'
total = "http_requests_total"
spend = 40
"#;

fn loaded(text: &str) -> Loaded {
    let nothing = |_: &str| None;
    let no_file = |_: &str| Err(String::new());
    let outside = Outside { env: &nothing, file: &no_file, cmd: &no_file };
    load(&Input { path: "warroom.toml", text, outside: &outside, runbooks: &[] })
}

fn at(seconds: i64) -> Now {
    Now { utc: t(seconds), mono: Duration::from_secs((360_000 + seconds) as u64) }
}

fn room(plan: &str, now: i64) -> Room {
    let mut room = support::room("# Go-live\n\n- [ ] a step\n", plan);
    room.now = at(now);
    room
}

fn tell(room: &mut Room, seconds: i64, metric: MetricIx, value: Result<f64, &str>) {
    let value = value.map(|value| Point { at: t(seconds), value }).map_err(str::to_owned);
    let reading = Reading::Metrics(vec![MetricReading { metric, value }]);
    room.now = at(seconds);
    observe::observe(room, Sample { probe: ProbeId(0), at: at(seconds), took: Duration::ZERO, reading });
}

/// Failures and requests as counted at a time.
fn counted(room: &mut Room, seconds: i64, bad: f64, total: f64) {
    for (side, value) in [(Side::Part, bad), (Side::All, total)] {
        let ix = hidden_ix(&room.plan, 0, side, HiddenReads::Running).unwrap();
        tell(room, seconds, ix, Ok(value));
    }
}

#[test]
fn a_page_is_asked_once_and_a_prometheus_for_windows() {
    let it = loaded(PLAN);
    assert!(it.usable(), "{:?}", it.findings);
    let [probe] = it.plan.probes.as_slice() else { panic!("{:?}", it.plan.probes) };
    let Ask::Scrape { queries, .. } = &probe.ask else { panic!() };
    let said: Vec<_> = queries.iter().map(|q| (q.metric.0, q.reads, q.promql.as_str())).collect();
    assert_eq!(
        said,
        [
            (0, Reads::Value, "rate(x[1m])"),
            (1, Reads::Counter, r#"http_requests_total{code=~"5.."} or sum(http_requests_total{code!=""}) * 0"#),
            (2, Reads::Counter, "http_requests_total"),
        ]
    );
    let it = loaded(&PLAN.replace("scrape = \"http://127.0.0.1:1/metrics\"", "prometheus = \"http://p:9090\""));
    assert!(it.usable(), "{:?}", it.findings);
    let mut asked = Vec::new();
    for probe in &it.plan.probes {
        let Ask::Prometheus { queries, backfill, .. } = &probe.ask else { panic!() };
        for q in queries.iter().filter(|q| q.metric.0 > 0) {
            assert!(backfill.is_zero(), "hidden queries have no past to draw");
            let hidden = it.plan.hidden_query(q.metric).unwrap();
            assert_eq!(hidden.every, probe.every);
            if hidden.side == Side::All {
                asked.push((probe.every.as_secs(), q.promql.clone()));
            }
        }
    }
    let all = |range: &str| format!("sum(increase(http_requests_total[{range}]))");
    let expected = [
        (5, "http_requests_total".to_owned()),
        (30, all("5m")),
        (30, all("30m")),
        (30, all("1h")),
        (30, all("2h")),
        (120, all("6h")),
        (120, all("1d")),
        (120, all("3d")),
        (120, all("30d")),
    ];
    asked.sort_by_key(|(every, q)| expected.iter().position(|(e, x)| e == every && x == q));
    assert_eq!(asked, expected);
}

#[test]
fn hidden_queries_are_no_metrics_and_have_names_on_the_tape() {
    let it = loaded(PLAN);
    assert_eq!(it.plan.metrics.len(), 1);
    let json = serde_json::to_value(&it.plan).unwrap();
    assert!(json.get("hidden").is_none() && json["slos"][0]["name"] == "checkout", "{json}");
    for ix in [0, 1, 2].map(MetricIx) {
        let name = it.plan.taped_name(ix).unwrap();
        assert_eq!(it.plan.taped(name), Some(ix), "{name}");
    }
    assert_eq!(it.plan.taped_name(MetricIx(3)), None);
    // Another selector is another series.
    let other = loaded(&PLAN.replace("5..", "50."));
    assert_eq!(other.plan.taped(it.plan.taped_name(MetricIx(1)).unwrap()), None);
    assert_eq!(other.plan.taped(it.plan.taped_name(MetricIx(2)).unwrap()), Some(MetricIx(2)));
}

#[test]
fn what_has_no_history_is_no_data_and_never_good() {
    let mut room = room(PLAN, -720);
    let now = judge(&room, 0).unwrap();
    assert_eq!(now.state, SloState::NoData);
    assert!(sentence(&now).contains("budget: no data, not asked yet"), "{}", sentence(&now));
    for s in (-720..=0).step_by(5) {
        counted(&mut room, s, 7.0, 1e6 + (s * 100) as f64);
    }
    let now = judge(&room, 0).unwrap();
    assert_eq!(now.state, SloState::NoData);
    let states: Vec<_> = now.burns.iter().map(|b| (b.long, b.short, b.state.clone())).collect();
    let short = |why: &str| BurnState::NoData(why.to_owned());
    assert_eq!(states[0], (None, Some(0.0), short("only 12 m seen")), "1 h is longer than 12 min");
    assert_eq!(states[2], (None, None, short("only 12 m seen")));
    assert_eq!(now.budget, Err("only 12 m seen".to_owned()));
    // An hour later the first pair is known, and quiet.
    for s in (5..=3_600).step_by(5) {
        counted(&mut room, s, 7.0, 1e6 + (s * 100) as f64);
    }
    assert_eq!(judge(&room, 0).unwrap().burns[0].state, BurnState::Quiet);
    // Everything fails for ten minutes.
    for s in (3_605..=4_200).step_by(5) {
        counted(&mut room, s, 7.0 + ((s - 3_600) * 100) as f64, 1e6 + (s * 100) as f64);
    }
    let now = judge(&room, 0).unwrap();
    assert_eq!(now.burns[0].state, BurnState::Firing);
    assert_eq!(now.state, SloState::Overspent);
    assert!(sentence(&now).starts_with("burns 167× in 1h and 1000× in 5m, over 14.4×"), "{}", sentence(&now));
    // Nobody answers any more: what was known is no longer so.
    room.now = at(4_260);
    assert_eq!(judge(&room, 0).unwrap().burns[0].state, short("no answer for 60 s"));
}

#[test]
fn what_a_cutover_spends_is_counted_from_t0_through_restarts() {
    let mut room = room(PLAN, -100);
    let spend = |room: &Room| judge(room, 0).unwrap().spend.unwrap();
    counted(&mut room, -100, 500.0, 1e6);
    assert_eq!(spend(&room), Err("it is counted from T-0, in 100 s".replace("100 s", "1 m")));
    counted(&mut room, -5, 510.0, 1e6);
    counted(&mut room, 0, 512.0, 1e6);
    counted(&mut room, 5, 524.0, 1e6 + 900.0);
    let words = |room: &Room| spend(room).map(|s| s.words());
    assert_eq!(words(&room), Ok("28 of 40 left, 12 spent since T-0".to_owned()));
    // Another process takes the watch over; its count begins higher.
    let ix = hidden_ix(&room.plan, 0, Side::Part, HiddenReads::Running).unwrap();
    tell(&mut room, 40, ix, Err(BEGINS));
    counted(&mut room, 40, 530.0, 2e6);
    assert_eq!(
        words(&room),
        Ok("at most 22 of 40 left, at least 18 spent since T-0 (counting began anew at 12:00:40)".to_owned())
    );
    counted(&mut room, 45, 560.0, 2e6);
    assert_eq!(judge(&room, 0).unwrap().state, SloState::Overspent, "certain, whatever is missing");
    assert!(words(&room).unwrap().contains("8 more than 40, at least 48 spent since T-0"), "{:?}", words(&room));
    // No answer: what was spent stays spent.
    tell(&mut room, 50, ix, Err("500, expected 2xx"));
    assert!(words(&room).unwrap().ends_with("(500, expected 2xx)"), "{:?}", words(&room));
}

#[test]
fn counting_that_began_after_t0_says_so() {
    let mut room = room(PLAN, 300);
    counted(&mut room, 300, 90.0, 1e6);
    counted(&mut room, 305, 93.0, 1e6 + 50.0);
    let now = judge(&room, 0).unwrap();
    assert_eq!(
        now.spend.unwrap().unwrap().words(),
        "at most 37 of 40 left, at least 3 spent since 12:05:00, and T-0 was before"
    );
    assert_eq!(now.state, SloState::NoData);
}

#[test]
fn good_requests_count_failures_by_what_is_missing() {
    let plan =
        PLAN.replace("bad = 'http_requests_total{code=~\"5..\"}'", "good = 'http_requests_total{code!~\"5..\"}'");
    let mut room = room(&plan, -5);
    counted(&mut room, -5, 1_000.0, 1_000.0);
    counted(&mut room, 5, 1_090.0, 1_100.0);
    assert_eq!(judge(&room, 0).unwrap().spend.unwrap().unwrap().words(), "30 of 40 left, 10 spent since T-0");
}

#[test]
fn a_prometheus_answers_for_its_windows_while_it_is_fresh() {
    let plan = PLAN.replace("scrape = \"http://127.0.0.1:1/metrics\"", "prometheus = \"http://p:9090\"");
    let mut room = room(&plan, 0);
    let answer = |room: &mut Room, s: i64, bad: f64| {
        for window in warroom::plan::slo::windows(MONTH) {
            for (side, value) in [(Side::Part, bad), (Side::All, 1_000_000.0)] {
                let ix = hidden_ix(&room.plan, 0, side, HiddenReads::Increase(window)).unwrap();
                tell(room, s, ix, Ok(value));
            }
        }
        counted(room, s, bad, 1e6);
    };
    answer(&mut room, 0, 5.0);
    let now = judge(&room, 0).unwrap();
    assert_eq!(now.state, SloState::Good, "{now:?}");
    assert_eq!(sentence(&now), "40 of 40 left, 0 spent since T-0; 99.5% of the budget left");
    // All but one window: not good any more.
    for side in [Side::Part, Side::All] {
        let ix = hidden_ix(&room.plan, 0, side, HiddenReads::Increase(Duration::from_mins(30))).unwrap();
        tell(&mut room, 5, ix, Err("504, expected 200"));
    }
    let now = judge(&room, 0).unwrap();
    assert_eq!((now.state, now.budget.is_ok()), (SloState::NoData, true));
    assert!(sentence(&now).ends_with("1 of 4 burn rates without data"), "{}", sentence(&now));
    answer(&mut room, 30, 1_200.0);
    assert_eq!(judge(&room, 0).unwrap().state, SloState::Overspent);
    let ix = hidden_ix(&room.plan, 0, Side::All, HiddenReads::Increase(Duration::from_mins(5))).unwrap();
    tell(&mut room, 35, ix, Err("no such series"));
    assert_eq!(judge(&room, 0).unwrap().burns[0].state, BurnState::NoData("no such series".to_owned()));
    room.now = at(200);
    let states: Vec<_> = judge(&room, 0).unwrap().burns.into_iter().map(|b| b.state).collect();
    assert_eq!(states[1], BurnState::NoData("no answer for 2 m".to_owned()));
    assert_eq!(states[3], BurnState::Firing, "a long window is asked each two minutes");
}

#[test]
fn a_budget_that_is_spent_is_an_alert_of_its_own() {
    let mut room = room(PLAN, 0);
    room.live.watch = warroom::room::Watch::Me { epoch: 1 };
    let names: Vec<_> = room.plan.rules.iter().map(|r| r.name.clone()).collect();
    let name = room.plan.slos[0].name.clone();
    assert_eq!(names, [format!("{name} burns"), format!("{name} overspent")]);
    let mut told = Vec::new();
    for (s, bad) in [(0, 5.0), (5, 30.0), (10, 45.0), (15, 46.0), (20, 47.0)] {
        counted(&mut room, s, bad, 1_000.0 + bad);
        for effect in observe::tick(&mut room, at(s)) {
            let warroom::room::Effect::Append(drafts) = effect;
            told.extend(drafts.into_iter().filter_map(|d| match d.fact {
                warroom::fact::Fact::AlertChanged { alert, to, why, .. } => Some((s, alert, to, why)),
                _ => None,
            }));
        }
    }
    // 40 may be spent: 45 less the 5 from before.
    assert_eq!(told.len(), 1, "{told:?}");
    let (s, alert, to, why) = &told[0];
    assert_eq!((*s, alert.raw(), *to), (15, names[1].as_str(), warroom::fact::AlertWord::Firing));
    assert!(why.raw().contains("41 spent"), "{why}");
}

#[test]
fn a_new_plan_keeps_what_the_same_queries_counted() {
    let mut room = room(PLAN, 0);
    counted(&mut room, 0, 5.0, 100.0);
    counted(&mut room, 5, 9.0, 200.0);
    let book = warroom::room::Book::new(room.book.runbooks.clone());
    let more = PLAN.replace("[[slo]]", "[[metric]]\nname = \"more\"\nquery = \"y\"\nsource = \"app\"\n\n[[slo]]");
    room.replace(book, loaded(&more).plan);
    assert_eq!(judge(&room, 0).unwrap().spend.unwrap().unwrap().words(), "36 of 40 left, 4 spent since T-0");
    let book = warroom::room::Book::new(room.book.runbooks.clone());
    room.replace(book, loaded(&PLAN.replace("5..", "4..")).plan);
    assert_eq!(judge(&room, 0).unwrap().spend.unwrap(), Err("not asked yet".to_owned()), "these were other requests");
}

/// A page of counters; the failures of it.
fn page() -> (u16, Arc<AtomicU64>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let failed = Arc::new(AtomicU64::new(5));
    let bad = Arc::clone(&failed);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let bad = Arc::clone(&bad);
            std::thread::spawn(move || {
                let mut buffer = [0; 4_096];
                while stream.read(&mut buffer).is_ok_and(|n| n > 0) {
                    let n = bad.load(Ordering::Relaxed);
                    let body = format!("r_total{{code=\"200\"}} {}\nr_total{{code=\"500\"}} {n}\n", 1_000 + n);
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}", body.len());
                    if stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (port, failed)
}

#[test]
fn readers_and_the_next_watch_count_on_from_the_tape() {
    let home = tempfile::tempdir().unwrap();
    let (port, failed) = page();
    let plan = format!(
        "[room]\nname = \"retail\"\n\n[source.app]\nscrape = \"http://127.0.0.1:{port}/metrics\"\nevery = \"200ms\"\n\n\
         [[slo]]\nname = \"checkout\"\ntarget = \"99.9%\"\nbad = 'r_total{{code=~\"5..\"}}'\ntotal = \"r_total\"\nspend = 40\n"
    );
    let path = home.path().join("warroom.toml");
    std::fs::write(&path, plan).unwrap();
    let journal = home.path().join("j.db");
    let start = |name| Watched::start(home.path(), &path, name, &["--journal", journal.to_str().unwrap()]);
    let left = |n: f64| move |s: &serde_json::Value| s["slos"][0]["spend_left"] == n;
    let first = start("ic");
    let mut a = first.client();
    a.until("counting", left(40.0));
    failed.store(8, Ordering::Relaxed);
    a.until("three failures", left(37.0));
    let status = a.status();
    assert_eq!(status["metrics"], serde_json::json!([]), "what counts for an objective is no metric");
    let slo = &status["slos"][0];
    assert_eq!((&slo["state"], &slo["budget_left"]), (&"no data".into(), &serde_json::Value::Null), "{slo}");
    assert_eq!(slo["burn"][0]["state"], "no data");
    assert_eq!((slo["burn"][0]["long"].as_u64(), slo["burn"][0]["factor"].as_f64()), (Some(3_600), Some(14.4)));
    let second = start("dba");
    let mut b = second.client();
    b.until("the same in a process that does not poll", |s| s["watch"] == "elsewhere" && left(37.0)(s));
    first.kill();
    failed.store(10, Ordering::Relaxed);
    // Two more failed while the watch changed hands; none is lost, and it is said that one might be.
    b.until("the next watch", |s| s["watch"] == "here" && left(35.0)(s));
    let reason = b.status()["slos"][0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("at most 35 of 40 left, at least 5 spent since"), "{reason}");
    second.kill();
    let third = start("on-call");
    let mut c = third.client();
    c.until("the same after a restart", left(35.0));
}
