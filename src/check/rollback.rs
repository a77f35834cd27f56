//! The way back: whether there is one, and whether it takes as long as the runbook says elsewhere.

use std::collections::BTreeMap;

use super::pattern::pattern;
use super::sheet::{Kind, Row, Sheet, speaks_of_rollback};
use super::shell::{Simple, parse};
use super::sink::Sink;
use crate::finding::codes::{NO_WAY_BACK, ROLLBACK_TIMES};

pattern! {
    /// How long it takes, in words that can only mean that.
    TAKES = r"\b(?:takes?|taking|completes?|completed|finishes|restored|online|done|effective|up again|live again|rollback time|time to roll ?back|rto|dauert|dure|tarda)\b[^.|]{0,30}?\(?\b((\d+(?:\.\d+)?)(?:\s?(?:-|–|to)\s?(\d+(?:\.\d+)?))?\s?(seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h|sekunden|minuten|stunden)\b)";
    /// `Rollback procedure (5 min)`, `Rollback time: < 2 minutes`.
    NAMED = r"\brollback[^|.(:\d]{0,30}[(:][\s*]*(?:<|≤|~|≈|under|about|within|max\.?|up to)?\s*((\d+(?:\.\d+)?)(?:\s?(?:-|–|to)\s?(\d+(?:\.\d+)?))?\s?(seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h)\b)";
    /// A part of it, or something around it.
    NOT_ALL = r"\bstep\b|\bwindow|decision|criteria|trigger|deadline|threshold|\bpoint|\btest|drill|rehears|communicat|notif|\bverif|\bpost|\bprep|readiness|\bif\b|\bplan\b.*\breview";
    /// `Wait 5 minutes for caches to clear`.
    SETTLES = r"\bwait(?:\s+for)?\s+((\d+(?:\.\d+)?)(?:\s?(?:-|–|to)\s?(\d+(?:\.\d+)?))?\s?(seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h)\b)\s+for\b.{0,40}\b(?:clear|drain|propagat\w*|settle|expire|flush|warm|restart|recover)";
    /// Other lengths than that of the way back.
    OTHER = r"\b(?:monitor|watch|observe|stability|stable|decid|decision|every|if (?:the )?issue|not resolved|last|older|retention|ago|within the)\b";
    PART = r"\b(database|db|schema|data|migration|application|app|traffic|dns|config\w*|infrastructure|infra|frontend|backend|api|web|mobile|worker|flags?|feature|cache|queue|search|region|partial|full|quick|fast|instant|complete)\b";
    /// Steps that change production.
    CHANGES = r"^(?:\W|\d)*(?:deploy|migrate|cut over|switch (?:traffic|over|dns)|roll out|apply (?:the )?(?:database |schema )?migrations?|promote|upgrade|run (?:the )?(?:database )?migrations?|failover|fail over)\b";
    /// What a book is about that changes production on purpose; one that treats an alarm is none.
    CUTOVER = r"deploy|releas|go[- ]?live|migrat|cut-?over|upgrad|roll-?out|launch|mise en production|despliegue|lanzamiento|inbetriebnahme|einführung|выкат|релиз|上线|发布|部署|リリース|デプロイ";
    HARMLESS = r"\b(?:staging|test|dev|preview|sandbox|local|dry[- ]run|docs?|documentation|website|homepage|pypi|npm|crates)\b";
    /// Words by which a runbook has a way back, or says that there is none.
    WAY = r"\broll(?:ing|ed|s)?[ -]?(?:back|forward)|\bback ?out|\bfail ?back|\bundo\b|\brestor|\brevert|\bfix[- ]forward|\bprevious (?:version|release|image|revision)|\bdowngrade|\bno way back|\birreversib|\bsnapshot|\bbackup|\bback up|zurückroll|rückfall|rücknahme|wiederherstell|sicherung|retour arrière|restaur|reversión|откат|восстанов|回滚|回滾|回退|恢复|备份|ロールバック|切り戻し|復旧|バックアップ|롤백";
    /// Speaks of rolling back without saying how.
    DECIDES = r"\broll(?:ing|ed|s)?[ -]?back (?:decision|authority|owner|criteria|target|if|when|immediately)|\bowns?\b.*\brollback|\brollback\b.*\bdecision";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    times(sheet, out);
    missing(sheet, out);
}

/// One statement of how long the way back takes.
struct Takes<'r, 'a> {
    lo: f64,
    hi: f64,
    words: &'r str,
    row: &'r Row<'a>,
}

