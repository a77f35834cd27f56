//! How people and rooms are reached, and where somebody still has to fill that in.

use super::lines::{Place, Said, bare};
use super::{Seen, column};
use crate::runbook::markdown::{Kind, Row};
use crate::runbook::{Contact, Standing, Way, WayKind};

/// As many as one page holds.
const MAX: usize = 500;

/// Contacts in document order.
pub(in crate::runbook) fn contacts(seen: &Seen<'_>, lines: &[Said<'_>]) -> Vec<Contact> {
    let mut out: Vec<Contact> = Vec::new();
    for (block, _) in seen.blocks() {
        if let Kind::Table(rows) = &block.kind {
            out.extend(from_table(rows));
        }
    }
    for said in lines {
        if matches!(said.place, Place::Prose | Place::Shown) {
            let title = seen.title(said.heading).to_lowercase();
            let about = [
                "contact",
                "escalat",
                "emergency",
                "on-call",
                "kontakt",
                "联系",
                "連絡",
                "контакт",
                "war room",
                "communication",
            ]
            .iter()
            .any(|w| title.contains(w));
            out.extend(from_line(bare(&said.text), said.line, about));
        }
    }
    out.sort_by_key(|c| c.line);
    out.truncate(MAX);
    out
}

fn from_table(rows: &[Row]) -> Vec<Contact> {
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let head = &head.cells;
    let kinds: Vec<Option<WayKind>> = head.iter().map(|c| kind_of_column(c)).collect();
    if !kinds.iter().flatten().any(|k| *k != WayKind::Person) {
        return vec![];
    }
    let name = column(
        head,
        &[
            "role", "team", "function", "area", "rolle", "rôle", "rol", "funktion", "角色", "役割", "роль", "service",
            "who",
        ],
    )
    .or_else(|| kinds.iter().position(Option::is_none))
    .or_else(|| kinds.iter().position(|k| *k == Some(WayKind::Person)));
    let Some(name) = name else { return vec![] };
    body.iter()
        .filter_map(|row| {
            let who = row.cells.get(name).map(|c| c.trim()).filter(|c| !c.is_empty())?;
            let ways: Vec<Way> = row
                .cells
                .iter()
                .zip(&kinds)
                .enumerate()
                .filter(|(i, (c, _))| *i != name && !c.trim().is_empty())
                .filter_map(|(_, (cell, kind))| {
                    let cell = cell.trim();
                    let kind = (*kind)?;
                    let kind = if kind == WayKind::Person { kind } else { kind_of(cell).unwrap_or(kind) };
                    Some(way(kind, cell))
                })
                .collect();
            (!ways.is_empty()).then(|| Contact { name: who.into(), line: row.line, ways })
        })
        .collect()
}

fn kind_of_column(head: &str) -> Option<WayKind> {
    let lower = head.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["phone", "mobile", "telefon", "téléphone", "teléfono", "tel.", "pager", "电话", "電話", "телефон", "dial"])
    {
        Some(WayKind::Phone)
    } else if has(&["mail", "correo", "邮箱", "почта"]) {
        Some(WayKind::Email)
    } else if has(&["slack", "teams", "chat", "channel", "handle", "discord", "kanal", "canal"]) {
        Some(WayKind::Chat)
    } else if has(&["zoom", "bridge", "meeting", "link"]) {
        Some(WayKind::Link)
    } else if has(&["contact", "kontakt", "reach", "contacto"]) {
        Some(WayKind::Phone)
    } else if matches!(
        lower.trim(),
        "name"
            | "person"
            | "primary"
            | "backup"
            | "secondary"
            | "on-call"
            | "nom"
            | "nombre"
            | "who"
            | "姓名"
            | "氏名"
            | "имя"
    ) {
        Some(WayKind::Person)
    } else {
        None
    }
}

fn way(kind: WayKind, text: &str) -> Way {
    Way { kind, text: text.into(), standing: if is_open(text) { Standing::Open } else { Standing::Given } }
}

