//! The checklist: phases and steps with their state, who, when; only the rows on the screen are built.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::clock::clock_span;
use crate::fact::StepId;
use crate::room::bound::Standing;
use crate::room::{JournalHealth, Room, Status};
use crate::tui::derive::{Node, What};
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::{Filter, View};
use crate::tui::widgets::glyphs::Glyphs;
use crate::tui::widgets::pen::{Pen, cells};

/// Rows above the list: title, bar of progress.
pub const HEAD: usize = 2;

/// Where the columns of a row stand, at its right end: the owner, the time. What is out of the ordinary stands before them as
/// a word, in the cells of the text: few rows have one, and the others keep the room.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// Of the owner; 0 wide where there is no room.
    owner: (u16, u16),
    /// Of the time.
    time: (u16, u16),
    /// How wide a word may be.
    pub(super) word: u16,
}

impl Columns {
    /// The owner takes what the longest role of the runbook needs, within reason.
    fn of(area: Rect, role: u16) -> Self {
        let end = area.right().saturating_sub(2);
        let (owner, time, word) = match area.width {
            0..=39 => (0, 0, 9),
            40..=59 => (0, 6, 14),
            60..=71 => (role.clamp(9, 11) + 1, 6, 17),
            72..=99 => (role.clamp(10, 17) + 1, 6, 18),
            _ => (role.clamp(15, 24) + 1, 7, 18),
        };
        let time_at = end.saturating_sub(time);
        Self { owner: (time_at.saturating_sub(owner), owner), time: (time_at, time), word }
    }

    /// Writes what a row says beside its text; gives one past the cells that are left for that.
    pub(super) fn put(self, y: u16, tail: &Tail, pen: &mut Pen<'_>) -> u16 {
        let mut end = self.time.0 + self.time.1;
        let (word, role) = &tail.word;
        if self.time.1 > 0 && !tail.time.0.is_empty() {
            pen.right(self.time.0, y, self.time.1, &tail.time.0, tail.time.1);
            end = self.time.0;
        }
        if self.owner.1 > 0 && !tail.owner.0.is_empty() {
            pen.put(self.owner.0, y, self.owner.1.saturating_sub(1), &tail.owner.0, tail.owner.1);
            end = self.owner.0.saturating_sub(1);
        }
        if !word.is_empty() {
            end = self.owner.0.saturating_sub(2);
            let wide = cells(word).min(self.word);
            pen.put(end.saturating_sub(wide), y, wide, word, *role);
            end = end.saturating_sub(wide + 1);
        }
        end
    }
}

/// What a row says beside its text.
pub(super) struct Tail {
    /// Who, or how many.
    pub(super) owner: (String, Role),
    /// When.
    pub(super) time: (String, Role),
    /// What is out of the ordinary.
    pub(super) word: (String, Role),
}

impl Default for Tail {
    fn default() -> Self {
        let nothing = || (String::new(), Role::Dim);
        Self { owner: nothing(), time: nothing(), word: nothing() }
    }
}

