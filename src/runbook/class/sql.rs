//! SQL by its statements: what only selects, what changes, what is gone for good.

use super::Class;

/// Classes SQL by its statements.
pub(super) fn sql(text: &str) -> Class {
    let lower = text.to_lowercase();
    let mut class = None;
    for statement in lower.split(';') {
        let statement: String =
            statement.lines().map(|l| l.split("--").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
        let statement =
            statement.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | '\\'));
        let mut words = statement.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
        let Some(first) = words.next() else { continue };
        let all: Vec<&str> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let this = match first {
            "drop" | "truncate" | "delete" => Class::Danger,
            "update" if !all.contains(&"where") => Class::Danger,
            "alter" if all.contains(&"drop") => Class::Danger,
            "psql" | "mysql" | "mariadb" | "sqlite3" if all.contains(&"drop") || all.contains(&"truncate") => {
                Class::Danger
            }
            "select" | "with" | "show" | "explain" | "describe" | "desc" | "d" | "dt" | "du" | "l" | "x" | "timing"
            | "conninfo" | "table" | "values" | "pragma"
                if !all.iter().any(|w| {
                    matches!(*w, "insert" | "update" | "delete" | "into" | "call" | "pg_terminate_backend")
                }) =>
            {
                Class::Read
            }
            _ => Class::Mutate,
        };
        class = Some(class.map_or(this, |c: Class| c.max_with(this)));
    }
    class.unwrap_or(Class::Mutate)
}
