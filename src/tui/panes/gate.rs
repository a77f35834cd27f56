//! A gate on the screen: its row in the checklist, its sheet with everything that decides it, and the words of the band.

use ratatui::layout::Rect;

use super::checklist::{Columns, Tail};
use super::detail::{Line, labelled};
use super::timeline;
use crate::clock::{age, clock_span};
use crate::fact::gate::{Stand, Vote};
use crate::fact::{Fact, Verdict};
use crate::room::gates::GateNow;
use crate::room::{Room, verdict};
use crate::text::{escape, wrap};
use crate::tui::gate_keys::offers;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::glyphs::Glyphs;
use crate::tui::widgets::pen::{Pen, cells};

/// Cells of the bar of healthy time.
const BAR: usize = 20;
/// Entries of its past shown at most.
const PAST: usize = 30;

/// The verdict the band shows, why, and since when: the gate in question, unless the room as a whole is worse.
pub fn shown(room: &Room) -> (Verdict, String, chrono::DateTime<chrono::Utc>) {
    let live = &room.live.verdict;
    let Some(gate) = room.gate_in_question().and_then(|ix| room.gate(ix)) else {
        return (live.verdict, live.reason.clone(), live.since.utc);
    };
    let rank = |v: Verdict| match v {
        Verdict::Go => 0,
        Verdict::Wait => 1,
        Verdict::NoGo => 2,
    };
    if rank(live.verdict) > rank(gate.verdict) {
        let reason = format!("{} · gate {} {}", live.reason, gate.name, gate.verdict);
        return (live.verdict, reason, live.since.utc);
    }
    (gate.verdict, format!("{}: {}", gate.name, gate.reason), gate.since)
}

/// What has been seen since that speaks against the newest GO that was decided.
pub fn gone(room: &Room) -> Option<String> {
    let decided = room.gates().into_iter().filter(|g| g.decision.as_ref().is_some_and(|d| d.verdict == Verdict::Go));
    let newest = decided.max_by_key(|g| g.decision.as_ref().map(|d| d.at))?;
    newest.gone.as_ref().map(|gone| format!("basis of the GO at {} is gone: {gone}", newest.name))
}

fn colour(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Go => Role::Good,
        Verdict::NoGo => Role::Bad,
        Verdict::Wait => Role::Warn,
    }
}

fn picture(g: &Glyphs, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Go => g.done,
        Verdict::NoGo => g.failed,
        Verdict::Wait => g.maintenance,
    }
}

/// Draws a gate's row of the checklist.
pub(super) fn row(room: &Room, ix: usize, area: Rect, columns: Columns, nested: bool, pen: &mut Pen<'_>) {
    let Some(gate) = room.gate(ix) else { return };
    let (y, x) = (area.y, area.x + if nested { 3 } else { 1 });
    let role = if gate.begun { colour(gate.verdict) } else { Role::Faint };
    let glyphs = pen.glyphs();
    pen.put(x, y, 1, if gate.begun { picture(glyphs, gate.verdict) } else { glyphs.todo }, role);
    let mut tail = Tail::default();
    if gate.counted.1 > 0 && gate.decision.is_none() {
        tail.owner = (format!("votes {}/{}", gate.counted.0, gate.counted.1), Role::Dim);
    }
    if let Some(at) = gate.decision.as_ref().map(|d| d.at).or(gate.deadline) {
        let late = gate.decision.is_none() && at < room.now.utc;
        tail.time = (super::checklist::clock_time(room, at), if late { Role::Warn } else { Role::Dim });
    }
    let word = match &gate.decision {
        None if !gate.begun => "not begun".to_owned(),
        Some(_) if gate.gone.is_some() => format!("{} basis gone", gate.verdict),
        Some(made) if made.overridden => format!("{} override", gate.verdict),
        Some(_) => format!("{} decided", gate.verdict),
        None if gate.dwell.1.is_zero() || gate.verdict == Verdict::Go => gate.verdict.to_string(),
        None => format!("{} {}/{}", gate.verdict, clock_span(gate.dwell.0), clock_span(gate.dwell.1)),
    };
    let marked = gate.gone.is_some() || gate.decision.as_ref().is_some_and(|d| d.overridden);
    tail.word = (word, if marked { Role::Bad } else { role });
    let end = columns.put(y, &tail, pen);
    pen.put(
        x + 2,
        y,
        end.saturating_sub(x + 2),
        &format!("gate {}", escape(&gate.name)),
        if gate.begun { Role::Strong } else { Role::Dim },
    );
}

