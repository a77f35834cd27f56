//! The board about itself: pollers, sources, channels, and what impairs them.

use super::detail::{Line, labelled, say};
use crate::clock::age;
use crate::notice::Delivery;
use crate::room::Room;
use crate::text::escape;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::Pen;

/// How one word went to one channel.
pub(super) fn delivered(how: Option<&Delivery>) -> (String, Role) {
    match how {
        Some(Delivery::Delivered { tries: 1 }) => ("delivered".to_owned(), Role::Good),
        Some(Delivery::Delivered { tries }) => (format!("delivered after {tries} tries"), Role::Good),
        Some(Delivery::Refused { why, .. }) => (format!("NOT delivered, refused: {}", escape(why)), Role::Bad),
        Some(Delivery::Trying { tries, why, .. }) => {
            (format!("NOT delivered, {tries} tries: {}", escape(why)), Role::Bad)
        }
        None => ("on its way".to_owned(), Role::Dim),
    }
}

/// Title, place and lines.
pub fn lines(room: &Room, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let trust = room.trust();
    let mut lines: Vec<Line> = Vec::new();
    let (glyph, role, word) = if trust.sound {
        (pen.glyphs().done, Role::Good, "sound")
    } else {
        (pen.glyphs().warning, Role::Warn, "impaired")
    };
    lines.push(vec![(format!("{glyph} the board is {word}"), role)]);
    if trust.sound {
        say(&mut lines, &escape(&trust.line()), width, Role::Dim);
    }
    for trouble in &trust.troubles {
        say(&mut lines, &escape(trouble), width, Role::Text);
    }
    lines.push(Vec::new());
    match &trust.polling {
        Some(p) => {
            let says = format!("{} asked, {} missed, at most {:.0} ms late", p.asked, p.missed, p.lag * 1e3);
            labelled(&mut lines, "polling", &says, width, if p.missed > 0 { Role::Warn } else { Role::Dim });
        }
        None => labelled(&mut lines, "polling", "by another process, or nothing yet", width, Role::Dim),
    }
    for source in &trust.sources {
        let newest = source.age.map_or_else(
            || "never answered".to_owned(),
            |s| format!("newest {} old", age(std::time::Duration::from_secs_f64(s.max(0.0)))),
        );
        let says = format!("{} of {} seen, {newest} ({})", source.seen, source.of, source.kind);
        let role = if source.seen < source.of { Role::Warn } else { Role::Dim };
        labelled(&mut lines, &escape(&source.name), &says, width, role);
        if let Some(trouble) = &source.trouble {
            labelled(&mut lines, "", &escape(trouble), width, Role::Text);
        }
        let took = source.latency.map(|s| format!("answered in {:.0} ms", s * 1e3));
        let more: Vec<String> = took.into_iter().chain(source.last_error.as_deref().map(escape)).collect();
        if !more.is_empty() {
            labelled(&mut lines, "", &more.join(", "), width, Role::Dim);
        }
    }
    if room.plan.notify.is_empty() {
        labelled(&mut lines, "channels", "none: the plan has no [notify.NAME], nobody is told", width, Role::Dim);
    }
    for channel in &trust.channels {
        let says = match (&channel.delivered, channel.tested) {
            (Some(at), true) => format!("a test was delivered at {at} ({})", channel.kind),
            (Some(at), false) => format!("delivered at {at} ({})", channel.kind),
            (None, _) => format!("never tried here: A tests it ({})", channel.kind),
        };
        let role = if channel.delivered.is_some() { Role::Dim } else { Role::Warn };
        labelled(&mut lines, &escape(&channel.name), &says, width, role);
        if let Some(trouble) = &channel.trouble {
            labelled(&mut lines, "", &format!("NOT delivered: {}", escape(trouble)), width, Role::Bad);
        }
    }
    if let Some(paged) = room.paged() {
        lines.push(Vec::new());
        let at = paged.at.utc().with_timezone(&room.plan.room.zone).format("%H:%M:%S");
        let over = if paged.over { ", over" } else { "" };
        labelled(&mut lines, "everybody", &format!("{at} {}{over}", paged.summary), width, Role::Text);
        for (channel, how) in paged.channels {
            let (says, role) = delivered(how);
            labelled(&mut lines, &escape(channel), &says, width, role);
        }
    }
    ("The board itself".to_owned(), String::new(), lines)
}
