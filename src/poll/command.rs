//! Commands as probes: run under the shim, judged by exit and output, or read for a number.

use std::path::PathBuf;
use std::time::Duration;

use super::{expect, json};
use crate::probe::{CommandLine, Outcome};
use crate::proc::{self, End, Ran, Spec};

/// Runs a command to its end or its deadline.
pub(super) async fn run(command: &CommandLine, shim: Option<PathBuf>, deadline: Duration) -> Ran {
    let spec = Spec { argv: command.argv.clone(), env: command.env.clone(), dir: None, shim };
    proc::run(&spec, deadline).await
}

/// The number a command printed.
pub(super) fn number(ran: &Ran, deadline: Duration) -> Result<f64, String> {
    if ran.end == End::Exit(0) {
        return json::first_number(&ran.stdout.text());
    }
    match expect::ending(&crate::probe::CommandExpect::default(), ran, deadline, Duration::ZERO) {
        Outcome::Fail(reason) | Outcome::NoData(reason) | Outcome::Degraded(reason) => Err(reason),
        Outcome::Pass => Err("nobody knows how it ended".to_owned()),
    }
}
