//! What strict receivers take, checked as they would, and notices to try them with.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use warroom::notice::{Action, Notice, Severity};

/// A notice as the room would queue it.
pub fn notice(key: &str, action: Action, severity: Severity) -> Notice {
    Notice {
        id: Uuid::new_v4(),
        channel: "oncall".to_owned(),
        key: key.to_owned(),
        action,
        severity,
        room: "retail v2.0".into(),
        alert: Some(format!("name-of-{key}")),
        summary: format!("{key}: error rate 1.2% > 1% for 2:00").into(),
        details: vec![("value".to_owned(), "1.2%".into()), ("phase".to_owned(), "Canary 5%".into())],
        group: None,
        since: Utc::now(),
        at: Utc::now(),
    }
}

/// The parts of an object, none of which may be another than these.
fn only(value: &Value, keys: &[&str]) -> Result<(), String> {
    let map = value.as_object().ok_or("no object")?;
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown field {key}")),
        None => Ok(()),
    }
}

fn text<'v>(value: &'v Value, key: &str, most: usize) -> Result<&'v str, String> {
    let text = value[key].as_str().ok_or(format!("{key} is missing"))?;
    match text.chars().count() {
        0 => Err(format!("{key} is empty")),
        n if n > most => Err(format!("{key} has {n} characters")),
        _ if !plain(text) => Err(format!("{key} holds hostile characters")),
        _ => Ok(text),
    }
}

fn time(value: &Value, key: &str) -> Result<DateTime<Utc>, String> {
    let text = value[key].as_str().ok_or(format!("{key} is missing"))?;
    DateTime::parse_from_rfc3339(text).map(Into::into).map_err(|e| format!("{key}: {e}"))
}

/// Nothing that moves a cursor, hides or turns text.
pub fn plain(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}')
}

fn all_plain(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if !plain(text) => Err(format!("hostile characters in {text:?}")),
        Value::Array(items) => items.iter().try_for_each(all_plain),
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            if plain(key) { all_plain(value) } else { Err(format!("hostile characters in {key:?}")) }
        }),
        _ => Ok(()),
    }
}

/// PagerDuty's Events API v2, `/v2/enqueue`: the action and the dedup key.
pub fn event(body: &[u8]) -> Result<(String, String), String> {
    if body.len() > 512_000 {
        return Err(format!("an event of {} bytes", body.len()));
    }
    let event: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    all_plain(&event)?;
    only(&event, &["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"])?;
    if text(&event, "routing_key", 32)?.len() != 32 {
        return Err("the routing key has not 32 characters".to_owned());
    }
    let action = text(&event, "event_action", 20)?;
    let key = text(&event, "dedup_key", 255)?;
    if key.len() > 255 {
        return Err(format!("a dedup key of {} bytes", key.len()));
    }
    match action {
        "trigger" => {
            let payload = &event["payload"];
            let keys = ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
            only(payload, &keys)?;
            text(payload, "summary", 1_024)?;
            text(payload, "source", 1_024)?;
            time(payload, "timestamp")?;
            let severity = text(payload, "severity", 20)?;
            if !["critical", "error", "warning", "info"].contains(&severity) {
                return Err(format!("there is no severity {severity}"));
            }
        }
        "acknowledge" | "resolve" if event.get("payload").is_none() => {}
        other => return Err(format!("event_action {other}")),
    }
    Ok((action.to_owned(), key.to_owned()))
}

/// `/v2/change/enqueue`: the summary.
pub fn change(body: &[u8]) -> Result<String, String> {
    let change: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    all_plain(&change)?;
    only(&change, &["routing_key", "payload", "links", "images"])?;
    text(&change, "routing_key", 32)?;
    only(&change["payload"], &["summary", "source", "timestamp", "custom_details"])?;
    time(&change["payload"], "timestamp")?;
    text(&change["payload"], "summary", 1_024).map(str::to_owned)
}

/// A Slack webhook: all text that is shown.
pub fn slack(body: &[u8]) -> Result<String, String> {
    let message: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    all_plain(&message)?;
    only(&message, &["text", "blocks", "unfurl_links", "unfurl_media", "link_names"])?;
    let mut shown = text(&message, "text", 4_000)?.to_owned();
    let blocks = message["blocks"].as_array().ok_or("no blocks")?;
    if blocks.is_empty() || blocks.len() > 50 {
        return Err(format!("{} blocks", blocks.len()));
    }
    let mut total = 0;
    for block in blocks {
        let texts: Vec<&Value> = match block["type"].as_str() {
            Some("section") => vec![&block["text"]],
            Some("context") => block["elements"].as_array().ok_or("no elements")?.iter().collect(),
            other => return Err(format!("a block of type {other:?}")),
        };
        for part in texts {
            only(part, &["type", "text", "verbatim"])?;
            if part["type"] != "mrkdwn" || part["verbatim"] != true {
                return Err("names in it become links by themselves".to_owned());
            }
            let text = text(part, "text", 3_000)?;
            total += text.chars().count();
            shown.push('\n');
            shown.push_str(text);
        }
    }
    if total > 13_200 {
        return Err(format!("{total} characters in all blocks"));
    }
    if shown.contains(['<', '>']) {
        return Err(format!("a Slack control in {shown}"));
    }
    for (at, _) in shown.match_indices('&') {
        if !["&amp;", "&lt;", "&gt;"].iter().any(|entity| shown[at..].starts_with(entity)) {
            return Err(format!("an open & in {}", &shown[at..]));
        }
    }
    Ok(shown)
}

/// Alertmanager's webhook, version 4: the status, name and fingerprint of its one alert.
pub fn alertmanager(body: &[u8]) -> Result<(String, String, String), String> {
    let group: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    all_plain(&group)?;
    let keys = [
        "version",
        "groupKey",
        "truncatedAlerts",
        "status",
        "receiver",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
        "alerts",
    ];
    only(&group, &keys)?;
    if let Some(missing) = keys.iter().find(|key| group.get(**key).is_none()) {
        return Err(format!("{missing} is missing"));
    }
    if group["version"] != "4" || !group["truncatedAlerts"].is_u64() {
        return Err("not version 4".to_owned());
    }
    let alerts = group["alerts"].as_array().ok_or("no alerts")?;
    let [alert] = alerts.as_slice() else { return Err(format!("{} alerts", alerts.len())) };
    only(alert, &["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"])?;
    let (begins, ends) = (time(alert, "startsAt")?, time(alert, "endsAt")?);
    let status = text(alert, "status", 20)?;
    if group["status"] != alert["status"] || !["firing", "resolved"].contains(&status) {
        return Err(format!("status {status}"));
    }
    match status {
        "firing" if alert["endsAt"] != "0001-01-01T00:00:00Z" => return Err("it ends while it fires".to_owned()),
        "resolved" if ends < begins => return Err("it ends before it begins".to_owned()),
        _ => {}
    }
    for key in ["labels", "annotations"] {
        if alert[key].as_object().is_none_or(|map| map.values().any(|value| !value.is_string())) {
            return Err(format!("{key} are texts"));
        }
    }
    text(&alert["labels"], "severity", 20)?;
    text(&alert["annotations"], "summary", 1_024)?;
    let name = text(&alert["labels"], "alertname", 1_024)?;
    Ok((status.to_owned(), name.to_owned(), text(alert, "fingerprint", 64)?.to_owned()))
}
