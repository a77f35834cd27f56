//! Roles from tables (`Role | Name | Responsibility`) and bullets (`On-call engineer: owns alerts`).

use super::column;
use crate::runbook::Role;
use crate::runbook::markdown::{Block, Doc, Kind};

/// Roles in document order; a name counts once.
pub(in crate::runbook) fn roles<'t>(doc: &Doc, under: &[Option<usize>], title: &dyn Fn(usize) -> &'t str) -> Vec<Role> {
    let mut out: Vec<Role> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (ix, (block, heading)) in doc.blocks.iter().zip(under).enumerate() {
        let found = match &block.kind {
            Kind::Table(_) => from_table(block),
            Kind::Paragraph
                if block
                    .item
                    .and_then(|i| doc.items.get(i))
                    .is_some_and(|i| i.text == Some(ix) && i.task.is_none()) =>
            {
                let about_people = heading.is_some_and(|h| names_people(title(h)));
                from_bullet(block, about_people).into_iter().collect()
            }
            _ => vec![],
        };
        for role in found {
            if seen.insert(role.name.raw().to_lowercase()) {
                out.push(role);
            }
        }
    }
    out
}

fn names_people(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    [
        "owner",
        "role",
        "team",
        "people",
        "staff",
        "responsib",
        "contact",
        "who",
        "crew",
        "rollen",
        "rôles",
        "equipo",
        "participants",
        "assignments",
        "raci",
    ]
    .iter()
    .any(|w| lower.contains(w))
}

fn from_table(block: &Block) -> Vec<Role> {
    let Kind::Table(rows) = &block.kind else { return vec![] };
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let Some(role) = column(
        &head.cells,
        &[
            "role",
            "roles",
            "rolle",
            "rol",
            "rôle",
            "ruolo",
            "función",
            "funktion",
            "position",
            "team role",
            "角色",
            "役割",
        ],
    ) else {
        return vec![];
    };
    let person = column(
        &head.cells,
        &[
            "name",
            "person",
            "who",
            "people",
            "assignee",
            "assigned",
            "assigned to",
            "primary",
            "owner",
            "contact",
            "nombre",
            "nom",
            "nome",
            "wer",
            "verantwortlich",
            "on-call",
        ],
    );
    let duty = column(
        &head.cells,
        &[
            "responsibility",
            "responsibilities",
            "duty",
            "duties",
            "task",
            "tasks",
            "owns",
            "area",
            "description",
            "scope",
            "aufgabe",
            "aufgaben",
            "verantwortung",
            "responsabilidad",
            "responsabilidades",
            "responsabilité",
            "responsabilités",
            "职责",
        ],
    );
    if person.is_none()
        && duty.is_none()
        && head.cells.len() > 1
        && column(&head.cells, &["phone", "slack", "email", "telefon"]).is_none()
    {
        return vec![];
    }
    let cell = |row: &crate::runbook::markdown::Row, i: Option<usize>| {
        i.and_then(|i| row.cells.get(i)).map(|c| c.trim().to_owned()).filter(|c| !c.is_empty())
    };
    body.iter()
        .filter_map(|row| {
            Some(Role {
                name: cell(row, Some(role))?.into(),
                person: cell(row, person).filter(|p| is_person(p)).map(Into::into),
                duty: cell(row, duty).unwrap_or_default().into(),
                line: row.line,
            })
        })
        .collect()
}

/// A name that was filled in: `TBD`, `-`, `?`, `<name>` are none.
fn is_person(cell: &str) -> bool {
    let upper = cell.to_uppercase();
    cell.contains(char::is_alphabetic)
        && !cell.starts_with(['<', '[', '{'])
        && !["TBD", "TODO", "TBC", "TBA", "N/A", "NONE", "UNASSIGNED", "XXX"]
            .iter()
            .any(|w| upper == *w || upper.starts_with(&format!("{w} ")))
}

/// Verbs that say what somebody is there for.
const DUTIES: &[&str] = &[
    "owns",
    "own",
    "responsible",
    "leads",
    "drives",
    "approves",
    "decides",
    "coordinates",
    "handles",
    "validates",
    "verifies",
    "monitors",
    "executes",
    "runs",
    "manages",
    "communicates",
    "watches",
    "performs",
    "signs",
    "oversees",
    "supports",
    "makes",
    "accountable",
    "reviews",
    "deploys",
    "tracks",
    "keeps",
    "calls",
    "ensures",
    "maintains",
    "announces",
    "updates",
];

/// The name and duty of `X: owns …` or `X - responsible for …`.
fn split_duty(text: &str) -> Option<(&str, &str)> {
    let at = [": ", " - ", " – ", " — "].iter().filter_map(|s| Some((text.find(s)?, s.len()))).min()?;
    let (name, rest) = (text.get(..at.0)?.trim(), text.get(at.0 + at.1..)?.trim());
    let words = name.split_whitespace().count();
    let fits = (1..=5).contains(&words)
        && name.len() <= 48
        && name.starts_with(char::is_alphabetic)
        && !name.contains(['`', '/', '=', '%']);
    (fits && !rest.is_empty()).then_some((name, rest))
}

/// Whether a bullet says who does what rather than what to do.
pub(in crate::runbook) fn is_duty(text: &str) -> bool {
    split_duty(text).is_some_and(|(_, rest)| begins_with_duty(rest))
}

fn begins_with_duty(rest: &str) -> bool {
    let first = rest.split(|c: char| !c.is_alphabetic()).find(|w| !w.is_empty()).unwrap_or("");
    DUTIES.iter().any(|d| first.eq_ignore_ascii_case(d))
}

fn from_bullet(block: &Block, about_people: bool) -> Option<Role> {
    let (name, rest) = split_duty(block.plain())?;
    let duty = begins_with_duty(rest);
    // Under a heading about people a name may follow instead of a duty: `DBA: first-name last-name`, `IC: @handle`.
    let person = about_people
        && !duty
        && (rest.starts_with('@') || rest.split_whitespace().count() <= 4 && rest.starts_with(char::is_uppercase));
    if !duty && !person {
        return None;
    }
    let (name, inner) = match name.split_once('(') {
        Some((name, inner)) => (name.trim(), Some(inner.trim_end_matches(')').trim())),
        None => (name, None),
    };
    let words_of_a_role = about_people
        || name.split_whitespace().any(|w| {
            let w = w.to_lowercase();
            [
                "owner",
                "lead",
                "engineer",
                "manager",
                "commander",
                "on-call",
                "oncall",
                "dba",
                "admin",
                "team",
                "support",
                "sre",
                "devops",
                "officer",
                "coordinator",
                "operator",
                "developer",
                "communications",
                "comms",
                "scribe",
                "analyst",
                "director",
                "cto",
            ]
            .contains(&w.as_str())
        });
    words_of_a_role.then(|| Role {
        name: name.into(),
        person: if person { Some(rest).filter(|r| is_person(r)).map(Into::into) } else { inner.map(Into::into) },
        duty: if person { String::new() } else { rest.trim_end_matches('.').to_owned() }.into(),
        line: block.first,
    })
}
