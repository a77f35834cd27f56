//! What explains an alert: something that its service needs is not well, and somebody hears of that.
//!
//! A cause of which nobody is told explains nothing: else the one page that there is would stay away.

use std::collections::HashMap;
use std::time::Duration;

use super::super::Room;
use super::super::alert::{Alert, State};
use super::many::{self, Words};
use super::subject::{Of, Subject};
use crate::fact::ServiceState;
use crate::notice::Severity;
use crate::plan::Plan;
use crate::plan::decisions::RulePlan;

/// An alert on a cause that begins to fire within this time is waited for.
const SOON: Duration = Duration::from_mins(1);

/// Services that are not well and of which somebody hears.
pub struct Sick(HashMap<String, Trouble>);

struct Trouble {
    /// In words.
    why: String,
    /// How bad what is told of it is.
    told: Severity,
}

impl Sick {
    /// As things stand.
    pub fn of(room: &Room) -> Self {
        let mut sick = Self(HashMap::new());
        let soon = SOON * room.speed;
        let loud = |alert: &Alert, for_: Duration| match alert.state {
            State::Firing => true,
            State::Pending => for_.saturating_sub(alert.held) <= soon,
            State::Inactive => false,
        };
        for (rule, live) in room.plan.rules.iter().zip(&room.live.rules) {
            let Some(service) = rule.service.as_ref().filter(|_| !rule.notify.is_empty()) else { continue };
            let known = room.live.services.get(service.ix.0 as usize);
            let is_down = known.is_some_and(|live| live.state == ServiceState::Down);
            // A failure that is not confirmed yet: with the next answer it is, and told.
            let fails = known.is_some_and(|live| live.failures > 0) && !is_down;
            if loud(&live.main.alert, rule.for_) || fails {
                let why = match (is_down, fails) {
                    (true, _) => format!("{} is down", service.name),
                    (_, true) => format!("{} fails", service.name),
                    _ => format!("{} fires", rule.name),
                };
                sick.put(&service.name, why, rule.severity);
            }
        }
        for (owner, many) in many::owners(room, &room.plan).filter(|(owner, _)| !owner.notify().is_empty()) {
            let for_ = owner.spans().0;
            for (name, it) in many.instances.iter().filter(|(_, it)| loud(&it.track.alert, for_) && !it.words.quiet) {
                if let Some(service) = service_of(&room.plan, &it.words) {
                    sick.put(service, format!("{name} fires"), it.words.severity);
                }
            }
        }
        sick
    }

    fn put(&mut self, service: &str, why: String, told: Severity) {
        let known = self.0.get(service).is_some_and(|known| known.told >= told);
        if !known {
            self.0.insert(service.to_owned(), Trouble { why, told });
        }
    }

    /// What explains an alert about a service: something that it needs, however indirectly, is told of at least as loudly.
    fn explains(&self, plan: &Plan, service: &str, severity: Severity) -> Option<String> {
        let needs =
            |name: &str| plan.services.iter().find(|s| s.name == name).map(|s| s.needs.as_slice()).unwrap_or_default();
        let mut seen: Vec<&str> = vec![service];
        let mut ix = 0;
        while let Some(name) = seen.get(ix).copied() {
            ix += 1;
            for need in needs(name).iter().filter(|need| *need != service) {
                if let Some(trouble) = self.0.get(need).filter(|trouble| trouble.told >= severity) {
                    return Some(trouble.why.clone());
                }
                if !seen.contains(&need.as_str()) {
                    seen.push(need);
                }
            }
        }
        None
    }

    /// What explains an alert.
    pub fn explains_subject(&self, plan: &Plan, subject: &Subject<'_>) -> Option<String> {
        let service = match subject.of {
            Of::Rule(rule) | Of::Unseen(rule) => &*rule.service.as_ref()?.name,
            Of::Element(_, words) => service_of(plan, words)?,
            Of::Unasked(..) | Of::Gone => return None,
        };
        self.explains(plan, service, subject.severity)
    }

    /// What explains an alert of a rule of the plan.
    pub fn explains_rule(&self, plan: &Plan, rule: &RulePlan, severity: Severity) -> Option<String> {
        self.explains(plan, &rule.service.as_ref()?.name, severity)
    }

    /// What explains an alert with labels.
    pub fn explains_words(&self, plan: &Plan, words: &Words) -> Option<String> {
        self.explains(plan, service_of(plan, words)?, words.severity)
    }
}

/// The service of the plan that an alert with labels speaks of: its label `service`.
pub fn service_of<'w>(plan: &Plan, words: &'w Words) -> Option<&'w str> {
    words.labels.get("service").filter(|name| plan.services.iter().any(|s| s.name == *name))
}
