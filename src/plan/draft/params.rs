//! `[params]` of the draft: what is asked before the start, and secrets that must not be asked.

use super::sheet::{Block, Names, quoted, said};
use super::words::line;
use crate::runbook::{Class, Runbook};

/// What is asked before the start: placeholders of commands.
pub(super) fn params(books: &[Runbook]) -> Option<Block> {
    let mut block = Block::table("[params]");
    let mut names = Names::default();
    let mut variables: Vec<String> = Vec::new();
    let mut left: Vec<String> = Vec::new();
    let mut taken: Vec<&str> = Vec::new();
    let mut secrets: Vec<String> = Vec::new();
    for book in books {
        for placeholder in &book.placeholders {
            let text = placeholder.text.raw();
            if taken.contains(&text) {
                continue;
            }
            taken.push(text);
            let inner = text.trim_matches(['<', '>', '{', '}', '$', ' ']);
            let in_command = book.commands.iter().any(|c| {
                c.class != Class::Illustration && placeholder.lines.iter().any(|l| c.line_start < *l && *l < c.line_end)
            });
            let version = text.trim_start_matches(['v', 'V']).eq_ignore_ascii_case("x.y.z");
            let Some(first) = placeholder.lines.first() else { continue };
            if text.starts_with('$') && inner.chars().all(|c| !c.is_ascii_lowercase()) {
                variables.push(inner.to_owned());
            } else if version || (text.starts_with('<') && in_command) {
                let key = if version { "version".to_owned() } else { key(inner) };
                let key = names.take_key(&key);
                let what = if version { "which version" } else { inner };
                let pattern = pattern(&key, text);
                let own = format!("<{key}>");
                let declared = if text == own { String::new() } else { format!(", placeholder = {}", quoted(text)) };
                if !version && is_secret(inner) {
                    // An answer stands in the journal in clear; a secret must come from elsewhere.
                    let variable = key.replace('-', "_").to_uppercase();
                    block.wait(format!("{key} = {{ env = {}{declared} }}", quoted(&variable)));
                    secrets.push(key);
                    continue;
                }
                block.put_said(
                    format!("{key} = {{ ask = {}{pattern}{declared} }}", quoted(&said(what))),
                    &format!("{}:{first} \"{}\"", said(&book.path), said(line(book, *first).trim())),
                );
            } else {
                left.push(text.to_owned());
            }
        }
    }
    if !variables.is_empty() {
        block.note(&format!("Variables that commands of the runbook use: {}.", said(&variables.join(", "))));
        block.note("They will be passed on by [room] env = [\"NAME\", …].");
    }
    if !left.is_empty() {
        block.note(&format!("Left as they stand, to be filled in in the runbook: {}", said(&left.join(" "))));
    }
    if !secrets.is_empty() {
        block.ask(&format!(
            "{} look like secrets, and answers are written into the journal in clear: set the variables where warroom runs, or write {{ file = \"…\" }} or {{ cmd = \"…\" }}, and take the # away",
            said(&secrets.join(", "))
        ));
    }
    if !block.lines.iter().skip(1).any(|l| l.on) {
        block.off();
    }
    if block.lines.len() == 1 {
        return (!block.notes.is_empty()).then(|| {
            block.lines.clear();
            block
        });
    }
    Some(block)
}

/// Whether a placeholder's own words say that it is a secret: `db-password`, `API_TOKEN`, `apiKey`.
pub fn is_secret(text: &str) -> bool {
    const WHOLE: [&str; 24] = [
        "pass",
        "passwd",
        "passphrase",
        "passcode",
        "passwort",
        "passwörter",
        "passe",
        "pwd",
        "pw",
        "pin",
        "secret",
        "secrets",
        "geheimnis",
        "token",
        "tokens",
        "key",
        "keys",
        "credential",
        "credentials",
        "creds",
        "auth",
        "authorization",
        "contraseña",
        "bearer",
    ];
    const WITHIN: [&str; 8] =
        ["password", "passwort", "kennwort", "secret", "credential", "apikey", "пароль", "パスワード"];
    const ENDS: [&str; 7] = ["pass", "pwd", "token", "tokens", "key", "keys", "auth"];
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut small = false;
    for c in text.chars() {
        // `apiKey` is two words.
        if small && c.is_uppercase() {
            spaced.push(' ');
        }
        small = c.is_lowercase();
        spaced.extend(c.to_lowercase());
    }
    let folded = text.to_lowercase();
    let said = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        WHOLE.contains(&word) || ENDS.iter().any(|end| word.ends_with(end))
    };
    WITHIN.iter().any(|part| folded.contains(part))
        || spaced.split(|c: char| !c.is_alphanumeric()).any(said)
        || folded.split(|c: char| !c.is_alphanumeric()).any(said)
}

/// A name that parameters may have.
fn key(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let plain = plain.trim_matches('-').to_owned();
    let plain = plain.get(..plain.len().min(40)).unwrap_or_default().to_owned();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { "value".to_owned() }
}

fn pattern(key: &str, text: &str) -> String {
    match () {
        () if key.ends_with("sha") || key.ends_with("commit") => ", match = '^[0-9a-f]{7,40}$'".to_owned(),
        () if text.eq_ignore_ascii_case("vx.y.z") => r", match = '^v\d+\.\d+\.\d+$'".to_owned(),
        () if text.eq_ignore_ascii_case("x.y.z") => r", match = '^\d+\.\d+\.\d+$'".to_owned(),
        () => String::new(),
    }
}
