//! Rules, gates, windows, levels, rollbacks, breakers and profiles as typed.

use std::ops::Range;

use toml::Spanned;

use super::Text;
use crate::plan::table::{Reader, Table};

pub(in crate::plan) struct RawRule {
    pub name: Option<Text>,
    pub when: Option<Text>,
    pub for_: Option<Text>,
    pub keep_for: Option<Text>,
    pub severity: Option<Text>,
    pub notify: Vec<Text>,
    pub runbook: Option<Text>,
    pub service: Option<Text>,
    pub no_data: Option<Text>,
    pub latch: bool,
    pub windows: Vec<Text>,
    pub phases: Vec<Text>,
}

pub(in crate::plan) struct RawMaintenance {
    pub name: Option<Text>,
    pub services: Vec<Text>,
    pub rules: Vec<Text>,
    pub from: Option<Text>,
    pub until: Option<Text>,
}

pub(in crate::plan) struct RawBaseline {
    pub from: Option<Text>,
    pub until: Option<Text>,
    pub tolerance: Option<Text>,
}

pub(in crate::plan) struct RawGate {
    pub at: Range<usize>,
    pub name: Option<Text>,
    pub place: Option<Text>,
    pub criteria: Vec<Text>,
    pub dwell: Option<Text>,
    pub votes: Vec<Text>,
    pub quorum: Option<Spanned<i64>>,
    pub deadline: Option<Text>,
    pub on_breach: Option<Text>,
    pub max_age: Option<Text>,
    pub min_samples: Option<u32>,
}

pub(in crate::plan) struct RawWindow {
    pub name: Option<Text>,
    pub from: Option<Text>,
    pub until: Option<Text>,
    pub every: Option<Text>,
    pub check_in: Option<RawCheckIn>,
    pub notify: Vec<Text>,
}

pub(in crate::plan) struct RawCheckIn {
    pub at: Range<usize>,
    pub every: Option<Text>,
    pub role: Option<Text>,
}

pub(in crate::plan) struct RawLevel {
    pub at: Range<usize>,
    pub name: Option<Text>,
    pub when: Vec<Text>,
    pub decide_within: Option<Text>,
    pub say: Option<Text>,
    pub for_: Option<Text>,
    pub keep_for: Option<Text>,
    pub declare: Vec<Text>,
    pub auto: Option<Text>,
}

pub(in crate::plan) struct RawRollback {
    pub name: Option<Text>,
    pub steps: Option<Text>,
    pub takes: Option<Text>,
    pub for_levels: Vec<Text>,
    pub confirm: Option<Text>,
    pub two_person: bool,
    pub until: Option<Text>,
    pub targets: Vec<RawTarget>,
    pub verify: Vec<Text>,
    pub dwell: Option<Text>,
}

pub(in crate::plan) struct RawTarget {
    pub service: Option<Text>,
    pub to: Option<Text>,
}

pub(in crate::plan) struct RawBreaker {
    pub name: Option<Text>,
    pub run: Option<Text>,
    pub confirm: Option<Text>,
    pub role: Option<Text>,
    pub blast: Option<Text>,
    pub two_person: bool,
    pub cooldown: Option<Text>,
    pub check: Option<Text>,
}

pub(in crate::plan) struct RawAbort {
    pub name: Option<Text>,
    pub at: Option<Text>,
    pub when: Option<Text>,
    pub for_: Option<Text>,
}

pub(in crate::plan) struct RawTick {
    pub step: Option<Text>,
    pub when: Option<Text>,
    pub for_: Option<Text>,
}

pub(in crate::plan) struct RawProfile {
    pub name: Option<Text>,
    pub phases: Vec<Text>,
    pub skip: Vec<Text>,
    pub monitor: Option<Text>,
}