/// Which second or minute the rows show: running steps count seconds, late ones minutes.
pub fn clock(room: &Room, view: &View) -> i64 {
    let now = room.now.utc.timestamp();
    let from = view.scroll.get(Pane::Checklist.index()).copied().unwrap_or_default();
    let shown = usize::from(view.heights.get(Pane::Checklist.index()).copied().unwrap_or_default());
    let running = view.rows.list.iter().skip(from).take(shown).any(|i| {
        let d = &view.derived;
        d.is_leaf(*i) && d.status_of(*i) == Status::Running || d.node(*i).is_some_and(Node::is_gate)
    });
    let forecast = room.live.forecast.ends.map_or(0, |at| at.timestamp() / 60);
    match (running, view.derived.late > 0) {
        (true, _) => now,
        (_, true) => now / 60,
        _ => forecast,
    }
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let d = &view.derived;
    let (done, all) = d.done;
    let counts = if all == 0 { String::new() } else { format!("{done} of {all} done") };
    let mut right = vec![(counts, Role::Dim)];
    if d.late > 0 {
        right.push((format!(" {} {} late", pen.glyphs().dot, d.late), Role::Warn));
    }
    if d.failed > 0 {
        right.push((format!(" {} {} failed", pen.glyphs().dot, d.failed), Role::Bad));
    }
    if let Some(ends) = room.live.forecast.ends {
        let at_least = if room.live.forecast.unknown > 0 { "at the earliest " } else { "" };
        right.push((format!(" {} ends {at_least}{}", pen.glyphs().dot, clock_time(room, ends)), Role::Dim));
    }
    let filter = format!("only {}", view.filter.word());
    let pieces = if view.filter == Filter::All { vec![] } else { vec![(filter.as_str(), Role::Warn)] };
    let right: Vec<(&str, Role)> = right.iter().map(|(t, r)| (t.as_str(), *r)).collect();
    pen.head(area, "Checklist", view.focus == Pane::Checklist, &pieces, &right);
    if all > 0 && area.height > 1 {
        let filled = (u32::from(area.width) * done / all) as u16;
        let bar = pen.glyphs().heavy;
        for x in 0..filled {
            pen.put(area.x + x, area.y + 1, 1, bar, Role::Good);
        }
        pen.rule(area.x + filled, area.y + 1, area.width - filled);
    }
    let list =
        Rect { y: area.y + (HEAD as u16).min(area.height), height: area.height.saturating_sub(HEAD as u16), ..area };
    if view.rows.list.is_empty() {
        empty(room, view, list, pen);
        return;
    }
    let from = view.scroll.get(Pane::Checklist.index()).copied().unwrap_or_default();
    let selected = view.selected_row();
    let columns = Columns::of(list, d.widest_role);
    for (line, (row, node)) in view.rows.list.iter().enumerate().skip(from).take(usize::from(list.height)).enumerate() {
        let area = Rect { y: list.y + line as u16, height: 1, ..list };
        if let Some(Node { what: What::Gate(ix), phase, .. }) = d.node(*node) {
            super::gate::row(room, *ix, area, columns, *phase != super::super::derive::NONE, pen);
        } else if d.node(*node).is_some_and(Node::is_phase) {
            phase(room, view, *node, area, columns, pen);
        } else {
            step(room, view, *node, area, columns, pen);
        }
        if row == selected {
            pen.tint(Rect { width: area.width.saturating_sub(1), ..area }, Role::Selected);
            let cursor = pen.glyphs().cursor;
            let role = if view.focus == Pane::Checklist { Role::Accent } else { Role::Dim };
            pen.put(area.x, area.y, 1, cursor, role);
        }
    }
    scrollbar(pen, list, from, view.rows.list.len());
}

/// A thumb at the right edge, where there is more than fits.
pub fn scrollbar(pen: &mut Pen<'_>, area: Rect, from: usize, total: usize) {
    let shown = usize::from(area.height);
    if total <= shown || shown == 0 {
        return;
    }
    let size = (shown * shown / total).max(1);
    let start = from * (shown - size) / (total - shown).max(1);
    let glyph = pen.glyphs().hair;
    for i in start..(start + size).min(shown) {
        pen.put(area.right().saturating_sub(1), area.y + i as u16, 1, glyph, Role::Dim);
    }
}

fn empty(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let lines: &[&str] = if room.journal == JournalHealth::Opening && view.derived.nodes.is_empty() {
        &["reading the journal…"]
    } else if view.filter == Filter::All {
        &["the runbook has no steps", "add one with + : it is kept in the journal of this run"]
    } else {
        &["no step fits this filter", "f goes on to the next one, esc shows all"]
    };
    for (i, line) in lines.iter().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        let role = if i == 0 { Role::Dim } else { Role::Faint };
        pen.put(area.x + 2, area.y + 1 + i as u16, area.width.saturating_sub(3), line, role);
    }
}

fn phase(room: &Room, view: &View, node: u32, area: Rect, columns: Columns, pen: &mut Pen<'_>) {
    let d = &view.derived;
    let g = pen.glyphs();
    let folded = d.node(node).is_some_and(|n| view.folded.contains(&n.key));
    let (done, all) = d.counts.get(node as usize).copied().unwrap_or_default();
    let y = area.y;
    let current = d.current_phase() == Some(node);
    pen.put(area.x + 1, y, 1, if folded { g.closed } else { g.open }, Role::Dim);
    let own = |id: &StepId| {
        let phases = room.book.phase_of(id).zip(d.phase(room, node));
        phases.is_some_and(|(a, b)| std::ptr::eq(a, b))
    };
    let word = match d.status_of(node) {
        Status::Done if room.bonds_gone().iter().any(|(id, _)| own(id)) => ("no longer holds".to_owned(), Role::Bad),
        Status::Done => (format!("{} done", g.done), Role::Good),
        Status::Failed => (format!("{} failed step", g.failed), Role::Bad),
        _ if current => ("now".to_owned(), Role::Accent),
        _ => slip(room, view, node, columns).unwrap_or((String::new(), Role::Dim)),
    };
    let due = d.due_at(node).map(|due| clock_time(room, due)).unwrap_or_default();
    let end = columns.put(y, &counted(done, all, due, word, columns), pen);
    let role = if done == all { Role::Text } else { Role::Strong };
    text(view, area.x + 3, y, end, &d.text(room, node), role, pen);
}

