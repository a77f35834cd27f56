//! Commands whose exit status cannot say no: what follows `||` only speaks, or the last of a pipe always succeeds.

use super::Block;
use crate::check::shell::{Joint, Simple};
use crate::check::sink::Sink;
use crate::finding::codes::{CANNOT_FAIL, PIPE_HIDES};

pub(super) fn check(block: &Block<'_, '_>, out: &mut Sink) {
    spoken(block, out);
    for simple in &block.script.commands {
        let alone = simple.stage == 0 && simple.last && simple.nested == 0 && !simple.condition;
        if simple.program() == "comm" && alone {
            block.about(
                out,
                CANNOT_FAIL,
                simple,
                "`comm` succeeds whatever the difference is, so its exit status says nothing",
                "write `diff A B`, or judge the output, as in `test -z \"$(comm -3 A B)\"`",
            );
        }
    }
    hidden(block, out);
}

/// `check || echo bad`: the echo succeeds.
fn spoken(block: &Block<'_, '_>, out: &mut Sink) {
    let commands = &block.script.commands;
    let mut found: Vec<(&Simple, usize)> = Vec::new();
    for (ix, simple) in commands.iter().enumerate() {
        if simple.joined != Joint::Or || simple.stage != 0 || simple.condition || simple.nested > 0 {
            continue;
        }
        let only_speaks = matches!(simple.program(), "echo" | "printf" | "true" | ":");
        if !only_speaks || !simple.last {
            continue;
        }
        // `|| { echo no; exit 1; }` and `|| echo no && exit 1` do fail.
        let goes_on = commands
            .iter()
            .skip(ix + 1)
            .take_while(|s| s.group > 0 && s.group >= simple.group || s.joined == Joint::And)
            .any(|s| matches!(s.program(), "exit" | "return" | "false" | "kill" | "die" | "fail"));
        let Some(asked) = commands.get(..ix).and_then(|before| before.iter().rfind(|s| s.nested == simple.nested))
        else {
            continue;
        };
        let first = chain_start(commands, ix);
        if goes_on || first.is_some_and(clears_away) || clears_away(asked) {
            continue;
        }
        // `|| true` says openly that a failure does not matter, unless it is a check.
        if matches!(simple.program(), "true" | ":") && !first.is_some_and(asks) {
            continue;
        }
        found.extend(first.map(|first| (first, simple.span.end)));
    }
    let Some((first, end)) = found.first() else { return };
    let lines: Vec<u32> = found.iter().map(|(s, _)| s.line).collect();
    let message = match lines.len() {
        1 => "this always succeeds: what follows `||` only speaks".to_owned(),
        n => format!("these always succeed: what follows `||` only speaks ({n} here, {})", block.lines(&lines)),
    };
    let help = "leave the `||` part out, or end it with `exit 1`: `… || { echo bad; exit 1; }`";
    block.report(out, CANNOT_FAIL, first.line, first.span.start..*end, &message, help);
}

/// The first command of the `&&`/`||` chain that holds the command at `ix`.
fn chain_start(commands: &[Simple], ix: usize) -> Option<&Simple> {
    let nested = commands.get(ix)?.nested;
    let chain = commands.get(..=ix)?.iter().rev().filter(|s| s.nested == nested);
    let mut first = None;
    for simple in chain {
        first = Some(simple);
        if simple.joined == Joint::Then && simple.stage == 0 {
            break;
        }
    }
    first
}

/// Commands that look whether something is so.
fn asks(simple: &Simple) -> bool {
    matches!(
        simple.program(),
        "test"
            | "["
            | "[["
            | "grep"
            | "curl"
            | "wget"
            | "diff"
            | "cmp"
            | "nc"
            | "ping"
            | "pg_isready"
            | "redis-cli"
            | "systemctl"
            | "pytest"
    ) && !matches!(simple.verb(), "stop" | "disable" | "daemon-reload" | "mask")
}

/// Commands whose failure means that there was nothing to do.
fn clears_away(simple: &Simple) -> bool {
    match simple.program() {
        "rm" | "rmdir" | "mkdir" | "kill" | "pkill" | "killall" | "umount" | "userdel" | "groupadd" | "useradd"
        | "ln" | "createdb" | "dropdb" => true,
        "docker" | "podman" | "kubectl" | "helm" | "oc" | "git" | "systemctl" | "docker-compose" => {
            matches!(
                simple.verb(),
                "rm" | "stop"
                    | "delete"
                    | "kill"
                    | "uninstall"
                    | "network"
                    | "volume"
                    | "create"
                    | "branch"
                    | "remote"
                    | "disable"
                    | "stash"
            )
        }
        _ => false,
    }
}

/// `./deploy.sh | tee log` in a shell without `pipefail`.
fn hidden(block: &Block<'_, '_>, out: &mut Sink) {
    if block.command.text.raw().contains("pipefail") || block.command.text.raw().contains("PIPESTATUS") {
        return;
    }
    let lost: Vec<&Simple> = block
        .script
        .commands
        .iter()
        .filter(|s| s.stage == 0 && !s.last && s.nested == 0 && !s.condition && matters(s))
        .filter(|s| block.pipeline(s.pipeline).filter(|l| l.stage > 0).last().is_some_and(swallows))
        .collect();
    let Some(first) = lost.first() else { return };
    let last = block.pipeline(first.pipeline).last().map_or("", Simple::program);
    let more = if lost.len() > 1 {
        format!(" ({} here, {})", lost.len(), block.lines(&lost.iter().map(|s| s.line).collect::<Vec<_>>()))
    } else {
        String::new()
    };
    let message = format!(
        "a shell takes the exit status of `{last}`, not of `{}`; here it runs with pipefail, elsewhere not{more}",
        first.program()
    );
    block.about(out, PIPE_HIDES, first, &message, "begin the block with `set -o pipefail`");
}

/// Whether somebody must know that it failed: tests, deployments, dumps, scripts of one's own.
fn matters(simple: &Simple) -> bool {
    let first = simple.words.first().map_or("", |w| w.text.as_str());
    match simple.program() {
        "pytest" | "make" | "mvn" | "gradle" | "gradlew" | "tox" | "rspec" | "pg_dump" | "pg_dumpall" | "mysqldump"
        | "mongodump" | "ansible-playbook" => true,
        "pg_restore" => !simple.has(&["--list", "-l"]),
        "npm" | "pnpm" | "yarn" | "go" | "cargo" => {
            matches!(simple.verb(), "test" | "run" | "build" | "publish" | "ci" | "install")
        }
        "kubectl" | "helm" | "terraform" => {
            matches!(
                simple.verb(),
                "apply" | "upgrade" | "install" | "delete" | "rollout" | "destroy" | "replace" | "patch"
            )
        }
        _ => {
            let ending = std::path::Path::new(first).extension();
            first.starts_with("./") || ending.is_some_and(|e| e == "sh" || e == "py")
        }
    }
}

/// Programs that succeed whatever they are given.
fn swallows(simple: &Simple) -> bool {
    matches!(
        simple.program(),
        "tee"
            | "tail"
            | "head"
            | "cat"
            | "gzip"
            | "sort"
            | "tr"
            | "sed"
            | "awk"
            | "less"
            | "column"
            | "ts"
            | "wc"
            | "bzip2"
            | "zstd"
            | "xz"
    )
}
