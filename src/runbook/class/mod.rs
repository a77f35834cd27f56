//! What running a fence would do, judged by the words of its commands; whatever is not known to only look changes something.

use super::Class;

mod sql;
mod words;

use sql::sql;
use words::{CHANGES, CLOUD_LOOKS, LOOKS, PROGRAMS, RUNNERS, SHELLS, SHOWN, VERBS};

/// How the reason of a class ends that is a guess.
pub(super) const GUESSES: [&str; 2] = [UNSURE, FOREIGN];
const UNSURE: &str = "not known to only look";
const FOREIGN: &str = "is no language that is known here";

/// Whether a fence of this language is read by a shell.
pub(super) fn is_shell(lang: Option<&str>) -> bool {
    lang.is_some_and(|l| SHELLS.contains(&l))
}

/// Classes a fence and says why in a few words.
pub(super) fn judge(lang: Option<&str>, text: &str) -> (Class, String) {
    match lang {
        Some(l) if SHOWN.contains(&l) => (Class::Illustration, format!("{l} is shown, not run")),
        Some("sql" | "psql" | "mysql" | "pgsql" | "plpgsql") => {
            let class = sql(text);
            (class, because(class, text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default()))
        }
        Some(l) if SHELLS.contains(&l) => shell(text),
        Some(l) => (shell(text).0.max_with(Class::Mutate), format!("{l} {FOREIGN}")),
        None if text.starts_with("#!") => {
            let name = text.lines().next().unwrap_or_default();
            let shells = ["/bash", "/sh", " bash", " sh", "/dash"].iter().any(|end| name.trim_end().ends_with(end));
            if shells { shell(text) } else { (shell(text).0.max_with(Class::Mutate), format!("{name}: {UNSURE}")) }
        }
        None if looks_like_shell(text) => shell(text),
        None => (Class::Illustration, "no language is named and its lines are no commands".to_owned()),
    }
}

/// How many characters of `name>` follow; none where it is no name in angle brackets.
fn placeholder(rest: impl Iterator<Item = char>) -> usize {
    let mut count = 0;
    for c in rest.take(48) {
        count += 1;
        match c {
            '>' => return if count > 1 { count } else { 0 },
            c if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') => {}
            _ => return 0,
        }
    }
    0
}

/// Why a command has its class.
fn because(class: Class, part: &str) -> String {
    let words: Vec<&str> = part.split_whitespace().collect();
    let mut short: String = words.iter().take(4).copied().collect::<Vec<_>>().join(" ");
    if words.len() > 4 || short.chars().count() > 48 {
        short = short.chars().take(48).collect::<String>() + " …";
    }
    match class {
        Class::Illustration => "no command in it".to_owned(),
        Class::Read => format!("{short}: only looks"),
        Class::Mutate => {
            let name = words.iter().find(|w| !is_assignment(w) && **w != "sudo").copied().unwrap_or_default();
            let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
            if part == ">" {
                "> writes to a file".to_owned()
            } else if RUNNERS.contains(&name.as_str())
                && !words.iter().skip(1).any(|w| CHANGES.contains(w) && !matches!(*w, "run" | "start"))
            {
                // What a script does is not in its name: it counts as changing, and nobody claims that it does.
                format!("{short}: {UNSURE}")
            } else if PROGRAMS.contains(&name.as_str()) || VERBS.iter().any(|(p, _)| *p == name) {
                format!("{short}: changes something")
            } else {
                format!("{short}: {UNSURE}")
            }
        }
        Class::Danger => format!("{short}: hard to take back"),
    }
}

impl Class {
    fn weight(self) -> u8 {
        match self {
            Self::Illustration => 0,
            Self::Read => 1,
            Self::Mutate => 2,
            Self::Danger => 3,
        }
    }

    /// The graver of the two.
    fn max_with(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }
}

/// Lines with their continuations joined, without prompts, comments and blank ones.
fn commands(text: &str) -> Vec<String> {
    let prompted = text.lines().any(|l| l.trim_start().starts_with("$ "));
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let mut line = line.trim();
        if prompted && !open {
            match line.strip_prefix("$ ") {
                Some(rest) => line = rest,
                None => continue, // output
            }
        }
        if !open && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        let (body, more) = line.strip_suffix('\\').map_or((line, false), |b| (b, true));
        match out.last_mut() {
            Some(last) if open => {
                last.push(' ');
                last.push_str(body);
            }
            _ => out.push(body.to_owned()),
        }
        open = more;
    }
    out
}

