//! Reading of tables: which keys each one has.

use toml::Spanned;
use toml::de::DeValue;

use super::{
    RawAbort, RawBaseline, RawBreaker, RawChannel, RawCommand, RawDrumbeat, RawEscalation, RawFilled, RawGate,
    RawHeartbeat, RawHold, RawJson, RawLevel, RawLog, RawMaintenance, RawMetric, RawNotify, RawPace, RawParam,
    RawPhase, RawPlan, RawProfile, RawRole, RawRollback, RawRoom, RawRule, RawService, RawSlo, RawSource, RawTick,
    RawTime, RawWindow, Text,
};
use crate::finding::codes;
use crate::plan::table::{Reader, Table};

const IN_METRIC: [(&str, &str); 4] = [
    ("url", "in `json = { url = …, pointer = … }`"),
    ("pointer", "in `json = { url = …, pointer = … }`"),
    ("headers", "in the source, or in `json = { … }`"),
    ("threshold", "in `objective = \"< …\"`"),
];

impl RawPlan {
    pub(in crate::plan) fn read(mut root: Table<'_>, r: &mut Reader<'_>) -> Self {
        let mut raw = Self::default();
        if let Some(table) = root.table(r, "room", "[room]") {
            raw.room = RawRoom::read(table, r);
        }
        if let Some(mut table) = root.table(r, "params", "[params]") {
            raw.params = table.named().into_iter().map(|(name, value)| (name, RawParam::read(value, r))).collect();
        }
        if let Some(mut table) = root.table(r, "defaults", "[defaults]") {
            raw.defaults = RawPace::read(&mut table, r);
            table.close(r, &[]);
        }
        raw.roles = root.tables(r, "role").into_iter().map(|t| RawRole::read(t, r)).collect();
        raw.services = root.tables(r, "service").into_iter().map(|t| RawService::read(t, r)).collect();
        raw.sources = named_tables(&mut root, r, "source").into_iter().map(|(n, t)| RawSource::read(n, t, r)).collect();
        raw.metrics = root.tables(r, "metric").into_iter().map(|t| RawMetric::read(t, r)).collect();
        raw.slos = root.tables(r, "slo").into_iter().map(|t| RawSlo::read(t, r)).collect();
        raw.rules = root.tables(r, "rule").into_iter().map(|t| RawRule::read(t, r)).collect();
        raw.maintenance = root.tables(r, "maintenance").into_iter().map(|t| RawMaintenance::read(t, r)).collect();
        raw.baseline = root.table(r, "baseline", "[baseline]").map(|t| RawBaseline::read(t, r));
        raw.gates = root.tables(r, "gate").into_iter().map(|t| RawGate::read(t, r)).collect();
        raw.windows = root.tables(r, "window").into_iter().map(|t| RawWindow::read(t, r)).collect();
        raw.levels = root.tables(r, "level").into_iter().map(|t| RawLevel::read(t, r)).collect();
        raw.rollbacks = root.tables(r, "rollback").into_iter().map(|t| RawRollback::read(t, r)).collect();
        raw.breakers = root.tables(r, "breaker").into_iter().map(|t| RawBreaker::read(t, r)).collect();
        raw.aborts = root.tables(r, "abort").into_iter().map(|t| RawAbort::read(t, r)).collect();
        raw.ticks = root.tables(r, "tick").into_iter().map(|t| RawTick::read(t, r)).collect();
        raw.profiles = root.tables(r, "profile").into_iter().map(|t| RawProfile::read(t, r)).collect();
        raw.logs = root.tables(r, "log").into_iter().map(|t| RawLog::read(t, r)).collect();
        raw.notify = named_tables(&mut root, r, "notify").into_iter().map(|(n, t)| RawNotify::read(n, t, r)).collect();
        raw.heartbeat = root.table(r, "heartbeat", "[heartbeat]").map(|table| RawHeartbeat::read(table, r));
        raw.holds = root.tables(r, "hold").into_iter().map(|t| RawHold::read(t, r)).collect();
        raw.phases = root.tables(r, "phase").into_iter().map(|t| RawPhase::read(t, r)).collect();
        raw.drumbeats = root.tables(r, "drumbeat").into_iter().map(|t| RawDrumbeat::read(t, r)).collect();
        root.close(
            r,
            &[
                ("every", "in [defaults]"),
                ("timeout", "in [defaults]"),
                ("name", "in [room]"),
                ("runbook", "in [room]"),
                ("t0", "in [room]"),
                ("zone", "in [room]"),
                ("environment", "in [room]"),
            ],
        );
        raw
    }
}

