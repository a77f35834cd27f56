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

/// A row of JSON. Docker says a container's health in a key of its own; the phase of a pod is `Running` even while its containers
/// crash, so they are counted.
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
    let ready = object.pointer("/status/containerStatuses").and_then(Value::as_array).map(|containers| {
        let ready = containers.iter().filter(|c| c.get("ready") == Some(&Value::Bool(true))).count();
        format!("{ready}/{}", containers.len())
    });
    let row = row(state.and_then(as_written), ready);
    Row { unwell: health.map(str::to_owned).or(row.unwell), ..row }
}

/// Whether a state begins with a word as a whole: `Up 2 hours` with `Up`, but not `Upgrading`, `Up-to-date` or, with `Ready`,
/// `Ready,SchedulingDisabled`.
fn begins(state: &str, word: &str) -> bool {
    let mut rest = state.trim().chars();
    for c in word.chars() {
        if !rest.next().is_some_and(|r| r.to_lowercase().eq(c.to_lowercase())) {
            return false;
        }
    }
    !word.is_empty() && rest.next().is_none_or(|c| c.is_whitespace() || c == '(')
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
mod tests;
