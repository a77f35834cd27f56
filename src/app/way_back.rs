//! The level, rollback plans and breakers as `status` tells them.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::room::Room;
use crate::text::Untrusted;

/// The level the room is on: times in RFC 3339 UTC, durations in seconds; null on none.
pub fn level(room: &Room) -> Option<Value> {
    let level = room.level()?;
    Some(json!({
        "name": level.name,
        "since": rfc3339(level.since),
        "symptoms": level.symptoms,
        "unknown": level.unknown,
        "trend": level.trend,
        "say": level.say,
        "decide_in": level.left.map(|left| left.as_secs_f64()),
        "decision": level.decision.as_ref().map(|taken| json!({
            "choice": taken.choice,
            "person": taken.by.person,
            "reason": taken.reason,
            "at": rfc3339(taken.stamp.utc()),
        })),
        "reason": level.sentence(room.now.utc),
    }))
}

/// Every rollback plan, in the plan's order.
pub fn rollbacks(room: &Room) -> Vec<Value> {
    let all = room.rollbacks();
    let said = all.iter().map(|it| {
        let targets = room.plan.rollbacks.get(it.ix).map(|plan| {
            let targets = plan.targets.iter().map(|t| json!({ "service": t.service, "to": t.to }));
            targets.collect::<Vec<_>>()
        });
        json!({
            "name": it.name,
            "state": it.way.rung,
            "since": it.way.since.map(|at| rfc3339(at.utc())),
            "valid": it.invalid.is_none(),
            "reason": it.invalid,
            "open": it.open,
            "takes": it.takes.map(|t| t.as_secs_f64()),
            "measured": it.measured,
            "recommended": it.recommended,
            "steps": { "done": it.steps.0, "total": it.steps.1 },
            "hands": { "have": it.hands.0, "need": it.hands.1 },
            "dwell": it.dwell.map(|(have, need)| json!({ "have": have.as_secs_f64(), "need": need.as_secs_f64() })),
            "not_verified": it.verify,
            "fires_in": it.countdown.map(|left| left.as_secs_f64()),
            "targets": targets,
            "first": room.first_command(it.ix).map(|first| json!({
                "step": first.step, "script": Untrusted::new(first.script.shown()), "hash": first.hash,
            })),
        })
    });
    said.collect()
}

/// Every breaker, in the plan's order.
pub fn breakers(room: &Room) -> Vec<Value> {
    let all = room.breakers();
    let said = all.iter().map(|it| {
        let check = it.check.as_ref().map(|(holds, words)| {
            let state = match holds {
                Some(true) => "pass",
                Some(false) => "fail",
                None => "no data",
            };
            json!({ "state": state, "reason": words })
        });
        json!({
            "name": it.name,
            "blast": it.blast,
            "role": it.role,
            "people": it.hands.count(),
            "asked_by": it.asked.as_ref().map(|p| &p.by.person),
            "fired": it.fired.as_ref().map(|p| rfc3339(p.stamp.utc())),
            "fired_by": it.fired.as_ref().map(|p| &p.by.person),
            "rests": it.cooling.map(|left| left.as_secs_f64()),
            "run": it.run,
            "hash": it.hash,
            "check": check,
        })
    });
    said.collect()
}
