//! The sheets of rollbacks and of breakers on the screen, and what their keys do.

use ratatui::layout::Rect;

use super::detail::Line;
use crate::clock::clock_span;
use crate::fact::Fact;
use crate::fact::retreat::{Hand, Rung};
use crate::room::Room;
use crate::room::rollback::RollbackNow;
use crate::text::{escape, wrap};
use crate::tui::theme::Role;
use crate::tui::view::Sheet;
use crate::tui::way_keys::offers;
use crate::tui::widgets::glyphs::Glyphs;
use crate::tui::widgets::pen::{Pen, cells};

/// The level the room is on, in one line; none when it is on none.
pub fn level(room: &Room) -> Option<String> {
    room.level().map(|level| escape(&level.sentence(room.now.utc)))
}

/// Rollbacks that somebody must see without opening anything: those that count down, or are under way.
pub fn under_way(room: &Room) -> Vec<String> {
    let seen = |r: &RollbackNow| r.countdown.is_some() || r.way.rung.under_way();
    let all = room.rollbacks().into_iter().filter(seen);
    all.map(|r| {
        let key = if r.countdown.is_some() { ": R, then v" } else { "" };
        format!("rollback {} {}{key}", escape(&r.name), escape(&r.state(room.now.utc)))
    })
    .collect()
}

/// The sign of an entry of the timeline, where it is about levels, rollbacks or breakers.
pub(super) fn picture(g: &Glyphs, fact: &Fact) -> Option<(&'static str, Role)> {
    Some(match fact {
        Fact::LevelChanged { to: Some(_), .. }
        | Fact::LevelDeclared { .. }
        | Fact::BreakerFired { .. }
        | Fact::RollbackMoved { to: Rung::Fired, .. } => (g.alarm, Role::Bad),
        Fact::LevelChanged { to: None, .. } | Fact::RollbackMoved { to: Rung::Complete, .. } => (g.done, Role::Good),
        Fact::RollbackMoved { to: Rung::Armed, .. } | Fact::BreakerAsked { .. } => (g.warning, Role::Warn),
        Fact::RollbackMoved { to: Rung::Aborted, .. } | Fact::RollbackVetoed { .. } => (g.failed, Role::Bad),
        _ => return None,
    })
}

/// What an entry says of levels, rollbacks and breakers; none where it is about something else.
pub(super) fn words(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::LevelChanged { to, symptoms, .. } => {
            let symptoms = symptoms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            to.as_ref().map_or_else(|| "no level any more".to_owned(), |to| format!("LEVEL {to}: {symptoms}"))
        }
        Fact::LevelDeclared { level, symptom, text } => format!("declared {symptom}, level {level}: {text}"),
        Fact::LevelWithdrawn { symptom, reason, .. } => format!("withdrew {symptom}: {reason}"),
        Fact::DecisionTaken { level, choice, reason } => format!("level {level}: decided to {choice}: {reason}"),
        Fact::RollbackMoved { plan, to, reason, hand, took, .. } => {
            let itself = if *hand == Hand::Room { " by itself" } else { "" };
            let took = took.and_then(|s| std::time::Duration::try_from_secs_f64(s).ok());
            let took = took.map(|t| format!(" in {}", crate::clock::clock_span(t))).unwrap_or_default();
            let why = if reason.raw().is_empty() { String::new() } else { format!(": {reason}") };
            format!("rollback {plan} {to}{itself}{took}{why}")
        }
        Fact::RollbackVetoed { plan, reason } => {
            let why = if reason.raw().is_empty() { String::new() } else { format!(": {reason}") };
            format!("said NO to the rollback {plan}{why}")
        }
        Fact::BreakerAsked { breaker, reason, .. } => format!("asks for the breaker {breaker}: {reason}"),
        Fact::BreakerFired { breaker, reason } => format!("fired the breaker {breaker}: {reason}"),
        _ => return None,
    })
}

fn say(out: &mut Vec<Line>, indent: &str, text: &str, width: u16, role: Role) {
    let room_for = usize::from(width.saturating_sub(cells(indent)).max(8));
    for line in wrap(text, room_for) {
        out.push(vec![(indent.to_owned(), Role::Text), (line.into_owned(), role)]);
    }
}