/// Everything that decides a gate, in lines.
fn lines(room: &Room, gate: &GateNow, width: u16, g: &Glyphs) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let reason = escape(&gate.reason);
    // What is seen of a gate that nobody has come to is no answer yet.
    let (word, role, reason) = if gate.begun {
        (gate.verdict, colour(gate.verdict), reason)
    } else {
        (Verdict::Wait, Role::Faint, format!("not begun; as things stand it would be {}: {reason}", gate.verdict))
    };
    let lead = format!("{word} ");
    for (i, line) in wrap(&reason, width.saturating_sub(cells(&lead) + 1).into()).into_iter().enumerate() {
        let head = if i == 0 { lead.clone() } else { " ".repeat(lead.len()) };
        out.push(vec![(head, role), (" ".to_owned(), Role::Text), (line.into_owned(), Role::Strong)]);
    }
    if let Some(made) = &gate.decision {
        let short: String = made.sha256.chars().take(12).collect();
        let how = if made.overridden { "BY OVERRIDE, against what was computed; " } else { "" };
        let role = if made.overridden { Role::Bad } else { Role::Dim };
        out.push(vec![(format!("{how}evidence {short}"), role)]);
    }
    if let Some(rungs) = ladder(room, gate, g) {
        out.push(rungs);
    }
    let wide = gate.criteria.iter().map(|c| cells(&c.look.text)).max().unwrap_or_default().min(width / 2);
    for criterion in &gate.criteria {
        let look = &criterion.look;
        let (glyph, role) = match criterion.stand {
            Stand::Holds => (g.done, Role::Good),
            Stand::Broken if !gate.begun => (g.failed, Role::Dim),
            Stand::Broken => (g.failed, Role::Bad),
            Stand::Waiting => (g.todo, Role::Warn),
            Stand::Blind => (g.pending, Role::Warn),
        };
        let text = crate::text::truncate(&escape(&look.text), wide.into()).into_owned();
        let pad = " ".repeat(usize::from(wide.saturating_sub(cells(&text))) + 2);
        let old =
            look.age.map(|s| format!(", {} old", age(std::time::Duration::try_from_secs_f64(s).unwrap_or_default())));
        let many = if look.samples > 1 { format!(", {} samples", look.samples) } else { String::new() };
        out.push(vec![
            (format!("{glyph} "), role),
            (format!("{text}{pad}"), Role::Text),
            (escape(&look.words), if criterion.stand == Stand::Holds { Role::Dim } else { role }),
            (format!("{}{many}", old.unwrap_or_default()), Role::Faint),
        ]);
    }
    if !gate.dwell.1.is_zero() {
        let share = gate.dwell.0.as_secs_f64() / gate.dwell.1.as_secs_f64();
        let full = ((share * BAR as f64) as usize).min(BAR);
        let role = if full == BAR { Role::Good } else { Role::Accent };
        out.push(vec![
            ("dwell  ".to_owned(), Role::Faint),
            (g.heavy.repeat(full), role),
            (g.rule.repeat(BAR - full), Role::Faint),
            (format!("  {}/{}", clock_span(gate.dwell.0), clock_span(gate.dwell.1)), Role::Text),
            (room.cut_dwell(gate.ix).map(|cut| format!("  {cut}")).unwrap_or_default(), Role::Warn),
        ]);
    }
    for ballot in &gate.votes {
        let role_name = ballot.role.to_string();
        let (glyph, role, said) = match &ballot.cast {
            None => (g.todo, Role::Dim, "has not voted".to_owned()),
            Some(cast) => {
                let at = super::checklist::clock_time(room, cast.stamp.utc());
                let comment = if cast.comment.raw().is_empty() { String::new() } else { format!(": {}", cast.comment) };
                let said = format!("{}, {} at {at}{comment}", cast.vote, cast.by.person);
                match cast.vote {
                    _ if ballot.lapsed => (g.pending, Role::Warn, format!("{said} (its basis is gone: vote again)")),
                    Vote::Go => (g.done, Role::Good, said),
                    Vote::NoGo if ballot.left => {
                        (g.failed, Role::Bad, format!("{said} (votes here no more: an override passes it)"))
                    }
                    Vote::NoGo => {
                        (g.failed, Role::Bad, format!("{said} (blocks until {} takes it back)", cast.by.person))
                    }
                    _ => (g.not_applicable, Role::Dim, said),
                }
            }
        };
        out.push(vec![(format!("{glyph} "), role), (format!("{role_name}  "), Role::Text), (said, role)]);
    }
    if let Some(at) = gate.deadline {
        let clock = super::checklist::day_and_time(room, at);
        let (says, role) = match (at - room.now.utc).to_std() {
            Ok(left) => (format!("{clock}, in {}", clock_span(left)), Role::Dim),
            Err(_) => (format!("{clock}, it has passed and decides nothing"), Role::Warn),
        };
        out.push(vec![("deadline  ".to_owned(), Role::Faint), (says, role)]);
    }
    out
}