fn times(sheet: &Sheet<'_>, out: &mut Sink) {
    // A database takes longer than a switch of traffic: only the same is held against the same.
    let mut by_part: BTreeMap<String, Vec<Takes<'_, '_>>> = BTreeMap::new();
    for row in sheet.spoken() {
        let speaks = sheet.is_rollback(row) || speaks_of_rollback(row.text);
        if !speaks || OTHER.is_in(row.text) {
            continue;
        }
        let Some(found) = TAKES
            .captures(row.text)
            .or_else(|| SETTLES.captures(row.text))
            .or_else(|| NAMED.captures(row.text).filter(|_| !NOT_ALL.is_in(row.text)))
        else {
            continue;
        };
        let n = |i: usize| found.get(i).and_then(|m| m.as_str().parse::<f64>().ok());
        let (Some(words), Some(lo), Some(unit)) = (found.get(1), n(2), found.get(4)) else { continue };
        let scale = match unit.as_str().to_lowercase().chars().next() {
            Some('h') => 3600.0,
            Some('m') => 60.0,
            _ if unit.as_str().to_lowercase().starts_with("stu") => 3600.0,
            _ => 1.0,
        };
        // What the whole book is about is no part of the way back.
        let title = sheet.sections.get(row.section).filter(|s| s.level > 1).map_or("", |s| s.title);
        let about = format!("{title} {}", sheet.label(row)).to_lowercase();
        let mut parts: Vec<String> = PART.all(&about).filter_map(|c| c.get(1)).map(|m| m.as_str().to_owned()).collect();
        parts.sort();
        parts.dedup();
        let below = row.text.get(..words.start()).unwrap_or_default().trim_end();
        let hi = n(3).unwrap_or(lo);
        let lo = if below.ends_with(['<', '≤']) { 0.0 } else { lo };
        let takes = Takes { lo: lo * scale, hi: hi * scale, words: words.as_str(), row };
        by_part.entry(parts.join(" ")).or_default().push(takes);
    }
    for told in by_part.values() {
        let differ = told.iter().any(|a| told.iter().any(|b| a.hi < b.lo));
        let Some((last, before)) = told.split_last().filter(|_| differ) else { continue };
        let others: Vec<String> = before.iter().map(|t| format!("{} (line {})", t.words, t.row.line)).collect();
        let message = format!("the rollback takes {} here, elsewhere {}", last.words, others.join(" and "));
        out.words(
            sheet,
            ROLLBACK_TIMES,
            last.row.line,
            last.words,
            &message,
            "measure it once and write one number everywhere",
        );
    }
}

fn missing(sheet: &Sheet<'_>, out: &mut Sink) {
    let way = |row: &&Row<'_>| WAY.is_in(row.text) && !(DECIDES.is_in(row.text) && row.kind != Kind::Heading);
    if sheet.spoken().any(|row| way(&row)) {
        return;
    }
    // A command that changes production, else a step that does.
    let command = sheet.scripts().find_map(|(_, command)| {
        let first = sheet.content_line(command);
        let row = sheet.row(command.line_start)?;
        let about = CUTOVER.is_in(sheet.book.title.raw()) || sheet.titles(row.section).any(|t| CUTOVER.is_in(t));
        if !about || sheet.titles(row.section).any(|t| HARMLESS.is_in(t)) {
            return None;
        }
        let script = parse(command.text.raw());
        let found = script.commands.iter().find(|s| changes(s))?;
        Some((
            first + found.line,
            command
                .text
                .raw()
                .get(found.span.clone())
                .unwrap_or_default()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        ))
    });
    let decided = sheet.spoken().find(|r| DECIDES.is_in(r.text));
    let steps = || {
        let step = sheet.book.steps.iter().find(|s| {
            CHANGES.is_in(s.text.raw())
                && !HARMLESS.is_in(s.text.raw())
                && !s.heading_path.iter().any(|h| HARMLESS.is_in(h.raw()))
        })?;
        Some((step.line, step.text.raw().to_owned()))
    };
    // Steps in words alone are enough only where somebody may decide to roll back.
    let change = command.or_else(|| if decided.is_some() { steps() } else { None });
    let Some((line, words)) = change else { return };
    let message = match decided {
        Some(row) => {
            format!("production is changed here; line {} speaks of rolling back, and nothing says how", row.line)
        }
        None => "production is changed here, and nothing says how to undo it".to_owned(),
    };
    out.words(
        sheet,
        NO_WAY_BACK,
        line,
        &words,
        &message,
        "add a section \"Rollback\" with its steps, or say that there is no way back",
    );
}

/// Commands that change a running production; publishing a release is none.
fn changes(s: &Simple) -> bool {
    let verb = s.verb();
    let dry = s.args().any(|a| a.starts_with("--dry-run") || a == "--check" || a == "--diff");
    !dry && match s.program() {
        "kubectl" | "oc" => matches!(verb, "apply" | "replace") || verb == "set" && s.has(&["image"]),
        "helm" => matches!(verb, "upgrade" | "install" | "uninstall"),
        "terraform" | "tofu" => matches!(verb, "apply" | "destroy"),
        "docker-compose" => s.has(&["up"]) && for_production(s),
        "docker" => {
            verb == "stack"
                || verb == "compose" && s.has(&["up"]) && for_production(s)
                || verb == "service" && s.has(&["update"])
        }
        "rails" | "rake" | "bundle" => s.args().any(|a| a.starts_with("db:migrate")),
        "flyway" | "liquibase" | "alembic" => matches!(verb, "migrate" | "update" | "upgrade"),
        "cap" => s.has(&["deploy"]),
        _ => false,
    }
}

/// Everybody has a compose file for the desk; this one is for production.
fn for_production(s: &Simple) -> bool {
    s.args().any(|a| a.contains("prod")) || s.words.first().is_some_and(|w| w.text.contains("prod"))
}
