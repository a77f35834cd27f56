//! One HTTP exchange under the probes' rules: no proxy, five careful redirects, one retry on a dead connection, bounded bodies.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, Url};
use tokio::time::Instant;

use super::connect::{Connecting, Watch};
use super::names::Names;
use super::reason::{self, Refused};
use super::tls;
use crate::probe::{Phases, Request};
use crate::trust::Trust;

/// At most so much of a health page or a JSON answer is read, counted after decompression.
pub(super) const HEALTH_CAP: usize = 256 * 1024;
/// At most so much of a metrics page is read, counted after decompression.
pub(super) const PAGE_CAP: usize = 32 * 1024 * 1024;
/// Redirects followed.
const HOPS: usize = 5;

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// To any host.
    AnyHost,
    /// Within the host: the request carries headers of its own.
    SameHost,
    /// None: a redirect is the expected answer.
    Never,
}

/// The shared clients; they share nothing with one another but their settings.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    any: Client,
    same: Client,
    never: Client,
    trust: Trust,
    /// Whether connections are kept.
    pub(super) keep: bool,
}

impl Clients {
    /// Clients that keep connections open between askings, or (with few descriptors) do not.
    pub(super) fn new(names: &Names, trust: &Trust, user_agent: &str, keep: bool) -> Result<Self, String> {
        let config = trust.talking()?;
        let build = |follow: Follow| {
            Client::builder()
                .user_agent(user_agent)
                .no_proxy()
                .dns_resolver(names.clone())
                .referer(false)
                .http1_only()
                .tcp_nodelay(true)
                .tls_info(true)
                .redirect(policy(follow))
                .pool_max_idle_per_host(if keep { usize::MAX } else { 0 })
                .pool_idle_timeout(Duration::from_secs(90))
                .connector_layer(Watch)
                .tls_backend_preconfigured(config.clone())
                .build()
                .map_err(|e| format!("the HTTP client cannot start: {}", reason::of_request(&e)))
        };
        let (any, same, never) = (build(Follow::AnyHost)?, build(Follow::SameHost)?, build(Follow::Never)?);
        Ok(Self { any, same, never, trust: trust.clone(), keep })
    }

    fn of(&self, follow: Follow) -> &Client {
        match follow {
            Follow::AnyHost => &self.any,
            Follow::SameHost => &self.same,
            Follow::Never => &self.never,
        }
    }
}

fn policy(follow: Follow) -> Policy {
    Policy::custom(move |attempt| match refuse(follow, &attempt) {
        _ if follow == Follow::Never => attempt.stop(),
        Some(why) => attempt.error(why),
        None => attempt.follow(),
    })
}

fn refuse(follow: Follow, attempt: &Attempt<'_>) -> Option<Refused> {
    let (to, from) = (attempt.url(), attempt.previous().last()?);
    if attempt.previous().len() > HOPS {
        return Some(Refused::TooMany);
    }
    if !matches!(to.scheme(), "http" | "https") {
        return Some(Refused::Scheme);
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Some(Refused::Downgrade);
    }
    let ip = to.host_str().and_then(|h| h.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    let link_local = match ip {
        Some(IpAddr::V4(ip)) => ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_unicast_link_local() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_link_local()),
        None => false,
    };
    if link_local {
        return Some(Refused::LinkLocal);
    }
    // Another port is another party.
    let same = (from.host_str(), from.port_or_known_default()) == (to.host_str(), to.port_or_known_default());
    (follow == Follow::SameHost && !same).then_some(Refused::OtherHost)
}

/// A request made ready once and sent many times.
#[derive(Debug)]
pub(super) struct Prepared {
    client: Client,
    request: reqwest::Request,
    connecting: Arc<Connecting>,
}

/// The head of an answer; its body is still to come.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    pub(super) status: u16,
    pub(super) connect: Option<Duration>,
    pub(super) wait: Duration,
    pub(super) tls_days: Option<i64>,
    head_at: Instant,
}

impl Prepared {
    /// Makes a GET ready.
    pub(super) fn get(clients: &Clients, request: &Request, redirect_expected: bool) -> Result<Self, String> {
        let url = url_of(request)?;
        Self::new(clients, Method::GET, url, request, redirect_expected)
    }

    /// Makes a GET of another path of the same place ready.
    pub(super) fn get_at(clients: &Clients, url: Url, request: &Request) -> Result<Self, String> {
        Self::new(clients, Method::GET, url, request, false)
    }

    /// Makes a POST of JSON ready.
    pub(super) fn post_json(clients: &Clients, url: Url, request: &Request) -> Result<Self, String> {
        let mut prepared = Self::new(clients, Method::POST, url, request, false)?;
        let json = HeaderValue::from_static("application/json");
        prepared.request.headers_mut().insert(reqwest::header::CONTENT_TYPE, json);
        Ok(prepared)
    }

