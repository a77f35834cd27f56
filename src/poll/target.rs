//! One target made ready for asking, and one asking of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::foreign::Alerts;
use super::http::{Clients, HEALTH_CAP, Prepared};
use super::prometheus::Prometheus;
use super::rules::Rules;
use super::scrape::Page;
use super::tls::Tls;
use super::{Fault, command, expect, json, reason, tcp};
use crate::clock::Now;
use crate::probe::rules::{AlertsReading, RuleQuery, RuleReading};
use crate::probe::{
    Ask, CommandExpect, CommandLine, HttpExpect, MetricIx, MetricReading, Outcome, Phases, Point, Probe, Reading,
    Sample, ServiceIx, ServiceReading,
};
use crate::secret::Masks;
use crate::text::Untrusted;

/// What is kept of an answer for the drawer.
const EXCERPT: usize = 4 * 1024;
/// A body buffer that grew beyond this is given back.
const BUFFER: usize = 16 * 1024;
/// Descriptors that a command takes for its pipes.
const PIPES: u32 = 4;

/// What every asking needs; made anew when the list of probes is.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) clients: Result<Clients, String>,
    pub(super) tls: Result<Tls, String>,
    pub(super) masks: Masks,
    pub(super) shim: Option<PathBuf>,
    /// Descriptors that are free for probes.
    pub(super) sockets: Arc<Semaphore>,
}

/// A target with the state that stays from one asking to the next.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) probe: Arc<Probe>,
    way: Result<Way, String>,
    body: Vec<u8>,
    /// What the last asking learnt, on its way home.
    pub(super) learnt: Option<(Sample, Option<Sample>)>,
    pub(super) fault: Option<Fault>,
}

/// What was made ready.
#[derive(Debug)]
enum Way {
    Http(Box<Prepared>),
    Prometheus(Box<Prometheus>),
    Page(Box<Page>),
    Rules(Box<Rules>),
    Alerts(Box<Alerts>),
    Plain,
}

impl Target {
    pub(super) fn new(probe: Arc<Probe>, tools: &Tools) -> Self {
        let way = Way::to(&probe.ask, tools);
        Self { probe, way, body: Vec::new(), learnt: None, fault: None }
    }

    /// Takes over what an earlier target had read, where both read the same page.
    pub(super) fn adopt(&mut self, old: Self) {
        let (Ask::Scrape { request: a, .. }, Ask::Scrape { request: b, .. }) = (&self.probe.ask, &old.probe.ask) else {
            return;
        };
        if let (true, Ok(Way::Page(own)), Ok(Way::Page(old))) = (a == b, &mut self.way, old.way) {
            own.adopt(*old);
        }
    }

    /// Asks once: what was learnt now and, once, what was learnt of the past. Never longer than the probe's timeout
    /// (a command: 2 s more for its killing).
    pub(super) async fn ask(&mut self, tools: &Tools, at: Now) -> (Reading, Option<Reading>) {
        let probe = Arc::clone(&self.probe);
        if self.body.capacity() > BUFFER {
            self.body = Vec::new();
        }
        let pipes = if matches!(probe.ask, Ask::Command { .. } | Ask::Number { .. }) { PIPES } else { 1 };
        let Ok(Ok(_held)) = tokio::time::timeout(probe.timeout, tools.sockets.acquire_many(pipes)).await else {
            return (no_data(&probe.ask, "no file descriptor was free"), None);
        };
        if let Some(fault) = self.fault.take() {
            return self.broken(fault).await;
        }
        match &probe.ask {
            // Commands end themselves in time; cutting them off here would leave their end unread.
            Ask::Command { service, command, expect } => {
                (Box::pin(ask_command(tools, &probe, *service, command, expect)).await, None)
            }
            Ask::Number { metric, command } => (Box::pin(ask_number(tools, &probe, *metric, command, at)).await, None),
            _ => {
                if let Ok(read) = tokio::time::timeout(probe.timeout, self.answer(tools, at)).await {
                    return read;
                }
                let why = reason::no_answer(probe.timeout);
                if let Ok(Way::Page(page)) = &mut self.way {
                    page.failed(at);
                    let rules = page.unseen(at, &why);
                    if !rules.is_empty() {
                        let values = failed(&probe.ask, &why);
                        let rules = Reading::Rules(rules);
                        return if matches!(values, Reading::Rules(_)) { (rules, None) } else { (values, Some(rules)) };
                    }
                }
                (failed(&probe.ask, &why), None)
            }
        }
    }

