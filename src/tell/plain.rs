//! A notice as it may leave: secrets masked, hostile characters visible, everything cut to a bound that the reader can see.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::notice::{Action, Notice, Severity};
use crate::secret::Masks;
use crate::text::{Untrusted, escape};

/// Characters of a name: of a room, an alert, a further fact.
const NAME: usize = 200;
/// Characters of a summary that are kept at all; each receiver takes fewer.
const SUMMARY: usize = 4_000;
/// Characters of the name of one of several.
const MEMBER: usize = 120;
/// Bytes of all those names.
const MEMBERS: usize = 8 * 1024;
/// Further facts.
const DETAILS: usize = 50;

/// A [`Notice`] in texts that may go out. Masked first, then escaped, then cut: a cut could tear a secret in two.
#[derive(Clone, Debug)]
pub struct Plain {
    /// Of the notice.
    pub id: Uuid,
    /// Name of the channel.
    pub channel: String,
    /// What belongs together, whole and as it is.
    pub key: String,
    /// What it says.
    pub action: Action,
    /// How bad it is.
    pub severity: Severity,
    /// The room's name, never empty.
    pub room: String,
    /// The alert's name, where it has one.
    pub alert: Option<String>,
    /// One line, never empty.
    pub summary: String,
    /// Further facts; a word never stands twice.
    pub details: Vec<(String, String)>,
    /// The alerts that it names, where it speaks of several.
    pub members: Vec<String>,
    /// What those have in common, and how many of them fire.
    pub group: Option<(String, usize)>,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it was queued.
    pub at: DateTime<Utc>,
}

impl Plain {
    /// With at most `most` bytes of further facts, give or take a word; in JSON a text is at most twice as long, as nothing is
    /// left in it that needs more than a backslash.
    pub fn of(notice: &Notice, masks: &Masks, most: usize) -> Self {
        let line = |text: &str, most| visible(&masks.masked(text), most);
        let room = line(raw(&notice.room), NAME);
        let alert = notice.alert.as_deref().map(|alert| line(alert, NAME)).filter(|alert| !alert.trim().is_empty());
        let summary = line(raw(&notice.summary), SUMMARY);
        let summary = if summary.trim().is_empty() { None } else { Some(summary) };
        let mut details: Vec<(String, String)> = Vec::new();
        let mut left = most;
        for (n, (word, value)) in notice.details.iter().enumerate().filter(|_| most > 0) {
            if n >= DETAILS || left == 0 {
                details.push(("further".to_owned(), format!("{} more left out", notice.details.len() - n)));
                break;
            }
            let mut word = line(word, NAME);
            while details.iter().any(|(other, _)| *other == word) {
                word.push('\'');
            }
            // Four bytes is the longest character there is.
            let value = line(raw(value), left / 4);
            left = left.saturating_sub(word.len() + value.len());
            details.push((word, value));
        }
        let group = notice.group.as_ref();
        // One alone has said its name already.
        let named = group.filter(|group| group.firing > 1 || group.members.len() > 1);
        let named = named.into_iter().flat_map(|group| group.members.iter().map(|m| line(group.short(m), MEMBER)));
        let mut members: Vec<String> = named.collect();
        let mut room_for = MEMBERS;
        let fit = members.iter().take_while(|name| {
            room_for = room_for.saturating_sub(name.len());
            room_for > 0
        });
        let fit = fit.count();
        if fit < members.len() {
            let rest = format!("… and {} more", members.len() - fit);
            members.truncate(fit);
            members.push(rest);
        }
        Self {
            members,
            group: group.map(|g| (line(raw(&g.by), NAME), g.firing)).filter(|(by, _)| !by.trim().is_empty()),
            id: notice.id,
            channel: notice.channel.clone(),
            key: notice.key.clone(),
            action: notice.action,
            severity: notice.severity,
            room: if room.trim().is_empty() { "war room".to_owned() } else { room },
            summary: summary.or_else(|| alert.clone()).unwrap_or_else(|| "no words".to_owned()),
            alert,
            details,
            since: notice.since,
            at: notice.at,
        }
    }

    /// What it is called where there is room for a name alone.
    pub fn name(&self) -> &str {
        self.alert.as_deref().unwrap_or(&self.summary)
    }

    /// The key in at most `most` bytes (at least 17), the same for the same key: what does not fit becomes a hash.
    pub fn short_key(&self, most: usize) -> String {
        if self.key.trim().is_empty() {
            // No receiver takes an empty one; this is still the same for a trigger and its resolve.
            return format!("warroom-{}", fingerprint(self.alert.as_deref().unwrap_or_default()));
        }
        let key = escape(&self.key);
        if key.len() <= most {
            return key;
        }
        let head = key.get(..key.floor_char_boundary(most.saturating_sub(17))).unwrap_or_default();
        format!("{head}~{}", fingerprint(&self.key))
    }
}

/// 16 hex digits that stand for a text.
pub fn fingerprint(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().take(8).fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// `text` in at most `most` characters; what is left out is told at its end.
pub fn cut(text: &str, most: usize) -> String {
    if text.char_indices().nth(most).is_none() { text.to_owned() } else { noted(text, most, text.chars().count()) }
}

/// Escaped and cut; of a long text only as much is escaped as can be kept.
fn visible(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => cut(&escape(text), most),
        Some((end, _)) => noted(&escape(text.get(..end).unwrap_or_default()), most, text.chars().count()),
    }
}

/// The begin of a text and, within `most` characters, how long it was.
fn noted(text: &str, most: usize, whole: usize) -> String {
    let note = format!("… [cut, {whole} characters in all]");
    match most.checked_sub(note.chars().count()) {
        Some(keep) => text.chars().take(keep).chain(note.chars()).collect(),
        None => "…".chars().take(most).collect(),
    }
}

/// Masking looks for secrets as they are; all that leaves is escaped right after.
fn raw(text: &Untrusted) -> &str {
    text.raw()
}
