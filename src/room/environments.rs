//! Which other environments than the room's a command names: a word that means nothing else, or one that stands where one does.

/// Names by which environments go, those of one line the same.
const ENVIRONMENTS: [&[&str]; 6] = [
    &["prod", "production", "prd", "live"],
    &["stage", "staging", "stg"],
    &["preprod", "pre-prod", "uat"],
    &["dev", "development"],
    &["test", "testing"],
    &["qa"],
];
/// Names that are also words of commands, devices and files: `test -f`, `/dev/null`, `/health/live`.
const COMMON: [&str; 5] = ["live", "dev", "test", "testing", "qa"];
/// Options behind which such a word is an environment.
const OPTIONS: [&str; 12] = [
    "-n",
    "-e",
    "-p",
    "--env",
    "--environment",
    "--namespace",
    "--context",
    "--stage",
    "--profile",
    "--project",
    "--cluster",
    "--target",
];
/// Endings of files, which have dots as hosts do.
const FILES: [&str; 18] = [
    "yml", "yaml", "json", "sh", "py", "js", "ts", "sql", "txt", "md", "toml", "xml", "conf", "log", "tar", "gz",
    "env", "tf",
];

/// Sentences about the other environments that a text names; none where the room has no environment.
pub(super) fn others(text: &str, own: Option<&str>) -> Vec<String> {
    let Some(own) = own else { return Vec::new() };
    let own = own.to_lowercase();
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let others = ENVIRONMENTS.iter().filter(|names| !names.contains(&own.as_str()));
    let names = |name: &&&str| if COMMON.contains(*name) { is_meant(&lower, name) } else { words.contains(*name) };
    let named = others.filter_map(|all| all.iter().find(names));
    named.map(|name| format!("it names {name}, and this room is {own}")).collect()
}

/// Whether a common word stands where an environment does: behind an option for one, behind `=`, or in the name of a host.
fn is_meant(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let tokens = line.split_whitespace().map(|t| t.trim_matches(['"', '\'', ';', '(', ')']));
        let mut before = "";
        tokens.into_iter().any(|token| {
            let option = std::mem::replace(&mut before, token);
            let value = token.split_once('=').map(|(_, value)| value).or(OPTIONS.contains(&option).then_some(token));
            value.is_some_and(|value| has_label(value, name) && !is_file(value)) || in_host(token, name)
        })
    })
}

/// `api-test.example.com`, `https://dev.example.com/x`, `deploy@qa.example.com`.
fn in_host(token: &str, name: &str) -> bool {
    let address = token.split_once("://").map_or(token, |(_, rest)| rest);
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.') && !address.starts_with(['/', '.']) && has_label(host, name) && !is_file(host)
}

fn has_label(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|label| label == name)
}

fn is_file(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(_, ending)| FILES.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_environment_is_told_and_a_word_of_the_shell_is_not() {
        for (text, names) in [
            ("./deploy.sh v1 production", &["production"][..]),
            ("kubectl -n shop-prod get pods", &["prod"]),
            ("curl https://api-dev.example.com/health", &["dev"]),
            ("ssh deploy@qa.example.com uptime", &["qa"]),
            ("ENV=test ./run.sh", &["test"]),
            ("./run.sh --env=\"live\"", &["live"]),
            ("terraform apply -var env=dev", &["dev"]),
            ("helm upgrade x --namespace test", &["test"]),
            ("ls >/dev/null 2>&1 </dev/tty", &[]),
            ("set -e\ntest -f x && npm test", &[]),
            ("curl -fsS http://api.example.com/health/live", &[]),
            ("kubectl apply -f test.yml; ./smoke-test.sh; cat go-live.md", &[]),
            ("psql -p 5432 -h db", &[]),
        ] {
            let told = others(text, Some("stage"));
            let wanted: Vec<String> = names.iter().map(|n| format!("it names {n}, and this room is stage")).collect();
            assert_eq!(told, wanted, "{text}");
        }
        assert!(others("./deploy.sh production", Some("Prod")).is_empty());
        assert!(others("./deploy.sh production", None).is_empty());
    }
}
