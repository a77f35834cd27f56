//! `[[role]]` of the draft: who does what, and who decides.

use super::sheet::{Block, Names, list, name, quoted, said};
use super::words::{has, line};
use crate::runbook::Runbook;

/// Who decides, as far as the runbook says.
#[derive(Default)]
pub(super) struct Team {
    /// Roles that decide gates.
    pub decide: Vec<String>,
    /// Whether the roles have people, so that they stand in the plan.
    pub staffed: bool,
}

pub(super) fn roles(books: &[Runbook]) -> (Vec<Block>, Team) {
    const GATES: [&str; 9] = [
        "commander",
        "go/no-go",
        "go / no-go",
        "decision",
        "decides",
        "sign off",
        "einsatzleit",
        "entscheid",
        "décision",
    ];
    let mut names = Names::default();
    let mut all: Vec<(&Runbook, &crate::runbook::Role, String)> = Vec::new();
    for (book, role) in books.iter().flat_map(|b| b.roles.iter().map(move |r| (b, r))) {
        let called = name(role.name.raw());
        if !called.is_empty() && !all.iter().any(|(.., n)| n.eq_ignore_ascii_case(&called)) {
            all.push((book, role, names.take(&called, "role")));
        }
    }
    let open = |person: &Option<crate::text::Untrusted>| {
        person.as_ref().is_none_or(|p| {
            has(p.raw(), &["tbd", "tba", "tbc", "todo", "xxx", "<", "?"]) || p.raw().contains(['<', '?'])
        })
    };
    let staffed = all.iter().any(|(_, role, _)| !open(&role.person));
    let says =
        |role: &crate::runbook::Role, words: &[&str]| has(&format!("{} {}", role.name.raw(), role.duty.raw()), words);
    let mut team = Team { decide: Vec::new(), staffed };
    for (_, role, called) in &all {
        if says(role, &GATES) {
            team.decide.push(called.clone());
        }
    }
    // "… & decisions" beside a commander is advice.
    if let Some(one) = team.decide.iter().find(|n| has(n, &["commander", "einsatzleit"])).cloned() {
        team.decide = vec![one];
    }
    let mut blocks = Vec::new();
    let mut waiting: Vec<&str> = Vec::new();
    for (book, role, called) in &all {
        let mut block = Block::table("[[role]]");
        block.from(&book.path, role.line, line(book, role.line));
        block.need(format!("name = {}", quoted(called)));
        match &role.person {
            Some(person) if !open(&role.person) => {
                let people: Vec<String> =
                    person.raw().split([',', '/', '&', ';']).map(name).filter(|p| !p.is_empty()).collect();
                block.put(format!("people = {}", list(people.iter().map(String::as_str))));
            }
            _ => {
                waiting.push(called);
                block.wait("people = [\"…\"]");
            }
        }
        let mut decides = Vec::new();
        if team.decide.contains(called) {
            decides.push("gates");
        }
        if says(role, &["rollback"])
            || (team.decide.contains(called) && !all.iter().any(|(_, r, _)| says(r, &["rollback"])))
        {
            decides.push("rollback");
        }
        if team.decide.contains(called) {
            decides.push("breakers");
        }
        if !decides.is_empty() {
            block.put(format!("decides = {}", list(decides)));
        }
        if !staffed {
            block.off();
        }
        blocks.push(block);
    }
    if let (Some(first), false) = (blocks.first_mut(), waiting.is_empty()) {
        let who = said(&waiting.join(", "));
        first.ask(&if staffed {
            format!("who is {who}? A role without people can be taken by nobody")
        } else {
            format!(
                "who is who: {who}? Take the # away where people are named; without roles everybody may do everything"
            )
        });
    }
    if team.decide.is_empty()
        && staffed
        && let Some(first) = blocks.first_mut()
    {
        first.ask(
            "which role decides gates, rollback and breakers? Nobody can move T-0 or close the room until one does",
        );
        first.wait("decides = [\"gates\", \"rollback\", \"breakers\"]");
    }
    (blocks, team)
}
