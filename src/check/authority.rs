//! Who decides on the rollback: one role, said the same everywhere, in the plan too.

use super::pattern::pattern;
use super::sheet::{Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::AUTHORITY;
use crate::plan::Plan;

pattern! {
    /// Names of roles, as people write them.
    ROLE = r"\b(incident (?:commander|manager|lead)|release (?:commander|manager|lead|captain|engineer|owner)|deployment (?:lead|manager|commander)|change manager|cut-?over (?:manager|lead|commander)|(?:war room )?commander|on-?call(?: engineer| lead| sre| person)?|tech(?:nical)? lead|engineering (?:manager|lead)|sre(?: lead| on-?call)?|ops lead|operations lead|devops (?:engineer|lead)|duty (?:manager|officer)|product (?:manager|owner)|database admin(?:istrator)?|dba|cto|vp (?:of )?engineering|service owner|team lead|release team)\b";
    /// Having the decision itself.
    OWNS = r"\b(?:owns?|holds?|makes?|has|takes?|responsible for|accountable for)\b[^.;]{0,60}\b(?:roll[ -]?back|revert)\b[^.;]{0,20}\b(?:decision|call|authority)|\b(?:owns?|holds?|makes?)\b[^.;]{0,30}\b(?:decision|call|authority)[^.;]{0,30}\broll(?:ing)?[ -]?back|\b(?:decides?|declares?|authori[sz]es?|approves?|calls|orders?)\b[^.;]{0,40}\broll(?:ing)?[ -]?back|\broll[ -]?back\s+(?:decision|authority|owner|call|is decided by|decided by|approved by)\b|\b(?:has|have|gets) the (?:last|final) (?:word|say)\b[^.;]{0,30}\broll[ -]?back|\bdecides?\b[^.;]{0,30}\b(?:go(?:es|ing)? back|back out|revert|return) to\b|\bmay (?:call|order|decide)[^.;]{0,20}roll";
    /// In a section about rolling back these words are about it.
    DECLARES = r"\b(?:declares?|decides?|authori[sz]es?|approves?|makes the (?:final )?(?:call|decision)|final decision)\b";
    ASKS = r"\b(?:inform|notify|page|engage|escalate|tell|ask|contact|call)\b\s+(?:the\s+)?$|\?$";
}

/// Each statement is held against each.
const MOST: usize = 200;

/// One statement of who decides.
struct Says {
    sheet: usize,
    line: u32,
    roles: Vec<String>,
    words: String,
}

/// Over all runbooks and the plan: each finding with the index of its runbook's sink.
pub(super) fn check(sheets: &[Sheet<'_>], plan: Option<(&Plan, &str)>, out: &mut [Sink]) {
    let mut said: Vec<Says> = Vec::new();
    for (ix, sheet) in sheets.iter().enumerate() {
        said.extend(sheet.spoken().filter(|r| !r.is_code()).filter_map(|row| says(ix, sheet, row)));
    }
    said.truncate(MOST);
    let planned: Vec<String> = plan
        .iter()
        .flat_map(|(p, _)| p.roles.iter())
        .filter(|r| r.decides.iter().any(|d| d == "rollback"))
        .map(|r| key(&r.name))
        .collect();
    for (ix, own) in said.iter().enumerate() {
        let (Some(sheet), Some(out)) = (sheets.get(own.sheet), out.get_mut(own.sheet)) else { continue };
        let other = said.get(..ix).into_iter().flatten().find(|o| !o.roles.iter().any(|r| own.roles.contains(r)));
        if let Some(other) = other {
            let place = if other.sheet == own.sheet {
                format!("line {}", other.line)
            } else {
                format!("{} line {}", sheets.get(other.sheet).map_or("", |s| s.source.file), other.line)
            };
            let message = format!(
                "here the {} decides on the rollback, at {place} the {}",
                own.roles.join(" or "),
                other.roles.join(" or ")
            );
            out.words(
                sheet,
                AUTHORITY,
                own.line,
                &own.words,
                &message,
                "name one role that decides, and say who stands in for it",
            );
        } else if let Some((_, file)) =
            plan.filter(|_| !planned.is_empty() && !own.roles.iter().any(|r| planned.contains(r)))
        {
            let message = format!(
                "here the {} decides on the rollback, in {file} the {}",
                own.roles.join(" or "),
                planned.join(" or ")
            );
            out.words(
                sheet,
                AUTHORITY,
                own.line,
                &own.words,
                &message,
                "let runbook and plan name the same role: `decides = [\"rollback\"]`",
            );
        }
    }
}

fn says(ix: usize, sheet: &Sheet<'_>, row: &Row<'_>) -> Option<Says> {
    let own = OWNS.is_in(row.text);
    let in_section = DECLARES.is_in(row.text)
        && sheet.is_rollback(row)
        && sheet.own(row.section).any(|r| r.line > row.line && super::sheet::speaks_of_rollback(r.text));
    if !own && !in_section {
        return None;
    }
    let mut roles = Vec::new();
    let mut words = String::new();
    for found in ROLE.all(row.text).filter_map(|c| c.get(1)) {
        // Whoever is told does not decide.
        if ASKS.is_in(row.text.get(..found.start()).unwrap_or_default()) {
            continue;
        }
        if words.is_empty() {
            found.as_str().clone_into(&mut words);
        }
        roles.push(key(found.as_str()));
    }
    for role in &sheet.book.roles {
        if role.line == row.line && roles.is_empty() {
            roles.push(key(role.name.raw()));
            role.name.raw().clone_into(&mut words);
        }
    }
    roles.dedup();
    (!roles.is_empty()).then_some(Says { sheet: ix, line: row.line, roles, words })
}

/// One spelling for each role.
fn key(name: &str) -> String {
    let lower = name.to_lowercase().replace("on call", "on-call").replace("oncall", "on-call");
    match lower.trim() {
        "on-call" | "on-call lead" | "on-call person" | "on-call sre" | "sre on-call" => "on-call engineer".to_owned(),
        "tech lead" => "technical lead".to_owned(),
        "dba" | "database administrator" => "database admin".to_owned(),
        other => other.to_owned(),
    }
}