    /// Makes a POST of form fields ready; `body` is already encoded.
    pub(super) fn post(clients: &Clients, url: Url, request: &Request) -> Result<Self, String> {
        let mut prepared = Self::new(clients, Method::POST, url, request, false)?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        prepared.request.headers_mut().insert(reqwest::header::CONTENT_TYPE, form);
        Ok(prepared)
    }

    /// Says which formats are understood; unlike a header of the plan it may be seen by any host.
    pub(super) fn accept(&mut self, formats: &'static str) {
        self.request.headers_mut().insert(reqwest::header::ACCEPT, HeaderValue::from_static(formats));
    }

    fn new(clients: &Clients, method: Method, url: Url, asked: &Request, redirects: bool) -> Result<Self, String> {
        let mut headers = HeaderMap::with_capacity(asked.headers.len());
        for (name, value) in &asked.headers {
            let bad = || format!("header \"{}\" cannot be sent", crate::text::escape(name));
            let name: HeaderName = name.parse().map_err(|_| bad())?;
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let guarded = !headers.is_empty() || url.password().is_some() || !url.username().is_empty();
        let follow = match (redirects, guarded) {
            (true, _) => Follow::Never,
            (false, true) => Follow::SameHost,
            (false, false) => Follow::AnyHost,
        };
        if url.scheme() == "https" {
            clients.trust.prepare();
        }
        let client = clients.of(follow).clone();
        // Through the client's own builder: it turns a user and password in the URL into their header.
        let request = client.request(method, url).headers(headers).build();
        let request = request.map_err(|e| reason::of_request(&e))?;
        Ok(Self { client, request, connecting: Arc::default() })
    }

    /// Sends it and reads the answer's head.
    pub(super) async fn send(&self, body: Option<&str>) -> Result<Answer, String> {
        let mut again = true;
        loop {
            let Some(mut request) = self.request.try_clone() else {
                return Err("the request cannot be sent again".to_owned());
            };
            if let Some(body) = body {
                *request.body_mut() = Some(body.to_owned().into());
            }
            self.connecting.reset();
            let began = Instant::now();
            match self.connecting.watch(self.client.execute(request)).await {
                Ok(response) => {
                    let head_at = Instant::now();
                    let connect = self.connecting.took();
                    let wait = (head_at - began).saturating_sub(connect.unwrap_or_default());
                    let tls_days = tls::days_left(&response);
                    let status = response.status().as_u16();
                    return Ok(Answer { response, status, connect, wait, tls_days, head_at });
                }
                // A kept connection may have died since; only a fresh one says how the service is.
                Err(e)
                    if again && self.connecting.reused() && !e.is_timeout() && !e.is_builder() && !e.is_redirect() =>
                {
                    again = false;
                }
                Err(e) => return Err(reason::of_request(&e.without_url())),
            }
        }
    }
}

impl Answer {
    /// The answer's headers.
    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Reads the body into `into` (emptied first), at most `cap` bytes after decompression.
    pub(super) async fn read(&mut self, into: &mut Vec<u8>, cap: usize) -> Result<(), String> {
        into.clear();
        self.each_chunk(cap, |chunk| {
            into.extend_from_slice(chunk);
            Ok(())
        })
        .await
    }

    /// Hands the body over as it streams in, at most `cap` bytes after decompression.
    pub(super) async fn each_chunk(
        &mut self,
        cap: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        let over = || format!("body over {}", reason::size(cap));
        if self.response.content_length().is_some_and(|l| l > cap as u64) {
            return Err(over());
        }
        // What was asked for is decompressed by now and its header gone.
        if self.response.headers().get(CONTENT_ENCODING).is_some_and(|e| e != "identity") {
            return Err("the answer is compressed in a way that was not asked for".to_owned());
        }
        let mut read = 0_usize;
        loop {
            match self.response.chunk().await {
                Ok(Some(chunk)) => {
                    read += chunk.len();
                    if read > cap {
                        return Err(over());
                    }
                    take(&chunk)?;
                }
                Ok(None) => return Ok(()),
                Err(e) => return Err(reason::of_request(&e.without_url())),
            }
        }
    }

    /// Where the time went, at the end of the body.
    pub(super) fn phases(&self) -> Phases {
        Phases { connect: self.connect, wait: Some(self.wait), transfer: Some(self.head_at.elapsed()) }
    }
}

/// The URL of a request, or what is wrong with it.
pub(super) fn url_of(request: &Request) -> Result<Url, String> {
    let url = Url::parse(request.url.expose()).map_err(|_| "the URL cannot be read".to_owned())?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err("the URL is neither http nor https".to_owned()) }
}