/// The tail of a row that stands for others: how many of them are done, in the owner's column, or in that of the time where
/// there is no other.
fn counted(done: u32, all: u32, due: String, word: (String, Role), columns: Columns) -> Tail {
    let count = (format!("{done}/{all}"), Role::Dim);
    if columns.owner.1 > 0 {
        Tail { owner: count, time: (due, Role::Dim), word }
    } else {
        Tail { time: count, word, ..Tail::default() }
    }
}

/// When a phase is forecast to begin, where that is a minute or more after it is due.
fn slip(room: &Room, view: &View, node: u32, columns: Columns) -> Option<(String, Role)> {
    let d = &view.derived;
    let due = d.due_at(node)?;
    let eta = room.phase_eta(d.phase(room, node)?)?;
    let slips = d.status_of(node) == Status::Todo && eta.begins - due >= chrono::TimeDelta::minutes(1);
    let at = clock_time(room, eta.begins);
    slips.then(|| if columns.word >= 14 { (format!("forecast {at}"), Role::Warn) } else { (at, Role::Warn) })
}

fn step(room: &Room, view: &View, node: u32, area: Rect, columns: Columns, pen: &mut Pen<'_>) {
    let d = &view.derived;
    let glyphs = pen.glyphs();
    let Some(n) = d.node(node) else { return };
    let status = d.status_of(node);
    let leaf = d.is_leaf(node);
    let late = d.is_late(node, room.now.utc);
    let id = d.id(room, node);
    let state = id.as_ref().and_then(|id| room.progress.step(id));
    let y = area.y;
    let indent = if n.phase == super::super::derive::NONE { 1 } else { 3 } + n.depth.min(12) * 2;
    let x = area.x + indent;
    let (glyph, glyph_role, text_role) = if leaf {
        picture(glyphs, status)
    } else if view.folded.contains(&n.key) {
        (glyphs.closed, Role::Dim, Role::Strong)
    } else {
        (glyphs.open, Role::Dim, Role::Text)
    };
    let glyph_role = if late && status == Status::Todo { Role::Warn } else { glyph_role };
    pen.put(x, y, 1, glyph, glyph_role);
    let text_role =
        if node == d.next && !status.settled() && status != Status::Failed { Role::Strong } else { text_role };
    let notes = state.map_or(0, |s| s.notes.len());
    let write = |end: u16, pen: &mut Pen<'_>| {
        let at = text(view, x + 2, y, end, &d.text(room, node), text_role, pen);
        if notes > 0 {
            let says = format!(" {} {notes} note{}", glyphs.dot, if notes == 1 { "" } else { "s" });
            pen.put(at, y, end.saturating_sub(at), &says, Role::Faint);
        }
    };
    if !leaf {
        let (done, all) = d.counts.get(node as usize).copied().unwrap_or_default();
        let word = if done == all { format!("{} done", glyphs.done) } else { String::new() };
        let end = columns.put(y, &counted(done, all, String::new(), (word, Role::Good), columns), pen);
        return write(end, pen);
    }
    let settled_by = state.and_then(|s| s.by.as_ref()).filter(|_| status != Status::Todo);
    let who = match settled_by {
        Some((author, _)) => author.person.to_string(),
        None => d.owner(room, node),
    };
    let mine = d.mine(room, node) && !status.settled();
    let who = if mine { "you".to_owned() } else { who };
    let time = match settled_by {
        Some((_, stamp)) => clock_time(room, stamp.utc()),
        None => d.due_at(node).map(|due| clock_time(room, due)).unwrap_or_default(),
    };
    let tail = Tail {
        owner: (who, if mine { Role::Accent } else { Role::Dim }),
        time: (time, if late { Role::Warn } else { Role::Dim }),
        word: word(room, view, node, id.as_ref(), glyphs, late),
    };
    let end = columns.put(y, &tail, pen);
    write(end, pen);
}

/// Glyph, its role and the text's role.
fn picture(g: &Glyphs, status: Status) -> (&'static str, Role, Role) {
    match status {
        Status::Todo => (g.todo, Role::Dim, Role::Text),
        Status::Running => (g.running, Role::Accent, Role::Accent),
        Status::Done => (g.done, Role::Good, Role::Dim),
        Status::InFile => (g.done, Role::Faint, Role::Faint),
        Status::Failed => (g.failed, Role::Bad, Role::Bad),
        Status::Skipped => (g.skipped, Role::Faint, Role::Faint),
        Status::NotApplicable | Status::LeftOut => (g.not_applicable, Role::Faint, Role::Faint),
        Status::Waived => (g.waived, Role::Faint, Role::Faint),
    }
}

