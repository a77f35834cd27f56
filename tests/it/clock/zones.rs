//! T94: local times around the changes of the clocks stand for one moment, or are refused; T-minus is exact.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone};
use chrono_tz::Tz;
use warroom::clock::zones::local;

use super::{World, plan};

const ZONES: [Tz; 6] = [
    Tz::Europe__Paris,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Casablanca,
    Tz::Pacific__Auckland,
];

/// The moments of 2025 at which a zone's offset changes, to the minute, UTC.
fn edges(zone: Tz) -> Vec<NaiveDateTime> {
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap().and_time(NaiveTime::MIN);
    let offset = |at: NaiveDateTime| zone.offset_from_utc_datetime(&at).fix().local_minus_utc();
    let quarter = |n: i64| first + TimeDelta::minutes(15 * n);
    (1..365 * 96).map(quarter).filter(|at| offset(*at) != offset(*at - TimeDelta::minutes(15))).collect()
}

#[test]
fn a_local_time_is_one_moment_or_is_refused() {
    let (mut refused, mut taken) = (0, 0);
    for zone in ZONES {
        let edges = edges(zone);
        assert_eq!(edges.len(), 2, "{zone}: {edges:?}");
        for edge in edges {
            let around = zone.from_utc_datetime(&edge).naive_local();
            for n in -20..20_i64 {
                let wall = around + TimeDelta::minutes(7 * n);
                // By brute force: the moments whose local time this is.
                let moments: Vec<_> = (-30..30)
                    .map(|half| wall - TimeDelta::minutes(30 * half))
                    .map(|utc| zone.from_utc_datetime(&utc))
                    .filter(|at| at.naive_local() == wall)
                    .collect();
                match (local(zone, wall), moments.as_slice()) {
                    (Ok(at), [one]) => {
                        assert_eq!(at, one.to_utc(), "{wall} {zone}");
                        taken += 1;
                        exact(at);
                    }
                    (Err(why), []) => {
                        assert!(why.contains("does not exist") && why.contains("offset"), "{why}");
                        refused += 1;
                    }
                    (Err(why), [first, second]) => {
                        assert!(why.contains("twice"), "{why}");
                        assert!(why.contains(&first.to_rfc3339()) && why.contains(&second.to_rfc3339()), "{why}");
                        refused += 1;
                    }
                    other => panic!("{wall} {zone}: {other:?}"),
                }
            }
        }
    }
    assert_eq!(refused + taken, 6 * 2 * 40);
    assert!(refused > 20, "{refused}");
}

/// T-minus is counted in seconds that passed, whatever the wall clocks say.
fn exact(t0: chrono::DateTime<chrono::Utc>) {
    let mut w = World::new("# R\n\n1. x\n", &plan("", ""));
    w.does("ic", &warroom::room::Intent::SetT0 { t0: Some(t0) }).unwrap();
    for hours in [-30, -1, 1, 30] {
        w.room.now.utc = t0 + TimeDelta::hours(hours);
        assert_eq!(w.room.t().unwrap().0, hours * 3_600);
    }
}
