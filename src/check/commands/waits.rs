//! Commands that open an editor, ask a question or want a terminal: nobody answers them where a runbook runs.

use super::Block;
use crate::check::shell::Simple;
use crate::check::sink::Sink;
use crate::finding::codes::{MERGE_REVERT, WAITS};

pub(super) fn check(block: &Block<'_, '_>, out: &mut Sink) {
    for (ix, simple) in block.script.commands.iter().enumerate() {
        if let Some((what, help)) = waits_alone(simple) {
            let message = format!("{what}: without a terminal it hangs or fails");
            block.about(out, WAITS, simple, &message, help);
        }
        if simple.program() == "git"
            && simple.verb() == "revert"
            && simple.has(&["-m", "--mainline"])
            && reverts_head(block, ix)
        {
            let message = "this reverts whatever HEAD is at that moment, and `-m` works only if that is a merge";
            block.about(
                out,
                MERGE_REVERT,
                simple,
                message,
                "name the commit that was released, as in `git revert --no-edit <sha>`",
            );
        }
    }
}

/// Whether what is reverted is HEAD, by name or by asking git for it.
fn reverts_head(block: &Block<'_, '_>, ix: usize) -> bool {
    let Some(revert) = block.script.commands.get(ix) else { return false };
    revert.args().any(|a| {
        a == "HEAD" || a == "@" || a.starts_with("$(") && a.contains("HEAD") || a.starts_with('`') && a.contains("HEAD")
    })
}

/// What of a command waits for a person, and what to write instead.
pub(super) fn waits_alone(simple: &Simple) -> Option<(&'static str, &'static str)> {
    waits(simple, simple.fed || simple.stage > 0)
}

fn waits(s: &Simple, answered: bool) -> Option<(&'static str, &'static str)> {
    const EDITOR: &str = "this opens an editor";
    const ASKS: &str = "this asks a question";
    const SESSION: &str = "this opens a session and waits for what is typed";
    let verb = s.verb();
    Some(match s.program() {
        "git" => git(s, verb)?,
        "kubectl" | "oc" => match verb {
            "edit" => (EDITOR, "use `kubectl patch`, `kubectl set` or `kubectl apply -f`"),
            "exec" if typed_into(s) && !answered => (SESSION, "name the command to run after `--`"),
            _ => return None,
        },
        "docker" | "podman" | "docker-compose" if s.args().any(|a| a == "exec" || a == "run") && wants_terminal(s) => {
            ("`-t` wants a terminal", "leave `-t` out: `docker exec NAME COMMAND`")
        }
        "crontab" if s.has(&["-e"]) => (EDITOR, "install a file: `crontab FILE`"),
        "visudo" | "vipw" if !s.has_letter('c') => (EDITOR, "install a checked file instead"),
        "vi" | "vim" | "nvim" | "nano" | "emacs" | "pico" | "ed" | "joe" => {
            (EDITOR, "change the file with a command, or make it a step for a person")
        }
        "systemctl" if verb == "edit" => (EDITOR, "write the drop-in file and run `systemctl daemon-reload`"),
        "ansible-vault" if verb == "edit" => (EDITOR, "change the vault before the cutover"),
        "rails" | "bin/rails" if verb == "credentials:edit" => (EDITOR, "change the credentials before the cutover"),
        "rails" if matches!(verb, "console" | "c" | "dbconsole" | "db") && !answered => {
            (SESSION, "use `rails runner '…'`")
        }
        "read" if !answered && !s.looped && !s.condition => {
            ("`read` waits for a line from a person", "make it a step with a box, or take the value from a variable")
        }
        "select" => (ASKS, "take the value from a variable"),
        "less" | "more" | "most" if s.stage == 0 => ("a pager waits for keys", "use `cat` or `tail`"),
        "top" | "htop" | "btop" | "atop" | "iotop" | "k9s" | "tmux" | "screen"
            if !s.has_letter('b') && !s.has_letter('d') =>
        {
            (SESSION, "make it a step for a person, or use the program's batch mode")
        }
        "passwd" if !s.has(&["--stdin", "-l", "-S", "-e", "-d"]) && !answered => (ASKS, "use `chpasswd` with a file"),
        "mysql_secure_installation" | "dpkg-reconfigure" if !s.has(&["-f", "--frontend"]) => {
            (ASKS, "configure it before the cutover")
        }
        "ssh-keygen" if !s.has(&["-N", "-R", "-F", "-l", "-y", "-lf", "-lv"]) => (ASKS, "give `-N ''` and `-f FILE`"),
        "su" if !s.has(&["-c", "--command"]) => (SESSION, "use `sudo -u USER COMMAND`"),
        "psql"
            if !answered
                && !s.has(&["-c", "-f", "-l", "--command", "--file", "--list", "--version", "-V"])
                && !cluster(s, &['c', 'f', 'l']) =>
        {
            (SESSION, "use `psql -c '…'` or `psql -f FILE`")
        }
        "mysql" | "mariadb" if !answered && !s.has(&["-e", "--execute", "--version", "-V"]) && !cluster(s, &['e']) => {
            (SESSION, "use `mysql -e '…'` or `mysql < FILE`")
        }
        "mongosh" | "mongo"
            if !answered
                && !s.has(&["--eval", "--file", "-f", "--version"])
                && !s.args().any(|a| std::path::Path::new(a).extension().is_some_and(|e| e == "js")) =>
        {
            (SESSION, "use `mongosh --eval '…'`")
        }
        "terraform" | "tofu" if matches!(verb, "apply" | "destroy") && !approved(s, answered) => {
            (ASKS, "apply a saved plan, or add `-auto-approve`")
        }
        "apt-get" | "apt" | "aptitude"
            if matches!(
                verb,
                "install" | "upgrade" | "dist-upgrade" | "full-upgrade" | "remove" | "purge" | "autoremove"
            ) && !s.has(&["--yes", "--assume-yes", "--dry-run", "--simulate", "--download-only"])
                && !cluster(s, &['y', 's', 'd'])
                && !s.args().any(|a| a.starts_with("-qq"))
                && !answered =>
        {
            (ASKS, "add `-y`")
        }
        "yum" | "dnf" | "zypper"
            if matches!(verb, "install" | "upgrade" | "update" | "remove" | "erase")
                && !s.has(&["--assumeyes", "--assumeno", "--non-interactive"])
                && !cluster(s, &['y', 'n'])
                && !answered =>
        {
            (ASKS, "add `-y`")
        }
        _ => return None,
    })
}

