//! What would run, in full: where, as whom, filled in with what, and every character of it as it is; or what a run says.

use std::time::Duration;

use ratatui::layout::Rect;

use super::detail::Line;
use super::sheet::{hint, typed};
use crate::clock::{age, duration_text};
use crate::fact::{Fact, RunVerdict, StepId};
use crate::room::attempts::Attempt;
use crate::room::command::{Planned, is_odd};
use crate::room::{Room, Whose, judge};
use crate::runbook::Class;
use crate::text::{escape, wrap};
use crate::tui::run_sheet::{RunSheet, Stage};
use crate::tui::theme::Role;
use crate::tui::view::{Mode, View};
use crate::tui::widgets::glyphs::Charset;
use crate::tui::widgets::pen::Pen;

/// Rows of the sheet beside its body: rule, title, blank, line, hints.
const FRAME: u16 = 5;
/// Cells of a script line's number with the gap behind it.
const GUTTER: u16 = 5;
/// Rows of a run's output that the drawer shows at most.
const OUTPUT: usize = 12;
/// Runs that the drawer shows.
const RUNS: usize = 3;

/// Cells of a row of the body on a screen of this width.
pub fn body_width(screen: u16) -> u16 {
    screen.saturating_sub(8)
}

/// Rows of the body that are seen at once.
pub fn body_height(screen: Rect, rows: usize) -> usize {
    let most = super::sheet_height(screen).saturating_sub(FRAME);
    rows.min(usize::from(most))
}

/// Rows of the sheet.
pub fn rows(room: &Room, view: &View, width: u16) -> u16 {
    let Mode::Run(sheet) = &view.mode else { return 0 };
    u16::try_from(body(room, view, sheet, body_width(width)).len()).unwrap_or(u16::MAX).saturating_add(FRAME)
}

/// The rows of the body.
pub fn body(room: &Room, view: &View, sheet: &RunSheet, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    match (sheet.stage, sheet.plan()) {
        (Stage::Watch(run), _) => {
            if let Some(attempt) = room.progress.attempts.get(run) {
                one(room, run, attempt, &mut lines, width, usize::MAX);
            }
        }
        (_, Some(plan)) => {
            about(room, plan, &mut lines, width);
            lines.push(Vec::new());
            script(plan.script.shown(), view.charset, &mut lines, width);
        }
        (_, None) => lines.push(vec![("there is nothing to run here any more".to_owned(), Role::Dim)]),
    }
    lines
}

/// Where, as whom, and what has to be known.
fn about(room: &Room, plan: &Planned, lines: &mut Vec<Line>, width: u16) {
    let place = plan.environment.as_ref().map_or_else(|| "no environment".to_owned(), |e| escape(&e.to_uppercase()));
    let badge = if plan.class == Class::Read { Role::Accent } else { Role::Bad };
    let who = super::header::name(&room.me.author);
    lines.push(vec![
        (format!(" {place} "), badge),
        (format!(" on {} as {who}, in {}", escape(&plan.host), escape(&plan.dir.to_string_lossy())), Role::Text),
    ]);
    let (word, role) = match plan.class {
        Class::Read => ("looks only", Role::Dim),
        Class::Mutate => ("changes something", Role::Warn),
        Class::Danger => ("hard to take back", Role::Bad),
        Class::Illustration => ("not to be run", Role::Dim),
    };
    lines.push(vec![(format!("{word}: "), role), (escape(&plan.reason), Role::Dim)]);
    let how = format!(
        "{}, with {} and {}; stopped after {}",
        escape(&plan.reads.words()),
        escape(&plan.env.join(" ")),
        if plan.terminal.is_some() { "the terminal's TERM" } else { "TERM=dumb" },
        duration_text(plan.timeout)
    );
    if !plan.reads.argv.is_empty() {
        say(lines, &how, width, Role::Faint);
    }
    if let Some(why) = &plan.terminal {
        let text = format!("{why}: it gets this terminal until it ends; what it writes there is not kept");
        say(lines, &text, width, Role::Warn);
    }
    if !plan.with.is_empty() {
        let with: Vec<String> = plan.with.iter().map(|(typed, value)| format!("{typed} = {value}")).collect();
        say(lines, &format!("filled in: {}", escape(&with.join(", "))), width, Role::Good);
    }
    for (texts, role) in [(&plan.blocked, Role::Bad), (&plan.warnings, Role::Warn)] {
        for text in texts {
            say(lines, text, width, role);
        }
    }
    aborts(room, &plan.step, lines, width);
    if let Some(against) = &plan.against {
        say(lines, against, width, Role::Warn);
    }
    if let Some(twice) = &plan.twice {
        say(lines, twice, width, Role::Warn);
    }
}