fn rollbacks(room: &Room, at: usize, width: u16, g: &Glyphs) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    match level(room) {
        Some(level) => say(&mut out, "", &level, width, Role::Bad),
        None => say(&mut out, "", "no level: nothing that the plan names holds", width, Role::Dim),
    }
    for it in room.rollbacks() {
        let Some(plan) = room.plan.rollbacks.get(it.ix) else { continue };
        let (glyph, role) = match (&it.invalid, it.way.rung) {
            (Some(_), Rung::Idle | Rung::Prepared | Rung::Armed) => (g.not_applicable, Role::Faint),
            (_, Rung::Armed) => (g.alarm, Role::Warn),
            (_, Rung::Fired | Rung::Verifying) => (g.up, Role::Accent),
            (_, Rung::Complete) => (g.done, Role::Good),
            (_, Rung::Aborted) => (g.failed, Role::Dim),
            _ => (g.todo, Role::Text),
        };
        let best = if it.recommended { "  the cheapest that works" } else { "" };
        let faint = it.invalid.is_some() && !it.way.rung.under_way();
        out.push(vec![
            (if it.ix == at { g.cursor.to_owned() } else { " ".to_owned() }, Role::Accent),
            (format!(" {glyph} "), role),
            (escape(&it.name), if faint { Role::Faint } else { Role::Strong }),
            (format!("  {}", escape(&it.state(room.now.utc))), role),
            (format!("  {}", it.cost()), Role::Dim),
            (best.to_owned(), Role::Good),
        ]);
        match &it.invalid {
            Some(why) => say(&mut out, "    ", &format!("does not work any more: {}", escape(why)), width, Role::Warn),
            None if it.ix == at => {
                let mut facts = vec![format!(
                    "{}, {} of {} steps left",
                    escape(&plan.steps.name),
                    it.steps.1 - it.steps.0,
                    it.steps.1
                )];
                if !plan.for_levels.is_empty() {
                    facts.push(format!("for level {}", escape(&plan.for_levels.join(", "))));
                }
                if let Some(until) = &plan.until {
                    facts.push(format!("until \"{}\"", escape(&until.name)));
                }
                if it.hands.1 > 1 {
                    facts.push(format!("armed by {} of {}", it.hands.0, it.hands.1));
                }
                facts.extend(plan.targets.iter().map(|t| format!("{} to {}", escape(&t.service), escape(&t.to))));
                say(&mut out, "    ", &facts.join(" · "), width, Role::Dim);
            }
            None => {}
        }
        if let Some(first) = room.first_command(it.ix).filter(|_| it.ix == at && it.way.rung == Rung::Armed) {
            let place = escape(&first.dir.to_string_lossy());
            let how = format!(
                "the word that fires it runs this on {} in {place}, by {}:",
                escape(&first.host),
                escape(&first.reads.words())
            );
            say(&mut out, "    ", &how, width, Role::Warn);
            let mut rows: Vec<Line> = Vec::new();
            super::run::script(first.script.shown(), crate::tui::Charset::Braille, &mut rows, width.saturating_sub(4));
            for row in &mut rows {
                row.insert(0, ("    ".to_owned(), Role::Faint));
            }
            out.append(&mut rows);
        }
        if it.ix == at {
            it.open.iter().for_each(|open| say(&mut out, "    ", &format!("open: {open}"), width, Role::Warn));
        }
        if let Some(why) = &it.verify {
            say(&mut out, "    ", &format!("not verified: {}", escape(why)), width, Role::Warn);
        }
    }
    out
}

fn breakers(room: &Room, at: usize, width: u16, g: &Glyphs) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for it in room.breakers() {
        let Some(plan) = room.plan.breakers.get(it.ix) else { continue };
        let rests = it.cooling.map(|left| format!("  rests for {}", clock_span(left))).unwrap_or_default();
        let two = if it.hands.count() > 1 { "  two people" } else { "" };
        out.push(vec![
            (if it.ix == at { g.cursor.to_owned() } else { " ".to_owned() }, Role::Accent),
            (format!(" {} ", g.alarm), if it.cooling.is_some() { Role::Faint } else { Role::Warn }),
            (escape(&it.name), Role::Strong),
            (it.role.as_ref().map(|r| format!("  {}", escape(r))).unwrap_or_default(), Role::Dim),
            (two.to_owned(), Role::Dim),
            (rests, Role::Warn),
        ]);
        let blast = it.blast.as_ref().map_or_else(|| "the plan does not say what".to_owned(), |b| escape(b));
        say(&mut out, "    ", &format!("cuts off: {blast}"), width, Role::Text);
        if it.ix == at {
            say(
                &mut out,
                "    ",
                &format!("runs: {}", escape(&room.breaker_runs(it.ix).unwrap_or_else(|| plan.run.clone()))),
                width,
                Role::Dim,
            );
        }
        if let Some(asked) = &it.asked {
            let text = format!("{} asked for it: {}; a second person fires it", asked.by.person, asked.reason);
            say(&mut out, "    ", &text, width, Role::Warn);
        }
        if let Some(fired) = &it.fired {
            let when = super::checklist::clock_time(room, fired.stamp.utc());
            say(
                &mut out,
                "    ",
                &format!("fired at {when} by {}: {}", fired.by.person, fired.reason),
                width,
                Role::Dim,
            );
        }
        if let Some(run) = &it.run {
            say(&mut out, "    ", &escape(run), width, Role::Text);
        }
        if let Some((holds, words)) = &it.check {
            let (word, role) = match holds {
                Some(true) => ("worked", Role::Good),
                Some(false) => ("HAS NOT WORKED", Role::Bad),
                None => ("nobody can tell whether it worked", Role::Warn),
            };
            say(&mut out, "    ", &format!("{word}: {}", escape(words)), width, role);
        }
    }
    out
}