/// The last column: what is on its way first, then what is out of the ordinary; nothing for what is as expected.
fn word(room: &Room, view: &View, node: u32, id: Option<&StepId>, g: &Glyphs, late: bool) -> (String, Role) {
    let d = &view.derived;
    if let Some(pending) = id.and_then(|id| d.pending.get(id)) {
        return if pending.not_saved {
            (format!("{} not saved", g.failed), Role::Bad)
        } else {
            (format!("{} {}{}", g.pending, pending.word, g.more), Role::Accent)
        };
    }
    let state = id.and_then(|id| room.progress.step(id));
    if state.is_some_and(|s| s.crossed) {
        let status = d.status_of(node);
        let word = if status == Status::Done { "crossed".to_owned() } else { format!("{}, crossed", status.word()) };
        return (word, if status == Status::Failed { Role::Bad } else { Role::Warn });
    }
    let confirmed = state.map_or(0, |s| s.confirmed_by.len());
    let bound = id.filter(|_| !room.plan.ticks.is_empty()).and_then(|id| room.bound(id)).map(|b| b.standing);
    match d.status_of(node) {
        Status::Done if bound == Some(Standing::Gone) => ("no longer holds".to_owned(), Role::Bad),
        Status::Done if confirmed > 0 => (format!("{} confirmed", confirmed + 1).replacen(' ', "× ", 1), Role::Good),
        Status::Running => {
            let since = state.and_then(|s| s.started).map(crate::clock::Stamp::utc);
            let span = since.and_then(|s| (room.now.utc - s).to_std().ok()).unwrap_or_default();
            (format!("running {}", clock_span(span)), Role::Accent)
        }
        Status::InFile => ("in the file".to_owned(), Role::Faint),
        Status::Failed => ("failed".to_owned(), Role::Bad),
        Status::Skipped => ("skipped".to_owned(), Role::Dim),
        Status::NotApplicable => ("not applicable".to_owned(), Role::Dim),
        Status::Waived => ("waived".to_owned(), Role::Dim),
        Status::LeftOut => (Status::LeftOut.word().to_owned(), Role::Faint),
        Status::Todo if late => {
            let by = d.due_at(node).and_then(|due| (room.now.utc - due).to_std().ok()).unwrap_or_default();
            (format!("{} late", crate::clock::age(by)), Role::Warn)
        }
        Status::Todo if bound == Some(Standing::Holding) => ("holds".to_owned(), Role::Accent),
        Status::Todo if bound == Some(Standing::Rests) => ("opened again".to_owned(), Role::Warn),
        Status::Todo if bound.is_some() => ("by itself".to_owned(), Role::Faint),
        Status::Done | Status::Todo => (String::new(), Role::Dim),
    }
}

/// Writes a text with what a find sought marked in it; gives the column after.
fn text(view: &View, x: u16, y: u16, end: u16, text: &str, role: Role, pen: &mut Pen<'_>) -> u16 {
    let after = pen.put(x, y, end.saturating_sub(x), text, role);
    let Some(find) = view.find.as_ref().filter(|f| !f.query.is_empty() && text.is_ascii()) else { return after };
    let (hay, needle) = (text.to_lowercase(), find.query.to_lowercase());
    for (at, _) in hay.match_indices(&needle) {
        let start = x + at.min(usize::from(u16::MAX / 2)) as u16;
        let wide = cells(&needle).min(after.saturating_sub(start));
        if start < after {
            pen.tint(Rect::new(start, y, wide, 1), Role::Match);
        }
    }
    after
}

/// Within this time of now an hour says which day is meant: a night goes over midnight.
const NEAR: chrono::TimeDelta = chrono::TimeDelta::hours(12);

/// `12:34` in the room's zone; of another day and far from now `11-24`, its month and day, for a column five cells wide.
pub fn clock_time(room: &Room, at: DateTime<Utc>) -> String {
    let near = (at - room.now.utc).abs() < NEAR;
    on_day(room, at, "%H:%M", if near { "%H:%M" } else { "%m-%d" })
}

/// `12:34` in the room's zone; on another day `2025-11-24 12:34`.
pub fn day_and_time(room: &Room, at: DateTime<Utc>) -> String {
    on_day(room, at, "%H:%M", "%Y-%m-%d %H:%M")
}

fn on_day(room: &Room, at: DateTime<Utc>, today: &str, other: &str) -> String {
    let zone = room.plan.room.zone;
    let at = at.with_timezone(&zone);
    let same = at.date_naive() == room.now.utc.with_timezone(&zone).date_naive();
    at.format(if same { today } else { other }).to_string()
}