/// What stops it while it runs, and how that stands now; what the runbook says of it and nobody judges.
fn aborts(room: &Room, step: &StepId, lines: &mut Vec<Line>, width: u16) {
    let aborts = room.aborts_of(step);
    for abort in &aborts.on {
        let held = if abort.for_.is_zero() { String::new() } else { format!(" for {}", duration_text(abort.for_)) };
        let (now, role) = match judge::holds(room, &abort.condition.expr, None) {
            Some(true) => ("which holds NOW", Role::Bad),
            Some(false) => ("not so now", Role::Dim),
            None => ("nobody can tell now, and that stops nothing", Role::Warn),
        };
        let found = judge::words(room, &abort.condition.expr, None);
        say(lines, &format!("stopped if {}{held}: {now} ({found})", abort.condition.text), width, role);
    }
    for text in &aborts.unread {
        let text = format!(
            "the runbook says \"{text}\", which is not judged here: write an [[abort]] with `at` and `when` into the plan"
        );
        say(lines, &text, width, Role::Warn);
    }
}

/// Every character of the script, in rows of the same width, so that nothing hides behind an edge.
pub(super) fn script(text: &str, charset: Charset, lines: &mut Vec<Line>, width: u16) {
    let width = usize::from(width.saturating_sub(GUTTER)).max(8);
    for (number, line) in (1..).zip(text.strip_suffix('\n').unwrap_or(text).split('\n')) {
        let mut lead = format!("{number:>3}  ");
        let mut row: Line = Vec::new();
        let mut used = 0;
        // Rows are full to their last cell, so that a blank at an edge is a blank of the script.
        for (piece, role) in visible(line, charset) {
            let wide = crate::text::cells(&piece);
            let whole = wide > 1 && piece.chars().count() == 1 && used % width + wide > width;
            let split = piece.chars().next().filter(|_| whole).map(|c| format!("<U+{:04X}>", c as u32));
            for c in split.unwrap_or(piece).chars() {
                let c = c.to_string();
                let wide = crate::text::cells(&c);
                if used + wide > width {
                    lines.push(led(&mut lead, &mut row));
                    used = 0;
                }
                used += wide;
                match row.last_mut() {
                    Some((last, same)) if *same == role => last.push_str(&c),
                    _ => row.push((c, role)),
                }
            }
        }
        lines.push(led(&mut lead, &mut row));
    }
}

fn led(lead: &mut String, row: &mut Line) -> Line {
    let mut line = vec![(std::mem::replace(lead, "  +  ".to_owned()), Role::Faint)];
    line.append(row);
    line
}

/// The characters of a line, each as something to see and different from every other one: what does not print, trails
/// at the end or may be taken for another one stands as `<U+200B>`.
pub fn visible(line: &str, charset: Charset) -> Vec<(String, Role)> {
    let trailing = line.trim_end_matches(' ').len();
    let escaped = |c: char| (format!("<U+{:04X}>", c as u32), Role::Bad);
    line.char_indices()
        .map(|(at, c)| {
            let odd = is_odd(c) || at >= trailing || charset == Charset::Ascii && !c.is_ascii();
            // The sign of an escape is escaped where it would be read as one.
            let sign = c == '<' && line.get(at..).is_some_and(|rest| rest.starts_with("<U+"));
            if odd || sign { escaped(c) } else { (c.to_string(), Role::Strong) }
        })
        .collect()
}

