//! One condition: whose it is, by the longest known name, and what is asked of a service, an objective or a gate.

use std::sync::Arc;

use super::COMPARATORS;
use super::reader::{Reader, ends_word};
use crate::condition::{ConditionError, Expr, GateRef, MetricRef, ServiceRef, SloAsk, SloRef, Test, Trouble};
use crate::fact::{ServiceState, Verdict};
use crate::probe::{MetricIx, ServiceIx};

const STATES: [(&str, ServiceState); 7] = [
    ("up", ServiceState::Up),
    ("degraded", ServiceState::Degraded),
    ("slow", ServiceState::Degraded),
    ("down", ServiceState::Down),
    ("in maintenance", ServiceState::Maintenance),
    ("maintenance", ServiceState::Maintenance),
    ("stale", ServiceState::Stale),
];

const VERDICTS: [(&str, Verdict); 4] =
    [("go", Verdict::Go), ("no-go", Verdict::NoGo), ("no go", Verdict::NoGo), ("nogo", Verdict::NoGo)];

/// A known name where the reader stands.
pub(super) struct Name {
    pub(super) text: Arc<str>,
    pub(super) metric: Option<usize>,
    service: Option<usize>,
    slo: Option<usize>,
    /// Bytes it takes, with its quotes.
    pub(super) len: usize,
}