/// `TBD`, `???`, `+1-XXX-XXXX`, `<Phone>`, `[name]`, `______`: nobody has filled it in.
pub(in crate::runbook) fn is_open(text: &str) -> bool {
    let text = text.trim();
    let upper = text.to_uppercase();
    text.is_empty()
        || upper.contains("XXX")
        || upper
            .split(|c: char| !c.is_alphanumeric())
            .any(|w| matches!(w, "TBD" | "TODO" | "TBC" | "TBA" | "UNASSIGNED"))
        || text.starts_with('<') && text.ends_with('>') && !text.contains(['@', '.'])
        || text.starts_with(['[', '{']) && text.ends_with([']', '}'])
        || !text.contains(char::is_alphanumeric)
}

/// What a word is by its looks.
fn kind_of(word: &str) -> Option<WayKind> {
    let word = word.trim_matches(['(', ')', ',', ';', '`', '*', '"', '\'']);
    if word.contains("://") {
        return Some(WayKind::Link);
    }
    if let Some(inner) = word.strip_prefix('<').and_then(|w| w.strip_suffix('>')) {
        return match inner.to_lowercase().as_str() {
            "phone" | "mobile" | "number" | "tel" | "pager" => Some(WayKind::Phone),
            "email" | "mail" | "e-mail" => Some(WayKind::Email),
            "slack" | "handle" | "channel" | "teams" => Some(WayKind::Chat),
            "name" | "person" => Some(WayKind::Person),
            _ => None,
        };
    }
    if let Some((user, host)) = word.split_once('@') {
        if user.is_empty() {
            let fine =
                host.len() > 1 && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
            return fine.then_some(WayKind::Chat);
        }
        return (host.contains('.') && !host.ends_with('.') && !user.contains(['/', ':'])).then_some(WayKind::Email);
    }
    if let Some(channel) = word.strip_prefix('#') {
        let fine = channel.len() > 1
            && channel.starts_with(|c: char| c.is_alphabetic())
            && channel.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        return fine.then_some(WayKind::Chat);
    }
    is_phone(word).then_some(WayKind::Phone)
}

/// `+1-555-0100`, `+1-XXX-XXXX`, `+49 30 1234567` (its first part).
fn is_phone(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('+') else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.len() >= 6
        && rest.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, '-' | '.' | '(' | ')'))
}

/// `CTO: <Phone> <Email> <Slack>`, `Slack Channel: #go-live`, `War Room Zoom: https://…`.
fn from_line(text: &str, line: u32, about: bool) -> Option<Contact> {
    if !["@", "+", "#", "://", "<", "TB", "TODO", "XXX"].iter().any(|w| text.contains(w)) {
        return None;
    }
    let (name, rest) = [": ", "：", " - ", " – ", " — "]
        .iter()
        .filter_map(|s| Some((text.find(s)?, s.len())))
        .min()
        .and_then(|(at, len)| Some((text.get(..at)?, text.get(at + len..)?)))?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 48 || name.split_whitespace().count() > 6 || name.contains("://") {
        return None;
    }
    let mut ways: Vec<Way> = Vec::new();
    let mut others = 0;
    for word in rest.split_whitespace() {
        match kind_of(word) {
            Some(kind) => ways.push(way(kind, word.trim_matches(['(', ')', ',', ';', '`', '*']))),
            None if is_open(word) && about && word.contains(char::is_alphabetic) => {
                ways.push(way(WayKind::Person, word));
            }
            None => others += 1,
        }
    }
    let place = {
        let lower = name.to_lowercase();
        [
            "zoom",
            "slack",
            "channel",
            "bridge",
            "war room",
            "status page",
            "meeting",
            "call",
            "hotline",
            "pager",
            "teams",
            "escalation",
        ]
        .iter()
        .any(|w| lower.contains(w))
    };
    let links_only = ways.iter().all(|w| w.kind == WayKind::Link);
    let fine = !ways.is_empty()
        && others <= 4
        && (about
            || place
            || !links_only && others <= 2 && ways.iter().any(|w| matches!(w.kind, WayKind::Phone | WayKind::Email)));
    fine.then(|| Contact { name: name.into(), line, ways })
}