/// Draws the sheet.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let Mode::Run(sheet) = &view.mode else { return };
    pen.rule(area.x, area.y, area.width);
    let (x, width) = (area.x + 4, body_width(area.width));
    let title = view.derived.node_of(&sheet.step).map(|n| view.derived.text(room, n)).unwrap_or_default();
    let which =
        if sheet.plans.len() > 1 { format!(" ({} of {})", sheet.at + 1, sheet.plans.len()) } else { String::new() };
    let verb = if matches!(sheet.stage, Stage::Watch(_)) { "Running" } else { "Run" };
    pen.put(x, area.y + 1, width, &format!("{verb}{which}: {title}"), Role::Title);
    let lines = body(room, view, sheet, width);
    let height = usize::from(area.height.saturating_sub(FRAME));
    let from = sheet.scroll.min(lines.len().saturating_sub(height));
    for (i, line) in lines.iter().skip(from).take(height).enumerate() {
        pen.line(x, area.y + 2 + i as u16, width, line);
    }
    let body = Rect { y: area.y + 2, height: height as u16, ..area };
    super::checklist::scrollbar(pen, body, from, lines.len());
    let y = area.bottom().saturating_sub(2);
    let below = lines.len().saturating_sub(from + height);
    let more = format!("more, {below} rows below");
    let mut hints: Vec<(&str, &str)> = Vec::new();
    if below > 0 {
        hints.push(("pgdn", &more));
    }
    let says = match sheet.stage {
        Stage::Look => {
            hints.push(("enter", "run it"));
            String::new()
        }
        Stage::Answer => {
            let name = sheet.plan().and_then(|p| p.asks.first());
            let param = name.and_then(|name| room.plan.params.iter().find(|p| p.name == *name));
            param.map_or_else(String::new, |p| format!("{}: ", crate::tui::param_keys::asks(p)))
        }
        Stage::Reason => "why now: ".to_owned(),
        Stage::Word => {
            let word = sheet.plan().and_then(|p| p.word.clone()).unwrap_or_default();
            format!("type {} to run it: ", escape(&word))
        }
        Stage::Sure => {
            hints.push(("y", "yes, run it"));
            let why = sheet.plan().and_then(|p| p.twice.clone()).unwrap_or_default();
            format!("Sure? {why}")
        }
        Stage::Watch(run) => {
            if room.live.runs.get(&run).is_some_and(|live| live.paused) {
                hints.push(("enter", "give it the terminal again"));
            }
            hints.push(("K", "stop it"));
            String::new()
        }
    };
    let at = pen.put(x, y, width, &says, Role::Title);
    if matches!(sheet.stage, Stage::Reason | Stage::Word | Stage::Answer) {
        let left = (x + width).saturating_sub(at);
        typed(pen, at, y, left, sheet.input.value(), sheet.input.visual_cursor());
        hints.push(("enter", if sheet.stage == Stage::Answer { "record the answer" } else { "go on" }));
    }
    if sheet.plans.len() > 1 && !matches!(sheet.stage, Stage::Sure | Stage::Watch(_)) {
        hints.push(("tab", "next command"));
    }
    hints.push(("esc", if matches!(sheet.stage, Stage::Watch(_)) { "close" } else { "run nothing" }));
    hint(pen, x, y + 1, &hints);
}

/// What was run of a step, newest first, for the drawer: it stands above the step's words, where it is seen.
pub(super) fn drawer(room: &Room, step: &StepId, lines: &mut Vec<Line>, width: u16) {
    unsaved(room, step, lines, width);
    let all = room.progress.attempts(step);
    let earlier = all.len().saturating_sub(RUNS);
    for (run, attempt) in all.into_iter().rev().take(RUNS) {
        lines.push(Vec::new());
        one(room, run, attempt, lines, width, OUTPUT);
    }
    if earlier > 0 {
        lines.push(vec![(format!("earlier runs: {earlier}; the timeline has them"), Role::Faint)]);
    }
}

/// Runs that the journal could not take yet: a way back does not wait for it.
fn unsaved(room: &Room, step: &StepId, lines: &mut Vec<Line>, width: u16) {
    for draft in room.unsaved.values().map(|u| &u.draft) {
        let Fact::CommandStarted(run) = &draft.fact else { continue };
        let live = room.live.runs.get(&run.run).filter(|_| run.step == *step);
        let Some(live) = live else { continue };
        lines.push(Vec::new());
        say(lines, &format!("run by {}, NOT RECORDED YET", draft.by.person), width, Role::Bad);
        let ended = room.unsaved.values().find_map(|u| match &u.draft.fact {
            Fact::CommandEnded(end) if end.run == run.run => Some(end),
            _ => None,
        });
        if let Some(end) = ended {
            say(lines, &format!("{}: {}", end.verdict, end.why), width, Role::Warn);
        }
        output(&live.lines, lines, OUTPUT);
    }
}

