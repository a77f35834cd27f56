//! What became of one try: taken, refused for good, asked to wait, or failed.

use std::time::Duration;

/// How one try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Took,
    /// It will never be taken.
    Refused {
        /// In words, masked.
        why: String,
        /// What is wrong.
        of: Wrong,
    },
    /// The receiver wants nothing at all for a while.
    Busy {
        /// In words, masked.
        why: String,
        /// The time it asked for.
        after: Option<Duration>,
    },
    /// It may work another time.
    Failed {
        /// In words, masked.
        why: String,
        /// Whether it may have got there.
        reached: Reached,
    },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// This message; another may be taken.
    Message,
    /// The way there: its key, its address.
    Channel,
}

/// Whether a try that failed may have reached the receiver all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Surely not: there was no connection, or the receiver said so.
    No,
    /// Nobody knows: it was sent, and no good answer came.
    Maybe,
}

impl Answer {
    /// An HTTP answer; `said` is the begin of its body, masked and escaped, `after` its `Retry-After`.
    pub fn of_status(status: u16, after: Option<Duration>, said: &str) -> Self {
        let said = said.trim();
        let why = if said.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {said}") };
        match status {
            200..=299 => Self::Took,
            // A gate or a proxy in between may go away again; nothing is sent to another address.
            300..=399 => {
                let why = format!("HTTP {status}: redirected; nothing is sent on, name the final URL");
                Self::Failed { why, reached: Reached::No }
            }
            429 => Self::Busy { why, after },
            400..=499 if matches!(status, 408 | 425) => Self::Failed { why, reached: Reached::Maybe },
            // A proxy in between wants something of us: the receiver has said nothing yet.
            407 => Self::Failed { why, reached: Reached::No },
            400..=499 => {
                let of = if matches!(status, 400 | 413 | 415 | 422) { Wrong::Message } else { Wrong::Channel };
                Self::Refused { why, of }
            }
            _ if after.is_some() => Self::Busy { why, after },
            _ => Self::Failed { why, reached: Reached::Maybe },
        }
    }
}

/// What a receiver says in the body of an answer whose status is a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Slack: `ok`, or JSON with `ok`.
    Slack,
    /// PagerDuty: JSON with `status`.
    PagerDuty,
    /// Whatever it likes.
    Other,
}

impl Answer {
    /// A good status whose body says that nothing was taken; none where it says nothing against it. `said` as for
    /// [`Answer::of_status`].
    pub fn against(receiver: Receiver, status: u16, body: &str, after: Option<Duration>, said: &str) -> Option<Self> {
        if receiver == Receiver::Other {
            return None;
        }
        let why = format!("HTTP {status}, and it says no: {}", said.trim());
        if body.trim_start().starts_with('<') {
            // Somebody in between shows a page of his own, to log in at.
            let why = format!("HTTP {status} with a web page: that is not the receiver");
            return Some(Self::Failed { why, reached: Reached::No });
        }
        let json: serde_json::Value = serde_json::from_str(body).ok()?;
        match receiver {
            Receiver::Slack if json.get("ok")?.as_bool() == Some(false) => {
                let word = json.get("error").and_then(serde_json::Value::as_str).unwrap_or_default();
                Some(match word {
                    "ratelimited" | "rate_limited" | "message_limit_exceeded" => Self::Busy { why, after },
                    "invalid_blocks" | "invalid_payload" | "no_text" | "msg_too_long" | "too_many_attachments" => {
                        Self::Refused { why, of: Wrong::Message }
                    }
                    "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "" => {
                        Self::Failed { why, reached: Reached::Maybe }
                    }
                    _ => Self::Refused { why, of: Wrong::Channel },
                })
            }
            Receiver::PagerDuty if json.get("status")?.as_str()?.starts_with("invalid") => {
                Some(Self::Refused { why, of: Wrong::Message })
            }
            _ => None,
        }
    }
}
