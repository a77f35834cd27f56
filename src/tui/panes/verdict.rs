//! The band that says it: GO, NO-GO or WAIT with the reason, what is next, and what must not be overlooked.

use ratatui::layout::Rect;

use crate::clock::age;
use crate::fact::Verdict;
use crate::room::{JournalHealth, Room, Status, Watch};
use crate::text::escape;
use crate::tui::derive::NONE;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::pen::{Pen, cells};

/// Draws the band.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let (verdict, reason, since) = super::gate::shown(room);
    let (band, badge) = match verdict {
        Verdict::Go => (Role::BandGo, Role::BadgeGo),
        Verdict::Wait => (Role::BandWait, Role::BadgeWait),
        Verdict::NoGo => (Role::BandNoGo, Role::BadgeNoGo),
    };
    pen.fill(area, band);
    let (left, width) = (area.x + 2, area.width.saturating_sub(4));
    let wide = area.width >= 120;
    let main = if area.height >= 3 && wide { area.y + 1 } else { area.y };
    let word = format!(" {verdict} ");
    let next = next(room, view);
    let next_wide: u16 = next.iter().map(|(text, _)| cells(text)).sum::<u16>().min(width * 2 / 5);
    let reason_end = if wide && next_wide > 0 { left + width - next_wide - 3 } else { left + width };
    let mut x = pen.put(left, main, width, &word, badge);
    x += 2;
    let since = since.with_timezone(&room.plan.room.zone).format("since %H:%M:%S").to_string();
    let reason = escape(&reason);
    let room_for_since = x + cells(&reason) + cells(&since) + 3 <= reason_end;
    x = pen.put(x, main, reason_end.saturating_sub(x), &reason, Role::Strong);
    if room_for_since {
        pen.put(x + 2, main, reason_end.saturating_sub(x + 2), &since, Role::Dim);
    }
    let pieces: Vec<(&str, Role)> = next.iter().map(|(text, role)| (text.as_str(), *role)).collect();
    let troubles = troubles(room);
    let safe = super::countdown::drop_dead(room);
    if let Some((text, role)) = safe.filter(|_| wide && area.height >= 3) {
        let most = cells(&text).min(width);
        pen.put(left + width - most, area.y, most, &text, role);
    }
    if wide {
        pen.line(left + width - next_wide, main, next_wide, &pieces);
        shout(pen, left, area.bottom().saturating_sub(1), width, &troubles);
    } else if area.height >= 3 {
        pen.line(left, main + 1, width, &pieces);
        shout(pen, left, main + 2, width, &troubles);
    } else if troubles.is_empty() {
        pen.line(left, main + 1, width, &pieces);
    } else {
        shout(pen, left, main + 1, width, &troubles);
    }
}

fn shout(pen: &mut Pen<'_>, x: u16, y: u16, width: u16, troubles: &[String]) {
    if troubles.is_empty() {
        return;
    }
    let text = format!("{} {}", pen.glyphs().alarm, troubles.join("   "));
    pen.put(x, y, width, &text, Role::Bad);
}

/// What nobody may overlook: what is not saved, that nobody watches, a plan that is not in force.
pub fn troubles(room: &Room) -> Vec<String> {
    let mut out = Vec::new();
    let unsaved = room.unsaved.values().filter(|u| u.trouble.is_some()).count();
    let why = match &room.journal {
        JournalHealth::Broken(why) => Some(why.clone()),
        _ => room.unsaved.values().find_map(|u| u.trouble.clone()),
    };
    if let Some(why) = why {
        let what = match unsaved {
            0 => "the journal cannot write".to_owned(),
            1 => "1 change, kept and tried again".to_owned(),
            n => format!("{n} changes, kept and tried again"),
        };
        out.push(format!("NOT SAVED: {what} ({})", escape(&why)));
    }
    if room.live.watch == Watch::Nobody {
        out.push("nobody is watching: these numbers are polled for this screen alone".to_owned());
    }
    if let Some(first) = room.plan_trouble.first() {
        let more = room.plan_trouble.len() - 1;
        let more = if more > 0 { format!(" (+{more} more)") } else { String::new() };
        out.push(format!("the plan on disk is not in force: {}{more}", escape(first)));
    }
    out.extend(super::countdown::drop_dead(room).filter(|(_, role)| *role == Role::Bad).map(|(text, _)| text));
    out.extend(super::countdown::troubles(room));
    let aborted = room.aborts_asked().into_iter().take(2);
    out.extend(aborted.map(|a| format!("ABORTED, {}; r decides what next: {}", escape(&a.found), a.text)));
    let gone = room.bonds_gone().into_iter().take(2);
    out.extend(gone.map(|(id, words)| format!("\"{}\" is ticked: {words}", room.step_text(&id).unwrap_or_default())));
    let by_hand = room.aborts_by_hand().into_iter().take(2);
    out.extend(by_hand.map(|a| format!("ABORT, {}: stop {}, then fail it or roll back", escape(&a.found), a.text)));
    // The way back first: the verdict's own line names the level, too.
    out.extend(super::way::under_way(room));
    out.extend(super::way::level(room));
    out.extend(super::gate::gone(room).map(|t| escape(&t)));
    out.extend(room.untold().into_iter().take(2).map(|t| escape(&t)));
    if let Some(trouble) = &room.trouble {
        out.push(escape(trouble));
    }
    if room.progress.closed.is_some() {
        out.push("the room is closed".to_owned());
    }
    out
}

/// The next step for the person here, else for anybody.
fn next(room: &Room, view: &View) -> Vec<(String, Role)> {
    let d = &view.derived;
    if room.journal == JournalHealth::Opening {
        return vec![("reading the journal".to_owned(), Role::Dim)];
    }
    if d.done.1 == 0 {
        return vec![("no steps in the runbook".to_owned(), Role::Dim)];
    }
    // Who is asked for a word answers first: that takes a moment, and somebody waits for it.
    if let Some(asked) = room.asked_of(room.me.author.role.as_ref().map(crate::text::Untrusted::raw)) {
        let who = if room.me.author.role.is_some() { "you: " } else { "" };
        return vec![
            ("NEXT  ".to_owned(), Role::Dim),
            (format!("{who}{}", asked.text), Role::Warn),
            (format!("  {}", asked.why), Role::Dim),
        ];
    }
    let (node, mine) = if d.next_mine == NONE { (d.next, false) } else { (d.next_mine, true) };
    if node == NONE {
        return vec![("NEXT  ".to_owned(), Role::Dim), ("all steps are settled".to_owned(), Role::Good)];
    }
    let owner = d.owner(room, node);
    let who = match (mine, owner.is_empty()) {
        (true, _) => "you: ".to_owned(),
        (false, false) => format!("{owner}: "),
        (false, true) => String::new(),
    };
    let verb = if d.status_of(node) == Status::Running { "finish " } else { "" };
    let role = if mine { Role::Accent } else { Role::Strong };
    let mut out = vec![("NEXT  ".to_owned(), Role::Dim), (format!("{who}{verb}{}", d.text(room, node)), role)];
    if let Some(due) = d.due_at(node) {
        let at = due.with_timezone(&room.plan.room.zone).format("%H:%M");
        if d.is_late(node, room.now.utc) {
            let late = (room.now.utc - due).to_std().unwrap_or_default();
            out.insert(1, (format!("{} late  ", age(late)), Role::Warn));
        } else {
            out.insert(1, (format!("{at}  "), Role::Dim));
        }
    }
    out
}
