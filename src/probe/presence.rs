//! Whether a secret is there and of the right kind, said without a letter of it.

use std::time::Duration;

use super::Outcome;
use crate::clock::duration_text;
use crate::secret::Filled;
use crate::text::{Untrusted, escape};

/// `secret = { env | file, prefix, min_length, max_age }`.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretCheck {
    /// Where it is kept.
    pub kept: Kept,
    /// What it must begin with: its class, such as `sk_live_`; no secret itself.
    pub prefix: Option<String>,
    /// Fewer characters are a failure.
    pub min_length: usize,
    /// A file written longer ago is a failure: the secret was not rotated.
    pub max_age: Option<Duration>,
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// In a variable of this program; the value is none when it is not set.
    Env {
        /// Its name.
        name: String,
        /// Its value as of the load of the plan.
        value: Option<Filled>,
    },
    /// In a file.
    File(String),
}

impl SecretCheck {
    /// Judges a value, and how long ago its file was written. What is said holds the plan's words and a rounded length alone.
    pub fn judge(&self, value: &str, age: Option<Duration>) -> (Outcome, Option<Untrusted>) {
        let value = value.trim_end_matches(['\n', '\r']);
        let length = value.chars().count();
        if length == 0 {
            return (Outcome::Fail("it is empty".to_owned()), None);
        }
        let class = match &self.prefix {
            Some(prefix) if !value.starts_with(prefix.as_str()) => {
                return (Outcome::Fail(format!("present, but does not begin with {}", escape(prefix))), None);
            }
            Some(prefix) => format!("present, prefix {}", escape(prefix)),
            None => "present".to_owned(),
        };
        if length < self.min_length {
            return (Outcome::Fail(format!("{class}, but shorter than {} characters", self.min_length)), None);
        }
        // By tens: the exact length is one more thing that an attacker need not guess.
        let says = match length / 10 * 10 {
            0 => format!("{class}, under 10 characters"),
            tens => format!("{class}, {tens}+ characters"),
        };
        match (self.max_age, age) {
            (Some(max), Some(age)) if age > max => {
                let days = age.as_secs() / 86_400;
                let why = format!("{says}, but written {days} d ago, at most {}", duration_text(max));
                (Outcome::Fail(why), Some(Untrusted::new(says)))
            }
            (Some(_), None) => (Outcome::NoData(format!("{says}, but its age is not known")), None),
            _ => (Outcome::Pass, Some(Untrusted::new(says))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str = "sk_live_4242424242424242zz";

    fn check(prefix: Option<&str>, min_length: usize, max_age: Option<u64>) -> SecretCheck {
        SecretCheck {
            kept: Kept::File(String::new()),
            prefix: prefix.map(str::to_owned),
            min_length,
            max_age: max_age.map(|days| Duration::from_hours(24 * days)),
        }
    }

    #[test]
    fn presence_class_length_and_age_are_judged_and_no_letter_is_said() {
        let days = |d: u64| Some(Duration::from_hours(24 * d));
        let says = |check: SecretCheck, value, age| format!("{:?}", check.judge(value, age));
        let table = [
            (check(Some("sk_live_"), 20, None), LIVE, None, "present, prefix sk_live_, 20+ characters"),
            (check(Some("sk_test_"), 20, None), LIVE, None, "does not begin with sk_test_"),
            (check(None, 27, None), LIVE, None, "shorter than 27 characters"),
            (check(None, 1, Some(90)), LIVE, days(91), "written 91 d ago, at most"),
            (check(None, 1, Some(90)), LIVE, days(89), "Pass"),
            (check(None, 1, Some(90)), LIVE, None, "NoData"),
            (check(None, 1, None), "short", None, "under 10 characters"),
            (check(None, 0, None), "\n", None, "it is empty"),
        ];
        for (check, value, age, wanted) in table {
            let said = says(check, value, age);
            assert!(said.contains(wanted), "{said}");
            assert!(!said.contains("4242") && !said.contains("short\""), "{said}");
        }
    }
}