/// The ladder of the runbook that a gate is a rung of: `5% ✓ → 25% ● 2:10/5:00 → 100%`.
fn ladder(room: &Room, gate: &GateNow, g: &Glyphs) -> Option<Line> {
    let plan = &room.plan.gates;
    let rung = |book: usize, stage: &crate::runbook::Stage| {
        let percent = stage.percent.map(|p| format!("{p}%"));
        plan.iter().position(|it| {
            let here = it.at.as_ref().is_some_and(|at| at.book == Some(book as u32) && at.line == Some(stage.line));
            let names = |text: &str, p: &str| {
                text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '%'))).any(|w| w == p)
            };
            let named = percent
                .as_deref()
                .is_some_and(|p| names(&it.name, p) || it.at.as_ref().is_some_and(|at| names(&at.name, p)));
            here || named
        })
    };
    for (book, runbook) in room.book.runbooks.iter().enumerate() {
        for ladder in &runbook.ladders {
            let rungs: Vec<Option<usize>> = ladder.stages.iter().map(|s| rung(book, s)).collect();
            if !rungs.contains(&Some(gate.ix)) || rungs.len() < 2 {
                continue;
            }
            let mut line: Line = Vec::new();
            for (nth, (stage, ix)) in ladder.stages.iter().zip(rungs).enumerate() {
                if nth > 0 {
                    line.push((" → ".to_owned(), Role::Faint));
                }
                let share = stage.percent.map(|p| format!("{p}%"));
                let label = share.or_else(|| stage.cohort.as_ref().map(ToString::to_string)).unwrap_or_default();
                let own = ix.and_then(|ix| room.gate(ix));
                match own {
                    Some(own) if own.decision.is_some() => {
                        line.push((format!("{label} {}", picture(g, own.verdict)), colour(own.verdict)));
                    }
                    Some(own) if own.ix == gate.ix => {
                        let dwell = format!("{}/{}", clock_span(own.dwell.0), clock_span(own.dwell.1));
                        let dwell = if own.dwell.1.is_zero() { own.verdict.to_string() } else { dwell };
                        line.push((format!("{label} {} {dwell}", g.up), Role::Accent));
                    }
                    _ => line.push((label, Role::Dim)),
                }
            }
            return Some(line);
        }
    }
    None
}

/// Rows that the sheet of a gate takes.
pub fn rows(room: &Room, name: &str, width: u16) -> u16 {
    let Some(gate) = room.gate_named(name).and_then(|ix| room.gate(ix)) else { return 4 };
    let width = width.saturating_sub(8);
    let lines = lines(room, &gate, width, crate::tui::Charset::Braille.glyphs()).len();
    let keys = keys(room, &gate, width).len();
    u16::try_from(lines + keys + 4).unwrap_or(u16::MAX)
}

