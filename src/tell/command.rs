//! A command as a channel: it finds the notice as JSON in the variable `WARROOM_NOTICE`, never in its arguments.

use serde_json::{Map, Value, json};

use super::plain::Plain;
use crate::clock::rfc3339;
use crate::notice::Notice;
use crate::secret::Masks;

/// The variable.
pub const VARIABLE: &str = "WARROOM_NOTICE";
/// Bytes of further facts: in JSON, with all else, under the 128 KiB that the system takes of one variable.
const DETAILS: usize = 32 * 1024;

/// The value of the variable.
pub fn notice(notice: &Notice, masks: &Masks) -> String {
    json(&Plain::of(notice, masks, DETAILS)).to_string()
}

fn json(plain: &Plain) -> Value {
    let details: Map<String, Value> =
        plain.details.iter().map(|(word, value)| (word.clone(), Value::from(value.as_str()))).collect();
    let mut all = json!({
        "id": plain.id,
        "channel": plain.channel,
        "key": plain.short_key(255),
        "action": plain.action,
        "severity": plain.severity,
        "room": plain.room,
        "alert": plain.alert,
        "summary": plain.summary,
        "details": details,
        "since": rfc3339(plain.since),
        "at": rfc3339(plain.at),
    });
    if let (Some((by, firing)), Some(all)) = (&plain.group, all.as_object_mut()) {
        all.insert("group".to_owned(), json!({ "by": by, "firing": firing, "alerts": plain.members }));
    }
    all
}
