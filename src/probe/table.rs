//! Tables as `docker compose ps`, `kubectl get pods` and `systemctl list-units` print them, counted by state.

use serde_json::Value;
use unicode_width::UnicodeWidthChar as _;

use super::Outcome;
use super::word::{as_written, short};
use crate::text::Untrusted;

/// Rows beyond this are not read, and then nothing is known.
const MOST: usize = 5_000;
/// So many states are counted by name.
const NAMED: usize = 4;
/// Headings of a column of states: a first row with one of them there is the header.
const HEADINGS: [&str; 8] = ["STATUS", "STATE", "READY", "ACTIVE", "SUB", "LOAD", "PHASE", "HEALTH"];
/// What a container says of its health in brackets when it is not well.
const UNWELL: [&str; 3] = ["(unhealthy)", "(health: starting)", "(paused)"];

/// `table = { state, up, all | at_least }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableExpect {
    /// Where a row's state stands.
    pub state: Column,
    /// Words that mean up: a state begins with one of them as a whole word, in any case of letters.
    pub up: Vec<String>,
    /// How many rows must be up.
    pub need: Need,
}

/// Where a row's state stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Under this heading; in JSON under this key, or behind this pointer when it begins with a slash.
    Named(String),
    /// In this column, counted from 1, of a table with or without a header.
    Number(usize),
}

/// How many rows must be up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every one.
    All,
    /// This many.
    AtLeast(usize),
}

/// A row's state as found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// The cell; none when it cannot be told from its neighbours.
    state: Option<String>,
    /// What else of the row says that it is not well: `0/1`, `(unhealthy)`.
    unwell: Option<String>,
}

impl TableExpect {
    /// Whether enough rows are up, and the rows counted by state: `5 Up, 1 Restarting`. Without rows or heading: no data.
    pub fn judge(&self, text: &str) -> (Outcome, Option<Untrusted>) {
        let rows = match self.rows(text) {
            Ok(rows) if rows.is_empty() => return (Outcome::NoData("the table has no rows".to_owned()), None),
            Ok(rows) if rows.len() > MOST => {
                return (Outcome::NoData(format!("the table has more than {MOST} rows")), None);
            }
            Ok(rows) => rows,
            Err(why) => return (Outcome::NoData(why), None),
        };
        let mut up = 0;
        let mut counts: Vec<(String, bool, usize)> = Vec::new();
        for row in &rows {
            let (name, good) = self.class(row);
            up += usize::from(good);
            match counts.iter_mut().find(|(n, g, _)| *n == name && *g == good) {
                Some((.., n)) => *n += 1,
                None => counts.push((name, good, 1)),
            }
        }
        counts.sort_by_key(|(_, good, n)| (!good, std::cmp::Reverse(*n)));
        let rest: usize = counts.iter().skip(NAMED).map(|(.., n)| n).sum();
        let mut parts: Vec<String> = counts.iter().take(NAMED).map(|(name, _, n)| format!("{n} {name}")).collect();
        if rest > 0 {
            parts.push(format!("{rest} others"));
        }
        let says = parts.join(", ");
        let outcome = match self.need {
            Need::All if up == rows.len() => Outcome::Pass,
            Need::All => Outcome::Fail(format!("{} of {} not up: {says}", rows.len() - up, rows.len())),
            Need::AtLeast(n) if up >= n => Outcome::Pass,
            Need::AtLeast(n) => Outcome::Fail(format!("{up} up, at least {n} expected: {says}")),
        };
        (outcome, Some(Untrusted::new(says)))
    }

    /// What a row is called in the count, and whether it is up.
    fn class(&self, row: &Row) -> (String, bool) {
        let Some(state) = row.state.as_deref().map(str::trim).filter(|s| !s.is_empty()) else {
            return ("without a state".to_owned(), false);
        };
        let Some(word) = self.up.iter().find(|word| begins(state, word)) else {
            return (short(first_word(state)), false);
        };
        let folded = state.to_lowercase();
        if let Some(bracket) = UNWELL.iter().find(|b| folded.contains(*b)) {
            return (format!("{} {bracket}", short(word)), false);
        }
        match &row.unwell {
            Some(why) => (format!("{} {}", short(word), short(why)), false),
            None => (short(word), true),
        }
    }

