//! Canaries: judged while users see the maintenance page, or never brought to all of the traffic.

use super::pattern::pattern;
use super::sheet::{Kind, Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::{BLIND_CANARY, CANARY_STAYS, LEFT_IN_MAINTENANCE};

pattern! {
    MAINTENANCE = r"maintenance|wartungsmodus|modo (?:de )?mantenimiento|mode maintenance|\bartisan (?:down|up)\b";
    /// The mode, not the work: `maintenance_work_mem` is neither.
    MODE = r#"maintenance[ _-]?(?:mode|page|flag|state|banner|screen)|(?:into|in|under|to) maintenance\b|maintenance:o|maintenance (?:on|off)\W*$|\bmaintenance["'`]|^\W*(?:step \d+\W*)?(?:\d+\W+)?(?:enable|activate|start|begin|turn on|switch on) maintenance\W*(?:$|\()|\bartisan (?:down|up)\b|wartungsmodus|modo (?:de )?mantenimiento|mode maintenance"#;
    NO_MODE = r"maintenance[ _-](?:window|announcement|notice|notification|schedule|template|contract|plan|period|message|team|page (?:is )?(?:prepared|ready|tested|template))|wartungsfenster|if\b.*maintenance|maintenance.*\bif (?:needed|necessary|required)";
    ON = r#"\b(?:enable|activate|turns?|switch|enter|start|go|put|set|show|display|place|begin|aktivier\w*|activer|activar)\b[^.]{0,50}?\bmaintenance|\bmaintenance(?:[ _-]?mode|[ _-]page)?\W{0,6}(?:mode\W{0,3})?(?:enable|enabled|on|start|true|set|=\s*(?:on|true|1))\b|maintenance.{0,30}"(?:enabled|value|active|on)"\s*:\s*(?:true|1|"on")|maintenance\w*\s*=\s*(?:true|on|1|enabled)\b|\bartisan down\b|wartungsmodus.{0,20}(?:ein|an|aktivier)|mode maintenance.{0,20}activ"#;
    OFF = r#"\b(?:disable|deactivate|turns?\b.{0,40}\boff|switch(?:es)? off|off\b|exit|leave|end|ends|lift|remove|stop|clear|unset|delete|take .{0,30}out of|out of|back from|bring .{0,20}(?:up|back)|finish|false|deaktivier\w*|désactiver|desactivar|aus)\b.{0,60}?(?:maintenance|wartungsmodus|mantenimiento)|(?:maintenance|wartungsmodus|mantenimiento).{0,50}?\b(?:off|false|disabled?|end|ended|ends|exit|over|removed|lifted|down|aus|deaktivier\w*)\b|\bartisan up\b|maintenance.{0,30}"(?:enabled|value|active|on)"\s*:\s*(?:false|0|"off")|maintenance\w*\s*=\s*(?:0|off|false)"#;
    CANARY = r"\bcanary\b|\bkanarien|\b\d{1,2}\s?% (?:of )?(?:the )?(?:prod(?:uction)? )?(?:traffic|users|requests|tenants|customers|instances|fleet)|traffic.{0,20}\b\d{1,2}\s?%";
    SHARE = r"\b(\d{1,2})\s?%";
    JUDGED = r"\b(?:go ?/ ?no-?go|decision|success criteria|error rate|p9\d|latency|monitor|observe|watch|metrics|healthy)";
    STARTS = r"\b(?:start|deploy|enable|route|send|shift|release|roll ?out|begin|launch|set|turns?|increase|ramp|direct|promote)\b";
    FULL = r"\b100\s?%|\bfull (?:rollout|roll-out|traffic|fleet|deployment|release|production|promotion)|\b(?:all|remaining|rest of (?:the )?|entire|whole|every)\s?(?:the )?(?:production )?(?:traffic|users|tenants|customers|regions|hosts|instances|fleet|nodes|pods|servers|clusters|cells|shards|zones|environments|requests|sites|stores|replicas)|\beveryone\b|\beverybody\b|\bpromot(?:e|ion|ing)\b|general availability|\bGA\b|complete (?:the )?roll-?out|finish (?:the )?roll-?out|roll-?out to production|\b(?:rest|remainder)\b|weight[= ]100|\b\d{1,2} ?(?:%|percent)?\s?(?:→|->|,|/).{0,40}100";
    NOT_YET = r"\b(?:before|until|prior to|ahead of|instead of|no|not|without|vor|avant|antes)\s+(?:the\s+|a\s+|proceeding to\s+|going to\s+|widening to\s+|any\s+)*$";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    maintenance(sheet, out);
    stays(sheet, out);
}

/// Lines that do something, rather than tell or prepare it.
fn acts(sheet: &Sheet<'_>, row: &Row<'_>) -> bool {
    matches!(row.kind, Kind::Heading | Kind::Item | Kind::Code(_) | Kind::Table) && !sheet.is_rollback(row)
}

fn is_on(row: &Row<'_>) -> bool {
    MODE.is_in(row.text) && ON.is_in(row.text) && !NO_MODE.is_in(row.text) && !OFF.is_in(row.text)
}

fn maintenance(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut rows = sheet.spoken().filter(|r| acts(sheet, r));
    let Some(on) = rows.find(|r| is_on(r) && (r.kind != Kind::Heading || has_more(sheet, r))) else { return };
    let off = sheet.spoken().find(|r| {
        r.line > on.line && !matches!(r.kind, Kind::Nothing) && MAINTENANCE.is_in(r.text) && OFF.is_in(r.text)
    });
    let end = off.map_or(u32::MAX, |r| r.line);
    let canaries: Vec<&Row<'_>> = sheet
        .rows
        .iter()
        .filter(|r| r.line > on.line && r.line < end)
        .filter(|r| matches!(r.kind, Kind::Heading | Kind::Item) && CANARY.is_in(r.text) && !sheet.is_rollback(r))
        .filter(|r| sheet.own(r.section).any(|o| JUDGED.is_in(o.text)))
        .collect();
    let until = match off {
        Some(off) => format!("only line {} switches it off", off.line),
        None => "nothing switches it off".to_owned(),
    };
    match canaries.as_slice() {
        [] if off.is_none() => out.words(
            sheet,
            LEFT_IN_MAINTENANCE,
            on.line,
            on.said(),
            "maintenance is switched on here, and no later line switches it off",
            "add the step that ends maintenance, before the release is announced",
        ),
        [] => {}
        [first, rest @ ..] => {
            let also = match rest {
                [] => String::new(),
                rest => {
                    format!(" (also {})", super::commands::listed(&rest.iter().map(|r| r.line).collect::<Vec<_>>()))
                }
            };
            out.words(
                sheet,
                BLIND_CANARY,
                first.line,
                first.said(),
                &format!(
                    "this canary is judged while maintenance is on (since line {}; {until}): it gets no users{also}",
                    on.line
                ),
                "end maintenance before the first canary, or let the canary's users past the page",
            );
        }
    }
}

/// A heading alone is a title; it acts by what stands under it.
fn has_more(sheet: &Sheet<'_>, heading: &Row<'_>) -> bool {
    sheet
        .own(heading.section)
        .any(|r| r.line > heading.line && matches!(r.kind, Kind::Code(_) | Kind::Item | Kind::Prose))
}

/// A canary that somebody starts, and nobody widens.
fn stays(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut first: Option<&Row<'_>> = None;
    for row in sheet.spoken() {
        if sheet.is_rollback(row) {
            continue;
        }
        if matches!(row.kind, Kind::Code(_)) && CANARY.is_in(row.text) && FULL.is_in(row.text) {
            return;
        }
        if first.is_none()
            && CANARY.is_in(row.text)
            && STARTS.is_in(row.text)
            && SHARE.captures(row.text).is_some()
            && (matches!(row.kind, Kind::Heading | Kind::Item) || row.label == Some(row.line))
        {
            first = Some(row);
        }
        // Anywhere in the book: a table of stages may stand before.
        if FULL
            .all(row.text)
            .filter_map(|c| c.get(0))
            .any(|m| !NOT_YET.is_in(row.text.get(..m.start()).unwrap_or_default()))
        {
            return;
        }
    }
    // A percentage in another line of the same canary will be meant as the next stage only if it is larger.
    let Some(row) = first else { return };
    out.words(
        sheet,
        CANARY_STAYS,
        row.line,
        row.said(),
        "a canary begins here, and no step brings the rest of the traffic over",
        "add the step for 100% of traffic, with its time and its criteria",
    );
}
