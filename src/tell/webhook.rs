//! Alertmanager's webhook, version 4, as JSON (prometheus.io, alerting configuration, `webhook_config`).

use serde_json::{Map, Value, json};

use super::pagerduty::word;
use super::plain::{Plain, cut, fingerprint};
use crate::clock::rfc3339;
use crate::notice::{Action, Notice};
use crate::secret::Masks;

/// Bytes of further facts.
const DETAILS: usize = 16 * 1024;
/// What Go writes for "no time".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// One request: what makes it the same when it comes twice (`Idempotency-Key`), and its body.
pub type Post = (String, String);

/// What one notice becomes: one request; a test two, firing and resolved.
pub fn requests(notice: &Notice, masks: &Masks) -> Vec<Post> {
    let id = notice.id.to_string();
    match notice.action {
        Action::Trigger | Action::Acknowledge => vec![(id, body(notice, masks, Status::Firing))],
        // What is no alert is over as it is told: nobody would ever resolve it.
        Action::Resolve | Action::Change | Action::Inform => vec![(id, body(notice, masks, Status::Resolved))],
        Action::Test => {
            let test = Notice { key: format!("test-{id}"), ..notice.clone() };
            vec![
                (id.clone(), body(&test, masks, Status::Firing)),
                (format!("{id}-resolved"), body(&test, masks, Status::Resolved)),
            ]
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Firing,
    Resolved,
}

fn body(notice: &Notice, masks: &Masks, status: Status) -> String {
    let plain = Plain::of(notice, masks, DETAILS);
    let (word_of_status, ends) = match status {
        Status::Firing => ("firing", NEVER.to_owned()),
        Status::Resolved => ("resolved", rfc3339(plain.at.max(plain.since))),
    };
    let name = match plain.action {
        Action::Change => "WarroomChange",
        Action::Inform => "WarroomNote",
        Action::Test => "WarroomTest",
        Action::Trigger | Action::Acknowledge | Action::Resolve => {
            let group = plain.group.as_ref().map(|(by, _)| by.as_str());
            group.or(plain.alert.as_deref()).unwrap_or("Warroom")
        }
    };
    // The same when it fires and when it is over: labels are what an alert is known by.
    let labels = json!({ "alertname": name, "severity": word(plain.severity), "room": plain.room });
    let mut annotations: Map<String, Value> = Map::new();
    annotations.insert("summary".to_owned(), json!(cut(&plain.summary, 1_024)));
    let facts: Vec<String> = plain.details.iter().map(|(word, value)| format!("{word}: {value}")).collect();
    annotations.insert("description".to_owned(), json!(facts.join("\n")));
    if let Some((_, firing)) = plain.group.as_ref().filter(|_| !plain.members.is_empty()) {
        annotations.insert("alerts".to_owned(), json!(plain.members.join("\n")));
        annotations.insert("firing".to_owned(), json!(firing.to_string()));
    }
    if plain.action == Action::Acknowledge {
        annotations.insert("acknowledged".to_owned(), json!("true"));
    }
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname={}, room={}}}", json!(name), json!(plain.room)),
        "truncatedAlerts": 0,
        "status": word_of_status,
        "receiver": plain.channel,
        "groupLabels": { "alertname": name, "room": plain.room },
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [{
            "status": word_of_status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": rfc3339(plain.since),
            "endsAt": ends,
            "generatorURL": "",
            "fingerprint": fingerprint(&plain.key),
        }],
    })
    .to_string()
}
