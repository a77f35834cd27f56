//! Rules, gates, windows, levels, rollbacks, breakers and profiles: names and conditions checked, then kept.

use std::time::Duration;

use super::super::Plan;
use super::super::decisions::{
    AbortPlan, Auto, BaselinePlan, BreakerPlan, CheckIn, GatePlan, Hands, LevelPlan, MaintenancePlan, NoData, OnBreach,
    ProfilePlan, RollbackPlan, RulePlan, TargetPlan, WindowPlan,
};
use super::super::raw::{
    RawAbort, RawBaseline, RawBreaker, RawGate, RawLevel, RawMaintenance, RawPlan, RawProfile, RawRollback, RawRule,
    RawWindow, Text,
};
use super::super::slo::SloPlan;
use super::super::table::meant;
use super::places::{Places, Wanted};
use super::{Given, Resolver};
use crate::clock::{Offset, parse_duration};
use crate::condition::{Condition, Names, ServiceRef, Trouble, parse_value};
use crate::finding::codes;
use crate::notice::Severity;
use crate::probe::ServiceIx;
use crate::runbook::Runbook;
use crate::text::{escape, is_unsafe};

/// How far off the baseline samples may lie where the plan does not say (Kayenta's default).
const TOLERANCE: f64 = 0.25;

/// A symptom puts the room on a level when it has held this long, where the plan does not say.
const ENTER: Duration = Duration::from_secs(10);
/// A level is left when nothing has held for this long, where the plan does not say.
const LEAVE: Duration = Duration::from_mins(1);
/// The shortest time in which somebody can say no.
const VETO: Duration = Duration::from_secs(10);

/// What the rest of the plan has to offer to decisions.
pub(super) struct Known {
    metrics: Vec<(String, Option<String>)>,
    services: Vec<String>,
    roles: Vec<String>,
    channels: Vec<String>,
    levels: Vec<String>,
    windows: Vec<String>,
    rules: Vec<String>,
    slos: Vec<String>,
    /// Gates, while those that ask for them are read.
    gates: Option<Vec<String>>,
    pub(super) places: Places,
}

fn hands(two: bool) -> Hands {
    if two { Hands::Two } else { Hands::One }
}