/// One run: who, when, how it stands, what it says.
fn one(room: &Room, run: uuid::Uuid, attempt: &Attempt, lines: &mut Vec<Line>, width: u16, most: usize) {
    let Some((stamp, by, started)) = &attempt.started else { return };
    let zone = room.plan.room.zone;
    let at = stamp.utc().with_timezone(&zone).format("%H:%M:%S");
    let head = format!("run {} by {} at {at} on {}", started.attempt, super::header::name(by), started.host);
    lines.push(vec![(head, Role::Dim)]);
    if let Some(reason) = &started.reason {
        say(lines, &format!("because {reason}"), width, Role::Warn);
    }
    let live = room.live.runs.get(&run);
    let Some((_, end)) = attempt.end() else {
        let since = age((room.now.utc - stamp.utc()).to_std().unwrap_or_default());
        let (words, role) = match live {
            Some(live) if live.whose == Whose::Nobodys => {
                let pid = live.pid.map_or_else(|| "pid ?".to_owned(), |pid| format!("pid {pid} alive"));
                (format!("unknown for {since}: found from before, {pid}"), Role::Warn)
            }
            Some(live) if live.paused => {
                ("it stands still since ctrl-z: r gives it the terminal again, or stops it".to_owned(), Role::Warn)
            }
            Some(live) => {
                let pid = live.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
                (format!("running for {since}{pid}; r and K stop it"), Role::Accent)
            }
            None => (format!("begun {since} ago; nothing is heard of it here"), Role::Warn),
        };
        say(lines, &words, width, role);
        if let Some((_, because)) = &attempt.aborted {
            say(lines, &format!("ABORTED by itself: {because}"), width, Role::Bad);
        } else if let Some((_, who)) = &attempt.stopped {
            say(lines, &format!("{} stops it", who.person), width, Role::Warn);
        }
        aborts(room, &started.step, lines, width);
        if let Some(live) = live {
            output(&live.lines, lines, most);
        }
        return;
    };
    let role = match end.verdict {
        RunVerdict::Pass => Role::Good,
        RunVerdict::Fail => Role::Bad,
        RunVerdict::Unknown => Role::Warn,
    };
    let took = age(Duration::from_millis(end.took));
    let who = end.killed_by.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    say(lines, &format!("{} after {took}: {}{who}", end.verdict, end.why), width, role);
    if room.aborts_asked().iter().any(|asked| asked.run == run) {
        lines.push(vec![("r decides what next: run it again, fail the step, roll back".to_owned(), Role::Bad)]);
    }
    if end.verdict == RunVerdict::Pass && !room.status(&started.step).settled() {
        lines.push(vec![("space ticks the step".to_owned(), Role::Good)]);
    }
    let mut all: Vec<String> = end.head.raw().lines().map(str::to_owned).collect();
    if end.dropped > 0 {
        all.push(format!("… {} bytes dropped …", end.dropped));
        all.extend(end.tail.raw().lines().map(str::to_owned));
    } else {
        all = format!("{}{}", end.head.raw(), end.tail.raw()).lines().map(str::to_owned).collect();
    }
    output(&all, lines, most);
}

fn output(all: &[String], lines: &mut Vec<Line>, most: usize) {
    let skipped = all.len().saturating_sub(most);
    if skipped > 0 {
        lines.push(vec![(format!("  {skipped} lines before"), Role::Faint)]);
    }
    let rows = all.iter().skip(skipped);
    lines.extend(rows.map(|l| vec![("  ".to_owned(), Role::Text), (escape(&l.replace('\t', "    ")), Role::Text)]));
}

fn say(lines: &mut Vec<Line>, text: &str, width: u16, role: Role) {
    lines.extend(wrap(&escape(text), width.into()).into_iter().map(|l| vec![(l.into_owned(), role)]));
}
