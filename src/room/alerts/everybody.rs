//! Everybody is paged, because somebody said so: each channel of the plan at once, and how that went for each.

use uuid::Uuid;

use super::super::{Refusal, Room, decide};
use super::notices::circumstances;
use crate::clock::Stamp;
use crate::fact::{Author, Fact};
use crate::notice::{Action, Delivery, Notice, Severity};
use crate::text::Untrusted;

/// Before the identity of such a page in its key.
pub const KEY: &str = "everybody-";
/// What it is called where alerts have their name.
const NAME: &str = "everybody";

/// A page to everybody.
#[derive(Clone, Debug)]
pub struct Paged<'a> {
    /// When.
    pub at: Stamp,
    /// What receivers know it by.
    pub key: &'a str,
    /// What was said.
    pub summary: &'a Untrusted,
    /// Each channel with how it went there; none is on its way.
    pub channels: Vec<(&'a str, Option<&'a Delivery>)>,
    /// Whether everybody heard that it is over.
    pub over: bool,
}

impl Room {
    /// The newest page to everybody.
    pub fn paged(&self) -> Option<Paged<'_>> {
        let all = &self.progress.episodes;
        let key = all.newest_key(KEY)?;
        let mut told: Vec<(Stamp, &Notice, Option<&Delivery>)> = all.notices_of(key).collect();
        told.sort_by_key(|(at, notice, _)| (*at, &notice.channel));
        let over = told.iter().any(|(_, notice, _)| notice.action == Action::Resolve);
        let (at, first, _) = *told.first()?;
        let begun = told.into_iter().filter(|(_, notice, _)| notice.action == Action::Trigger);
        let channels = begun.map(|(_, n, how)| (n.channel.as_str(), how.or_else(|| self.telling(n.id)))).collect();
        Some(Paged { at, key, summary: &first.summary, channels, over })
    }
}

/// Pages every channel.
pub fn page(room: &Room, by: &Author, text: &Untrusted) -> Result<Vec<Fact>, Refusal> {
    decide::with_role(room, by, "page everybody")?;
    let text = decide::said(text, "a page to everybody")?;
    if room.plan.notify.is_empty() {
        return decide::refuse("there is nobody to page: the plan has no [notify.NAME]");
    }
    let key = format!("{KEY}{}", Uuid::now_v7().simple());
    let summary = format!("{} pages everybody: {text}", by.person);
    let each = room.plan.notify.iter().map(|c| queued(room, &key, &c.name, Action::Trigger, &summary));
    Ok(each.collect())
}

/// Says to everybody who was paged that it is over.
pub fn over(room: &Room, by: &Author, text: &Untrusted) -> Result<Vec<Fact>, Refusal> {
    decide::with_role(room, by, "say that it is over")?;
    let Some(paged) = room.paged().filter(|paged| !paged.over) else {
        return decide::refuse("everybody was not paged, or has heard that it is over");
    };
    let text = if text.raw().trim().is_empty() { Untrusted::new("it is over") } else { text.clone() };
    let summary = format!("{}: {text}", by.person);
    let each = paged.channels.iter().map(|(name, _)| queued(room, paged.key, name, Action::Resolve, &summary));
    Ok(each.collect())
}

fn queued(room: &Room, key: &str, channel: &str, action: Action, summary: &str) -> Fact {
    let notice = Notice {
        id: Uuid::now_v7(),
        channel: channel.to_owned(),
        key: key.to_owned(),
        action,
        severity: Severity::Page,
        room: Untrusted::new(room.plan.room.name.clone()),
        alert: Some(NAME.to_owned()),
        summary: Untrusted::new(summary),
        details: circumstances(room, Vec::new(), None),
        group: None,
        since: room.now.utc,
        at: room.now.utc,
    };
    Fact::NoticeQueued { notice }
}