impl Resolver<'_> {
    pub(super) fn decisions(&mut self, raw: &RawPlan, plan: &mut Plan, books: &[Runbook]) {
        let mut known = Known {
            metrics: plan.metrics.iter().map(|m| (m.name.clone(), m.unit.clone())).collect(),
            services: plan.services.iter().map(|s| s.name.clone()).collect(),
            roles: plan.roles.iter().map(|role| role.name.clone()).collect(),
            channels: plan.notify.iter().map(|channel| channel.name.clone()).collect(),
            levels: Vec::new(),
            windows: Vec::new(),
            rules: Vec::new(),
            slos: plan.slos.iter().map(|slo| slo.name.clone()).collect(),
            gates: Some(
                raw.gates.iter().map(|g| g.name.as_ref().map(|n| n.get_ref().clone()).unwrap_or_default()).collect(),
            ),
            places: Places::new(books),
        };
        plan.gates =
            self.each(&raw.gates, "gate", |g| g.name.as_ref(), |it, raw, name| Some(it.gate(raw, name, &known)));
        self.gates_in_a_circle(&raw.gates, &plan.gates);
        known.gates = None;
        plan.windows =
            self.each(&raw.windows, "window", |w| w.name.as_ref(), |it, raw, name| it.window(raw, name, &known));
        known.windows = plan.windows.iter().map(|window| window.name.clone()).collect();
        plan.rules = self.each(&raw.rules, "rule", |r| r.name.as_ref(), |it, raw, name| it.rule(raw, name, &known));
        known.rules = plan.rules.iter().map(|rule| rule.name.clone()).collect();
        plan.rules.extend(of_budgets(&plan.slos, &known));
        known.rules = plan.rules.iter().map(|rule| rule.name.clone()).collect();
        plan.maintenance = self.each(
            &raw.maintenance,
            "maintenance",
            |m| m.name.as_ref(),
            |it, raw, name| it.maintenance(raw, name, &known),
        );
        plan.baseline = raw.baseline.as_ref().and_then(|raw| self.baseline(raw));
        plan.levels =
            self.each(&raw.levels, "level", |l| l.name.as_ref(), |it, raw, name| Some(it.level(raw, name, &known)));
        known.levels = plan.levels.iter().map(|level| level.name.clone()).collect();
        plan.rollbacks =
            self.each(&raw.rollbacks, "rollback", |r| r.name.as_ref(), |it, raw, name| it.rollback(raw, name, &known));
        plan.breakers =
            self.each(&raw.breakers, "breaker", |b| b.name.as_ref(), |it, raw, name| it.breaker(raw, name, &known));
        plan.aborts = self.each(&raw.aborts, "abort", |a| a.name.as_ref(), |it, raw, name| it.abort(raw, name, &known));
        plan.ticks = self.each(&raw.ticks, "tick", |t| t.step.as_ref(), |it, raw, _| it.tick(raw, &known, books));
        plan.profiles = self.each(
            &raw.profiles,
            "profile",
            |p| p.name.as_ref(),
            |it, raw, name| Some(it.profile(raw, name, &known)),
        );
        self.schedule(raw, plan, &known);
    }

    /// Resolves a list whose entries have names of their own.
    pub(super) fn each<R, P>(
        &mut self,
        raw: &[R],
        what: &str,
        name_of: impl Fn(&R) -> Option<&Text>,
        resolve: impl Fn(&mut Self, &R, String) -> Option<P>,
    ) -> Vec<P> {
        let mut given = Given::default();
        let mut out = Vec::new();
        for entry in raw {
            let name = self.name(what, name_of(entry), &mut given);
            out.extend(resolve(self, entry, name));
        }
        out
    }

    pub(super) fn condition(&mut self, text: &Text, known: &Known) -> Option<Condition> {
        match Condition::parse(
            text.get_ref(),
            Names {
                metrics: &known.metrics,
                services: &known.services,
                slos: &known.slos,
                gates: known.gates.as_deref(),
            },
        ) {
            Ok(condition) => Some(condition),
            Err(mut error) => {
                let code = match &error.kind {
                    Trouble::UnknownMetric(name) => {
                        error.help = meant("metric", name, known.metrics.iter().map(|(name, _)| name.as_str()));
                        Some(codes::UNKNOWN_NAME)
                    }
                    Trouble::UnknownService(name) => {
                        error.help = meant("service", name, known.services.iter().map(String::as_str));
                        Some(codes::UNKNOWN_NAME)
                    }
                    Trouble::UnknownGate(name) => {
                        error.help = meant("gate", name, known.gates.iter().flatten().map(String::as_str));
                        Some(codes::UNKNOWN_NAME)
                    }
                    Trouble::Unreadable | Trouble::Unit => None,
                };
                match code {
                    Some(code) => {
                        let at = self.r.inside(text, error.span.clone());
                        self.r.report(code, at, &error.message, &error.help);
                    }
                    None => self.condition_error(text, &error),
                }
                None
            }
        }
    }

    fn conditions(&mut self, texts: &[Text], known: &Known) -> Vec<Condition> {
        texts.iter().filter_map(|text| self.condition(text, known)).collect()
    }

    /// Roles are checked when the plan has any: without, everybody may do everything.
    fn roles_of(&mut self, names: &[Text], known: &Known) -> Vec<String> {
        if known.roles.is_empty() {
            return names.iter().map(|name| name.get_ref().clone()).collect();
        }
        self.known("role", names, &known.roles)
    }

    pub(super) fn role_of(&mut self, name: Option<&Text>, known: &Known) -> Option<String> {
        self.roles_of(std::slice::from_ref(name?), known).pop()
    }

    fn rule(&mut self, raw: &RawRule, name: String, known: &Known) -> Option<RulePlan> {
        let severity =
            raw.severity.as_ref().and_then(|s| self.word("severity", s, &["info", "warn", "page", "rollback"]));
        let no_data = raw.no_data.as_ref().and_then(|s| self.word("no_data", s, &["ignore", "warn", "page"]));
        let service = self.known("service", raw.service.as_slice(), &known.services).pop();
        let when = raw.when.as_ref().and_then(|text| self.condition(text, known));
        let notify = self.known("channel", &raw.notify, &known.channels);
        let windows = self.known("window", &raw.windows, &known.windows);
        let when = when?;
        let named = service.and_then(|name| {
            let ix = known.services.iter().position(|s| *s == name)?;
            Some(ServiceRef { ix: ServiceIx(ix as u32), name: name.into() })
        });
        Some(RulePlan {
            name,
            for_: self.duration_or_zero(raw.for_.as_ref()),
            keep_for: self.duration_or_zero(raw.keep_for.as_ref()),
            severity: match severity {
                Some("info") => Severity::Info,
                Some("page") => Severity::Page,
                Some("rollback") => Severity::Rollback,
                _ => Severity::Warn,
            },
            notify,
            runbook: raw.runbook.as_ref().map(|text| self.place(&known.places, text, Wanted::Heading)),
            service: named.or_else(|| when.expr.leaves().into_iter().find_map(|test| test.service().cloned())),
            no_data: match no_data {
                Some("ignore") => NoData::Ignore,
                Some("page") => NoData::Page,
                _ => NoData::Warn,
            },
            latch: raw.latch,
            windows,
            phases: raw.phases.iter().map(|text| self.place(&known.places, text, Wanted::Heading)).collect(),
            when,
        })
    }

    fn abort(&mut self, raw: &RawAbort, name: String, known: &Known) -> Option<AbortPlan> {
        let at = raw.at.as_ref().map(|text| self.place(&known.places, text, Wanted::HeadingOrStep));
        let when = raw.when.as_ref().and_then(|text| self.condition(text, known));
        Some(AbortPlan { name, at: at?, when: when?, for_: self.duration_or_zero(raw.for_.as_ref()) })
    }

    fn maintenance(&mut self, raw: &RawMaintenance, name: String, known: &Known) -> Option<MaintenancePlan> {
        let services = self.known("service", &raw.services, &known.services);
        let rules = self.known("rule", &raw.rules, &known.rules);
        let from = raw.from.as_ref().map(|text| self.place(&known.places, text, Wanted::HeadingOrStep));
        let until = raw.until.as_ref().map(|text| self.place(&known.places, text, Wanted::HeadingOrStep));
        Some(MaintenancePlan { name, services, rules, from: from?, until: until? })
    }

    fn baseline(&mut self, raw: &RawBaseline) -> Option<BaselinePlan> {
        let (from, until) = (self.offset(raw.from.as_ref()), self.offset(raw.until.as_ref()));
        let (from, until) = (from?, until?);
        let (begins, ends) = (raw.from.as_ref()?, raw.until.as_ref()?);
        if until <= from {
            let message = format!("the baseline ends at {until}, not after it begins at {from}");
            self.r.report(codes::BAD_VALUE, ends.span(), message, "make `until` later than `from`");
        }
        if until > Offset(0) {
            let message = format!("the baseline ends at {until}, when the cutover has begun to change it");
            self.r.report(codes::BAD_VALUE, ends.span(), message, "let it end at T-0 or before");
        }
        if until.0.saturating_sub(from.0) > 2 * 3_600 {
            let message = "more than two hours of samples are not kept";
            self.r.report(codes::BAD_VALUE, begins.span(), message, "begin it at most two hours before its end");
        }
        let share = |text: &Text| {
            let value = parse_value(text.get_ref(), Some("%")).ok().filter(|v| (0.0..=1_000.0).contains(v));
            value.map(|v| v / 100.0)
        };
        let tolerance = match &raw.tolerance {
            None => Some(TOLERANCE),
            Some(text) => {
                let share = share(text);
                if share.is_none() {
                    let message = format!("\"{}\" is no share of the baseline", text.get_ref());
                    self.r.report(codes::BAD_VALUE, text.span(), message, "write it as in `tolerance = \"25%\"`");
                }
                share
            }
        };
        Some(BaselinePlan { from, until, tolerance: tolerance? })
    }

    fn gate(&mut self, raw: &RawGate, name: String, known: &Known) -> GatePlan {
        if raw.criteria.is_empty() && raw.votes.is_empty() {
            self.r.report(
                codes::MISSING,
                raw.at.clone(),
                format!("the gate \"{name}\" asks for nothing, so nothing could hold it"),
                "add `criteria = [\"services up\", …]` or `votes = [\"…\"]`",
            );
        }
        let on_breach = raw.on_breach.as_ref().and_then(|text| self.word("on_breach", text, &["reset", "pause"]));
        let votes = self.roles_of(&raw.votes, known);
        for (nth, vote) in raw.votes.iter().enumerate() {
            let same = |other: &Text| other.get_ref().trim().eq_ignore_ascii_case(vote.get_ref().trim());
            if raw.votes.iter().take(nth).any(same) {
                let message =
                    format!("\"{}\" votes on the gate \"{name}\" already: one vote would count twice", vote.get_ref());
                self.r.report(
                    codes::DUPLICATE,
                    vote.span(),
                    message,
                    "name each role once; for two people make two roles",
                );
            }
        }
        let quorum = raw.quorum.as_ref().and_then(|n| u32::try_from(*n.get_ref()).ok());
        if let (Some(span), true) = (&raw.quorum, quorum.is_some_and(|n| n as usize > raw.votes.len())) {
            let message =
                format!("the gate \"{name}\" asks for {} votes, and {} vote on it", span.get_ref(), raw.votes.len());
            self.r.report(codes::BAD_VALUE, span.span(), message, "name as many roles in `votes`, or ask for fewer");
        }
        GatePlan {
            quorum,
            on_breach: if on_breach == Some("pause") { OnBreach::Pause } else { OnBreach::Reset },
            max_age: self.duration(raw.max_age.as_ref()),
            min_samples: raw.min_samples.unwrap_or_default(),
            name,
            at: raw.place.as_ref().map(|text| self.place(&known.places, text, Wanted::HeadingOrStep)),
            criteria: self.conditions(&raw.criteria, known),
            dwell: self.duration_or_zero(raw.dwell.as_ref()),
            votes,
            deadline: self.offset(raw.deadline.as_ref()),
        }
    }

    fn window(&mut self, raw: &RawWindow, name: String, known: &Known) -> Option<WindowPlan> {
        let every = self.duration(raw.every.as_ref());
        let check_in = raw.check_in.as_ref().and_then(|check_in| {
            let role = self.role_of(check_in.role.as_ref(), known);
            if check_in.every.is_none() {
                self.r.report(codes::MISSING, check_in.at.clone(), "`check_in` has no `every`", "add `every = \"2m\"`");
            }
            Some(CheckIn { every: self.duration(check_in.every.as_ref())?, role })
        });
        let (from, until) = (self.offset(raw.from.as_ref()), self.offset(raw.until.as_ref()));
        let (from, until) = (from?, until?);
        if let Some(text) = raw.until.as_ref().filter(|_| until <= from) {
            let message = format!("the window \"{name}\" ends at {until}, not after it begins at {from}");
            self.r.report(codes::BAD_VALUE, text.span(), message, "make `until` later than `from`");
        }
        let notify = self.known("channel", &raw.notify, &known.channels);
        Some(WindowPlan { name, from, until, every, check_in, notify })
    }

    fn level(&mut self, raw: &RawLevel, name: String, known: &Known) -> LevelPlan {
        if raw.when.is_empty() && raw.declare.is_empty() {
            self.r.report(
                codes::MISSING,
                raw.at.clone(),
                format!("nothing puts the room on the level \"{name}\": it has no `when`"),
                "add `when = [\"error rate > 5%\", …]` or `declare = [\"data corruption\"]`",
            );
        }
        LevelPlan {
            name,
            when: self.conditions(&raw.when, known),
            decide_within: self.duration(raw.decide_within.as_ref()),
            say: raw.say.as_ref().map(|text| text.get_ref().clone()),
            for_: raw.for_.as_ref().map_or(ENTER, |_| self.duration_or_zero(raw.for_.as_ref())),
            keep_for: raw.keep_for.as_ref().map_or(LEAVE, |_| self.duration_or_zero(raw.keep_for.as_ref())),
            declare: raw.declare.iter().map(|text| text.get_ref().clone()).collect(),
            auto: raw.auto.as_ref().map_or(Auto::Advise, |text| self.auto(text)),
        }
    }

    /// `advise`, `arm`, `fire after 30s`.
    fn auto(&mut self, text: &Text) -> Auto {
        let words = text.get_ref().trim();
        match words {
            "advise" => return Auto::Advise,
            "arm" => return Auto::Arm,
            _ => {}
        }
        let after = words.strip_prefix("fire after ").and_then(|span| parse_duration(span.trim()).ok());
        if let Some(after) = after.filter(|span| *span >= VETO) {
            return Auto::FireAfter(after);
        }
        let (message, help) = match after {
            Some(_) => (
                format!("\"{words}\" leaves nobody the time to say no"),
                "ten seconds at least, as in \"fire after 30s\"",
            ),
            None => (format!("\"{words}\" is nothing that a level does by itself"), "\"arm\" or \"fire after 30s\""),
        };
        self.r.report(codes::BAD_VALUE, text.span(), message, help);
        Auto::Advise
    }

    fn rollback(&mut self, raw: &RawRollback, name: String, known: &Known) -> Option<RollbackPlan> {
        let takes = self.duration(raw.takes.as_ref());
        let for_levels = self.known("level", &raw.for_levels, &known.levels);
        let mut targets = Vec::new();
        for target in &raw.targets {
            let service = self.known("service", target.service.as_slice(), &known.services).pop();
            let to = target.to.as_ref().map(|to| to.get_ref().clone());
            targets.extend(service.zip(to).map(|(service, to)| TargetPlan { service, to }));
        }
        let until = raw.until.as_ref().map(|text| self.place(&known.places, text, Wanted::HeadingOrStep));
        let verify = self.conditions(&raw.verify, known);
        let dwell = self.duration_or_zero(raw.dwell.as_ref());
        let steps = self.place(&known.places, raw.steps.as_ref()?, Wanted::Heading);
        self.typed(raw.confirm.as_ref().or(raw.name.as_ref()));
        if until
            .as_ref()
            .is_some_and(|until| until.line.is_some() && (until.book, until.line) == (steps.book, steps.line))
            && let Some(text) = &raw.until
        {
            let message = "the way back ends where it begins: this is its own section";
            self.r.report(
                codes::BAD_VALUE,
                text.span(),
                message,
                "name the step behind which it does not work any more",
            );
        }
        let (hands, confirm) =
            (hands(raw.two_person), raw.confirm.as_ref().map(|text| text.get_ref().trim().to_owned()));
        Some(RollbackPlan { name, steps, takes, for_levels, confirm, hands, until, targets, verify, dwell })
    }

    fn breaker(&mut self, raw: &RawBreaker, name: String, known: &Known) -> Option<BreakerPlan> {
        let role = self.role_of(raw.role.as_ref(), known);
        let run = raw.run.as_ref()?;
        self.command_text(run);
        self.typed(raw.confirm.as_ref());
        let confirm = raw.confirm.as_ref()?.get_ref().trim().to_owned();
        Some(BreakerPlan {
            name,
            run: run.get_ref().clone(),
            confirm,
            role,
            blast: raw.blast.as_ref().map(|text| text.get_ref().clone()),
            hands: hands(raw.two_person),
            cooldown: self.duration_or_zero(raw.cooldown.as_ref()),
            check: raw.check.as_ref().and_then(|text| self.condition(text, known)),
        })
    }

    /// A word that people type under pressure has to be one that can be typed.
    fn typed(&mut self, word: Option<&Text>) {
        let Some(text) = word else { return };
        let word = text.get_ref().trim();
        if word.is_empty() || word.chars().any(|c| c.is_control() || is_unsafe(c)) {
            let message = format!("\"{}\" cannot be typed, so this could never be fired", escape(text.get_ref()));
            self.r.report(codes::BAD_VALUE, text.span(), message, "write `confirm` as one word of plain letters");
        }
    }

    fn profile(&mut self, raw: &RawProfile, name: String, known: &Known) -> ProfilePlan {
        let mut places = |texts: &[Text]| -> Vec<_> {
            texts.iter().map(|text| self.place(&known.places, text, Wanted::Heading)).collect()
        };
        let (phases, skip) = (places(&raw.phases), places(&raw.skip));
        ProfilePlan { name, phases, skip, monitor: self.duration(raw.monitor.as_ref()) }
    }

    /// `T+35m`, `T-1h30m`, `T+00:35`, `T-0`.
    pub(super) fn offset(&mut self, text: Option<&Text>) -> Option<Offset> {
        let text = text?;
        if let Some(offset) = parse_offset(text.get_ref()) {
            return Some(offset);
        }
        let bare = text.get_ref().trim().trim_start_matches(['T', 't', '+']);
        let help = if parse_offset(&format!("T+{bare}m")).is_some() {
            format!("did you mean \"T+{bare}m\"?")
        } else if parse_offset(&format!("T+{bare}")).is_some() {
            format!("did you mean \"T+{bare}\"?")
        } else {
            "write it from T-0, as in \"T+35m\", \"T-1h30m\" or \"T+00:35:00\"".to_owned()
        };
        self.r.report(codes::TIME, text.span(), format!("\"{}\" is no time from T-0", text.get_ref()), help);
        None
    }
}

