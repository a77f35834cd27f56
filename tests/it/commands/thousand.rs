//! A thousand trees of processes that do what they can to stay, each told to end: how many are left.
//! `cargo test --release --test it commands::thousand -- --ignored --nocapture`

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Place, eventually, living, run, until};

/// Told to end together; so many war rooms come and go.
const TOGETHER: usize = 40;
const ROUNDS: usize = 25;

/// A small generator: the same trees on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A script whose processes all go by `word`: deaf to one signal or all, in sessions and groups of their own, twice forked,
/// standing still, coming back when they are killed, feeding each other.
fn tree(dice: &mut Dice, word: &str, depth: u64) -> String {
    let deaf = ["", "trap '' INT;", "trap '' INT TERM;", "trap '' INT TERM HUP QUIT;"][dice.roll(4) as usize];
    let sleeper = format!("exec -a {word} sleep 300");
    let below = |dice: &mut Dice| {
        if depth == 0 { sleeper.clone() } else { tree(dice, word, depth - 1) }
    };
    let nested = |text: &str| text.replace('\'', "'\\''");
    match dice.roll(9) {
        0 => format!("{deaf} {sleeper}"),
        1 => format!("{deaf} ({}) | ({sleeper})", below(dice)),
        2 => format!("{deaf} ({}) & ({sleeper}) & wait", below(dice)),
        3 => format!("{deaf} setsid bash -c '{}' & wait", nested(&below(dice))),
        4 => format!("(setsid bash -c '{}' &) ; {deaf} {sleeper}", nested(&below(dice))),
        5 => format!("{deaf} for n in 1 2 3 4 5 6; do ({sleeper}); done"),
        6 => format!("set -m; ({}) & ({deaf} {sleeper}) & wait", below(dice)),
        7 => format!("(bash -c 'kill -s STOP $$; {sleeper}') & {deaf} {sleeper}"),
        _ => {
            format!("({deaf} nohup bash -c '{}' >/dev/null 2>&1 &) ; (exec >&- 2>&-; {sleeper})", nested(&below(dice)))
        }
    }
}

#[test]
#[ignore = "a measurement of minutes: run it by itself, in release"]
fn nobody_is_left_of_a_thousand_nasty_trees() {
    let word = format!("warroom-thousand-{}", std::process::id());
    let mut dice = Dice(0x5eed);
    let (mut begun, mut survivors, mut slowest, mut most) = (0, 0, Duration::ZERO, 0);
    for round in 0..ROUNDS {
        let scripts: Vec<(String, String)> = (0..TOGETHER)
            .map(|n| {
                let mut script = String::from("set +e +o pipefail\n");
                let depth = dice.roll(4);
                let _ = writeln!(script, "{}", tree(&mut dice, &word, depth));
                (format!("tree {n}"), script)
            })
            .collect();
        let pairs: Vec<(&str, &str)> = scripts.iter().map(|(name, script)| (name.as_str(), script.as_str())).collect();
        let place = Place::of(&pairs);
        let steps = place.steps();
        assert_eq!(steps.len(), TOGETHER);
        let watch = place.start("ic");
        let mut client = watch.client();
        for step in &steps {
            assert_eq!(run(&mut client, "ic", step)["answer"], "accepted");
        }
        begun += steps.len();
        eventually("most of them", || living(&word) >= TOGETHER / 2);
        most = most.max(living(&word));
        let at = Instant::now();
        for started in until(&watch, "command-started", steps.len()) {
            client.ask(3, "ic", &json!({ "kind": "stop", "run": started["run"] }));
        }
        let ended = until(&watch, "command-ended", steps.len());
        slowest = slowest.max(at.elapsed());
        assert_eq!(watch.end().code(), Some(143));
        let left = living(&word);
        survivors += left;
        assert!(ended.iter().all(|end| end["verdict"] != "unknown"), "{ended:#?}");
        println!("round {round}: {} trees, {} left, {:.1} s", steps.len(), left, at.elapsed().as_secs_f64());
    }
    println!(
        "{begun} trees, at most {most} processes of them at once, the slowest {TOGETHER} gone in {:.1} s: {survivors} survivors",
        slowest.as_secs_f64()
    );
    assert_eq!((begun, survivors), (1_000, 0));
}
