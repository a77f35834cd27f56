//! What was declared, decided and fired on the way back, in words for the executed runbook.

use super::said::plain;
use crate::clock::clock_span;
use crate::fact::Fact;
use crate::fact::retreat::{Hand, Rung};
use crate::text::Untrusted;

/// What an entry says of levels, rollbacks and breakers, with what stands before it; nothing for any other fact.
pub(super) fn of_way_back(fact: &Fact) -> Option<(&'static str, String)> {
    let because = |reason: &Untrusted| match plain(reason.raw()) {
        words if words.is_empty() => String::new(),
        words => format!(": {words}"),
    };
    let name = |name: &Untrusted| plain(name.raw());
    Some(match fact {
        Fact::LevelChanged { to: Some(to), symptoms, .. } => {
            let symptoms: Vec<String> = symptoms.iter().map(|s| plain(s.raw())).collect();
            ("level", format!("{}: {}", name(to), symptoms.join(", ")))
        }
        Fact::LevelChanged { to: None, .. } => ("level", "none any more".to_owned()),
        Fact::LevelDeclared { level, symptom, text } => {
            ("level", format!("{} declared, level {}{}", name(symptom), name(level), because(text)))
        }
        Fact::LevelWithdrawn { symptom, reason, .. } => {
            ("level", format!("{} withdrawn{}", name(symptom), because(reason)))
        }
        Fact::DecisionTaken { level, choice, reason } => {
            ("level", format!("{}, decided to {choice}{}", name(level), because(reason)))
        }
        Fact::RollbackMoved { plan, to, reason, hand, took, .. } => {
            let itself = if *hand == Hand::Room && *to == Rung::Fired { " BY ITSELF" } else { "" };
            let took = took.and_then(|s| std::time::Duration::try_from_secs_f64(s).ok());
            let took = took.map(|t| format!(" in {}", clock_span(t))).unwrap_or_default();
            ("rollback", format!("\"{}\" {to}{itself}{took}{}", name(plan), because(reason)))
        }
        Fact::RollbackVetoed { plan, reason } => {
            ("rollback", format!("\"{}\", somebody said no{}", name(plan), because(reason)))
        }
        Fact::BreakerAsked { breaker, reason, .. } => {
            ("breaker", format!("\"{}\" asked for{}", name(breaker), because(reason)))
        }
        Fact::BreakerFired { breaker, reason } => {
            ("breaker", format!("\"{}\" fired{}", name(breaker), because(reason)))
        }
        _ => return None,
    })
}