    async fn answer(&mut self, tools: &Tools, at: Now) -> (Reading, Option<Reading>) {
        let ask = &self.probe.ask;
        let way = match &mut self.way {
            Ok(way) => way,
            Err(reason) => return (no_data(ask, reason), None),
        };
        let read = match (ask, way) {
            (Ask::Http { service, expect, .. }, Way::Http(prepared)) => {
                ask_http(prepared, &mut self.body, *service, expect, &tools.masks).await
            }
            (Ask::Json { metric, pointer, .. }, Way::Http(prepared)) => {
                let value = ask_json(prepared, &mut self.body, pointer).await;
                Reading::Metrics(vec![MetricReading {
                    metric: *metric,
                    value: value.map(|value| Point { at: at.utc, value }),
                }])
            }
            (Ask::Tcp { service, addr, within }, _) => Box::pin(ask_tcp(*service, addr, *within)).await,
            (Ask::Tls { service, addr, expires_after }, _) => match &tools.tls {
                Ok(tls) => {
                    let (outcome, days) = Box::pin(tls.ask(addr, *expires_after, at)).await;
                    Reading::Service(ServiceReading { tls_days: days, ..about(*service, outcome) })
                }
                Err(reason) => no_data(ask, reason),
            },
            (Ask::Prometheus { queries, backfill, .. }, Way::Prometheus(prometheus)) => {
                let now = Reading::Metrics(Box::pin(prometheus.now(queries, at)).await);
                let past = Box::pin(prometheus.past(queries, *backfill, at)).await;
                return (now, past.map(Reading::Backfill));
            }
            (Ask::Scrape { queries, rules, .. }, Way::Page(page)) => {
                let (values, found) = Box::pin(page.ask(queries, at)).await;
                if queries.is_empty() && !rules.is_empty() {
                    return (Reading::Rules(found), None);
                }
                return (Reading::Metrics(values), (!found.is_empty()).then_some(Reading::Rules(found)));
            }
            (Ask::Rules { rules, .. }, Way::Rules(prepared)) => {
                // A little before the deadline of all, so that those who did answer are heard.
                let within = self.probe.timeout.mul_f64(0.95);
                Reading::Rules(Box::pin(prepared.ask(rules, within)).await)
            }
            (Ask::Alerts { source, .. }, Way::Alerts(prepared)) => {
                Reading::Alerts(AlertsReading { source: *source, found: Box::pin(prepared.ask()).await })
            }
            _ => no_data(ask, "the probe was not made ready"),
        };
        (read, None)
    }

    async fn broken(&self, fault: Fault) -> (Reading, Option<Reading>) {
        let endless = async {
            match fault {
                #[expect(clippy::panic, reason = "asked for by a test")]
                Fault::Panic => panic!("broken on purpose"),
                Fault::Spin => loop {
                    tokio::task::yield_now().await;
                },
                Fault::Never => std::future::pending().await,
            }
        };
        match tokio::time::timeout(self.probe.timeout, endless).await {
            Ok(never) => never,
            Err(_) => (failed(&self.probe.ask, &reason::no_answer(self.probe.timeout)), None),
        }
    }
}

impl Way {
    fn to(ask: &Ask, tools: &Tools) -> Result<Self, String> {
        let clients = || tools.clients.as_ref().map_err(Clone::clone);
        Ok(match ask {
            Ask::Http { request, expect, .. } => {
                Self::Http(Box::new(Prepared::get(clients()?, request, expect::wants_redirect(expect))?))
            }
            Ask::Json { request, .. } => Self::Http(Box::new(Prepared::get(clients()?, request, false)?)),
            Ask::Prometheus { request, .. } => Self::Prometheus(Box::new(Prometheus::new(clients()?, request)?)),
            Ask::Scrape { request, queries, rules } => {
                Self::Page(Box::new(Page::new(clients()?, request, queries, rules)?))
            }
            Ask::Rules { request, .. } => Self::Rules(Box::new(Rules::new(clients()?, request)?)),
            Ask::Alerts { request, api, .. } => Self::Alerts(Box::new(Alerts::new(clients()?, request, *api)?)),
            Ask::Tcp { .. } | Ask::Tls { .. } | Ask::Command { .. } | Ask::Number { .. } => Self::Plain,
        })
    }
}

async fn ask_http(
    prepared: &Prepared,
    body: &mut Vec<u8>,
    service: ServiceIx,
    expect: &HttpExpect,
    masks: &Masks,
) -> Reading {
    body.clear();
    let mut answer = match prepared.send(None).await {
        Ok(answer) => answer,
        Err(reason) => return Reading::Service(about(service, Outcome::Fail(reason))),
    };
    let read = answer.read(body, HEALTH_CAP).await;
    let phases = answer.phases();
    let took = [phases.connect, phases.wait, phases.transfer].into_iter().flatten().sum();
    let (outcome, version) = match read {
        Ok(()) => expect::http(expect, answer.status, answer.headers(), body, took),
        Err(reason) => (Outcome::Fail(reason), None),
    };
    Reading::Service(ServiceReading {
        service,
        outcome,
        code: Some(i32::from(answer.status)),
        version,
        phases,
        tls_days: answer.tls_days,
        excerpt: excerpt(body, masks),
    })
}