fn aborted(room: &Room, at: usize, width: u16, g: &Glyphs) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for (ix, asked) in room.aborts_asked().into_iter().enumerate() {
        let when = super::checklist::clock_time(room, asked.at);
        out.push(vec![
            (if ix == at { g.cursor.to_owned() } else { " ".to_owned() }, Role::Accent),
            (format!(" {} ", g.alarm), Role::Bad),
            (asked.text, Role::Strong),
            (format!("  at {when}"), Role::Dim),
        ]);
        say(&mut out, "    ", &escape(&asked.found), width, Role::Bad);
        let end = room.progress.attempts.get(asked.run).and_then(|a| a.end().map(|(_, end)| escape(end.why.raw())));
        let end = end.unwrap_or_else(|| "it is being stopped".to_owned());
        say(&mut out, "    ", &format!("aborts if {}; {end}", escape(&asked.when)), width, Role::Dim);
    }
    out
}

fn lines(room: &Room, sheet: Sheet, at: usize, width: u16, g: &Glyphs) -> Vec<Line> {
    match sheet {
        Sheet::Rollbacks => rollbacks(room, at, width, g),
        Sheet::Breakers => breakers(room, at, width, g),
        Sheet::Aborted => aborted(room, at, width, g),
    }
}

/// Rows that a sheet takes.
pub fn rows(room: &Room, sheet: Sheet, at: usize, width: u16) -> u16 {
    let width = width.saturating_sub(8);
    let lines = lines(room, sheet, at, width, crate::tui::Charset::Braille.glyphs()).len();
    u16::try_from(lines + keys(room, sheet, at, width).len() + 4).unwrap_or(u16::MAX)
}

/// Draws a sheet; the keys stand at its end whatever has to be left out above.
pub fn paint(room: &Room, sheet: Sheet, at: usize, area: Rect, pen: &mut Pen<'_>) {
    let (x, width) = (area.x + 4, area.width.saturating_sub(8));
    let place = room.plan.room.environment.as_ref().map(|e| format!("  {}", escape(&e.to_uppercase())));
    let title = match sheet {
        Sheet::Rollbacks => "Rollback",
        Sheet::Breakers => "Breakers, under glass",
        Sheet::Aborted => "Aborted: what next?",
    };
    pen.line(x, area.y + 1, width, &[(title, Role::Title), (&place.unwrap_or_default(), Role::Bad)]);
    let keys = keys(room, sheet, at, width);
    let bottom = area.bottom().saturating_sub(u16::try_from(keys.len()).unwrap_or_default() + 1);
    let lines = lines(room, sheet, at, width, pen.glyphs());
    let room_for = usize::from(bottom.saturating_sub(area.y + 2));
    // What is chosen stays in sight.
    let cursor = pen.glyphs().cursor;
    let chosen = lines.iter().position(|l| l.first().is_some_and(|(text, _)| text == cursor)).unwrap_or_default();
    let from = (chosen + 3).saturating_sub(room_for).min(lines.len().saturating_sub(room_for));
    for (i, line) in lines.iter().skip(from).take(room_for).enumerate() {
        pen.line(x, area.y + 2 + i as u16, width, line);
    }
    for (i, line) in keys.iter().enumerate() {
        pen.line(x, bottom + i as u16, width, line);
    }
}

/// The keys of a sheet, as many in a row as fit.
fn keys(room: &Room, sheet: Sheet, at: usize, width: u16) -> Vec<Line> {
    super::sheet::key_rows(&offers(room, sheet, at), &[("j k", "choose"), ("any other key", "closes")], width)
}