    fn rows(&self, text: &str) -> Result<Vec<Row>, String> {
        match text.trim_start().chars().next() {
            Some('[' | '{') => self.json(text),
            _ => self.plain(text),
        }
    }

    /// One list of objects, an object with `items`, or an object on each line.
    fn json(&self, text: &str) -> Result<Vec<Row>, String> {
        let no_json = || "the output begins like JSON and is none".to_owned();
        let objects: Vec<Value> = match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(items)) => items,
            Ok(Value::Object(mut fields)) => match fields.remove("items") {
                Some(Value::Array(items)) => items,
                Some(items) => {
                    fields.insert("items".to_owned(), items);
                    vec![Value::Object(fields)]
                }
                None => vec![Value::Object(fields)],
            },
            Ok(_) => return Err(no_json()),
            Err(_) => {
                let lines = text.lines().filter(|l| !l.trim().is_empty()).take(MOST + 1);
                lines.map(|line| serde_json::from_str(line).map_err(|_| no_json())).collect::<Result<_, _>>()?
            }
        };
        let Column::Named(name) = &self.state else {
            return Err("the output is JSON, which has no numbered columns: name a key".to_owned());
        };
        let rows: Vec<Row> = objects.iter().map(|object| json_row(object, name)).collect();
        if !rows.is_empty() && rows.iter().all(|row| row.state.is_none()) {
            return Err(format!("no row has {}", short(name)));
        }
        Ok(rows)
    }

    fn plain(&self, text: &str) -> Result<Vec<Row>, String> {
        let mut lines = text.lines().map(str::trim_end).skip_while(|l| l.is_empty()).peekable();
        let Some(first) = lines.peek().copied() else { return Ok(Vec::new()) };
        match &self.state {
            Column::Named(name) => {
                let column =
                    Head::find(first, name).ok_or_else(|| format!("the table has no heading {}", short(name)))?;
                // Pods that run and are not ready are not up, whatever their status.
                let ready = Head::find(first, "READY").filter(|_| !name.eq_ignore_ascii_case("READY"));
                // An empty line ends the table: what follows is a legend.
                let rows = lines.skip(1).take_while(|l| !l.is_empty()).take(MOST + 1);
                Ok(rows
                    .map(|line| {
                        let state = column.cell(line);
                        let ready = ready.as_ref().and_then(|head| head.cell(line));
                        row(state, ready)
                    })
                    .collect())
            }
            Column::Number(n) => {
                let head = field(first, *n).is_some_and(|cell| HEADINGS.contains(&cell));
                let rows = lines.skip(usize::from(head)).take_while(|l| !l.is_empty()).take(MOST + 1);
                let ready = |line: &str| line.split_whitespace().find(|word| part(word)).map(str::to_owned);
                let cells: Vec<Row> = rows.map(|line| row(field(line, *n).map(str::to_owned), ready(line))).collect();
                if !cells.is_empty() && cells.iter().all(|row| row.state.is_none()) {
                    return Err(format!("the table has no column {n}"));
                }
                Ok(cells)
            }
        }
    }
}

fn row(state: Option<String>, ready: Option<String>) -> Row {
    // A finished job is not ready, and says so by its state.
    let finished = state.as_deref().is_some_and(|s| begins(s, "Completed") || begins(s, "Succeeded"));
    let short_of = state.as_deref().filter(|s| part(s)).map(str::to_owned);
    Row { unwell: short_of.or_else(|| ready.filter(|r| part(r) && !finished)), state }
}

/// `0/1`: fewer than there should be.
fn part(cell: &str) -> bool {
    let Some((some, all)) = cell.trim().split_once('/') else { return false };
    matches!((some.parse::<u64>(), all.parse::<u64>()), (Ok(some), Ok(all)) if some < all || all == 0)
}

