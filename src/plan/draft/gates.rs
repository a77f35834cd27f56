//! `[[gate]]` of the draft: decisions that the runbook declares, with the criteria that a probe can judge.

use std::collections::HashMap;

use super::sheet::{Block, Names, list, name, quoted, said};
use super::team::Team;
use super::words::{Section, above, duration, has, line, lines, offset, sections, t0_clock};
use crate::runbook::{Gate, Runbook, Step, Threshold};

/// Words of a time in which somebody watches.
const WATCH: [&str; 14] = [
    "monitor", "soak", "dwell", "observe", "watch", "bake", "wait", "hold", "beobacht", "warte", "surveill", "attend",
    "vigil", "監視",
];

/// Criteria of one gate that are drafted; nobody judges more by eye.
const CRITERIA: usize = 200;

/// Words of a load that is put on for a while before the gate, which is no time to wait at it.
const LOAD: [&str; 8] = [
    "soak test",
    "soak-test",
    "load test",
    "load-test",
    "stress test",
    "lasttest",
    "test de charge",
    "prueba de carga",
];

/// What is looked up for each gate of one runbook.
struct Place<'a> {
    book: &'a Runbook,
    sections: Vec<Section<'a>>,
    /// How often a bold label stands in the file.
    labels: HashMap<&'a str, usize>,
    /// What the numbers of a line became.
    conditions: HashMap<u32, Vec<&'a str>>,
    t0: Option<i64>,
    /// The numbers of the file that became conditions, by line.
    numbers: Vec<&'a Threshold>,
    /// Its steps, by line.
    steps: Vec<&'a Step>,
}

/// Those of a list in order of their lines that stand on lines `from..=until`.
fn between<T>(all: &[T], from: u32, until: u32, line: impl Fn(&T) -> u32) -> &[T] {
    let (start, end) = (all.partition_point(|t| line(t) < from), all.partition_point(|t| line(t) <= until));
    all.get(start..end).unwrap_or_default()
}

pub(super) fn gates(
    books: &[Runbook],
    conditions: &[(String, u32, String)],
    services: bool,
    team: &Team,
) -> Vec<Block> {
    let mut names = Names::default();
    let mut out = Vec::new();
    for book in books {
        let mut place = Place {
            book,
            sections: sections(book),
            labels: HashMap::new(),
            conditions: HashMap::new(),
            t0: t0_clock(book).map(|(minutes, _)| minutes),
            numbers: Vec::new(),
            steps: book.steps.iter().collect(),
        };
        for label in lines(book, 1, book.lines.len() as u32).filter_map(|(_, l)| super::words::label(l)) {
            *place.labels.entry(label).or_default() += 1;
        }
        for (_, n, condition) in conditions.iter().filter(|(path, _, _)| *path == book.path) {
            place.conditions.entry(*n).or_default().push(condition);
        }
        place.numbers = book.thresholds.iter().filter(|t| place.conditions.contains_key(&t.line)).collect();
        place.numbers.sort_by_key(|t| t.line);
        place.steps.sort_by_key(|s| s.line);
        for gate in &book.gates {
            out.push(draft(&place, gate, services, team, &mut names));
        }
    }
    out
}

fn draft(place: &Place<'_>, gate: &Gate, services: bool, team: &Team, names: &mut Names) -> Block {
    let (book, t0) = (place.book, place.t0);
    let heading = above(&place.sections, gate.line)
        .last()
        .map(|s| (s.heading, if s.heading.line == gate.line { s.end } else { s.own_end }));
    let (from, until) = heading.map_or((gate.line, gate.line), |(h, end)| (h.line, end));
    // A bold label that stands once in the file is a place of its own.
    let label = super::words::label(line(book, gate.line)).filter(|label| place.labels.get(label) == Some(&1));
    let mut block = Block::table("[[gate]]");
    block.from(&book.path, gate.line, line(book, gate.line));
    block.need(format!("name = {}", quoted(&names.take(&name(gate.title.raw()), "gate"))));
    if let Some(at) = label.or_else(|| heading.map(|(h, _)| h.text.raw())) {
        block.put(format!("at = {}", quoted(at)));
    }
    let mut judged: Vec<(u32, String)> = Vec::new();
    let mut by_people: Vec<&str> = Vec::new();
    let mut steps = false;
    let numbers: Vec<(u32, [String; 2])> = between(&place.numbers, from, until, |t| t.line)
        .iter()
        .map(|t| (t.line, [plain(t.text.raw()), plain(line(book, t.line))]))
        .collect();
    let own_steps = between(&place.steps, from, until, |s| s.line);
    let boxes: Vec<String> = own_steps.iter().map(|s| plain(s.text.raw())).collect();
    let judge = |n: u32, judged: &mut Vec<(u32, String)>| {
        for condition in place.conditions.get(&n).into_iter().flatten() {
            if !judged.iter().any(|(_, c)| c == condition) {
                judged.push((n, (*condition).to_owned()));
            }
        }
    };
    for criterion in gate.criteria.iter().take(CRITERIA) {
        let words = plain(criterion.raw());
        let mut any = false;
        for (n, _) in numbers.iter().filter(|(_, texts)| texts.iter().any(|t| same(t, &words))) {
            any = true;
            judge(*n, &mut judged);
        }
        let step = boxes.iter().any(|s| same(s, &words));
        steps |= step;
        if !any && !step {
            by_people.push(criterion.raw());
        }
    }
    // The decision's own line may say its numbers.
    if between(&place.numbers, gate.line, gate.line, |t| t.line).iter().any(|t| t.severity.is_none()) {
        judge(gate.line, &mut judged);
    }
    if gate.criteria.len() > CRITERIA {
        block.note(&format!(
            "of {} criteria, the first {CRITERIA} are drafted; the others stay in the runbook",
            gate.criteria.len()
        ));
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
    let has_steps = label.is_none() && own_steps.iter().any(|s| from < s.line);
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
    let watched = lines(book, from, until).find_map(|(n, text)| {
        (has(text, &WATCH) && !has(text, &LOAD)).then(|| duration(text)).flatten().map(|s| (n, s, text))
    });
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

/// A text without markup and blanks, in small letters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// Whether one plain text is the other, or holds it.
fn same(a: &str, b: &str) -> bool {
    let long = |text: &str| text.chars().nth(7).is_some();
    !a.is_empty() && !b.is_empty() && (a == b || (long(a) && b.contains(a)) || (long(b) && a.contains(b)))
}