/// Draws the sheet; the keys stand at its end whatever has to be left out above.
pub fn sheet(room: &Room, name: &str, area: Rect, pen: &mut Pen<'_>) {
    let (x, width) = (area.x + 4, area.width.saturating_sub(8));
    let Some(gate) = room.gate_named(name).and_then(|ix| room.gate(ix)) else {
        pen.put(x, area.y + 1, width, "this gate is no longer in the plan", Role::Warn);
        return;
    };
    let at = room.plan.gates.get(gate.ix).and_then(|g| g.at.as_ref());
    let place = at.map(|p| format!("  {}", escape(&p.name))).unwrap_or_default();
    let title = format!("Gate {}", escape(&gate.name));
    pen.line(x, area.y + 1, width, &[(&title, Role::Title), (&place, Role::Dim)]);
    let keys = keys(room, &gate, width);
    let bottom = area.bottom().saturating_sub(u16::try_from(keys.len()).unwrap_or_default() + 1);
    let lines = lines(room, &gate, width, pen.glyphs());
    let room_for = usize::from(bottom.saturating_sub(area.y + 2));
    for (i, line) in lines.iter().take(room_for).enumerate() {
        pen.line(x, area.y + 2 + i as u16, width, line);
    }
    if lines.len() > room_for && room_for > 0 {
        let more =
            format!("{} {} more lines: enter on its row shows them", pen.glyphs().more, lines.len() - room_for + 1);
        let y = area.y + 1 + room_for as u16;
        pen.fill(Rect { x, y, width, height: 1 }, Role::Sheet);
        pen.put(x, y, width, &more, Role::Faint);
    }
    for (i, line) in keys.iter().enumerate() {
        pen.line(x, bottom + i as u16, width, line);
    }
}

/// The keys of the sheet, as many in a row as fit.
fn keys(room: &Room, gate: &GateNow, width: u16) -> Vec<Line> {
    super::sheet::key_rows(&offers(room, gate), &[("any other key", "closes")], width)
}

/// Title, place and lines of a gate in the detail pane.
pub(super) fn detail(room: &Room, view: &View, ix: usize, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let (Some(gate), Some(plan)) = (room.gate(ix), room.plan.gates.get(ix)) else {
        return ("Gate".to_owned(), String::new(), Vec::new());
    };
    let mut out = lines(room, &gate, width, pen.glyphs());
    out.push(Vec::new());
    for criterion in &gate.criteria {
        let look = &criterion.look;
        let metric = room.plan.metrics.iter().find(|m| look.text.starts_with(&m.name));
        let number = |value: f64| metric.map_or_else(|| format!("{value}"), |m| verdict::bound(m, value));
        let mut facts = vec![look.state.to_owned()];
        facts.extend(look.value.map(|v| format!("value {}", number(v))));
        facts.extend(look.threshold.map(|v| format!("threshold {}", number(v))));
        facts.push(format!("{} sample{}", look.samples, if look.samples == 1 { "" } else { "s" }));
        facts.extend(look.source.as_ref().map(|s| format!("from {}", escape(s))));
        let text = format!("{}: {}", escape(&look.text), facts.join(", "));
        labelled(&mut out, "seen", &text, width, Role::Dim);
    }
    if !plan.votes.is_empty() {
        labelled(&mut out, "votes", &escape(&plan.votes.join(", ")), width, Role::Dim);
    }
    let about = |fact: &Fact| match fact {
        Fact::GateVoted { gate, .. }
        | Fact::GateTurned { gate, .. }
        | Fact::GateDecided { gate, .. }
        | Fact::GateReopened { gate, .. } => gate.raw() == plan.name,
        _ => false,
    };
    let past: Vec<_> = room.progress.timeline.values().rev().filter(|e| about(&e.fact)).take(PAST).collect();
    if !past.is_empty() {
        out.push(Vec::new());
    }
    for entry in past {
        let time = entry.stamp.utc().with_timezone(&room.plan.room.zone).format("%H:%M:%S");
        let says = format!("{time}  {}: {}", entry.by.person, timeline::words(room, view, entry));
        super::detail::say(&mut out, &says, width, Role::Dim);
    }
    out.push(Vec::new());
    out.push(vec![("g votes and decides".to_owned(), Role::Faint)]);
    (escape(&gate.name), "gate".to_owned(), out)
}