impl Reader<'_> {
    pub(super) fn leaf(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        if let Some(name) = self.name_here() {
            return self.named(&name);
        }
        if self.word("all services up") || self.word("services up") || self.word("services are up") {
            return Ok(Expr::Test(Test::ServicesUp));
        }
        if self.word("all steps done") || self.word("steps done") || self.word("steps are done") {
            return Ok(Expr::Test(Test::StepsDone));
        }
        if self.word("count of") {
            return self.count();
        }
        if self.word("gate") {
            return self.gate();
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return self.number_first();
        }
        Err(self.nameless())
    }

    /// The longest known name that stands here, in quotes or bare: its metric and its service.
    pub(super) fn name_here(&self) -> Option<Name> {
        let rest = self.rest();
        let quoted = ['"', '`', '\''].into_iter().find_map(|quote| {
            let inner = rest.strip_prefix(quote)?;
            Some((inner.split_once(quote)?.0, 1))
        });
        let fits = |name: &str| match quoted {
            Some((inner, _)) => inner == name,
            None => rest.starts_with(name) && !name.is_empty() && ends_word(rest, name.len()),
        };
        let metric = longest(self.names.metrics.iter().map(|(name, _)| name.as_str()), fits);
        let service = longest(self.names.services.iter().map(String::as_str), fits);
        let slo = longest(self.names.slos.iter().map(String::as_str), fits);
        let len = [metric, service, slo].into_iter().flatten().map(|(_, len)| len).max()?;
        let names = self.names.metrics.iter().map(|(n, _)| n).chain(self.names.services).chain(self.names.slos);
        let name = names.into_iter().find(|n| n.len() == len && fits(n))?;
        Some(Name {
            text: Arc::from(name.as_str()),
            metric: metric.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            service: service.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            slo: slo.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            len: len + if quoted.is_some() { 2 } else { 0 },
        })
    }

    /// What is asked of a name; it stands here.
    fn named(&mut self, name: &Name) -> Result<Expr, ConditionError> {
        let start = self.at;
        self.at += name.len;
        self.space();
        let compares = self.rest().starts_with(COMPARATORS);
        if let Some(ix) = name.slo
            && let Some(expr) = self.of_slo(&SloRef { ix, name: Arc::clone(&name.text) })
        {
            return Ok(expr);
        }
        if let Some(service) = name.service.filter(|_| !compares || name.metric.is_none())
            && let Some(expr) =
                self.of_service(&ServiceRef { ix: ServiceIx(service as u32), name: Arc::clone(&name.text) })?
        {
            return Ok(expr);
        }
        let Some(metric) = name.metric else {
            let words = self.text.get(start..).unwrap_or_default().trim();
            if name.service.is_none() {
                return Err(ConditionError::unreadable(
                    format!("\"{words}\" says nothing of the budget"),
                    &format!("write \"{0} burns\", \"{0} overspent\" or \"{0} within budget\"", name.text),
                    start..self.text.len(),
                ));
            }
            return Err(ConditionError::unreadable(
                format!("\"{words}\" says nothing of the service"),
                &format!("write \"{0} up\", \"{0} is down\" or \"{0} version is 2.0\"", name.text),
                start..self.text.len(),
            ));
        };
        let unit = self.names.metrics.get(metric).and_then(|(_, unit)| unit.as_deref());
        let metric = MetricRef { ix: MetricIx(metric as u32), name: Arc::clone(&name.text) };
        self.of_metric(metric, unit, start)
    }

    fn of_slo(&mut self, slo: &SloRef) -> Option<Expr> {
        let before = self.at;
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, asks) in [
            ("burns", SloAsk::Burns),
            ("burning", SloAsk::Burns),
            ("overspent", SloAsk::Overspent),
            ("within budget", SloAsk::WithinBudget),
            ("in budget", SloAsk::WithinBudget),
        ] {
            if self.word(word) {
                return Some(negated(Expr::Test(Test::Slo { slo: slo.clone(), asks }), no));
            }
        }
        self.at = before;
        None
    }

    fn of_service(&mut self, service: &ServiceRef) -> Result<Option<Expr>, ConditionError> {
        let before = self.at;
        if self.word("version") {
            let no = self.is_not();
            let known = no.is_some() || self.equals();
            self.space();
            let (version, len) = self.quoted_or_word();
            if !known || version.is_empty() {
                let help = format!("write \"{} version is 2.0.0\"", service.name);
                let message = "the version is compared with nothing".to_owned();
                return Err(ConditionError::unreadable(message, &help, before..self.text.len()));
            }
            let version = version.to_owned();
            self.at += len;
            let test = Expr::Test(Test::Version { service: service.clone(), version });
            return Ok(Some(negated(test, no == Some(true))));
        }
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, state) in STATES {
            if self.word(word) {
                return Ok(Some(negated(Expr::Test(Test::Service { service: service.clone(), state }), no)));
            }
        }
        self.at = before;
        Ok(None)
    }

    /// `gate "deploy" go`, `gate deploy is no-go`; what stands after `gate` is here.
    fn gate(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        let start = self.at;
        let Some(gates) = self.names.gates else {
            let message = "only the criteria of a gate can ask for another gate".to_owned();
            let help = "write what that gate asks for, as in \"error rate < 1%\"";
            return Err(ConditionError::unreadable(message, help, start..self.text.len()));
        };
        let (quoted, len) = self.quoted_or_word();
        let rest = self.rest();
        let bare = |name: &str| rest.starts_with(name) && !name.is_empty() && ends_word(rest, name.len());
        let in_quotes = len > quoted.len();
        let known = gates.iter().map(String::as_str);
        let found = longest(known, |name| if in_quotes { name == quoted } else { bare(name) });
        let Some((ix, wide)) = found else {
            let end = if in_quotes { start + len } else { start + verdict_at(rest).unwrap_or(rest.len()) };
            let name = self.text.get(start..end).unwrap_or_default().trim().trim_matches(['"', '`', '\'']);
            return Err(ConditionError {
                kind: Trouble::UnknownGate(name.to_owned()),
                message: format!("there is no gate \"{name}\""),
                help: String::new(),
                span: self.span_of(name),
            });
        };
        let name: Arc<str> = gates.get(ix).map_or("", String::as_str).into();
        self.at += if in_quotes { len } else { wide };
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, verdict) in VERDICTS {
            if self.word(word) {
                return Ok(negated(Expr::Test(Test::Gate { gate: GateRef { ix, name }, verdict }), no));
            }
        }
        let words = self.text.get(start..).unwrap_or_default().trim();
        let message = format!("\"gate {words}\" says nothing of its verdict");
        Err(ConditionError::unreadable(message, &format!("write `gate \"{name}\" go`"), start..self.text.len()))
    }

    /// No known name stands here: what people may have meant.
    pub(super) fn nameless(&self) -> ConditionError {
        let rest = self.rest();
        let end = rest.find(COMPARATORS);
        if let Some(end) = end.filter(|end| !rest.get(..*end).unwrap_or_default().contains(" and ")) {
            let name = rest.get(..end).unwrap_or_default().trim();
            let message = if name.is_empty() {
                "no metric stands before the comparator".to_owned()
            } else {
                format!("there is no metric \"{name}\"")
            };
            let span = if name.is_empty() { self.at..self.text.len() } else { self.span_of(name) };
            return ConditionError {
                kind: Trouble::UnknownMetric(name.to_owned()),
                message,
                help: String::new(),
                span,
            };
        }
        let words = rest.split(" and ").next().unwrap_or_default().split(" or ").next().unwrap_or_default();
        let words = words.trim().trim_end_matches(')').trim();
        let service = STATES.iter().find_map(|(state, _)| {
            let name = words.strip_suffix(state)?.trim_end();
            let name = name.strip_suffix("not").unwrap_or(name).trim_end();
            Some(name.strip_suffix(" is").unwrap_or(name).trim()).filter(|n| !n.is_empty())
        });
        if let Some(name) = service {
            return ConditionError {
                kind: Trouble::UnknownService(name.to_owned()),
                message: format!("there is no service \"{name}\""),
                help: String::new(),
                span: self.span_of(name),
            };
        }
        if words.is_empty() {
            let message = "a condition is missing here".to_owned();
            return ConditionError::unreadable(message, "write one, as in \"error rate < 1%\"", 0..self.text.len());
        }
        ConditionError::unreadable(
            format!("\"{words}\" compares nothing"),
            "write a metric, a comparator and a number as in \"error rate < 1%\", or \"services up\", or \"steps done\"",
            self.span_of(words),
        )
    }
}

fn longest<'n>(names: impl Iterator<Item = &'n str>, fits: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    names.enumerate().filter(|(_, name)| fits(name)).map(|(ix, name)| (ix, name.len())).max_by_key(|(_, len)| *len)
}

pub(super) fn negated(expr: Expr, no: bool) -> Expr {
    if no { Expr::Not { of: Box::new(expr) } } else { expr }
}

/// Where a verdict's word stands in a text.
fn verdict_at(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    [" is ", " go", " no-go", " no go", ",", ")", " and ", " or "].iter().filter_map(|word| lower.find(word)).min()
}
