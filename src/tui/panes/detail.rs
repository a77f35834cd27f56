//! The selected step or service in full: as written, what it needs, who did what when.

use ratatui::layout::Rect;

use super::checklist::{day_and_time, scrollbar};
use super::{services, timeline};
use crate::clock::{age, clock_span, duration_text};
use crate::room::{Room, Running, Status, apply, causes};
use crate::runbook::{Class, Note, Runbook, Step};
use crate::text::{Untrusted, escape, wrap};
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::{Detail, View};
use crate::tui::widgets::pen::Pen;

pub(super) type Line = Vec<(String, Role)>;

/// Lines of one command or excerpt shown at most; the rest is counted.
const MAX_BLOCK: usize = 200;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let focused = view.focus == Pane::Detail;
    let width = area.width.saturating_sub(4);
    let (title, right, lines) = match view.detail {
        Detail::Step => step(room, view, width, pen),
        Detail::Service => service(room, view, width, pen),
        Detail::Alert => super::alert::lines(room, view, width, pen),
        Detail::Board => super::board::lines(room, width, pen),
    };
    pen.head(area, &title, focused, &[], &[(right.as_str(), Role::Dim)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let from = view.scroll.get(Pane::Detail.index()).copied().unwrap_or_default();
    let from = from.min(lines.len().saturating_sub(usize::from(list.height)));
    for (i, line) in lines.iter().skip(from).take(usize::from(list.height)).enumerate() {
        pen.line(list.x + 2, list.y + i as u16, width, line);
    }
    scrollbar(pen, list, from, lines.len());
}

pub(super) fn say(lines: &mut Vec<Line>, text: &str, width: u16, role: Role) {
    lines.extend(wrap(text, width.into()).into_iter().map(|l| vec![(l.into_owned(), role)]));
}

pub(super) fn labelled(lines: &mut Vec<Line>, label: &str, text: &str, width: u16, role: Role) {
    let label = format!("{label:<13}");
    for (i, line) in wrap(text, width.saturating_sub(13).into()).into_iter().enumerate() {
        let lead = if i == 0 { label.clone() } else { " ".repeat(13) };
        lines.push(vec![(lead, Role::Faint), (line.into_owned(), role)]);
    }
}

/// A block as it stands, tabs widened, each line cut at the pane's edge.
fn block(lines: &mut Vec<Line>, text: &Untrusted, role: Role) {
    let all: Vec<&str> = text.raw().lines().collect();
    for line in all.iter().take(MAX_BLOCK) {
        lines.push(vec![("  ".to_owned(), Role::Text), (escape(&line.replace('\t', "    ")), role)]);
    }
    if all.len() > MAX_BLOCK {
        lines.push(vec![(format!("  {} more lines", all.len() - MAX_BLOCK), Role::Faint)]);
    }
}

fn step(room: &Room, view: &View, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let d = &view.derived;
    let mut lines = Vec::new();
    let Some(node) = view.current() else {
        return ("Detail".to_owned(), String::new(), vec![vec![("nothing is selected".to_owned(), Role::Dim)]]);
    };
    if let Some(ix) = view.gate_selected() {
        return super::gate::detail(room, view, ix, width, pen);
    }
    let title = d.text(room, node);
    let Some(id) = d.id(room, node) else {
        let (done, all) = d.counts.get(node as usize).copied().unwrap_or_default();
        let place = d.phase(room, node).map(|p| format!("line {}", p.line)).unwrap_or_default();
        lines.push(vec![(format!("{done} of {all} steps are settled"), Role::Text)]);
        if let Some(due) = d.due_at(node) {
            lines.push(vec![(format!("due to begin at {}", day_and_time(room, due)), Role::Dim)]);
        }
        lines.push(vec![("enter folds and unfolds".to_owned(), Role::Faint)]);
        return (title, place, lines);
    };
    let status = d.status_of(node);
    let state = room.progress.step(&id);
    let written = d.step(room, node);
    let book = room.book.runbook_of(&id);
    let place = match (written, book) {
        (Some(step), Some(book)) => {
            let file = book.path.rsplit('/').next().unwrap_or(&book.path);
            format!("{} {} line {}", escape(file), pen.glyphs().dot, step.line)
        }
        _ => "added on this run".to_owned(),
    };
    head(room, view, node, &mut lines, width);
    super::run::drawer(room, &id, &mut lines, width);
    lines.push(Vec::new());
    match (written, book) {
        (Some(step), Some(book)) => {
            as_written(room, step, book, &mut lines, width);
            // What stands in those lines is not said twice.
            let elsewhere = |note: &&Note| !(step.line..=step.line_end).contains(&note.line);
            for note in step.notes.iter().filter(elsewhere) {
                let role = if warns(note) { Role::Warn } else { Role::Dim };
                labelled(&mut lines, &note.kind.replace('-', " "), &note.text.to_string(), width, role);
            }
            for ix in &step.commands {
                let Some(command) = book.commands.get(*ix as usize) else { continue };
                let (word, role) = match command.class {
                    Class::Read => ("looks only", Role::Dim),
                    Class::Mutate if command.guessed() => ("may change something", Role::Warn),
                    Class::Mutate => ("changes something", Role::Warn),
                    Class::Danger => ("hard to take back", Role::Bad),
                    Class::Illustration => ("not to be run", Role::Dim),
                };
                lines.push(Vec::new());
                let lang = command.lang.as_ref().map_or_else(|| "command".to_owned(), ToString::to_string);
                lines.push(vec![
                    (format!("{lang} "), Role::Faint),
                    (word.to_owned(), role),
                    (format!("  line {}", command.line_start), Role::Faint),
                ]);
                let filled = room.filled(command.text.raw(), ("", ""));
                block(&mut lines, &Untrusted::new(filled.text), Role::Text);
                if !filled.with.is_empty() {
                    let pairs: Vec<String> =
                        filled.with.iter().map(|(typed, value)| format!("{typed} = {value}")).collect();
                    labelled(&mut lines, "filled in", &escape(&pairs.join(", ")), width, Role::Good);
                }
                let mut needs = filled.needs;
                // Variables come from the environment; all else that is open somebody has to say.
                needs.extend(
                    command
                        .placeholders
                        .iter()
                        .map(|p| p.raw().to_owned())
                        .filter(|p| !p.starts_with('$') && !filled.with.iter().any(|(typed, _)| typed == p)),
                );
                let mut seen = std::collections::HashSet::new();
                needs.retain(|need| seen.insert(need.clone()));
                if !needs.is_empty() && command.class != Class::Illustration {
                    labelled(&mut lines, "needs", &escape(&needs.join(", ")), width, Role::Warn);
                }
            }
        }
        _ => say(&mut lines, &title, width, Role::Text),
    }
    history(room, view, &id, &mut lines, width);
    if state.is_none() && status == Status::InFile {
        lines.push(vec![("ticked in the file, by whoever wrote it".to_owned(), Role::Faint)]);
    }
    (title, place, lines)
}

/// The lines of a step as they stand in the file, but for its commands, which are shown by themselves.
fn as_written(room: &Room, step: &Step, book: &Runbook, lines: &mut Vec<Line>, width: u16) {
    let commands = || step.commands.iter().filter_map(|ix| book.commands.get(*ix as usize));
    let mut blank = true;
    for (line, at) in book.lines.iter().zip(1..).skip(step.line.saturating_sub(1) as usize) {
        if at > step.line_end.max(step.line) {
            break;
        }
        if at != step.line && commands().any(|c| (c.line_start..=c.line_end).contains(&at)) {
            continue;
        }
        let text = line.raw().trim_start();
        // The mark of an item, and not what makes its first word bold.
        let text = ["- ", "* ", "+ "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start();
        let text = text.strip_prefix("[ ]").or_else(|| text.strip_prefix("[x]")).unwrap_or(text);
        let mut text = without_comment(text).trim().to_owned();
        if let Some((label, rest)) = text.strip_prefix("**").and_then(|t| t.split_once("**")) {
            text = format!("{label}{rest}");
        }
        if text.is_empty() && std::mem::replace(&mut blank, true) {
            continue;
        }
        blank = text.is_empty();
        let role = if step.notes.iter().any(|note| note.line == at && warns(note)) { Role::Warn } else { Role::Text };
        say(lines, &room.shown(&Untrusted::new(text)), width, role);
    }
    if blank {
        lines.pop();
    }
}

/// Whether a note is there to stop somebody.
fn warns(note: &Note) -> bool {
    note.kind == "stop" || note.kind == "warning"
}

/// State, who, when, whose, due: one or two lines.
fn head(room: &Room, view: &View, node: u32, lines: &mut Vec<Line>, width: u16) {
    let d = &view.derived;
    let status = d.status_of(node);
    let id = d.id(room, node);
    let state = id.as_ref().and_then(|id| room.progress.step(id));
    let role = match status {
        Status::Done | Status::InFile => Role::Good,
        Status::Failed => Role::Bad,
        Status::Running => Role::Accent,
        _ => Role::Text,
    };
    let mut line: Line = Vec::new();
    if d.is_leaf(node) {
        line.push((status.word().to_owned(), role));
    } else {
        let (done, all) = d.counts.get(node as usize).copied().unwrap_or_default();
        line.push((format!("group, {done} of {all} done"), role));
    }
    if let Some((author, stamp)) = state.and_then(|s| s.by.as_ref()).filter(|_| status != Status::Todo) {
        line.push((format!(" by {} at {}", super::header::name(author), day_and_time(room, stamp.utc())), Role::Dim));
    }
    let owner = d.owner(room, node);
    if !owner.is_empty() {
        line.push((format!("   owner {owner}"), Role::Dim));
    }
    if let Some(due) = d.due_at(node) {
        let late = d.is_late(node, room.now.utc);
        line.push((format!("   due {}", day_and_time(room, due)), if late { Role::Warn } else { Role::Dim }));
    }
    if let Some(estimate) = d.step(room, node).and_then(|s| s.estimate) {
        line.push((format!("   takes {}", duration_text(std::time::Duration::from_secs(estimate))), Role::Dim));
    }
    lines.push(line);
    if let Some(pending) = id.as_ref().and_then(|id| d.pending.get(id)) {
        let (text, role) = if pending.not_saved {
            (format!("NOT SAVED: {} is kept and tried again", pending.word), Role::Bad)
        } else {
            (format!("{} is being saved", pending.word), Role::Accent)
        };
        lines.push(vec![(text, role)]);
    }
    if let Some(reason) = state.and_then(|s| s.reason.as_ref()) {
        labelled(lines, "because", &reason.to_string(), width, Role::Text);
    }
    for text in id.as_ref().filter(|_| !status.settled()).map(|id| room.no_return(id)).unwrap_or_default() {
        say(lines, &text, width, Role::Warn);
    }
    if let Some(bound) = id.as_ref().and_then(|id| room.bound(id)) {
        let role = if bound.standing == crate::room::bound::Standing::Gone { Role::Bad } else { Role::Dim };
        labelled(lines, "by itself", &format!("{}: {}", bound.when, bound.words), width, role);
    }
    if state.is_some_and(|s| s.crossed) {
        say(lines, "two people marked this without seeing each other; the newer mark stands", width, Role::Warn);
    }
}

/// Everything recorded of a step, oldest first.
fn history(room: &Room, view: &View, id: &crate::fact::StepId, lines: &mut Vec<Line>, width: u16) {
    if room.progress.step(id).is_none() {
        return;
    }
    let entries: Vec<_> = room.progress.timeline.values().filter(|e| e.fact.step() == Some(id)).collect();
    if entries.is_empty() {
        return;
    }
    lines.push(Vec::new());
    for entry in entries {
        let text = match &entry.fact {
            crate::fact::Fact::StepMarked { mark, reason, .. } => {
                let why = reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
                format!("{}{why}", apply::mark_word(*mark))
            }
            crate::fact::Fact::Noted { text, .. } => format!("\"{text}\""),
            crate::fact::Fact::StepOwned { owner: Some(owner), .. } => format!("owner {owner}"),
            crate::fact::Fact::StepOwned { owner: None, .. } => "no owner".to_owned(),
            _ => timeline::words(room, view, entry),
        };
        let time = entry.stamp.utc().with_timezone(&room.plan.room.zone).format("%H:%M:%S");
        let who = super::header::name(&entry.by);
        let lead = format!("{time}  {who}  ");
        let wide = crate::tui::widgets::pen::cells(&lead);
        for (i, line) in wrap(&text, width.saturating_sub(wide).into()).into_iter().enumerate() {
            let lead = if i == 0 { lead.clone() } else { " ".repeat(usize::from(wide)) };
            lines.push(vec![(lead, Role::Dim), (line.into_owned(), Role::Text)]);
        }
    }
}

fn service(room: &Room, view: &View, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let ix = view.service;
    let (Some(plan), Some(live)) = (room.plan.services.get(ix), room.live.services.get(ix)) else {
        return ("Service".to_owned(), String::new(), vec![vec![("no service is selected".to_owned(), Role::Dim)]]);
    };
    let mut lines = Vec::new();
    let state = services::state(room, ix);
    let (glyph, role) = services::picture(pen.glyphs(), state);
    let since = clock_span(room.now.since(live.since));
    lines.push(vec![(format!("{glyph} {state}"), role), (format!(" for {since}"), Role::Dim)]);
    if let Some(cause) = room.because(&causes::causes(room), ix) {
        labelled(&mut lines, "because", &format!("{} is down", escape(cause)), width, Role::Text);
    }
    if !live.reason.is_empty() {
        labelled(&mut lines, "because", &escape(&live.reason), width, Role::Text);
    }
    if let Some(says) = live.last.as_ref().and_then(|last| last.says.as_ref()) {
        labelled(&mut lines, "says", &says.to_string(), width, Role::Text);
    }
    versions(&mut lines, room, ix, width);
    labelled(
        &mut lines,
        "asked",
        &format!(
            "{} every {}, at most {}",
            escape(&plan.target),
            duration_text(room.service_pace(plan)),
            duration_text(plan.timeout)
        ),
        width,
        Role::Dim,
    );
    if let Some(asked) = live.asked {
        let took = live.took.map(|t| format!(", took {}", services::latency_text(t.as_secs_f64()))).unwrap_or_default();
        labelled(&mut lines, "answered", &format!("{} ago{took}", age(room.now.since(asked))), width, Role::Dim);
    }
    let p = live.phases();
    if p.connect.is_some() || p.wait.is_some() || p.transfer.is_some() {
        let text = format!(
            "connect {}   wait {}   transfer {}",
            services::phase_text(p.connect),
            services::phase_text(p.wait),
            services::phase_text(p.transfer)
        );
        labelled(&mut lines, "time", &text, width, Role::Dim);
    }
    if live.failures > 0 {
        labelled(&mut lines, "failures", &format!("{} in a row", live.failures), width, Role::Warn);
    }
    if !plan.needs.is_empty() {
        labelled(&mut lines, "needs", &escape(&plan.needs.join(", ")), width, Role::Dim);
    }
    if let Some(last) = &live.last {
        if let Some(version) = &last.version {
            labelled(&mut lines, "version", &version.to_string(), width, Role::Dim);
        }
        if let Some(days) = last.tls_days {
            let role = if days < 14 { Role::Warn } else { Role::Dim };
            let says = if days < 0 { "has expired".to_owned() } else { format!("{days} days left") };
            labelled(&mut lines, "certificate", &says, width, role);
        }
        if !last.excerpt.raw().is_empty() {
            lines.push(Vec::new());
            lines.push(vec![("the last answer begins".to_owned(), Role::Faint)]);
            block(&mut lines, &last.excerpt, Role::Dim);
        }
    }
    (escape(&plan.name), "service".to_owned(), lines)
}

/// The versions of the last minute with the number of their answers, and the one that should be running.
fn versions(lines: &mut Vec<Line>, room: &Room, ix: usize, width: u16) {
    let (Some(plan), Some(live)) = (room.plan.services.get(ix), room.live.services.get(ix)) else { return };
    let counts = live.versions.counts(room.now);
    let running = live.versions.running(plan.target_version.as_deref(), room.now);
    if plan.target_version.is_none() && running != Running::Mixed {
        return;
    }
    let seen: Vec<String> = counts.iter().map(|(version, n)| format!("{n}×{version}")).collect();
    let seen = if seen.is_empty() { "none in the last minute".to_owned() } else { seen.join("  ") };
    let target = plan.target_version.as_deref().map(|t| format!(", should be {}", escape(t))).unwrap_or_default();
    let role = if matches!(running, Running::Old | Running::Mixed) { Role::Warn } else { Role::Dim };
    labelled(lines, "versions", &format!("{seen}{target}"), width, role);
}

/// A line without the comment at its end, which a page does not show either.
fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_end();
    match trimmed.rfind("<!--") {
        Some(at) if trimmed.ends_with("-->") => trimmed.get(..at).unwrap_or(line).trim_end(),
        _ => line,
    }
}
