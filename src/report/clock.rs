//! What held the clock, and what was moved, in words for the executed runbook.

use super::said::plain;
use crate::clock::rfc3339;
use crate::fact::{Fact, HoldUntil};
use crate::text::Untrusted;

/// What an entry says of the countdown, with what stands before it; nothing for any other fact.
pub(super) fn of_clock(fact: &Fact) -> Option<(&'static str, String)> {
    let because = |reason: &Untrusted| match plain(reason.raw()) {
        words if words.is_empty() => String::new(),
        words => format!(": {words}"),
    };
    Some(match fact {
        Fact::T0Set { t0: Some(t0) } => ("clock", format!("T-0 set to {}", rfc3339(*t0))),
        Fact::T0Set { t0: None } => ("clock", "T-0 unset".to_owned()),
        Fact::HoldBegan { reason, until, .. } => {
            let until = match until {
                HoldUntil::Said => String::new(),
                HoldUntil::Time { at } => format!(" until {}", rfc3339(*at)),
                HoldUntil::Gate { gate } => format!(" until gate {} is GO", plain(gate)),
                HoldUntil::Steps { .. } => " until every step before it is settled".to_owned(),
            };
            ("hold", format!("the clock stands{until}{}", because(reason)))
        }
        Fact::HoldEnded { reason, .. } => ("hold", format!("the clock goes on{}", because(reason))),
        Fact::Recycled { phase, t0, reason, .. } => {
            ("clock", format!("back to \"{}\", T-0 is {}{}", plain(phase.raw()), rfc3339(*t0), because(reason)))
        }
        Fact::WindowExtended { window, minutes, reason } => {
            ("window", format!("\"{}\" lasts {minutes} min longer{}", plain(window), because(reason)))
        }
        _ => return None,
    })
}
