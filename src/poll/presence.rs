//! Whether a secret is there: its value goes from here to the verdict and nowhere else.

use std::time::Duration;

use super::look::{Looks, Want};
use crate::clock::Now;
use crate::probe::presence::{Kept, SecretCheck};
use crate::probe::{Outcome, ServiceIx, ServiceReading};

/// Looks and judges.
pub(super) async fn ask(looks: &mut Looks, service: ServiceIx, check: &SecretCheck, now: Now) -> ServiceReading {
    let (outcome, says) = match &check.kept {
        Kept::Env { name, value: None } => {
            (Outcome::Fail(format!("the variable {} is not set", crate::text::escape(name))), None)
        }
        Kept::Env { value: Some(value), .. } => check.judge(value.expose(), None),
        Kept::File(path) => match looks.look(path, Want::Text).await {
            Ok(seen) => {
                let age = (now.utc - seen.written).to_std().unwrap_or(Duration::ZERO);
                check.judge(seen.text.expose(), Some(age))
            }
            Err(outcome) => (outcome, None),
        },
    };
    ServiceReading { says, ..ServiceReading::new(service, outcome) }
}