fn git(s: &Simple, verb: &str) -> Option<(&'static str, &'static str)> {
    const EDITOR: &str = "this opens an editor";
    let silent = s.has(&[
        "--no-edit",
        "-m",
        "--message",
        "-F",
        "--file",
        "-C",
        "--reuse-message",
        "--fixup",
        "--squash",
        "-n",
        "--no-commit",
        "--abort",
        "--quit",
        "--skip",
        "--dry-run",
    ]);
    Some(match verb {
        "revert" if !s.has(&["--no-edit", "-n", "--no-commit", "--abort", "--quit", "--skip"]) => {
            (EDITOR, "add `--no-edit`")
        }
        "rebase" if s.has(&["-i", "--interactive"]) => (EDITOR, "rebase before the cutover, or without `-i`"),
        "commit"
            if !silent
                && !s.args().any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(['m', 'F', 'C'])) =>
        {
            (EDITOR, "give the message with `-m`")
        }
        "add" | "checkout" | "reset" | "stash" if s.has(&["-p", "--patch", "-i", "--interactive"]) => {
            ("this asks about each change", "name the files")
        }
        _ => return None,
    })
}

/// `kubectl exec -it pod -- bash`: a session. With a command it only complains.
fn typed_into(s: &Simple) -> bool {
    let last = s.args().last().unwrap_or("");
    matches!(
        last.rsplit('/').next().unwrap_or(last),
        "bash" | "sh" | "zsh" | "psql" | "mysql" | "redis-cli" | "irb" | "python" | "python3"
    )
}

/// `-it`, `-ti`, or both: with only one of them no terminal is needed.
fn wants_terminal(s: &Simple) -> bool {
    let options = || s.args().take_while(|a| *a != "--");
    options().any(|a| matches!(a, "-it" | "-ti" | "-itd" | "-tid"))
        || options().any(|a| matches!(a, "-t" | "--tty")) && options().any(|a| matches!(a, "-i" | "--interactive"))
}

/// One of these letters in a cluster of short options.
fn cluster(s: &Simple, letters: &[char]) -> bool {
    s.args().any(|a| {
        a.starts_with('-') && !a.starts_with("--") && a.chars().skip(1).all(char::is_alphabetic) && a.contains(letters)
    })
}

fn approved(s: &Simple, answered: bool) -> bool {
    answered
        || s.args().any(|a| a.trim_start_matches('-').starts_with("auto-approve") || a.contains("help"))
        || s.args().skip_while(|a| *a != "apply").skip(1).any(|a| !a.starts_with('-'))
}