fn json_row(object: &Value, name: &str) -> Row {
    let key = |name: &str| {
        let fields = object.as_object()?;
        fields.get(name).or_else(|| fields.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    };
    let state = if name.starts_with('/') { object.pointer(name) } else { key(name) };
    let health = key("Health").and_then(Value::as_str).filter(|h| {
        let bracket = format!("({})", h.to_lowercase());
        UNWELL.contains(&bracket.as_str()) || bracket == "(starting)"
    });
    Row { state: state.and_then(as_written), unwell: health.map(str::to_owned) }
}

/// Whether a state begins with a word as a whole: `Up 2 hours` with `Up`, but not `Upgrading` or `Up-to-date`.
fn begins(state: &str, word: &str) -> bool {
    let mut rest = state.trim().chars();
    for c in word.chars() {
        if !rest.next().is_some_and(|r| r.to_lowercase().eq(c.to_lowercase())) {
            return false;
        }
    }
    !word.is_empty() && rest.next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ',' | ';' | ':'))
}

fn first_word(state: &str) -> &str {
    state.split_whitespace().next().unwrap_or(state)
}

/// The nth field of a line: between tabs, else between two blanks or more, else between blanks.
fn field(line: &str, n: usize) -> Option<&str> {
    let at = n.checked_sub(1)?;
    let cell = if line.contains('\t') {
        line.split('\t').nth(at)
    } else {
        let wide = || line.split("  ").map(str::trim).filter(|c| !c.is_empty());
        // A line whose columns stand close has fewer wide gaps than columns.
        if wide().count() > 1 { wide().nth(at) } else { line.split_whitespace().nth(at) }
    };
    cell.map(str::trim).filter(|c| !c.is_empty())
}

/// Where a column stands, by its heading.
struct Head {
    /// From the heading's first cell of the screen …
    start: usize,
    /// … to the next heading's; none for the last column.
    end: Option<usize>,
    /// Which it is, where wide gaps tell the headings apart, and of how many.
    place: Option<(usize, usize)>,
}

impl Head {
    /// The heading as a whole word, in any case of letters.
    fn find(header: &str, name: &str) -> Option<Self> {
        let name = name.trim();
        let chars: Vec<char> = header.chars().collect();
        let wanted: Vec<char> = name.chars().collect();
        if wanted.is_empty() {
            return None;
        }
        let edge = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_none_or(|c| c.is_whitespace());
        let start = (0..chars.len()).find(|&i| {
            let here = chars.get(i..i + wanted.len()).unwrap_or_default();
            let same = !here.is_empty() && here.iter().zip(&wanted).all(|(a, b)| a.eq_ignore_ascii_case(b));
            same && (i == 0 || edge(i.checked_sub(1))) && edge(Some(i + wanted.len()))
        })?;
        let after = start + wanted.len();
        let end = chars.iter().enumerate().skip(after).find(|(_, c)| !c.is_whitespace()).map(|(i, _)| i);
        let wide: Vec<&str> = header.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        let place = wide.iter().position(|c| c.eq_ignore_ascii_case(name)).map(|at| (at, wide.len()));
        Some(Self { start, end, place })
    }

    /// The cell of a row: by letters, by cells of the screen, by gaps, whichever fits; none when none does.
    fn cell(&self, line: &str) -> Option<String> {
        let chars: Vec<(usize, char)> = line.chars().enumerate().collect();
        let mut at = 0;
        let wide: Vec<(usize, char)> = line
            .chars()
            .map(|c| {
                let here = (at, c);
                at += c.width().unwrap_or(0);
                here
            })
            .collect();
        self.cut(&chars).or_else(|| if wide == chars { None } else { self.cut(&wide) }).or_else(|| {
            let (place, of) = self.place?;
            let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
            (cells.len() == of).then(|| cells.get(place).map(|c| (*c).to_owned())).flatten()
        })
    }

