//! Blue and green: two sides of one service, of which one takes the traffic.

use super::{CommandLine, HttpExpect, Outcome, Request, ServiceReading};
use crate::text::Untrusted;

/// Both sides of a service and where to learn which one takes traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Sides {
    /// How blue is asked.
    pub blue: (Request, HttpExpect),
    /// How green is asked.
    pub green: (Request, HttpExpect),
    /// Who says which side takes traffic.
    pub traffic: Traffic,
}

/// Who says which side takes traffic: an answer that holds the word `blue` or `green`, and not both.
#[derive(Clone, Debug, PartialEq)]
pub enum Traffic {
    /// A text in a JSON answer.
    Json {
        /// The request.
        request: Request,
        /// RFC 6901 pointer to the text.
        pointer: String,
    },
    /// What a command prints.
    Command(CommandLine),
}

/// One of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Blue.
    Blue,
    /// Green.
    Green,
}

impl Side {
    /// As people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// The side that a text names as a whole word, in any case of letters: `Pointed at Blue`, `http://green:9000`; none when
    /// it names both or neither.
    pub fn named(text: &str) -> Option<Self> {
        let mut words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        let (mut blue, mut green) = (false, false);
        words.by_ref().for_each(|word| {
            blue |= word == "blue";
            green |= word == "green";
        });
        match (blue, green) {
            (true, false) => Some(Self::Blue),
            (false, true) => Some(Self::Green),
            _ => None,
        }
    }
}

/// The reading of the service: that of the side with traffic, whose pass the idle side's trouble makes a degraded one. With
/// traffic unknown nothing is known of the service.
pub fn combine(traffic: Result<Side, String>, blue: ServiceReading, green: ServiceReading) -> ServiceReading {
    let (blue_words, green_words) = (words(Side::Blue, &blue), words(Side::Green, &green));
    let side = match traffic {
        Ok(side) => side,
        Err(why) => {
            let why = format!("nobody knows which side takes traffic: {why}");
            let says = Some(Untrusted::new(format!("{blue_words}, {green_words}, traffic ?")));
            return ServiceReading { outcome: Outcome::NoData(why), code: None, version: None, says, ..blue };
        }
    };
    let (live, idle, other) = match side {
        Side::Blue => (blue, green, Side::Green),
        Side::Green => (green, blue, Side::Blue),
    };
    let idle = other_side(other, &idle.outcome);
    let outcome = match (live.outcome, idle) {
        (Outcome::Pass, Some(why)) => Outcome::Degraded(why),
        (Outcome::Pass, None) => Outcome::Pass,
        (Outcome::Degraded(why), idle) => Outcome::Degraded(with(side, &why, idle)),
        (Outcome::Fail(why), idle) => Outcome::Fail(with(side, &why, idle)),
        (Outcome::NoData(why), idle) => Outcome::NoData(with(side, &why, idle)),
    };
    let says = match side {
        Side::Blue => format!("{blue_words} ←, {green_words}"),
        Side::Green => format!("{blue_words}, {green_words} ←"),
    };
    ServiceReading { outcome, says: Some(Untrusted::new(says)), ..live }
}

fn with(side: Side, why: &str, idle: Option<String>) -> String {
    let idle = idle.map(|idle| format!("; {idle}")).unwrap_or_default();
    format!("{}: {why}{idle}", side.word())
}

fn other_side(side: Side, outcome: &Outcome) -> Option<String> {
    let side = side.word();
    match outcome {
        Outcome::Pass => None,
        Outcome::Degraded(why) => Some(format!("{side}, idle, is degraded: {why}")),
        Outcome::Fail(why) => Some(format!("{side}, idle, is down: {why}")),
        Outcome::NoData(why) => Some(format!("{side}, idle, is not known: {why}")),
    }
}

/// A side in few words: `blue up v2.0`.
fn words(side: Side, reading: &ServiceReading) -> String {
    let state = match reading.outcome {
        Outcome::Pass => "up",
        Outcome::Degraded(_) => "degraded",
        Outcome::Fail(_) => "down",
        Outcome::NoData(_) => "?",
    };
    let version = reading.version.as_ref().map(|v| format!(" {}", v.raw())).unwrap_or_default();
    format!("{} {state}{version}", side.word())
}

#[cfg(test)]
mod tests {
    use super::super::ServiceIx;
    use super::*;

    fn side(outcome: Outcome) -> ServiceReading {
        ServiceReading::new(ServiceIx(0), outcome)
    }

    #[test]
    fn the_side_is_the_one_that_is_named_alone() {
        let table = [
            ("blue", Some(Side::Blue)),
            ("Load Balancer: Pointed at Green\n", Some(Side::Green)),
            ("http://blue:9000", Some(Side::Blue)),
            ("blueish", None),
            ("blue, then green", None),
            ("", None),
            ("50/50", None),
        ];
        for (text, wanted) in table {
            assert_eq!(Side::named(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_state_is_that_of_the_side_with_traffic() {
        let bad = || side(Outcome::Fail("502, expected 2xx".to_owned()));
        let good = || side(Outcome::Pass);
        let both = combine(Ok(Side::Blue), good(), good());
        assert_eq!(both.outcome, Outcome::Pass);
        assert_eq!(both.says, Some("blue up ←, green up".into()));
        let idle = combine(Ok(Side::Blue), good(), bad());
        assert_eq!(idle.outcome, Outcome::Degraded("green, idle, is down: 502, expected 2xx".to_owned()));
        let live = combine(Ok(Side::Green), good(), bad());
        assert_eq!(live.outcome, Outcome::Fail("green: 502, expected 2xx".to_owned()));
        let unknown = combine(Err("the answer is no JSON".to_owned()), good(), good());
        assert!(
            matches!(unknown.outcome, Outcome::NoData(_)),
            "two healthy sides are no pass while traffic is unknown"
        );
    }
}
