//! `warroom gate`: the verdict on one gate, for pipelines and for people, out of the room's journal and tape or by asking.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::commands::{Seated, UNUSABLE, complain, journal_seen, say, sit, usable};
use super::look::{self, Asking};
use super::status::escape_strings;
use crate::cli;
use crate::clock::{age, rfc3339};
use crate::fact::Verdict;
use crate::room::gates::GateNow;
use crate::room::vote;
use crate::text::escape;

/// Undecided, or without data.
const WAIT: u8 = 3;
/// How often time passes while a verdict is waited for.
const BEAT: Duration = Duration::from_millis(50);

/// Looks, waits where that is asked for, prints, ends with the verdict.
#[expect(clippy::disallowed_methods, reason = "an edge of time: somebody waits at a shell")]
pub fn main(args: &cli::Gate) -> anyhow::Result<ExitCode> {
    let setup = match usable(args.plan.as_deref())? {
        Ok(setup) => setup,
        Err(code) => return Ok(code),
    };
    if let Some(unknown) = vote::unknown(&setup.plan, &args.name) {
        complain(&format!("warroom: {unknown}"));
        return Ok(ExitCode::from(UNUSABLE));
    }
    let seat = cli::Seat { read_only: true, ..cli::Seat::default() };
    let began = Instant::now();
    let seated = loop {
        let (journal_at, begun) = journal_seen(&setup, args.journal.as_deref())?;
        let mut seated = sit(setup.clone(), &seat, journal_at, None)?;
        let Some(wait) = args.wait else {
            look::look(&mut seated, begun, Asking::Once);
            break seated;
        };
        look::look(&mut seated, begun, Asking::Twice);
        let begins = || !begun && journal_seen(&setup, args.journal.as_deref()).is_ok_and(|(_, begun)| begun);
        match until_decided(&mut seated, &args.name, wait.saturating_sub(began.elapsed()), begins) {
            // Votes and ticks are in its record alone.
            Waited::Begun => seated.runtime.shutdown_background(),
            Waited::Enough => break seated,
        }
    };
    let room = &seated.desk.room;
    let gate = room.gate_named(&args.name).and_then(|ix| room.gate(ix));
    seated.runtime.shutdown_background();
    let Some(gate) = gate else { anyhow::bail!("the plan no longer has the gate \"{}\"", args.name) };
    say(&match args.format {
        cli::Format::Json => serde_json::to_string_pretty(&json(&gate))?,
        cli::Format::Text => text(&gate),
    })?;
    Ok(match gate.verdict {
        Verdict::Go => ExitCode::SUCCESS,
        Verdict::NoGo => ExitCode::from(1),
        Verdict::Wait => ExitCode::from(WAIT),
    })
}

/// Why somebody waits no longer.
enum Waited {
    /// The gate is decided, or the time is up.
    Enough,
    /// Somebody opened the room, which nobody had.
    Begun,
}

/// Goes on looking until the verdict is GO or NO-GO, the room begins, or the time is up: that is never a GO.
#[expect(clippy::disallowed_methods, reason = "an edge of time: somebody waits at a shell")]
fn until_decided(seated: &mut Seated, name: &str, wait: Duration, begins: impl Fn() -> bool) -> Waited {
    let Seated { desk, lanes, runtime, .. } = seated;
    let began = Instant::now();
    runtime.block_on(async {
        while began.elapsed() < wait {
            let room = &desk.room;
            let word = room.gate_named(name).and_then(|ix| room.gate(ix)).map(|gate| gate.verdict);
            if word != Some(Verdict::Wait) {
                return Waited::Enough;
            }
            tokio::select! {
                Some(event) = lanes.journal.recv() => { desk.on_journal(event); }
                Some(event) = lanes.poll.recv() => { desk.on_poll(event); }
                () = tokio::time::sleep(BEAT) => {
                    if begins() {
                        return Waited::Begun;
                    }
                    desk.tick();
                }
            }
        }
        Waited::Enough
    })
}

/// A gate as `warroom gate` and `warroom status` tell it: durations in seconds, times in RFC 3339 UTC.
pub fn json(gate: &GateNow) -> Value {
    let criteria = gate.criteria.iter().map(|c| {
        json!({
            "text": c.look.text,
            "state": c.look.state,
            "value": c.look.value,
            "threshold": c.look.threshold,
            "unit": c.look.unit,
            "samples": c.look.samples,
            "age": c.look.age,
        })
    });
    let votes = gate.votes.iter().filter(|b| !b.lapsed).filter_map(|b| {
        let cast = b.cast.as_ref()?;
        let at = rfc3339(cast.stamp.utc());
        Some(json!({ "role": b.role, "person": cast.by.person, "vote": cast.vote, "at": at }))
    });
    let mut out = json!({
        "gate": gate.name,
        "verdict": gate.verdict,
        "since": rfc3339(gate.since),
        "dwell": { "need": gate.dwell.1.as_secs_f64(), "have": gate.dwell.0.as_secs_f64() },
        "criteria": criteria.collect::<Vec<_>>(),
        "votes": votes.collect::<Vec<_>>(),
        "reason": gate.reason,
    });
    if let (Some(made), Some(map)) = (&gate.decision, out.as_object_mut()) {
        let decision = json!({
            "verdict": made.verdict,
            "override": made.overridden,
            "person": made.person,
            "at": rfc3339(made.at),
            "reason": made.reason,
            "sha256": made.sha256,
            "basis_gone": gate.gone,
        });
        map.insert("decision".to_owned(), decision);
    }
    escape_strings(&mut out);
    out
}

/// The verdict in a line, and what it comes from below it.
fn text(gate: &GateNow) -> String {
    let mut lines = vec![format!("{}  {}: {}", gate.verdict, escape(&gate.name), escape(&gate.reason))];
    let wide = gate.criteria.iter().map(|c| c.look.text.chars().count()).max().unwrap_or_default();
    for criterion in &gate.criteria {
        let look = &criterion.look;
        let old = look.age.map(|s| format!(", {} old", age(Duration::try_from_secs_f64(s).unwrap_or_default())));
        let line = format!(
            "  {:<7}  {:<wide$}  {}{}",
            look.state,
            escape(&look.text),
            escape(&look.words),
            old.unwrap_or_default()
        );
        lines.push(line);
    }
    for ballot in &gate.votes {
        let said = match &ballot.cast {
            None => "has not voted".to_owned(),
            Some(cast) if ballot.lapsed => format!("voted GO, whose basis is gone ({})", cast.by.person),
            Some(cast) if cast.comment.raw().is_empty() => format!("{} ({})", cast.vote, cast.by.person),
            Some(cast) => format!("{} ({}): {}", cast.vote, cast.by.person, cast.comment),
        };
        lines.push(format!("  vote     {:<wide$}  {said}", ballot.role.to_string()));
    }
    lines.join("\n")
}
