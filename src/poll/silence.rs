//! Creating a silence in an Alertmanager: asked once, never again by itself.

use std::time::Duration;

use serde::Deserialize;

use super::http::{Clients, Prepared};
use super::reason;
use super::rules::api;
use crate::probe::rules::SilenceThere;
use crate::text::Untrusted;

/// The answer is an id.
const ANSWER_CAP: usize = 64 * 1024;
/// Bytes of an id that are kept.
const ID: usize = 128;

/// The id that the silence has there, or a sentence that says why there is none, without text from outside.
pub(super) async fn create(clients: Result<Clients, String>, wanted: &SilenceThere) -> Result<Untrusted, String> {
    let within: Duration = wanted.within;
    let posted = async {
        let url = api(&wanted.request, "/api/v2/silences")?;
        let prepared = Prepared::post_json(&clients?, url, &wanted.request)?;
        let mut answer = prepared.send(Some(&wanted.body)).await?;
        if answer.status != 200 {
            return Err(format!("{}, expected 200", answer.status));
        }
        let mut body = Vec::new();
        answer.read(&mut body, ANSWER_CAP).await?;
        let created: Created =
            serde_json::from_slice(&body).map_err(|_| "the answer is not that of an Alertmanager".to_owned())?;
        let id = created.silence_id;
        Ok(Untrusted::new(id.get(..id.floor_char_boundary(ID)).unwrap_or_default()))
    };
    let unknown = |_| Err(format!("{}: whether it is silent there is not known", reason::no_answer(within)));
    tokio::time::timeout(within, posted).await.unwrap_or_else(unknown)
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "silenceID")]
    silence_id: String,
}