/// The gravest of its commands decides.
fn shell(text: &str) -> (Class, String) {
    let mut found: Option<(Class, String)> = None;
    for part in commands(text).iter().flat_map(|line| split(line)) {
        let class = simple(&part);
        let graver = found.as_ref().is_none_or(|(known, _)| class.weight() > known.weight());
        if graver && !part.trim().is_empty() {
            found = Some((class, part.trim().to_owned()));
        }
    }
    match found {
        Some((class, part)) => (class, because(class, &part)),
        None => (Class::Illustration, because(Class::Illustration, "")),
    }
}

/// Cuts a line at `;`, `&&`, `||`, `|`, `&`, `$(…)` and `(…)` outside of quotes; a redirection to a file becomes a part `>`.
fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut before = ' ';
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            // `<sha>` is something to fill in, no redirection.
            (None, '<') if placeholder(chars.clone()) > 0 => {
                let len = placeholder(chars.clone());
                let name: String = chars.by_ref().take(len).collect();
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                    last.push_str(&name);
                }
                before = '_';
                continue;
            }
            (None, '\'' | '"') if before != '\\' => quote = Some(c),
            (Some(q), c) if q == c && before != '\\' => quote = None,
            (None, '#') if before.is_whitespace() => break,
            (None | Some('"'), '$') if chars.peek() == Some(&'(') => {
                chars.next();
                parts.push(String::new());
                before = '(';
                continue;
            }
            (None | Some('"'), '`') | (None, ';' | '|' | '&' | '(' | ')' | '{' | '}') => {
                // `2>&1` is no separator, `${NAME}` no group.
                if c == '&' && before == '>' || matches!(c, '{' | '}') && before != ' ' {
                    before = c;
                    continue;
                }
                parts.push(String::new());
                before = c;
                continue;
            }
            (None, '>') => {
                let rest: String = chars.clone().take(16).collect();
                let target = rest.trim_start_matches(['>', '|']).trim_start();
                if !target.starts_with("/dev/null") && !target.starts_with('&') && before != '=' && before != '-' {
                    parts.push(">".into());
                    parts.push(String::new());
                }
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
        before = c;
    }
    parts
}

fn simple(command: &str) -> Class {
    let lower = command.to_lowercase();
    let mut words = command.split_whitespace().peekable();
    // Assignments, `sudo`, `time` and the like stand before the command.
    while words.peek().is_some_and(|w| {
        matches!(*w, "sudo" | "time" | "nohup" | "exec" | "!" | "then" | "do" | "else" | "if" | "while" | "-e")
            || is_assignment(w)
    }) {
        words.next();
    }
    let Some(program) = words.next() else { return Class::Read };
    let program = program.trim_matches(['"', '\'', ')', '`']);
    let name = program.rsplit('/').next().unwrap_or(program).to_lowercase();
    let name = name.as_str();
    let args: Vec<&str> = words.collect();
    let has = |w: &str| args.contains(&w);
    let plain: Vec<&str> = args.iter().copied().filter(|a| !a.starts_with('-')).collect();
    if program == ">" {
        return Class::Mutate;
    }
    if danger(name, &args, &lower) {
        return Class::Danger;
    }
    let looks = match name {
        "curl" | "http" | "https" | "wget" | "xh" => return web(name, &args),
        "psql" | "mysql" | "mariadb" | "sqlite3" | "clickhouse-client" | "cqlsh" => {
            // `\i file` runs whatever stands there.
            return if has("-l") || has("--list") || has("--version") {
                Class::Read
            } else if lower.contains("\\i ") || has("-f") || lower.contains('<') {
                Class::Mutate
            } else {
                sql(lower.split_once(" -c ").or(lower.split_once(" -e ")).map_or("", |(_, q)| q))
            };
        }
        "docker" | "kubectl" | "podman" | "oc" | "docker-compose" if plain.contains(&"exec") => {
            let at = plain.iter().position(|w| *w == "exec").map_or(plain.len(), |p| p + 2);
            let inner = plain.get(at).copied().unwrap_or("");
            let from = lower.find(&format!(" {inner}")).unwrap_or(0);
            return if inner.is_empty() { Class::Mutate } else { simple(lower.get(from..).unwrap_or("")) };
        }
        "docker" if plain.first() == Some(&"compose") => {
            plain.get(1..).unwrap_or_default().iter().any(|w| ["ps", "logs", "config", "images", "top"].contains(w))
        }
        "kubectl" if plain.first() == Some(&"rollout") => matches!(plain.get(1), Some(&"status" | &"history")),
        "git" if plain.first() == Some(&"tag") => has("-l") || has("--list") || plain.len() == 1,
        "sed" | "perl" => !args.iter().any(|a| a.starts_with("-i") || *a == "--in-place"),
        "find" => !has("-delete") && !has("-exec"),
        "xargs" => return simple(&args.join(" ")),
        "ssh" => {
            return if plain.len() > 1 { simple(&plain.get(1..).unwrap_or_default().join(" ")) } else { Class::Mutate };
        }
        "gcloud" | "aws" | "az" | "doctl" | "heroku" | "flyctl" | "fly" | "gh" | "supabase" | "vercel" | "argocd"
        | "linkerd" | "istioctl" | "oci" => {
            plain.iter().take(4).any(|w| CLOUD_LOOKS.iter().any(|v| w == v || w.starts_with(&format!("{v}-"))))
        }
        n if LOOKS.contains(&n) || n.starts_with("((") || n.starts_with('[') => true,
        n if n.ends_with("--version") => true,
        n => {
            let verbs = VERBS.iter().find(|(p, _)| *p == n).map(|(_, v)| *v);
            has("--version") && plain.is_empty()
                || verbs.is_some_and(|verbs| {
                    args.iter().any(|a| verbs.contains(&a.to_lowercase().as_str()))
                        && !args.iter().any(|a| CHANGES.contains(a))
                })
        }
    };
    if looks { Class::Read } else { Class::Mutate }
}

