//! `[[gate]]` of the draft: decisions that the runbook declares, with the criteria that a probe can judge.

use super::sheet::{Block, Names, list, name, quoted, said};
use super::team::Team;
use super::words::{above, duration, has, line, lines, offset, sections, t0_clock};
use crate::runbook::{Gate, Runbook};

/// Words of a time in which somebody watches.
const WATCH: [&str; 14] = [
    "monitor", "soak", "dwell", "observe", "watch", "bake", "wait", "hold", "beobacht", "warte", "surveill", "attend",
    "vigil", "監視",
];

pub(super) fn gates(
    books: &[Runbook],
    conditions: &[(String, u32, String)],
    services: bool,
    team: &Team,
) -> Vec<Block> {
    let mut names = Names::default();
    let mut out = Vec::new();
    for book in books {
        let t0 = t0_clock(book).map(|(minutes, _)| minutes);
        for gate in &book.gates {
            out.push(draft(book, gate, conditions, services, team, t0, &mut names));
        }
    }
    out
}

fn draft(
    book: &Runbook,
    gate: &Gate,
    conditions: &[(String, u32, String)],
    services: bool,
    team: &Team,
    t0: Option<i64>,
    names: &mut Names,
) -> Block {
    let sections = sections(book);
    let heading = above(&sections, gate.line)
        .last()
        .map(|s| (s.heading, if s.heading.line == gate.line { s.end } else { s.own_end }));
    let (from, until) = heading.map_or((gate.line, gate.line), |(h, end)| (h.line, end));
    // A bold label that stands once in the file is a place of its own.
    let label = super::words::label(line(book, gate.line)).filter(|label| {
        lines(book, 1, book.lines.len() as u32).filter(|(_, l)| super::words::label(l) == Some(label)).count() == 1
    });
    let mut block = Block::table("[[gate]]");
    block.from(&book.path, gate.line, line(book, gate.line));
    block.need(format!("name = {}", quoted(&names.take(&name(gate.title.raw()), "gate"))));
    if let Some(place) = label.or_else(|| heading.map(|(h, _)| h.text.raw())) {
        block.put(format!("at = {}", quoted(place)));
    }
    let mut judged: Vec<(u32, String)> = Vec::new();
    let mut by_people: Vec<&str> = Vec::new();
    let mut steps = false;
    for criterion in &gate.criteria {
        let of = |t: &&crate::runbook::Threshold| {
            (from..=until).contains(&t.line)
                && (same(t.text.raw(), criterion.raw()) || same(line(book, t.line), criterion.raw()))
        };
        let mut any = false;
        for t in book.thresholds.iter().filter(of) {
            for (_, n, condition) in conditions.iter().filter(|(path, n, _)| *path == book.path && *n == t.line) {
                any = true;
                if !judged.iter().any(|(_, c)| c == condition) {
                    judged.push((*n, condition.clone()));
                }
            }
        }
        let step = book.steps.iter().any(|s| (from..=until).contains(&s.line) && same(s.text.raw(), criterion.raw()));
        steps |= step;
        if !any && !step {
            by_people.push(criterion.raw());
        }
    }
    for criterion in &by_people {
        block.note(&format!("judged by people: {}", said(criterion)));
    }
    block.put("criteria = [");
    for (n, condition) in &judged {
        block.put_said(format!("    {},", quoted(condition)), &format!("line {n}"));
    }
    if steps {
        block.put_said("    \"steps done\",", "its criteria are boxes of the runbook");
    }
    let has_steps = label.is_none() && book.steps.iter().any(|s| from < s.line && s.line <= until);
    let extra = |what: &str| format!("    {},", quoted(what));
    if !judged.is_empty() || steps {
        if services {
            block.wait(format!("{}   # as well?", extra("services up")));
        }
    } else if services {
        block.ask("the runbook names nothing here that a probe can judge; is it enough that the services are up?");
        block.put(extra("services up"));
    } else if has_steps {
        block.put_said(extra("steps done"), "no probe can judge more");
    }
    block.put("]");
    let watched = lines(book, from, until)
        .find_map(|(n, text)| has(text, &WATCH).then(|| duration(text)).flatten().map(|s| (n, s, text)));
    if let Some((n, seconds, text)) = watched {
        block.put_said(
            format!("dwell = {}", quoted(&super::words::span(seconds))),
            &format!("line {n}: {}", said(text.trim())),
        );
    }
    if team.decide.is_empty() {
        block.wait("votes = [\"…\"]   # roles that say GO");
    } else if team.staffed {
        block.put(format!("votes = {}", list(team.decide.iter().map(String::as_str))));
    } else {
        block.wait(format!(
            "votes = {}   # once the roles above have people",
            list(team.decide.iter().map(String::as_str))
        ));
    }
    if judged.is_empty() && !steps && !services && !has_steps && !team.staffed {
        // An empty gate would be open: it waits for whoever says GO.
        block.off();
        block.ask("no probe can judge this; which roles say GO? Write them as `votes`");
    }
    match gate.at.as_ref().map(|at| (at, offset(at, t0))) {
        Some((_, Some(deadline))) => {
            block.put(format!("deadline = {}", quoted(&deadline)));
        }
        Some((at, None)) => {
            let said = match at {
                crate::runbook::At::Clock { clock, .. } => {
                    format!("decided at {}, a clock time: write it from T-0", said(clock))
                }
                crate::runbook::At::T { .. } => "a time that cannot be read".to_owned(),
            };
            block.note(&said);
            block.wait("deadline = \"T+…\"");
        }
        None => {}
    }
    block
}

/// Whether one text is the other, or its beginning, without markup.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (a, b) = (plain(a), plain(b));
    !a.is_empty()
        && !b.is_empty()
        && (a == b || (a.chars().count() > 7 && b.contains(&a)) || (b.chars().count() > 7 && a.contains(&b)))
}
