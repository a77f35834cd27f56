//! What an alert is, wherever its rule comes from: all that judging, recording and telling need to know of it.

use std::time::Duration;

use super::super::alert::Terms;
use super::super::{Room, judge};
use super::many::{Owner, Words};
use super::{BLIND, blind_name};
use crate::clock::duration_text;
use crate::notice::Severity;
use crate::plan::decisions::{NoData, RulePlan};
use crate::text::Untrusted;

/// One alert.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Its name in the record.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it asks of time.
    pub terms: Terms,
    /// Who is told.
    pub notify: &'a [String],
    /// What it speaks of.
    pub of: Of<'a>,
}

/// What an alert speaks of.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// A rule of the plan holds.
    Rule(&'a RulePlan),
    /// Nobody can tell whether it does.
    Unseen(&'a RulePlan),
    /// An element of what a rule of a file gives, or an alert of somebody else.
    Element(Owner<'a>, &'a Words),
    /// Nobody can tell what those are; why.
    Unasked(Owner<'a>, &'a str),
    /// Nothing any more: its rule left the plan.
    Gone,
}

impl<'a> Subject<'a> {
    /// The alert of a rule of the plan.
    pub fn rule(room: &Room, rule: &'a RulePlan) -> Self {
        let patience = rule.for_.max(BLIND * room.speed);
        let terms = Terms { for_: rule.for_, keep_for: rule.keep_for, patience, latch: rule.latch };
        let (name, severity) = (rule.name.clone(), rule.severity);
        Self { name, severity, terms, notify: &rule.notify, of: Of::Rule(rule) }
    }

    /// The alert that nobody can tell whether a rule of the plan holds.
    pub fn unseen(room: &Room, rule: &'a RulePlan) -> Self {
        let severity = if rule.no_data == NoData::Page { Severity::Page } else { Severity::Warn };
        let name = blind_name(&rule.name);
        Self { name, severity, terms: blind_terms(room, rule.for_), notify: &rule.notify, of: Of::Unseen(rule) }
    }

    /// The alert of one element.
    pub fn element(room: &Room, owner: Owner<'a>, name: &str, words: &'a Words) -> Self {
        let (for_, keep_for) = owner.spans();
        let terms = Terms { for_, keep_for, patience: for_.max(BLIND * room.speed), latch: false };
        let of = Of::Element(owner, words);
        Self { name: name.to_owned(), severity: words.severity, terms, notify: owner.notify(), of }
    }

    /// The alert that nobody can tell what the elements are.
    pub fn unasked(room: &Room, owner: Owner<'a>, why: &'a str) -> Self {
        let terms = blind_terms(room, owner.spans().0);
        let (name, of) = (blind_name(owner.called()), Of::Unasked(owner, why));
        Self { name, severity: Severity::Warn, terms, notify: owner.notify(), of }
    }

    /// An alert that the record leaves open and whose rule left the plan.
    pub fn gone(room: &Room, name: String, severity: Severity) -> Self {
        Self { name, severity, terms: blind_terms(room, Duration::ZERO), notify: &[], of: Of::Gone }
    }

    /// What is seen of it now, in words.
    pub fn seen(&self, room: &Room) -> String {
        match self.of {
            Of::Rule(rule) => judge::words(room, &rule.when.expr, None),
            Of::Unseen(rule) => format!("nobody can tell: {}", judge::words(room, &rule.when.expr, None)),
            Of::Element(_, words) => words.summary.clone(),
            Of::Unasked(_, "") => "it can be told again".to_owned(),
            Of::Unasked(_, why) => format!("nobody can tell: {why}"),
            Of::Gone => "its rule is no longer in the plan".to_owned(),
        }
    }

    /// Why it is over, in words.
    pub fn over(&self, room: &Room) -> String {
        match self.of {
            Of::Rule(rule) | Of::Unseen(rule) if room.rests(rule) => "the rule rests".to_owned(),
            Of::Element(Owner::Imported(_), _) => "its expression gives it no more".to_owned(),
            Of::Element(Owner::Foreign(source), _) => format!("{} says it no more", source.name),
            _ => self.seen(room),
        }
    }

    /// Whether whoever judges it keeps it quiet.
    pub fn quiet_there(&self) -> bool {
        matches!(self.of, Of::Element(_, words) if words.quiet)
    }

    /// Further words for those who are told.
    pub fn details(&self, room: &Room) -> Vec<(String, Untrusted)> {
        let mut details: Vec<(String, Untrusted)> = Vec::new();
        let mut put = |word: &str, value: &str| details.push((word.to_owned(), Untrusted::new(value)));
        match self.of {
            Of::Rule(rule) | Of::Unseen(rule) => {
                put("condition", &rule.when.text);
                if !rule.for_.is_zero() {
                    put("for", &duration_text(rule.for_));
                }
                for look in judge::looks_of(room, rule).into_iter().take(8) {
                    let age = look.age.map(|age| format!(", {age:.0} s old")).unwrap_or_default();
                    let source = look.source.map(|s| format!(", from {s}")).unwrap_or_default();
                    put("seen", &format!("{}{age}{source}", look.words));
                }
            }
            Of::Element(owner, words) => {
                owner.details(&mut put);
                words.details(&mut put);
            }
            Of::Unasked(owner, _) => owner.details(&mut put),
            Of::Gone => {}
        }
        details
    }

    /// Further words that hold for all that its rule gives.
    pub fn shared(&self, room: &Room) -> Vec<(String, Untrusted)> {
        match self.of {
            Of::Element(owner, _) => {
                let mut details: Vec<(String, Untrusted)> = Vec::new();
                owner.details(&mut |word: &str, value: &str| details.push((word.to_owned(), Untrusted::new(value))));
                details
            }
            _ => self.details(room),
        }
    }

    /// The heading of the runbook that says what to do.
    pub fn runbook(&self) -> Option<&'a str> {
        match self.of {
            Of::Rule(rule) | Of::Unseen(rule) => rule.runbook.as_ref().map(|place| place.name.as_str()),
            Of::Element(..) | Of::Unasked(..) | Of::Gone => None,
        }
    }
}

fn blind_terms(room: &Room, for_: Duration) -> Terms {
    let floor = BLIND * room.speed;
    Terms { for_: for_.max(floor), keep_for: Duration::ZERO, patience: floor, latch: false }
}