/// Whether a request only asks: GET or HEAD without a body. `curl -o FILE` writes a file of its own, which is no change of
/// production.
fn web(name: &str, args: &[&str]) -> Class {
    let mut method: Option<String> = None;
    let mut body = false;
    let mut rest = args.iter().peekable();
    while let Some(a) = rest.next() {
        let a = a.trim_matches(['"', '\'']);
        match a {
            "-X" | "--request" => method = rest.peek().map(|m| m.trim_matches(['"', '\'']).to_lowercase()),
            "-d" | "-F" | "-T" | "--upload-file" | "--form" | "--json" | "--post-data" | "--post-file" => body = true,
            _ if a.starts_with("-X") => method = a.get(2..).map(str::to_lowercase),
            _ if a.starts_with("--request=") => method = a.get(10..).map(str::to_lowercase),
            _ if a.starts_with("--data") || a.starts_with("-d@") || a.starts_with("-d'") || a.starts_with("-d{") => {
                body = true;
            }
            "POST" | "PUT" | "PATCH" | "DELETE" if name != "curl" => method = Some(a.to_lowercase()),
            _ => {}
        }
    }
    match method.as_deref() {
        Some("delete") => Class::Danger,
        Some("get" | "head" | "options") => Class::Read,
        Some(_) => Class::Mutate,
        None if body => Class::Mutate,
        None => Class::Read,
    }
}

/// Commands that are hard to take back.
fn danger(name: &str, args: &[&str], lower: &str) -> bool {
    let has = |w: &str| args.contains(&w);
    let flag = |c: char| args.iter().any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(c));
    match name {
        "rm" => flag('r') || flag('f') || has("--recursive") || has("--force"),
        "dd" | "mkfs" | "fdisk" | "parted" | "wipefs" | "shred" | "shutdown" | "reboot" | "poweroff" | "halt"
        | "dropdb" | "truncate" | "killall" | "pkill" => true,
        "kill" => has("-9") || has("-kill"),
        "kubectl" | "oc" => has("delete") || has("drain"),
        "helm" => has("uninstall") || has("delete"),
        "terraform" | "pulumi" | "cdk" => has("destroy"),
        "docker" | "podman" | "docker-compose" => {
            has("prune")
                || has("rmi")
                || has("down") && has("-v")
                || has("volume") && has("rm")
                || has("rm") && flag('f')
        }
        "git" => {
            has("push") && (has("-f") || args.iter().any(|a| a.starts_with("--force")))
                || has("reset") && has("--hard")
                || has("clean") && flag('f')
        }
        "redis-cli" => has("flushall") || has("flushdb"),
        "aws" | "gcloud" | "az" | "supabase" => {
            args.iter()
                .any(|a| matches!(*a, "delete" | "rm" | "destroy" | "terminate-instances") || a.starts_with("delete-"))
                || has("db") && has("reset")
        }
        "psql" | "mysql" | "mariadb" | "sqlite3" => sql(lower) == Class::Danger,
        "npm" | "pnpm" | "yarn" => has("unpublish"),
        _ => name.starts_with("mkfs"),
    }
}