async fn ask_json(prepared: &Prepared, body: &mut Vec<u8>, pointer: &str) -> Result<f64, String> {
    let mut answer = prepared.send(None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("{}, expected 2xx", answer.status));
    }
    answer.read(body, HEALTH_CAP).await?;
    json::number_at(body, pointer)
}

async fn ask_tcp(service: ServiceIx, addr: &str, within: Option<Duration>) -> Reading {
    let began = tokio::time::Instant::now();
    let connected = tcp::connect(addr).await;
    let took = began.elapsed();
    Reading::Service(match connected {
        Ok(_) => ServiceReading {
            phases: Phases { connect: Some(took), ..Phases::default() },
            ..about(service, expect::in_time(within, took))
        },
        Err(reason) => about(service, Outcome::Fail(reason)),
    })
}

async fn ask_command(
    tools: &Tools,
    probe: &Probe,
    service: ServiceIx,
    line: &CommandLine,
    expect: &CommandExpect,
) -> Reading {
    let began = tokio::time::Instant::now();
    let ran = command::run(line, tools.shim.clone(), probe.timeout).await;
    let outcome = expect::command(expect, &ran, probe.timeout, began.elapsed());
    let code = match ran.end {
        crate::proc::End::Exit(code) => Some(code),
        _ => None,
    };
    let said = if ran.stdout.is_empty() { &ran.stderr.head } else { &ran.stdout.head };
    Reading::Service(ServiceReading { code, excerpt: excerpt(said, &tools.masks), ..about(service, outcome) })
}

async fn ask_number(tools: &Tools, probe: &Probe, metric: MetricIx, line: &CommandLine, at: Now) -> Reading {
    let ran = command::run(line, tools.shim.clone(), probe.timeout).await;
    let value = command::number(&ran, probe.timeout).map(|value| Point { at: at.utc, value });
    Reading::Metrics(vec![MetricReading { metric, value }])
}

/// Nothing was learnt: the probe itself broke.
pub(super) fn no_data(ask: &Ask, reason: &str) -> Reading {
    reading(ask, Outcome::NoData(reason.to_owned()), reason)
}

/// There was no answer: for a service that is a failure, for a metric no data.
fn failed(ask: &Ask, reason: &str) -> Reading {
    reading(ask, Outcome::Fail(reason.to_owned()), reason)
}

fn reading(ask: &Ask, outcome: Outcome, reason: &str) -> Reading {
    let none = |metric: MetricIx| MetricReading { metric, value: Err(reason.to_owned()) };
    match ask {
        Ask::Http { service, .. }
        | Ask::Tcp { service, .. }
        | Ask::Tls { service, .. }
        | Ask::Command { service, .. } => Reading::Service(about(*service, outcome)),
        Ask::Scrape { queries, rules, .. } if queries.is_empty() && !rules.is_empty() => unknown(rules, reason),
        Ask::Rules { rules, .. } => unknown(rules, reason),
        Ask::Alerts { source, .. } => Reading::Alerts(AlertsReading { source: *source, found: Err(reason.to_owned()) }),
        Ask::Scrape { queries, .. } | Ask::Prometheus { queries, .. } => {
            Reading::Metrics(queries.iter().map(|q| none(q.metric)).collect())
        }
        Ask::Json { metric, .. } | Ask::Number { metric, .. } => Reading::Metrics(vec![none(*metric)]),
    }
}

fn unknown(rules: &[RuleQuery], reason: &str) -> Reading {
    let each = |query: &RuleQuery| RuleReading { rule: query.rule, found: Err(reason.to_owned()) };
    Reading::Rules(rules.iter().map(each).collect())
}

fn about(service: ServiceIx, outcome: Outcome) -> ServiceReading {
    ServiceReading {
        service,
        outcome,
        code: None,
        version: None,
        phases: Phases::default(),
        tls_days: None,
        excerpt: Untrusted::default(),
    }
}

fn excerpt(body: &[u8], masks: &Masks) -> Untrusted {
    // Masked before it is cut, so that no half of a secret stays at the edge; what lies beyond twice the cut cannot show.
    let begin = body.get(..2 * EXCERPT).unwrap_or(body);
    let mut text = String::from_utf8_lossy(begin).into_owned();
    if !masks.is_empty() {
        text = masks.mask(&text);
    }
    if text.len() > EXCERPT {
        text.truncate(text.floor_char_boundary(EXCERPT));
    }
    Untrusted::new(text)
}