/// `[source.NAME]`: tables whose keys are names.
fn named_tables<'t>(root: &mut Table<'t>, r: &mut Reader<'_>, key: &'static str) -> Vec<(Text, Table<'t>)> {
    let Some(mut table) = root.table(r, key, &format!("[{key}.…]")) else { return Vec::new() };
    let mut out = Vec::new();
    for (name, value) in table.named() {
        let title = format!("[{key}.{}]", name.get_ref());
        match value.get_ref().as_table() {
            Some(entries) => out.push((name, Table::new(title, value.span(), entries))),
            None => r.report(
                codes::WRONG_TYPE,
                name.span(),
                format!("[{key}] holds names, and `{}` is none of them", name.get_ref()),
                format!("write [{key}.NAME] and put `{}` below it", name.get_ref()),
            ),
        }
    }
    out
}

impl RawRoom {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let room = Self {
            name: t.text(r, "name"),
            runbook: t.texts(r, "runbook"),
            t0: t.value("t0").and_then(|value| RawTime::read(value, r)),
            window: t.duration(r, "window"),
            environment: t.text(r, "environment"),
            zone: t.text(r, "zone"),
            show_zones: t.texts(r, "show_zones"),
            profile: t.text(r, "profile"),
            journal: t.text(r, "journal"),
            group: t.text(r, "group"),
            env: match t.value("env") {
                None => Vec::new(),
                Some(value) => match value.get_ref().as_array() {
                    Some(items) => items.iter().filter_map(|item| RawFilled::read("env", item, r)).collect(),
                    None => RawFilled::read("env", value, r).into_iter().collect(),
                },
            },
            order: t.text(r, "order"),
            run: match t.table(r, "run", "[room.run]") {
                Some(mut table) => RawCommand::named(&mut table, r),
                None => Vec::new(),
            },
        };
        t.close(r, &[("every", "in [defaults]"), ("timeout", "in [defaults]")]);
        room
    }
}

impl RawParam {
    fn read(value: &Spanned<DeValue<'_>>, r: &mut Reader<'_>) -> Self {
        let Some(entries) = value.get_ref().as_table() else {
            return Self { value: RawFilled::read("a parameter", value, r), ..Self::default() };
        };
        let mut t = Table::new("a parameter", value.span(), entries);
        let help = "write { ask = \"what to ask\" }, { value = \"…\" } or { env = \"NAME\" }";
        let keys = ["ask", "value", "env", "file", "cmd", "match"];
        t.demand_one(r, &keys, "this parameter has neither a value nor a question", help);
        let typed = t.value("value").and_then(|value| RawFilled::read("value", value, r));
        let found = RawFilled::from_table(&mut t, r);
        if let (Some(typed), Some(_)) = (&typed, &found) {
            r.report(
                codes::CONFLICT,
                typed.span.clone(),
                "a parameter has one value",
                "keep `value`, `env`, `file` or `cmd`",
            );
        }
        let param = Self {
            ask: t.text(r, "ask"),
            pattern: t.text(r, "match"),
            placeholders: t.texts(r, "placeholder"),
            value: typed.or(found),
        };
        t.close(r, &[]);
        param
    }
}

impl RawRole {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            name: t.required(r, "name"),
            people: t.texts(r, "people"),
            decides: t.texts(r, "decides"),
            runs: t.value("runs").and_then(|value| r.texts("runs", value)),
        };
        t.close(r, &[]);
        it
    }
}

impl RawSource {
    fn read(name: Text, mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let message = format!("the source \"{}\" says nowhere where it is", name.get_ref());
        let help = "add `scrape = \"http://…/metrics\"`, `prometheus = \"http://…:9090\"` or `alertmanager = \"http://…:9093\"`";
        t.demand_one(r, &["scrape", "prometheus", "alertmanager"], &message, help);
        let it = Self {
            name,
            scrape: RawFilled::of(&mut t, r, "scrape"),
            prometheus: RawFilled::of(&mut t, r, "prometheus"),
            alertmanager: RawFilled::of(&mut t, r, "alertmanager"),
            rules: t.texts(r, "rules"),
            notify: t.texts(r, "notify"),
            alerts: t.boolean(r, "alerts"),
            headers: RawFilled::headers(&mut t, r),
            pace: RawPace::read(&mut t, r),
        };
        t.close(r, &[("url", "in `scrape = \"…\"` or `prometheus = \"…\"`"), ("query", "in [[metric]]")]);
        it
    }
}

impl RawMetric {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let bands = t.value("bands").map(|value| {
            let mut bands = Vec::new();
            match value.get_ref().as_array() {
                Some(items) => {
                    for item in items {
                        match item.get_ref() {
                            DeValue::String(text) => bands.push(Spanned::new(item.span(), text.to_string())),
                            DeValue::Integer(n) => bands.push(Spanned::new(item.span(), n.to_string())),
                            DeValue::Float(n) => bands.push(Spanned::new(item.span(), n.to_string())),
                            _ => r.wrong_type(
                                "bands",
                                item,
                                "a list of numbers with units",
                                "write `bands = [\"1%\", \"3%\"]`",
                            ),
                        }
                    }
                }
                None => {
                    r.wrong_type("bands", value, "a list of numbers with units", "write `bands = [\"1%\", \"3%\"]`");
                }
            }
            Spanned::new(value.span(), bands)
        });
        let help = "add `query` and `source`, or `from = \"probe\"`, or `json = { url, pointer }`, or `command`";
        t.demand_one(r, &["query", "from", "json", "command"], "this metric says nowhere where it comes from", help);
        let it = Self {
            name: t.required(r, "name"),
            unit: t.text(r, "unit"),
            query: t.text(r, "query"),
            source: t.text(r, "source"),
            from: t.text(r, "from"),
            of: t.text(r, "of"),
            service: t.text(r, "service"),
            json: t.table(r, "json", "`json`").map(|table| RawJson::read(table, r)),
            command: RawCommand::of(&mut t, r),
            objective: t.text(r, "objective"),
            bands,
            pace: RawPace::read(&mut t, r),
        };
        t.close(r, &IN_METRIC);
        it
    }
}

