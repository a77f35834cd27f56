//! One try: a parcel over HTTP or through a command, with one deadline for each request, and what became of it.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

use super::answer::{Answer, Reached, Receiver, Wrong};
use super::backoff::{date, retry_after};
use super::outbox::{Form, Parcel};
use super::{command, pagerduty, slack, webhook};
use crate::notice::Notice;
use crate::plan::Way;
use crate::proc::{self, End, Spec};
use crate::secret::{Filled, Masks};
use crate::text::escape;
use crate::trust::Trust;

/// From the begin of a request to the head of its answer, name look-up and connection included.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// From a good status on this long is waited for a word against it.
const WORD: Duration = Duration::from_secs(1);
/// A command that tells.
const COMMAND_DEADLINE: Duration = Duration::from_secs(10);
/// Of what a receiver says to a refusal this much is shown.
const SAID: usize = 200;
/// A part of a URL's path at least this long is taken for its secret.
const TOKEN: usize = 8;

/// What every try needs; made once.
#[derive(Debug)]
pub(super) struct Post {
    /// Through the proxy of the environment, where there is one: often there is no other way out of a company.
    out: Client,
    /// To this machine.
    near: Client,
    shim: Option<PathBuf>,
    trust: Trust,
}

/// Where to, and what must not be seen of it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) way: Way,
    /// Masks of the room, for what goes out.
    pub(super) masks: Masks,
    /// The same with the parts of the channel's own URL, for what is said about it here.
    hush: Masks,
}

impl Target {
    pub(super) fn new(way: Way, masks: &Masks) -> Self {
        let mut hush = masks.clone();
        match &way {
            Way::PagerDuty { routing_key, url } => {
                hush.add(routing_key.expose());
                if let Some(url) = url {
                    hush_url(&mut hush, url);
                }
            }
            Way::Slack { webhook: url } | Way::Webhook { url } => hush_url(&mut hush, url),
            Way::Command { .. } => {}
        }
        Self { way, masks: masks.clone(), hush }
    }

    fn receiver(&self) -> Receiver {
        match self.way {
            Way::Slack { .. } => Receiver::Slack,
            Way::PagerDuty { .. } => Receiver::PagerDuty,
            Way::Webhook { .. } | Way::Command { .. } => Receiver::Other,
        }
    }

    /// What somebody out there said, so that it may be shown.
    fn said(&self, text: &str) -> String {
        escape(&self.hush.masked(text)).chars().take(SAID).collect()
    }
}

fn over_tls(url: &Filled) -> bool {
    url.expose().starts_with("https:")
}

fn hush_url(masks: &mut Masks, url: &Filled) {
    masks.add(url.expose());
    if let Ok(url) = Url::parse(url.expose()) {
        let parts = url.path().split('/').chain(url.query().unwrap_or_default().split(['&', '=']));
        for part in parts.filter(|part| part.len() >= TOKEN).chain(url.password()) {
            masks.add(part);
        }
    }
}

impl Post {
    pub(super) fn new(user_agent: &str, shim: Option<PathBuf>, trust: Trust) -> Result<Self, String> {
        let config = trust.talking()?;
        let client = || {
            Client::builder()
                .user_agent(user_agent)
                .referer(false)
                .http1_only()
                .redirect(Policy::none())
                // Between two pages lie hours: a kept connection is a dead one.
                .pool_max_idle_per_host(0)
                .tls_backend_preconfigured(config.clone())
        };
        let words = |e: reqwest::Error| format!("the HTTP client cannot start: {}", e.without_url());
        let (out, near) = (client().build().map_err(words)?, client().no_proxy().build().map_err(words)?);
        Ok(Self { out, near, shim, trust })
    }

    /// Gets ready for a way that will be gone.
    pub(super) fn prepare(&self, way: &Way) {
        let tls = match way {
            Way::PagerDuty { url, .. } => url.as_ref().is_none_or(over_tls),
            Way::Slack { webhook: url } | Way::Webhook { url } => over_tls(url),
            Way::Command { .. } => false,
        };
        if tls {
            self.trust.prepare();
        }
    }

    /// Tries a parcel once: what became of it, and how many of its messages were taken so far.
    pub(super) async fn send(&self, target: &Target, parcel: &Parcel) -> (Answer, usize) {
        let Some(last) = parcel.notices.last() else { return (Answer::Took, 0) };
        let masks = &target.masks;
        let json = |url: &str| self.post(url).map(|post| post.header(CONTENT_TYPE, "application/json"));
        let mut requests: Vec<Result<RequestBuilder, String>> = Vec::new();
        match &target.way {
            Way::Command { argv, env } => return (self.run(target, argv, env, last).await, 0),
            Way::Slack { webhook } => {
                let body = match parcel.form {
                    Form::Digest => slack::digest(&parcel.notices.iter().map(Arc::as_ref).collect::<Vec<_>>(), masks),
                    Form::Last | Form::Over => slack::message(last, masks),
                };
                requests.push(json(webhook.expose()).map(|post| post.body(body)));
            }
            Way::Webhook { url } => {
                for (id, body) in webhook::requests(last, masks) {
                    requests.push(json(url.expose()).map(|post| post.header("Idempotency-Key", id).body(body)));
                }
            }
            Way::PagerDuty { routing_key, url } => {
                let home = url.as_ref().map_or(pagerduty::HOME, Filled::expose).trim_end_matches('/');
                // The whole address is a natural thing to write.
                let home = home.strip_suffix(pagerduty::EVENT).unwrap_or(home);
                let key = routing_key.expose();
                let bodies = match (parcel.form, parcel.notices.first()) {
                    (Form::Over, Some(first)) => vec![pagerduty::over(first, last, masks, key)],
                    _ => pagerduty::requests(last, masks, key),
                };
                for (path, body) in bodies {
                    requests.push(json(&format!("{home}{path}")).map(|post| post.body(body)));
                }
            }
        }
        let mut passed = parcel.passed;
        for request in requests.into_iter().skip(parcel.passed) {
            match self.ask(target, request).await {
                Answer::Took => passed += 1,
                other => return (other, passed),
            }
        }
        (Answer::Took, passed)
    }