impl RawRule {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            when: t.required(r, "when"),
            for_: t.duration(r, "for"),
            keep_for: t.duration(r, "keep_for"),
            severity: t.text(r, "severity"),
            notify: t.texts(r, "notify"),
            runbook: t.text(r, "runbook"),
            service: t.text(r, "service"),
            no_data: t.text(r, "no_data"),
            latch: t.boolean(r, "latch").is_some_and(|latch| *latch.get_ref()),
            windows: t.texts(r, "windows"),
            phases: t.texts(r, "phases"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawMaintenance {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            services: t.texts(r, "services"),
            rules: t.texts(r, "rules"),
            from: t.required(r, "from"),
            until: t.required(r, "until"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawBaseline {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self { from: t.required(r, "from"), until: t.required(r, "until"), tolerance: t.text(r, "tolerance") };
        t.close(r, &[]);
        it
    }
}

impl RawGate {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let (dwell, on_breach) = Self::dwell(&mut t, r);
        let it = Self {
            at: t.span(),
            name: t.required(r, "name"),
            place: t.text(r, "at"),
            criteria: t.texts(r, "criteria"),
            dwell,
            votes: t.texts(r, "votes"),
            quorum: t.integer(r, "quorum", 1..=100),
            deadline: t.text(r, "deadline"),
            on_breach,
            max_age: t.duration(r, "max_age"),
            min_samples: t.integer(r, "min_samples", 0..=10_000).and_then(|n| u32::try_from(*n.get_ref()).ok()),
        };
        t.close(r, &[]);
        it
    }

    /// `dwell = "5m"`, or `dwell = { for = "5m", on_breach = "pause" }`.
    fn dwell(t: &mut Table<'_>, r: &mut Reader<'_>) -> (Option<Text>, Option<Text>) {
        if t.value("dwell").is_none_or(|value| value.get_ref().as_table().is_none()) {
            return (t.duration(r, "dwell"), None);
        }
        let Some(mut table) = t.table(r, "dwell", "`dwell`") else { return (None, None) };
        table.demand(r, "for");
        let both = (table.duration(r, "for"), table.text(r, "on_breach"));
        table.close(r, &[]);
        both
    }
}

impl RawWindow {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            from: t.required(r, "from"),
            until: t.required(r, "until"),
            every: t.duration(r, "every"),
            check_in: t.table(r, "check_in", "`check_in`").map(|mut table| {
                let check_in =
                    RawCheckIn { at: table.span(), every: table.duration(r, "every"), role: table.text(r, "role") };
                table.close(r, &[]);
                check_in
            }),
            notify: t.texts(r, "notify"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawLevel {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            at: t.span(),
            name: t.required(r, "name"),
            when: t.texts(r, "when"),
            decide_within: t.duration(r, "decide_within"),
            say: t.text(r, "say"),
            for_: t.duration(r, "for"),
            keep_for: t.duration(r, "keep_for"),
            declare: t.texts(r, "declare"),
            auto: t.text(r, "auto"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawRollback {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            steps: t.required(r, "steps"),
            takes: t.duration(r, "takes"),
            for_levels: t.texts(r, "for_levels"),
            confirm: t.text(r, "confirm"),
            two_person: t.boolean(r, "two_person").is_some_and(|two| *two.get_ref()),
            until: t.text(r, "until"),
            targets: {
                let targets = t.tables(r, "targets").into_iter();
                targets
                    .map(|mut target| {
                        let read = RawTarget { service: target.required(r, "service"), to: target.required(r, "to") };
                        target.close(r, &[]);
                        read
                    })
                    .collect()
            },
            verify: t.texts(r, "verify"),
            dwell: t.duration(r, "dwell"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawBreaker {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            run: t.required(r, "run"),
            confirm: t.required(r, "confirm"),
            role: t.text(r, "role"),
            blast: t.text(r, "blast"),
            two_person: t.boolean(r, "two_person").is_some_and(|two| *two.get_ref()),
            cooldown: t.duration(r, "cooldown"),
            check: t.text(r, "check"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawAbort {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            at: t.required(r, "at"),
            when: t.required(r, "when"),
            for_: t.duration(r, "for"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawTick {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self { step: t.required(r, "step"), when: t.required(r, "when"), for_: t.duration(r, "for") };
        t.close(r, &[]);
        it
    }
}

impl RawProfile {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            phases: t.texts(r, "phases"),
            skip: t.texts(r, "skip"),
            monitor: t.duration(r, "monitor"),
        };
        t.close(r, &[]);
        it
    }
}
