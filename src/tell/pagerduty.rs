//! PagerDuty's Events API v2 as JSON: trigger, acknowledge, resolve, and changes that wake nobody.
//!
//! Limits and fields: PagerDuty/developer-docs, docs/events-API-v2 (2026-08).

use serde_json::{Map, Value, json};

use super::plain::{Plain, cut};
use crate::clock::rfc3339;
use crate::notice::{Action, Notice, Severity};
use crate::secret::Masks;

/// PagerDuty's own address.
pub const HOME: &str = "https://events.pagerduty.com";
/// Events end here, after the address.
pub const EVENT: &str = "/v2/enqueue";
/// Changes end here.
pub const CHANGE: &str = "/v2/change/enqueue";
/// Characters of a summary.
pub const SUMMARY: usize = 1_024;
/// Bytes of a dedup key.
pub const KEY: usize = 255;
/// Bytes of further facts: in JSON, with all else, far under the 512 KB that are taken.
const DETAILS: usize = 64 * 1024;

/// One request: the end of its path and its body.
pub type Post = (&'static str, String);

/// What one notice becomes: one request; a test two, a trigger and its resolve.
pub fn requests(notice: &Notice, masks: &Masks, routing_key: &str) -> Vec<Post> {
    match notice.action {
        Action::Trigger => vec![event(notice, masks, routing_key, "trigger")],
        Action::Acknowledge => vec![event(notice, masks, routing_key, "acknowledge")],
        Action::Resolve => vec![event(notice, masks, routing_key, "resolve")],
        Action::Change | Action::Inform => vec![change(notice, masks, routing_key, &[])],
        Action::Test => {
            // An incident of its own, so that it touches nothing that is real.
            let test = Notice { key: format!("test-{}", notice.id), severity: Severity::Info, ..notice.clone() };
            vec![event(&test, masks, routing_key, "trigger"), event(&test, masks, routing_key, "resolve")]
        }
    }
}

/// What began and was over before anybody could be told: a change, which wakes nobody and stands in the service's history.
pub fn over(begun: &Notice, end: &Notice, masks: &Masks, routing_key: &str) -> Post {
    let facts = [
        ("over before it could be told", format!("{} to {}", rfc3339(begun.since), rfc3339(end.at))),
        ("severity", word(begun.severity).to_owned()),
        ("dedup_key", Plain::of(begun, masks, 0).short_key(KEY)),
        ("at the end", Plain::of(end, masks, 0).summary),
    ];
    change(begun, masks, routing_key, &facts)
}

fn event(notice: &Notice, masks: &Masks, routing_key: &str, action: &str) -> Post {
    let plain = Plain::of(notice, masks, DETAILS);
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": plain.short_key(KEY),
        "client": "warroom",
    });
    if action == "trigger"
        && let Some(event) = event.as_object_mut()
    {
        let mut payload = json!({
            "summary": cut(&plain.summary, SUMMARY),
            "source": plain.room,
            "severity": word(plain.severity),
            "timestamp": rfc3339(plain.since),
            "group": plain.room,
            "custom_details": details(&plain, &[]),
        });
        let class = plain.group.as_ref().map(|(by, _)| by).or(plain.alert.as_ref());
        if let (Some(payload), Some(alert)) = (payload.as_object_mut(), class) {
            payload.insert("class".to_owned(), json!(alert));
        }
        event.insert("payload".to_owned(), payload);
    }
    (EVENT, event.to_string())
}

fn change(notice: &Notice, masks: &Masks, routing_key: &str, facts: &[(&str, String)]) -> Post {
    let plain = Plain::of(notice, masks, DETAILS);
    let change = json!({
        "routing_key": routing_key,
        "payload": {
            "summary": cut(&plain.summary, SUMMARY),
            "source": plain.room,
            "timestamp": rfc3339(plain.at),
            "custom_details": details(&plain, facts),
        },
    });
    (CHANGE, change.to_string())
}

fn details(plain: &Plain, facts: &[(&str, String)]) -> Map<String, Value> {
    let own = plain.details.iter().map(|(word, value)| (word.clone(), Value::from(value.as_str())));
    let facts = facts.iter().map(|(word, value)| ((*word).to_owned(), Value::from(value.as_str())));
    let mut all: Map<String, Value> = own.chain(facts).collect();
    if !plain.members.is_empty() {
        all.insert("alerts".to_owned(), json!(plain.members));
    }
    all
}

/// The four words that are taken, of which three are used.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Page | Severity::Rollback => "critical",
        Severity::Warn => "warning",
        Severity::Info => "info",
    }
}
