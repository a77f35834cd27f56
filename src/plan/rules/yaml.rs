//! YAML as a tree in which each value knows its place; the only module that knows the crate.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Spanned};

/// Bytes of a file.
pub(super) const LARGEST: usize = 4 << 20;

/// A value with the bytes of the file where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    /// A text, a number or a truth value, as it is written.
    Text(String),
    List(Vec<Node>),
    /// In file order.
    Map(Vec<(Node, Node)>),
}

/// Why a file is no YAML, and where.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Node {
    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The word for what it is.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Every document of a file. Bounded: what aliases repeat, nesting, nodes and bytes.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Broken> {
    if text.len() > LARGEST {
        return Err(Broken { span: 0..0, message: "the file is larger than 4 MiB".to_owned() });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // A rule is six deep, in a list of resources nine.
            max_depth: 24,
            max_nodes: 1_000_000,
            max_events: 2_500_000,
            max_documents: 1_024,
            max_aliases: 10_000,
            max_total_scalar_bytes: 2 * LARGEST,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 200_000,
            max_replay_stack_depth: 16,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    match serde_saphyr::from_multiple_with_options::<Node>(text, options) {
        Ok(mut documents) => {
            for node in &mut documents {
                as_written(node, text);
            }
            Ok(documents)
        }
        Err(error) => {
            let span = error.location().map_or(0..0, |at| place(&at, text));
            let said = error.without_snippet().to_string();
            let message = said.lines().next().unwrap_or_default().trim();
            // Where it is, is said by the finding.
            let message = message.split(" at line ").next().unwrap_or(message);
            Err(Broken { span, message: message.to_owned() })
        }
    }
}

/// Where an error is: by its bytes where they are known, else by line and column.
fn place(at: &Location, text: &str) -> Range<usize> {
    if at.span().byte_offset().is_some_and(|at| at > 0) {
        return range(at);
    }
    let (line, column) = (at.line().saturating_sub(1) as usize, at.column().saturating_sub(1) as usize);
    let begins: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let words = text.get(begins..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let start = begins + words.char_indices().nth(column).map_or(words.len(), |(at, _)| at);
    start..begins + words.len()
}

fn range(at: &Location) -> Range<usize> {
    let span = at.span();
    let start = span.byte_offset().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    let len = span.byte_len().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
    start..start.saturating_add(len)
}

/// Numbers and truth values get back the digits and letters that stand in the file: `1.50`, `yes`, `0x10`.
fn as_written(node: &mut Node, text: &str) {
    match &mut node.value {
        Value::Text(said) => {
            if let Some(raw) = said.strip_prefix(TYPED) {
                let written = text.get(node.span.clone()).map(str::trim).filter(|w| !w.is_empty());
                *said = written.unwrap_or(raw).to_owned();
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| as_written(item, text)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            as_written(key, text);
            as_written(value, text);
        }),
        Value::Null => {}
    }
}

/// Before a number or a truth value until [`as_written`] has seen it. No text of a file begins so: YAML has no NUL.
const TYPED: char = '\0';

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { span: range(&spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

macro_rules! typed {
    ($($visit:ident $of:ty;)*) => {
        $(fn $visit<E>(self, value: $of) -> Result<Value, E> { Ok(Value::Text(format!("{TYPED}{value}"))) })*
    };
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    typed! {
        visit_bool bool;
        visit_i64 i64;
        visit_u64 u64;
        visit_i128 i128;
        visit_u128 u128;
        visit_f64 f64;
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Node>()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn shown(node: &Node, text: &str) -> String {
        let place = text.get(..node.span.start).unwrap_or("").matches('\n').count() + 1;
        match &node.value {
            Value::Null => format!("~@{place}"),
            Value::Text(said) => format!("{said:?}@{place}"),
            Value::List(items) => format!("[{}]", items.iter().map(|n| shown(n, text)).collect::<Vec<_>>().join(" ")),
            Value::Map(entries) => {
                let all: Vec<_> =
                    entries.iter().map(|(k, v)| format!("{}: {}", shown(k, text), shown(v, text))).collect();
                format!("{{{}}}", all.join(", "))
            }
        }
    }

    #[test]
    fn values_are_as_written_and_know_their_lines() {
        let text = "a: 1.50\nb: yes\nc:\n- 5m\n- 0x10 # so\nd:\ne: |\n  sum(x)\n  > 1\nf: \"1.50\"\n---\ng: &x [é, true]\nh: *x\n";
        let all = documents(text).unwrap_or_else(|b| panic!("{b:?}"));
        let said: Vec<String> = all.iter().map(|n| shown(n, text)).collect();
        assert_eq!(
            said[0],
            "{\"a\"@1: \"1.50\"@1, \"b\"@2: \"yes\"@2, \"c\"@3: [\"5m\"@4 \"0x10\"@5], \"d\"@6: ~@6, \
             \"e\"@7: \"sum(x)\\n> 1\\n\"@8, \"f\"@10: \"1.50\"@10}"
        );
        assert!(said[1].contains("\"true\""), "{}", said[1]);
    }

    #[test]
    fn hostile_files_end_soon_and_with_a_place() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (new, old) in "bcdefghij".chars().zip("abcdefghi".chars()) {
            let _ = writeln!(bomb, "{new}: &{new} [{}]", vec![format!("*{old}"); 9].join(", "));
        }
        assert!(documents(&bomb).is_err());
        assert!(documents(&"[".repeat(100_000)).is_err());
        assert!(documents(&"- ".repeat(100_000)).is_err());
        assert!(documents("a: &a [*a]").is_err());
        assert!(documents(&"x".repeat(5 << 20)).is_err());
        let broken = documents("groups:\n- name: a\n  rules: [\n").unwrap_err();
        assert!(!broken.message.is_empty(), "{broken:?}");
        let twice = documents("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(twice.span.start, 10, "{twice:?}");
    }
}