impl RawSlo {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let help = "add `bad = 'http_requests_total{code=~\"5..\"}'`, or `good`";
        t.demand_one(r, &["bad", "good"], "this objective says nowhere what a failure is", help);
        let it = Self {
            at: t.span(),
            name: t.required(r, "name"),
            target: t.required(r, "target"),
            period: t.duration(r, "period"),
            source: t.text(r, "source"),
            bad: t.text(r, "bad"),
            good: t.text(r, "good"),
            total: t.required(r, "total"),
            spend: t.integer(r, "spend", 0..=1_000_000_000_000),
            severity: t.text(r, "severity"),
            notify: t.texts(r, "notify"),
        };
        t.close(r, &[("every", "in [source.NAME]"), ("timeout", "in [source.NAME]"), ("for", "in [[rule]]")]);
        it
    }
}

impl RawJson {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            at: t.span(),
            url: RawFilled::required(&mut t, r, "url"),
            pointer: t.required(r, "pointer"),
            headers: RawFilled::headers(&mut t, r),
        };
        t.close(r, &[]);
        it
    }
}

impl RawLog {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let help = "add `file = \"/var/log/…\"` or `command = \"kubectl logs -f …\"`";
        t.demand_one(r, &["file", "command"], "this log says nowhere where it comes from", help);
        let it = Self {
            name: t.required(r, "name"),
            file: RawFilled::of(&mut t, r, "file"),
            command: RawFilled::of(&mut t, r, "command"),
            alarm: t.texts(r, "alarm"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawNotify {
    fn read(name: Text, mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let message = format!("the channel \"{}\" says nowhere where it goes", name.get_ref());
        let help = "add `slack = { webhook = … }`, `pagerduty = { routing_key = … }`, `webhook` or `command`";
        t.demand_one(r, &["pagerduty", "slack", "webhook", "command"], &message, help);
        let it = Self {
            name,
            at: t.span(),
            pagerduty: RawChannel::of(&mut t, r, "pagerduty", "routing_key"),
            slack: RawChannel::of(&mut t, r, "slack", "webhook"),
            webhook: RawFilled::of(&mut t, r, "webhook"),
            command: RawCommand::of(&mut t, r),
            escalate: RawEscalation::of(&mut t, r),
            group_by: t.text(r, "group_by"),
            changes: t.boolean(r, "changes").is_some_and(|changes| *changes.get_ref()),
        };
        let elsewhere = [
            ("routing_key", "in `pagerduty = { routing_key = … }`"),
            ("url", "in `webhook = \"…\"`"),
            ("after", "in `escalate = [{ after = …, to = … }]`"),
            ("heartbeat", "in a table of its own, [heartbeat]"),
        ];
        t.close(r, &elsewhere);
        it
    }
}

impl RawChannel {
    fn of(t: &mut Table<'_>, r: &mut Reader<'_>, key: &'static str, inner: &'static str) -> Option<Self> {
        let mut table = t.table(r, key, &format!("`{key}`"))?;
        let target = RawFilled::required(&mut table, r, inner);
        let url = if key == "pagerduty" { RawFilled::of(&mut table, r, "url") } else { None };
        table.close(r, &[("url", "in `slack = { webhook = … }`, which is a URL itself")]);
        Some(Self { target, url })
    }
}

impl RawEscalation {
    fn of(t: &mut Table<'_>, r: &mut Reader<'_>) -> Vec<Self> {
        const KEY: &str = "escalate";
        const HELP: &str = "write `escalate = [{ after = \"5m\", to = \"cto\" }]`";
        let Some(value) = t.value(KEY) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            r.wrong_type(KEY, value, "a list of tables", HELP);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            let Some(entries) = item.get_ref().as_table() else {
                r.wrong_type(KEY, item, "a list of tables", HELP);
                continue;
            };
            let mut step = Table::new("a step of `escalate`", item.span(), entries);
            step.demand(r, "after");
            out.push(Self { after: step.duration(r, "after"), to: step.required(r, "to") });
            step.close(r, &[]);
        }
        out
    }
}

impl RawHeartbeat {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self { url: RawFilled::required(&mut t, r, "url"), every: t.duration(r, "every") };
        t.close(r, &[]);
        it
    }
}