    /// Calls a URL; whether it was answered well, or in words why not.
    pub(super) async fn call(&self, url: &Filled) -> Result<(), String> {
        let url = Url::parse(url.expose()).map_err(|_| "the URL cannot be read".to_owned())?;
        match tokio::time::timeout(DEADLINE, self.client(&url).get(url).send()).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => Err(format!("HTTP {}", response.status().as_u16())),
            Ok(Err(error)) => Err(words(&error.without_url())),
            Err(_) => Err(late(DEADLINE)),
        }
    }

    fn post(&self, url: &str) -> Result<RequestBuilder, String> {
        let url = Url::parse(url).map_err(|_| "the URL cannot be read".to_owned())?;
        Ok(self.client(&url).post(url))
    }

    fn client(&self, url: &Url) -> &Client {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let near = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if near { &self.near } else { &self.out }
    }

    async fn ask(&self, target: &Target, request: Result<RequestBuilder, String>) -> Answer {
        let request = match request {
            Ok(request) => request,
            Err(why) => return Answer::Refused { why, of: Wrong::Channel },
        };
        let began = tokio::time::Instant::now();
        let response = match tokio::time::timeout(DEADLINE, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return failed(&error.without_url()),
            Err(_) => return Answer::Failed { why: late(DEADLINE), reached: Reached::Maybe },
        };
        let status = response.status();
        #[expect(
            clippy::disallowed_methods,
            reason = "the edge that reads the clock, for a Retry-After that is a date"
        )]
        let now = chrono::Utc::now();
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
        let now = header(DATE).and_then(date).unwrap_or(now);
        let after = header(RETRY_AFTER).and_then(|value| retry_after(value, now));
        let left = DEADLINE.saturating_sub(began.elapsed());
        if status.is_success() {
            // What was promised in the head holds, unless the rest says otherwise, and soon.
            let receiver = target.receiver();
            if receiver == Receiver::Other {
                return Answer::Took;
            }
            let body = tokio::time::timeout(left.min(WORD), begin_of(response)).await.unwrap_or_default();
            let no = Answer::against(receiver, status.as_u16(), &body, after, &target.said(&body));
            return no.unwrap_or(Answer::Took);
        }
        let said = tokio::time::timeout(left, begin_of(response)).await;
        Answer::of_status(status.as_u16(), after, &target.said(&said.unwrap_or_default()))
    }

    async fn run(&self, target: &Target, argv: &[Filled], env: &[(String, Filled)], notice: &Notice) -> Answer {
        let told = Filled::plain(command::notice(notice, &target.masks));
        let own = env.iter().filter(|(name, _)| name != command::VARIABLE).cloned();
        let env = own.chain([(command::VARIABLE.to_owned(), told)]).collect();
        let spec = Spec { argv: argv.to_vec(), env, dir: None, shim: self.shim.clone() };
        let ran = proc::run(&spec, COMMAND_DEADLINE).await;
        let why = match ran.end {
            End::Exit(0) => return Answer::Took,
            End::Exit(code) => {
                let text = ran.stderr.text();
                let said = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                format!("exit status {code} {}", target.said(said)).trim_end().to_owned()
            }
            End::Signal(signal) => format!("ended by signal {signal}"),
            End::Deadline => format!("killed: it did not end within {} s", COMMAND_DEADLINE.as_secs()),
            End::NotStarted(why) => return Answer::Failed { why: target.said(&why), reached: Reached::No },
            End::Lost(why) => target.said(&why),
        };
        Answer::Failed { why, reached: Reached::Maybe }
    }
}

/// The first bytes of a body, as text; enough to show, and to mask before it is cut.
async fn begin_of(mut response: Response) -> String {
    const ENOUGH: usize = 4 * 1024;
    let mut body = Vec::new();
    while body.len() < ENOUGH
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(chunk.get(..chunk.len().min(ENOUGH)).unwrap_or_default());
    }
    String::from_utf8_lossy(&body).into_owned()
}

fn failed(error: &reqwest::Error) -> Answer {
    if error.is_builder() {
        return Answer::Refused { why: "the request cannot be made: check the URL".to_owned(), of: Wrong::Channel };
    }
    let reached = if error.is_connect() { Reached::No } else { Reached::Maybe };
    Answer::Failed { why: words(error), reached }
}

fn late(within: Duration) -> String {
    format!("no answer within {} s", within.as_secs())
}

/// An error in words of our own; nothing of the URL is in them.
fn words(error: &reqwest::Error) -> String {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = at {
        if cause.downcast_ref::<rustls::Error>().is_some() {
            return "TLS: the receiver's certificate cannot be trusted, or it speaks no TLS".to_owned();
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return "connection refused".to_owned(),
                io::ErrorKind::ConnectionReset => return "connection reset".to_owned(),
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    return "no route to the receiver".to_owned();
                }
                io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
                    return "the connection was closed before an answer".to_owned();
                }
                _ => {}
            }
            // The source of an I/O error is that of what it holds: what it holds is looked at itself.
            if let Some(inner) = io.get_ref() {
                at = Some(inner);
                continue;
            }
        }
        if cause.to_string() == "dns error" {
            return "the receiver's name cannot be looked up".to_owned();
        }
        at = cause.source();
    }
    if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the connection was closed before an answer".to_owned()
    }
}
