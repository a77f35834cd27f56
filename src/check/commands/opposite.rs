//! A step that says stop and whose command starts, or the other way round.

use super::Block;
use crate::check::pattern::pattern;
use crate::check::sheet::Row;
use crate::check::shell::Simple;
use crate::check::sink::Sink;
use crate::finding::codes::OPPOSITE;

pattern! {
    SAYS_STOP = r"^(?:\W|\d|step)*(?:stop(?:ping)?|shut ?down|halt|disable|deactivate|turn(?:ing)? off|switch(?:ing)? off|take down|tear down|kill|terminate)\b";
    SAYS_START = r"^(?:\W|\d|step)*(?:start(?:ing)?|enable|activate|turn(?:ing)? on|switch(?:ing)? on|bring up|launch|spin up)\b";
    EITHER_STOP = r"\b(?:stop|shut ?down|halt|disable|deactivate|turn off|off\b|kill|drain|remove|freeze|read-?only|accidental)";
    EITHER_START = r"\b(?:start|restart|enable|activate|turn on|launch|bring up|up\b|resume|new|replace)";
    SAYS_TRUE = r#""(?:enabled|active|on)"\s*:\s*true|--enable\b|=(?:true|on|enabled)\b"#;
    SAYS_FALSE = r#""(?:enabled|active|on)"\s*:\s*false|--disable\b|=(?:false|off|disabled)\b"#;
}

/// What a command does to a thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Start,
    Stop,
}

pub(super) fn check(block: &Block<'_, '_>, out: &mut Sink) {
    for (ix, (line, text)) in block.script.comments.iter().enumerate() {
        // The commands from this comment to the next.
        let end = block.script.comments.get(ix + 1).map_or(u32::MAX, |(l, _)| *l);
        let own: Vec<&Simple> = block.script.commands.iter().filter(|s| s.line > *line && s.line < end).collect();
        judge(
            block,
            text.split_once(": ").map_or(text.as_str(), |(head, rest)| if head.len() < 10 { rest } else { text }),
            &own,
            out,
        );
    }
    // A fence without comments is what its step or heading says.
    if block.script.comments.is_empty() {
        let before = block.command.line_start.saturating_sub(1);
        let said = (before.saturating_sub(3)..=before)
            .rev()
            .filter_map(|l| block.sheet.row(l))
            .find(|r| !r.text.trim().is_empty());
        if let Some(said) = said.map(Row::said) {
            let all: Vec<&Simple> = block.script.commands.iter().collect();
            judge(block, said, &all, out);
        }
    }
}

fn judge(block: &Block<'_, '_>, said: &str, commands: &[&Simple], out: &mut Sink) {
    let said = said
        .trim_start_matches("Step ")
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ')' | ' ' | '*'));
    let wanted = if SAYS_STOP.is_in(said) && !EITHER_START.is_in(said) {
        Does::Stop
    } else if SAYS_START.is_in(said) && !EITHER_STOP.is_in(said) {
        Does::Start
    } else {
        return;
    };
    let does: Vec<(Does, &Simple)> = commands.iter().filter_map(|s| Some((does(s)?, *s))).collect();
    if does.is_empty() || does.iter().any(|(d, _)| *d == wanted) {
        return;
    }
    let Some((done, simple)) = does.first() else { return };
    let (says, really) = if *done == Does::Start { ("stop", "starts") } else { ("start", "stops") };
    let message = format!("the step says to {says} (\"{said}\"), but its command {really} something");
    block.about(out, OPPOSITE, simple, &message, "make the words and the command say the same");
}

fn does(s: &Simple) -> Option<Does> {
    let words: Vec<&str> = s.args().filter(|a| !a.starts_with('-')).collect();
    let has = |w: &str| words.contains(&w);
    let payload = s.args().any(|a| SAYS_TRUE.is_in(a));
    let payload_off = s.args().any(|a| SAYS_FALSE.is_in(a));
    match s.program() {
        "docker-compose" | "docker" | "podman" | "vagrant" => {
            if has("up") || has("start") || has("run") || has("unpause") {
                Some(Does::Start)
            } else if has("down") || has("stop") || has("kill") || has("rm") || has("pause") {
                Some(Does::Stop)
            } else {
                None
            }
        }
        "systemctl" | "service" | "supervisorctl" | "pm2" | "initctl" | "brew" | "rc-service" | "sv" => {
            if has("start") || has("enable") || has("restart") || has("resume") || has("unmask") {
                Some(Does::Start)
            } else if has("stop") || has("disable") || has("mask") || has("kill") {
                Some(Does::Stop)
            } else {
                None
            }
        }
        "kubectl" | "oc" if has("scale") => {
            let replicas = s.args().find_map(|a| a.strip_prefix("--replicas="))?;
            Some(if replicas == "0" { Does::Stop } else { Does::Start })
        }
        "curl" | "http" if payload != payload_off => Some(if payload { Does::Start } else { Does::Stop }),
        "kill" | "pkill" | "killall" => Some(Does::Stop),
        _ => None,
    }
}
