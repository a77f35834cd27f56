//! `[source.NAME]` and `[[metric]]`: metrics of one source at one pace share one probe.

use std::time::Duration;

use super::super::raw::{From, RawFilled, RawMetric, RawSlo, RawSource, Text};
use super::super::slo::{HiddenPlan, SloPlan};
use super::super::table::meant;
use super::super::{FromProbe, MetricPlan, NotifyPlan, OwnAlerts, ServicePlan, SourcePlan};
use super::{Given, Pace, Resolver};
use crate::condition::{ConditionError, Threshold, Trouble, parse_value};
use crate::finding::codes;
use crate::probe::promql::{self, PromqlError};
use crate::probe::{Ask, MetricIx, Query, Reads, Request};

/// How far back charts are filled at start.
const BACKFILL: Duration = Duration::from_hours(1);

/// What `from = "probe"` can give.
const OF: [&str; 5] = ["success rate", "error rate", "p50", "p95", "p99"];

/// A source, ready for its probes.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) kind: &'static str,
    request: Option<Request>,
    pub(super) pace: Pace,
    pub(super) used: bool,
}

impl Source {
    /// How far back hidden queries are asked at start: they have no charts. A page has no past, and all its queries one
    /// reading.
    pub(super) fn backfill_of_hidden(&self) -> Duration {
        if self.kind == "scrape" { BACKFILL } else { Duration::ZERO }
    }
}

/// The queries of one source at one pace.
pub(super) struct Group {
    source: usize,
    pace: Pace,
    backfill: Duration,
    queries: Vec<Query>,
}

impl Group {
    /// Puts a query to those of its source that are asked together with it.
    pub(super) fn put(groups: &mut Vec<Self>, source: usize, pace: Pace, backfill: Duration, query: Query) {
        let same = |g: &&mut Self| {
            (g.source, g.backfill, g.pace.every(), g.pace.timeout()) == (source, backfill, pace.every(), pace.timeout())
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.queries.push(query),
            None => groups.push(Self { source, pace, backfill, queries: vec![query] }),
        }
    }
}

/// What is measured: sources, metrics, objectives and their hidden queries.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) sources: Vec<SourcePlan>,
    pub(super) metrics: Vec<MetricPlan>,
    pub(super) slos: Vec<SloPlan>,
    pub(super) hidden: Vec<HiddenPlan>,
}