/// The rules that objectives bring along: one for their burn, one for what the cutover may spend. A rule of the plan with the
/// same name stands instead.
fn of_budgets(slos: &[SloPlan], known: &Known) -> Vec<RulePlan> {
    let names = Names { metrics: &known.metrics, services: &known.services, slos: &known.slos, gates: None };
    let rules = slos.iter().flat_map(|slo| {
        let asked = [Some("burns"), slo.spend.map(|_| "overspent")].into_iter().flatten();
        asked.filter_map(move |asks| {
            let name = format!("{} {asks}", slo.name);
            let when = Condition::parse(&format!("`{}` {asks}", slo.name), names).ok()?;
            let severity = match slo.severity {
                "info" => Severity::Info,
                "page" => Severity::Page,
                "rollback" => Severity::Rollback,
                _ => Severity::Warn,
            };
            Some(RulePlan {
                when: Condition { text: name.clone(), ..when },
                name,
                for_: Duration::ZERO,
                keep_for: Duration::from_mins(1),
                severity,
                notify: slo.notify.clone(),
                runbook: None,
                service: None,
                // Windows that reach back before the start are not seen for hours; the budgets say so themselves.
                no_data: NoData::Ignore,
                latch: false,
                windows: Vec::new(),
                phases: Vec::new(),
            })
        })
    });
    rules.filter(|rule| !known.rules.contains(&rule.name)).collect()
}

fn parse_offset(text: &str) -> Option<Offset> {
    let rest = text.trim().strip_prefix(['T', 't'])?.trim_start();
    let (sign, span) = match (rest.strip_prefix('+'), rest.strip_prefix(['-', '−', '–'])) {
        (Some(span), _) => (1, span),
        (None, Some(span)) => (-1, span),
        (None, None) => return (rest == "0").then_some(Offset(0)),
    };
    let span = span.trim();
    let seconds = if span.contains(':') {
        let parts: Vec<i64> =
            span.split(':').map(|part| part.parse::<u16>().map(i64::from)).collect::<Result<_, _>>().ok()?;
        match parts.as_slice() {
            [h, m] if *m < 60 => h * 3600 + m * 60,
            [h, m, s] if *m < 60 && *s < 60 => h * 3600 + m * 60 + s,
            _ => return None,
        }
    } else {
        i64::try_from(parse_duration(span).ok()?.as_secs()).ok()?
    };
    Some(Offset(sign * seconds))
}