/// Whether every line of an unnamed fence begins as a command does. Prose, tables, lists and timelines do not.
pub(super) fn looks_like_shell(text: &str) -> bool {
    let commands = commands(text);
    !commands.is_empty()
        && commands.iter().all(|line| {
            let mut words = line.split_whitespace();
            let first = words.by_ref().find(|w| *w != "sudo" && !is_assignment(w)).unwrap_or("");
            let name = first.rsplit('/').next().unwrap_or(first);
            if first.starts_with("./")
                || first.starts_with('/')
                || is_assignment(line.split_whitespace().next().unwrap_or(""))
            {
                return true;
            }
            // Many command names are English words too: these need something behind them that no sentence has.
            let known = PROGRAMS.contains(&name) || VERBS.iter().any(|(p, _)| *p == name);
            let sure =
                LOOKS.contains(&name) && line.contains([' ', '-', '/', '$', '|']) && !line.trim_end().ends_with('.');
            first.chars().all(|c| !c.is_uppercase()) && (known || sure)
        })
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(n, _)| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(lang: Option<&str>, text: &str) -> Class {
        judge(lang, text).0
    }

    #[test]
    fn classes() {
        for (text, expected) in [
            ("curl -fsS https://api.example.com/health", Class::Read),
            ("curl -I http://h/x && curl -H \"K: $V\" http://h/y | head -20", Class::Read),
            ("curl -X POST https://h/x -d '{\"a\": 1}'", Class::Mutate),
            ("curl --data @f https://h/x", Class::Mutate),
            ("curl -X DELETE https://h/x", Class::Danger),
            ("docker-compose -f docker-compose.production.yml ps", Class::Read),
            ("docker-compose -f a.yml up -d", Class::Mutate),
            ("kubectl get pods -n prod", Class::Read),
            ("kubectl rollout status deploy/api", Class::Read),
            ("kubectl rollout undo deploy/api", Class::Mutate),
            ("kubectl apply -f get.yaml", Class::Mutate),
            ("kubectl delete ns prod", Class::Danger),
            ("rm -rf /var/lib/x", Class::Danger),
            ("psql -c \"SELECT * FROM t\"", Class::Read),
            ("docker exec pg psql -U u -d d -c \"SELECT 1\"", Class::Read),
            ("psql -c 'DROP TABLE t'", Class::Danger),
            ("psql -c 'update t set a = 1 where b = 2'", Class::Mutate),
            ("git push --force origin main", Class::Danger),
            ("git status; git log -3", Class::Read),
            ("echo \"done at $(date)\"", Class::Read),
            ("echo x > /etc/flag", Class::Mutate),
            ("redis-cli -h cache ping", Class::Read),
            ("redis-cli flushall", Class::Danger),
            ("npm run cutover t0", Class::Mutate),
            ("./scripts/anything.sh", Class::Mutate),
            ("FOO=bar terraform destroy", Class::Danger),
            ("aws ec2 describe-instances --region eu-west-1", Class::Read),
            ("aws s3 rm s3://b/k", Class::Danger),
            ("gcloud run services list", Class::Read),
            ("# only a comment", Class::Illustration),
            ("$ uptime\n 12:00 up 3 days", Class::Read),
            ("grep -c ERROR app.log 2>/dev/null | awk '{print $1}'", Class::Read),
        ] {
            assert_eq!(class(Some("bash"), text), expected, "{text}");
        }
        assert_eq!(class(None, "11:30 - War room opened"), Class::Illustration);
        assert_eq!(class(None, "kubectl get pods"), Class::Read);
        assert_eq!(class(None, "If issues detected:\nStep 1: switch"), Class::Illustration);
        assert_eq!(class(Some("bash"), "kubectl get pods -n <env>"), Class::Read);
        assert_eq!(judge(Some("sh"), "ls; rm -rf /data").1, "rm -rf /data: hard to take back");
        assert_eq!(judge(Some("sh"), "./deploy.sh v2").1, "./deploy.sh v2: not known to only look");
        assert_eq!(class(Some("json"), "{}"), Class::Illustration);
        assert_eq!(class(Some("sql"), "DELETE FROM t"), Class::Danger);
    }
}