impl Resolver<'_> {
    pub(super) fn metrics(
        &mut self,
        raw_sources: &[RawSource],
        raw: &[RawMetric],
        raw_slos: &[RawSlo],
        services: &[ServicePlan],
        channels: &[NotifyPlan],
    ) -> Measured {
        let mut sources: Vec<Source> = raw_sources.iter().map(|source| self.source(source)).collect();
        let mut given = Given::default();
        let mut groups: Vec<Group> = Vec::new();
        let mut metrics = Vec::new();
        for (ix, metric) in raw.iter().enumerate() {
            let name = self.name("metric", metric.name.as_ref(), &mut given);
            let plan = self.metric(metric, name, MetricIx(ix as u32), &mut sources, &mut groups, services);
            metrics.push(plan);
        }
        let (slos, hidden) = self.slos(raw_slos, metrics.len(), &mut sources, &mut groups, channels);
        for group in groups {
            let Some(source) = sources.get(group.source) else { continue };
            let Some(request) = source.request.clone() else { continue };
            let ask = match source.kind {
                "scrape" => Ask::Scrape { request, queries: group.queries, rules: Vec::new() },
                _ => Ask::Prometheus { request, queries: group.queries, backfill: group.backfill },
            };
            let name = source.name.clone();
            self.probe(&name, group.pace, ask);
        }
        for (source, raw) in sources.iter().zip(raw_sources) {
            let alarms = !raw.rules.is_empty() || raw.alerts.is_some() || source.kind == "alertmanager";
            if !source.used && !alarms {
                let message = format!("no metric uses the source \"{}\"", source.name);
                let help = format!("add a [[metric]] with source = \"{}\", or leave the source out", source.name);
                self.r.report(codes::UNUSED, raw.name.span(), message, help);
            }
        }
        let sources = sources.into_iter().map(|source| SourcePlan {
            target: source.request.as_ref().map(|request| request.url.shown().to_owned()).unwrap_or_default(),
            name: source.name,
            kind: source.kind,
            rules: Vec::new(),
            notify: Vec::new(),
            alerts: OwnAlerts::Left,
            every: source.pace.every(),
            timeout: source.pace.timeout(),
            request: source.request,
        });
        Measured { sources: sources.collect(), metrics, slos, hidden }
    }

    fn source(&mut self, raw: &RawSource) -> Source {
        let pace = self.pace_of(&raw.pace, self.pace);
        let name = raw.name.get_ref().clone();
        let ways = [("scrape", &raw.scrape), ("prometheus", &raw.prometheus), ("alertmanager", &raw.alertmanager)];
        let mut given = ways.into_iter().filter_map(|(kind, url)| Some((kind, url.as_ref()?)));
        let (kind, url) = match (given.next(), given.next()) {
            (Some((kind, _)), Some((_, twice))) => {
                let message = "a source is a page to scrape, a Prometheus or an Alertmanager";
                self.r.report(codes::CONFLICT, twice.span.clone(), message, "make two sources of it");
                (kind, None)
            }
            (Some((kind, url)), None) => (kind, Some(url)),
            (None, _) => ("scrape", None),
        };
        let url = url.and_then(|url| self.url(url));
        let headers = self.headers(&raw.headers);
        Source { name, kind, request: url.map(|url| Request { url, headers }), pace, used: false }
    }

    fn metric(
        &mut self,
        raw: &RawMetric,
        name: String,
        metric: MetricIx,
        sources: &mut [Source],
        groups: &mut Vec<Group>,
        services: &[ServicePlan],
    ) -> MetricPlan {
        let mut plan = MetricPlan {
            name,
            unit: raw.unit.as_ref().map(|unit| unit.get_ref().trim().to_owned()).filter(|unit| !unit.is_empty()),
            query: None,
            source: String::new(),
            objective: None,
            bands: Vec::new(),
            every: self.pace.every(),
            from_probe: None,
        };
        match self.way(raw) {
            Some("query") => self.query(raw, &mut plan, metric, sources, groups),
            Some("from") => self.of_services(raw, &mut plan, services),
            Some("json") => {
                "json".clone_into(&mut plan.source);
                let pace = self.pace_of(&raw.pace, self.pace);
                plan.every = pace.every();
                if let Some(json) = &raw.json {
                    let url = json.url.as_ref().and_then(|url| self.url(url));
                    let headers = self.headers(&json.headers);
                    let pointer = json.pointer.as_ref().filter(|pointer| self.pointer(pointer));
                    if let (Some(url), Some(pointer)) = (url, pointer) {
                        let ask =
                            Ask::Json { metric, request: Request { url, headers }, pointer: pointer.get_ref().clone() };
                        self.probe(&plan.name, pace, ask);
                    }
                }
            }
            Some(_) => {
                "command".clone_into(&mut plan.source);
                let pace = self.pace_of(&raw.pace, self.pace);
                plan.every = pace.every();
                if let Some(command) = raw.command.as_ref().and_then(|command| self.command(command)) {
                    self.probe(&plan.name, pace, Ask::Number { metric, command });
                }
            }
            None => {}
        }
        plan.objective = raw.objective.as_ref().and_then(|text| self.objective(text, plan.unit.as_deref()));
        plan.bands =
            raw.bands.as_ref().map(|bands| self.bands(bands.get_ref(), plan.unit.as_deref())).unwrap_or_default();
        plan
    }

    /// Which of the ways to a number this metric takes.
    fn way(&mut self, raw: &RawMetric) -> Option<&'static str> {
        let ways = [
            ("query", raw.query.as_ref().map(toml::Spanned::span)),
            ("from", raw.from.as_ref().map(toml::Spanned::span)),
            ("json", raw.json.as_ref().map(|json| json.at.clone())),
            ("command", raw.command.as_ref().map(|command| command.span.clone())),
        ];
        let mut given = ways.into_iter().filter_map(|(way, span)| span.map(|span| (way, span)));
        let way = given.next().map(|(way, _)| way);
        if let (Some(first), Some((other, span))) = (way, given.next()) {
            let message = format!("a metric comes from one place, and this one has `{first}` and `{other}`");
            self.r.report(codes::CONFLICT, span, message, "make two metrics of it");
            return None;
        }
        for (key, text, needs) in
            [("source", &raw.source, "query"), ("of", &raw.of, "from"), ("service", &raw.service, "from")]
        {
            if let (Some(text), Some(way)) = (text, way)
                && way != needs
            {
                let help = if needs == "from" { "it belongs to `from = \"probe\"`" } else { "it belongs to `query`" };
                self.r.report(codes::CONFLICT, text.span(), format!("`{key}` means nothing for `{way}`"), help);
            }
        }
        way
    }

    fn query(
        &mut self,
        raw: &RawMetric,
        plan: &mut MetricPlan,
        metric: MetricIx,
        sources: &mut [Source],
        groups: &mut Vec<Group>,
    ) {
        let Some(text) = &raw.query else { return };
        let found = match &raw.source {
            Some(name) => {
                let found = sources.iter().position(|source| source.name == *name.get_ref());
                if found.is_none() {
                    self.r.unknown(name.span(), "source", name.get_ref(), sources.iter().map(|s| s.name.as_str()));
                    name.get_ref().clone_into(&mut plan.source);
                }
                found
            }
            None if sources.iter().filter(|s| s.kind != "alertmanager").count() == 1 => {
                sources.iter().position(|s| s.kind != "alertmanager")
            }
            None => {
                let help = match sources {
                    [] => "declare one: [source.app] with `scrape = \"http://…/metrics\"` or `prometheus = \"http://…:9090\"`".to_owned(),
                    _ => format!("add `source`: {}", meant("source", "", sources.iter().map(|s| s.name.as_str()))),
                };
                self.r.report(codes::MISSING, text.span(), "this query has no source to be asked", help);
                None
            }
        };
        if let (Some(name), Some(source)) = (&raw.source, found.and_then(|ix| sources.get(ix)))
            && source.kind == "alertmanager"
        {
            let message = format!("\"{}\" is an Alertmanager, which answers no query", source.name);
            self.r.report(codes::CONFLICT, name.span(), message, "ask a source with `prometheus` or `scrape`");
            return;
        }
        let pace =
            self.pace_of(&raw.pace, found.and_then(|ix| sources.get(ix)).map_or(self.pace, |source| source.pace));
        plan.every = pace.every();
        let promql = self.promql(text, found.and_then(|ix| sources.get(ix)).map(|source| source.kind));
        plan.query.clone_from(&promql);
        let Some((ix, source)) = found.and_then(|ix| Some((ix, sources.get_mut(ix)?))) else { return };
        plan.source.clone_from(&source.name);
        source.used = true;
        let Some(promql) = promql else { return };
        Group::put(groups, ix, pace, BACKFILL, Query { metric, promql, reads: Reads::Value });
    }

    fn promql(&mut self, text: &Text, kind: Option<&str>) -> Option<String> {
        let filled = self.open_text(text, "a query")?;
        match check_promql(&filled, kind) {
            Ok(()) => Some(filled),
            Err(error) => {
                let at = if filled == *text.get_ref() { self.r.inside(text, error.span) } else { text.span() };
                self.r.report(codes::PROMQL, at, error.message, error.help);
                None
            }
        }
    }

    fn of_services(&mut self, raw: &RawMetric, plan: &mut MetricPlan, services: &[ServicePlan]) {
        "probe".clone_into(&mut plan.source);
        let Some(from) = &raw.from else { return };
        if self.word("from", from, &["probe"]).is_none() {
            return;
        }
        let service = raw.service.as_ref().map(|name| {
            if !services.iter().any(|s| s.name == *name.get_ref()) {
                self.r.unknown(name.span(), "service", name.get_ref(), services.iter().map(|s| s.name.as_str()));
            }
            name.get_ref().clone()
        });
        if services.is_empty() {
            self.r.report(codes::CONFLICT, from.span(), "there is no service to take this from", "add a [[service]]");
        }
        let word = raw.of.as_ref().map_or_else(|| guess(&plan.name), |of| self.word("of", of, &OF));
        if word.is_none() && raw.of.is_none() {
            let help = format!("add `of`: {}", meant("value", "", OF));
            self.r.report(codes::MISSING, from.span(), "what is taken from the services' answers is not said", help);
        }
        let Some(word) = word else { return };
        let (it, unit) = match word {
            "success rate" => (FromProbe::SuccessRate(service.clone()), "%"),
            "error rate" => (FromProbe::ErrorRate(service.clone()), "%"),
            "p50" => (FromProbe::Latency(50, service.clone()), "ms"),
            "p95" => (FromProbe::Latency(95, service.clone()), "ms"),
            _ => (FromProbe::Latency(99, service.clone()), "ms"),
        };
        if let (Some(own), Some(text)) = (&plan.unit, &raw.unit)
            && own != unit
        {
            let message = format!("the services' {word} is in \"{unit}\", not in \"{own}\"");
            self.r.report(codes::UNIT, text.span(), message, format!("write unit = \"{unit}\", or leave it out"));
        }
        plan.unit = Some(unit.to_owned());
        plan.from_probe = Some(it);
        // A new value can come with each answer of the services it is taken from.
        let own =
            services.iter().filter(|s| service.as_ref().is_none_or(|name| *name == s.name)).map(|s| s.every).min();
        let pace = self.pace_of(&raw.pace, self.pace);
        plan.every = if raw.pace.every.is_some() { pace.every() } else { own.unwrap_or(pace.every()) };
    }

    fn objective(&mut self, text: &Text, unit: Option<&str>) -> Option<Threshold> {
        match Threshold::parse(text.get_ref(), unit) {
            Ok(threshold) => Some(threshold),
            Err(error) => {
                self.condition_error(text, &error);
                None
            }
        }
    }

    pub(super) fn condition_error(&mut self, text: &Text, error: &ConditionError) {
        let code = if error.kind == Trouble::Unit { codes::UNIT } else { codes::CONDITION };
        let at = self.r.inside(text, error.span.clone());
        self.r.report(code, at, &error.message, &error.help);
    }

    fn bands(&mut self, raw: &[Text], unit: Option<&str>) -> Vec<f64> {
        let mut out: Vec<f64> = Vec::new();
        let mut last: Option<&Text> = None;
        for text in raw {
            match parse_value(text.get_ref(), unit) {
                Err(error) => self.condition_error(text, &error),
                Ok(value) => {
                    if let (Some(before), Some(previous)) = (last, out.last())
                        && value <= *previous
                    {
                        let message = format!(
                            "the band from \"{}\" overlaps the one from \"{}\"",
                            text.get_ref(),
                            before.get_ref()
                        );
                        self.r.report(
                            codes::BANDS,
                            text.span(),
                            message,
                            "write the edges in ascending order, each once",
                        );
                        continue;
                    }
                    out.push(value);
                    last = Some(text);
                }
            }
        }
        out
    }
}

/// What a metric from the services' answers is, by its name.
fn guess(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match () {
        () if has(&["p50", "median"]) => Some("p50"),
        () if has(&["p99"]) => Some("p99"),
        () if has(&["p95", "latency", "response time"]) => Some("p95"),
        () if has(&["success", "availability", "uptime"]) => Some("success rate"),
        () if has(&["error", "failure", "failed"]) => Some("error rate"),
        () => None,
    }
}

/// A scraped page is evaluated here, by what we know of PromQL; a Prometheus knows more functions.
fn check_promql(query: &str, kind: Option<&str>) -> Result<(), PromqlError> {
    match kind {
        Some("scrape") => promql::parse(query).map(drop),
        _ => promql::syntax(query),
    }
}

impl RawFilled {
    /// A text as it was typed.
    pub(super) fn typed(text: &Text) -> Self {
        Self { span: text.span(), from: From::Typed(text.get_ref().clone()) }
    }
}