    /// The cell between the column's edges, when blanks stand at both.
    fn cut(&self, line: &[(usize, char)]) -> Option<String> {
        let blank = |at: usize| line.iter().find(|(i, _)| *i == at).is_none_or(|(_, c)| c.is_whitespace());
        let clear = self.start.checked_sub(1).is_none_or(blank) && !blank(self.start);
        let ends = self.end.and_then(|end| end.checked_sub(1)).is_none_or(blank);
        if !clear || !ends {
            return None;
        }
        let inside = |at: usize| at >= self.start && self.end.is_none_or(|end| at < end);
        let cell: String = line.iter().filter(|(at, _)| inside(*at)).map(|(_, c)| c).collect();
        Some(cell.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(state: &str, up: &[&str]) -> TableExpect {
        let state = state.parse().map_or_else(|_| Column::Named(state.to_owned()), Column::Number);
        TableExpect { state, up: up.iter().map(|w| (*w).to_owned()).collect(), need: Need::All }
    }

    fn says(table: &TableExpect, text: &str) -> (Outcome, String) {
        let (outcome, says) = table.judge(text);
        (outcome, says.map(|s| s.raw().to_owned()).unwrap_or_default())
    }

    const COMPOSE: &str = "\
NAME          IMAGE                 COMMAND                  SERVICE   CREATED       STATUS                   PORTS
retail-api-1  registry/api:v2.0     \"/docker-entrypoint.…\"   api       2 hours ago   Up 2 hours (healthy)     0.0.0.0:80->80/tcp
retail-db-1   postgres:16           \"docker-entrypoint.s…\"   db        2 hours ago   Up 2 hours (healthy)
retail-job-1  registry/job:v2.0     \"node job.js\"            job       2 hours ago   Restarting (1) 3 seconds ago
";

    #[test]
    fn docker_compose_is_counted_by_state() {
        let up = table("STATUS", &["Up", "running"]);
        let (outcome, counted) = says(&up, COMPOSE);
        assert_eq!(counted, "2 Up, 1 Restarting");
        assert_eq!(outcome, Outcome::Fail("1 of 3 not up: 2 Up, 1 Restarting".to_owned()));
        let fine = COMPOSE.replace("Restarting (1) 3 seconds ago", "Up 3 seconds");
        assert_eq!(says(&up, &fine), (Outcome::Pass, "3 Up".to_owned()));
        for unwell in [
            "Up 2 hours (unhealthy)",
            "Up 3 seconds (health: starting)",
            "Up 2 hours (Paused)",
            "Upgrading",
            "Exited (0) 1 hour ago",
            "Up-to-date",
            "not Up",
        ] {
            let text = fine.replace("Up 3 seconds", unwell);
            assert!(matches!(says(&up, &text).0, Outcome::Fail(_)), "{unwell}");
        }
        let two = TableExpect { need: Need::AtLeast(2), ..up.clone() };
        assert_eq!(says(&two, COMPOSE).0, Outcome::Pass);
        let three = TableExpect { need: Need::AtLeast(3), ..up };
        assert!(matches!(says(&three, COMPOSE).0, Outcome::Fail(_)));
    }

    #[test]
    fn a_pod_that_is_not_ready_is_not_up() {
        let text = "\
NAME                   READY   STATUS             RESTARTS      AGE
api-7d4b9c6f5d-x2x7z   1/1     Running            0             3d
api-7d4b9c6f5d-y9y9y   0/1     Running            0             3d
job-28475              0/1     CrashLoopBackOff   12 (2m ago)   3d
seed-1                 0/1     Completed          0             3d
";
        let (outcome, counted) = says(&table("STATUS", &["Running", "Completed"]), text);
        assert_eq!(counted, "1 Running, 1 Completed, 1 Running 0/1, 1 CrashLoopBackOff");
        assert!(matches!(outcome, Outcome::Fail(_)));
        let ready = table("READY", &["1/1"]);
        assert!(matches!(says(&ready, text).0, Outcome::Fail(_)));
        assert!(matches!(says(&table("3", &["Running"]), text).0, Outcome::Fail(_)));
    }

    #[test]
    fn units_stand_in_close_columns_and_end_at_the_legend() {
        let text = "  UNIT            LOAD   ACTIVE SUB     DESCRIPTION
  cron.service    loaded active running Regular background program processing
● nginx.service   loaded failed failed  A high performance web server
  postgres.service-with-a-name loaded active running PostgreSQL

LOAD   = Reflects whether the unit definition was properly loaded.
3 loaded units listed.
";
        let (outcome, counted) = says(&table("ACTIVE", &["active"]), text);
        // The row whose name pushed its columns is not guessed at.
        assert_eq!(counted, "1 active, 1 failed, 1 without a state");
        assert!(matches!(outcome, Outcome::Fail(_)));
    }

    #[test]
    fn wide_letters_and_wide_cells_keep_the_column() {
        let wide = "NAME        STATUS   AGE\n日本語-1    Up       3d\nweb         Up       3d\n";
        assert_eq!(says(&table("STATUS", &["Up"]), wide).1, "2 Up");
        let pushed = "NAME   STATUS   AGE\na-name-wider-than-all   Up   3d\n";
        assert_eq!(says(&table("STATUS", &["Up"]), pushed), (Outcome::Pass, "1 Up".to_owned()));
    }

    #[test]
    fn json_is_read_as_a_list_or_line_by_line() {
        let up = table("State", &["running"]);
        let lines = "{\"Name\":\"a\",\"State\":\"running\",\"Health\":\"\"}\n{\"Name\":\"b\",\"State\":\"running\",\"Health\":\"unhealthy\"}\n";
        assert_eq!(says(&up, lines).1, "1 running, 1 running unhealthy");
        assert!(matches!(says(&up, lines).0, Outcome::Fail(_)));
        assert_eq!(says(&up, r#"[{"state":"running"},{"state":"running"}]"#), (Outcome::Pass, "2 running".to_owned()));
        let pods = r#"{"items":[{"status":{"phase":"Running"}},{"status":{"phase":"Pending"}}]}"#;
        assert_eq!(says(&table("/status/phase", &["Running"]), pods).1, "1 Running, 1 Pending");
        for nothing in
            ["[]", "{\"items\":[]}", "[1,2]", "{\"Name\":\"a\"}", "[{", "{}\nError: no", "[{\"State\":null}]"]
        {
            assert!(matches!(says(&up, nothing).0, Outcome::NoData(_)), "{nothing}");
        }
    }

    #[test]
    fn without_rows_or_heading_there_is_no_data() {
        let up = table("STATUS", &["Up"]);
        for nothing in [
            "",
            "\n\n",
            "NAME   STATUS\n",
            "error: no such host\n",
            "NAME   STATE\na   Up\n",
            "Up\nUp\n",
            "NAME STATUSES\na Up",
        ] {
            assert!(matches!(says(&up, nothing).0, Outcome::NoData(_)), "{nothing:?}");
        }
        let numbered = table("2", &["Up"]);
        assert_eq!(says(&numbered, "a\tUp 2 hours\nb\tUp 1 hour\n"), (Outcome::Pass, "2 Up".to_owned()));
        assert_eq!(says(&numbered, "NAME  STATUS\na     Up 2 hours\n"), (Outcome::Pass, "1 Up".to_owned()));
        assert!(matches!(says(&numbered, "DB  DOWN\na   Up\n").0, Outcome::Fail(_)), "no row is taken for a header");
        assert!(matches!(says(&table("7", &["Up"]), "a b\n").0, Outcome::NoData(_)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Any text gives an answer, and never a pass without a row that says so.
        #[test]
        fn no_text_panics_or_passes_without_the_word(
            header in "[ A-Z\u{e9}日]{0,12}", lines in proptest::collection::vec("[ -~\u{e9}日\t●…]{0,40}", 0..8), n in 0..5_usize
        ) {
            let text = format!("{header}STATUS   AGE\n{}", lines.join("\n"));
            let by = if n == 0 { "STATUS".to_owned() } else { n.to_string() };
            let (outcome, _) = table(&by, &["Up"]).judge(&text);
            let says_up = text.to_lowercase().contains("up");
            prop_assert!(says_up || !matches!(outcome, Outcome::Pass | Outcome::Degraded(_)), "{text:?}");
        }

        /// One cell more that is not up ends the pass, wherever it stands.
        #[test]
        fn one_row_that_is_not_up_is_seen(rows in 1..9_usize, bad in 0..9_usize, wide in 0..30_usize) {
            let mut text = format!("{:<20}STATUS                 PORTS\n", "NAME");
            for row in 0..rows {
                let name = if row == bad % rows { "x".repeat(wide.max(1)) } else { format!("web-{row}") };
                let state = if row == bad % rows { "Restarting (1) 1 s ago" } else { "Up 2 hours" };
                text.push_str(&format!("{name:<20}{state:<23}80/tcp\n"));
            }
            let (outcome, _) = table("STATUS", &["Up"]).judge(&text);
            prop_assert!(matches!(outcome, Outcome::Fail(_)), "{text} {outcome:?}");
        }
    }
}
