//! One target made ready for asking, and one asking of it.

use std::hash::Hash;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::foreign::Alerts;
use super::fresh::Question;
use super::http::{Clients, HEALTH_CAP, Prepared};
use super::look::Looks;
use super::names::Names;
use super::prometheus::Prometheus;
use super::rules::Rules;
use super::scrape::Page;
use super::tls::Tls;
use super::{Fault, command, expect, json, presence, reason, sides, tcp};
use crate::clock::Now;
use crate::probe::counter::{ABOVE, BEGINS, Running};
use crate::probe::fresh::Dated;
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
    pub(super) names: Names,
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
    looks: Looks,
    /// What the last asking learnt, on its way home.
    pub(super) learnt: Option<(Sample, Option<Sample>)>,
    pub(super) fault: Option<Fault>,
}

/// What was made ready.
#[derive(Debug)]
enum Way {
    Http(Box<Prepared>),
    Burst(Vec<Prepared>),
    Sides(Box<sides::Ready>),
    Prometheus(Box<Prometheus>),
    Page(Box<Page>),
    Rules(Box<Rules>),
    Alerts(Box<Alerts>),
    Plain,
}

impl Target {
    pub(super) fn new(probe: Arc<Probe>, tools: &Tools) -> Self {
        let way = Way::to(&probe.ask, tools);
        Self { probe, way, body: Vec::new(), looks: Looks::default(), learnt: None, fault: None }
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
        let (mut now, past) = self.look(tools, at).await;
        if let Reading::Service(reading) = &mut now {
            mask(reading, &tools.masks);
        }
        (now, past)
    }

    async fn look(&mut self, tools: &Tools, at: Now) -> (Reading, Option<Reading>) {
        let probe = Arc::clone(&self.probe);
        if self.body.capacity() > BUFFER {
            self.body = Vec::new();
        }
        let wanted = descriptors(&probe.ask);
        let Ok(Ok(_held)) = tokio::time::timeout(probe.timeout, tools.sockets.acquire_many(wanted)).await else {
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
            Ask::Fresh { service, dated: Dated::Command(line), max_age } => {
                let question = Question { service: *service, max_age: *max_age, now: at };
                (Reading::Service(Box::pin(question.of_command(tools, line, probe.timeout)).await), None)
            }
            // Each of the several has the deadline for itself: one that hangs does not silence the others.
            Ask::Burst { service, expect, .. } => {
                (Box::pin(ask_burst(&self.way, *service, *expect, probe.timeout)).await, None)
            }
            Ask::Sides { service, sides } => match &self.way {
                Ok(Way::Sides(ready)) => {
                    (Reading::Service(Box::pin(ready.ask(tools, *service, sides, probe.timeout)).await), None)
                }
                Err(why) => (no_data(&probe.ask, why), None),
                Ok(_) => (no_data(&probe.ask, "the probe was not made ready"), None),
            },
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
                Reading::Service(ask_http(prepared, &mut self.body, *service, expect, &tools.masks).await)
            }
            (Ask::Fresh { service, dated: Dated::Json { pointer, .. }, max_age }, Way::Http(prepared)) => {
                let question = Question { service: *service, max_age: *max_age, now: at };
                Reading::Service(Box::pin(question.of_json(prepared, &mut self.body, pointer)).await)
            }
            (Ask::Fresh { service, dated: Dated::File(path), max_age }, _) => {
                let question = Question { service: *service, max_age: *max_age, now: at };
                Reading::Service(Box::pin(question.of_file(&mut self.looks, path)).await)
            }
            (Ask::Secret { service, check }, _) => {
                Reading::Service(Box::pin(presence::ask(&mut self.looks, *service, check, at)).await)
            }
            (Ask::Json { metric, pointer, .. }, Way::Http(prepared)) => {
                let value = ask_json(prepared, &mut self.body, pointer).await;
                Reading::Metrics(vec![MetricReading {
                    metric: *metric,
                    value: value.map(|value| Point { at: at.utc, value }),
                }])
            }
            (Ask::Tcp { service, addr, within }, _) => Box::pin(ask_tcp(&tools.names, *service, addr, *within)).await,
            (Ask::Tls { service, addr, expires_after }, _) => match &tools.tls {
                Ok(tls) => {
                    let (outcome, days) = Box::pin(tls.ask(&tools.names, addr, *expires_after, at)).await;
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
            Ask::Burst { request, times, .. } => {
                let clients = clients()?;
                // Each has its own watch over its connection.
                let ready = (0..*times).map(|_| Prepared::get(clients, request, true));
                Self::Burst(ready.collect::<Result<_, _>>()?)
            }
            Ask::Sides { sides, .. } => Self::Sides(Box::new(sides::Ready::new(clients()?, sides)?)),
            Ask::Json { request, .. } | Ask::Fresh { dated: Dated::Json { request, .. }, .. } => {
                Self::Http(Box::new(Prepared::get(clients()?, request, false)?))
            }
            Ask::Prometheus { request, .. } => Self::Prometheus(Box::new(Prometheus::new(clients()?, request)?)),
            Ask::Scrape { request, queries, rules } => {
                Self::Page(Box::new(Page::new(clients()?, request, queries, rules)?))
            }
            Ask::Rules { request, .. } => Self::Rules(Box::new(Rules::new(clients()?, request)?)),
            Ask::Alerts { request, api, .. } => Self::Alerts(Box::new(Alerts::new(clients()?, request, *api)?)),
            Ask::Tcp { .. }
            | Ask::Tls { .. }
            | Ask::Command { .. }
            | Ask::Number { .. }
            | Ask::Fresh { .. }
            | Ask::Secret { .. } => Self::Plain,
        })
    }
}

/// How many descriptors an asking holds at most.
fn descriptors(ask: &Ask) -> u32 {
    match ask {
        Ask::Command { .. } | Ask::Number { .. } | Ask::Fresh { dated: Dated::Command(_), .. } => PIPES,
        Ask::Burst { times, .. } => u32::try_from(*times).unwrap_or(1),
        Ask::Sides { .. } => 2 + PIPES,
        _ => 1,
    }
}

async fn ask_burst(way: &Result<Way, String>, service: ServiceIx, expect: u16, within: Duration) -> Reading {
    let ready = match way {
        Ok(Way::Burst(ready)) => ready,
        Ok(_) => {
            return Reading::Service(about(service, Outcome::NoData("the probe was not made ready".to_owned())));
        }
        Err(why) => return Reading::Service(about(service, Outcome::NoData(why.clone()))),
    };
    let one = async |prepared: &Prepared| match tokio::time::timeout(within, prepared.send(None)).await {
        Ok(answer) => answer.map(|answer| answer.status),
        Err(_) => Err(reason::no_answer(within)),
    };
    let answers = futures_util::future::join_all(ready.iter().map(one)).await;
    let (outcome, says) = expect::burst(expect, &answers);
    Reading::Service(ServiceReading { says: Some(says), ..about(service, outcome) })
}

/// What is said of a service may quote words from outside, so secrets are taken out of it as out of the excerpt.
fn mask(reading: &mut ServiceReading, masks: &Masks) {
    if masks.is_empty() {
        return;
    }
    if let Outcome::Degraded(why) | Outcome::Fail(why) | Outcome::NoData(why) = &mut reading.outcome {
        *why = masks.mask(why);
    }
    for text in [&mut reading.version, &mut reading.says].into_iter().flatten() {
        *text = Untrusted::new(masks.mask(text.raw()));
    }
}

pub(super) async fn ask_http(
    prepared: &Prepared,
    body: &mut Vec<u8>,
    service: ServiceIx,
    expect: &HttpExpect,
    masks: &Masks,
) -> ServiceReading {
    body.clear();
    // A call that must be refused was refused by nobody when nobody was there.
    let unanswered = |why| if expect.refused.is_empty() { Outcome::Fail(why) } else { Outcome::NoData(why) };
    let mut answer = match prepared.send(None).await {
        Ok(answer) => answer,
        Err(reason) => return about(service, unanswered(reason)),
    };
    let read = answer.read(body, HEALTH_CAP).await;
    let phases = answer.phases();
    let took = [phases.connect, phases.wait, phases.transfer].into_iter().flatten().sum();
    let (outcome, version, says) = match read {
        Ok(()) => expect::http(expect, answer.status, answer.headers(), body, took),
        // Its status alone tells whether a call was refused.
        Err(_) if !expect.refused.is_empty() => expect::http(expect, answer.status, answer.headers(), body, took),
        Err(reason) => (Outcome::Fail(reason), None, None),
    };
    ServiceReading {
        service,
        outcome,
        code: Some(i32::from(answer.status)),
        version,
        says,
        phases,
        tls_days: answer.tls_days,
        excerpt: excerpt(body, masks),
    }
}

/// What a look at every series of a counter tells; its first is told to be one.
pub(super) fn counted<K: Eq + Hash>(
    metric: MetricIx,
    running: &mut Running<K>,
    series: Result<Vec<(K, f64)>, String>,
    at: Now,
) -> Vec<MetricReading> {
    let first = !running.has_begun();
    let before = running.above();
    let value = series.and_then(|series| running.take(series)).map(|value| Point { at: at.utc, value });
    let begins = (first && value.is_ok()).then(|| MetricReading { metric, value: Err(BEGINS.to_owned()) });
    let above = running.above();
    let moved =
        (value.is_ok() && above != before).then(|| MetricReading { metric, value: Err(format!("{ABOVE}{above}")) });
    begins.into_iter().chain([MetricReading { metric, value }]).chain(moved).collect()
}

async fn ask_json(prepared: &Prepared, body: &mut Vec<u8>, pointer: &str) -> Result<f64, String> {
    let mut answer = prepared.send(None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("{}, expected 2xx", answer.status));
    }
    answer.read(body, HEALTH_CAP).await?;
    json::number_at(body, pointer)
}

async fn ask_tcp(names: &Names, service: ServiceIx, addr: &str, within: Option<Duration>) -> Reading {
    let began = tokio::time::Instant::now();
    let connected = tcp::connect(names, addr).await;
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
    let (outcome, says) = expect::command(expect, &ran, probe.timeout, began.elapsed());
    let code = match ran.end {
        crate::proc::End::Exit(code) => Some(code),
        _ => None,
    };
    let said = if ran.stdout.is_empty() { &ran.stderr.head } else { &ran.stdout.head };
    Reading::Service(ServiceReading { code, says, excerpt: excerpt(said, &tools.masks), ..about(service, outcome) })
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

/// There was no answer: for most services that is a failure, for a metric no data.
fn failed(ask: &Ask, reason: &str) -> Reading {
    if ask.silence_is_no_data() {
        return no_data(ask, reason);
    }
    reading(ask, Outcome::Fail(reason.to_owned()), reason)
}

fn reading(ask: &Ask, outcome: Outcome, reason: &str) -> Reading {
    let none = |metric: MetricIx| MetricReading { metric, value: Err(reason.to_owned()) };
    if let Some(service) = ask.service() {
        return Reading::Service(about(service, outcome));
    }
    match ask {
        Ask::Scrape { queries, rules, .. } if queries.is_empty() && !rules.is_empty() => unknown(rules, reason),
        Ask::Rules { rules, .. } => unknown(rules, reason),
        Ask::Alerts { source, .. } => Reading::Alerts(AlertsReading { source: *source, found: Err(reason.to_owned()) }),
        Ask::Scrape { queries, .. } | Ask::Prometheus { queries, .. } => {
            Reading::Metrics(queries.iter().map(|q| none(q.metric)).collect())
        }
        Ask::Json { metric, .. } | Ask::Number { metric, .. } => Reading::Metrics(vec![none(*metric)]),
        _ => Reading::Metrics(Vec::new()),
    }
}

fn unknown(rules: &[RuleQuery], reason: &str) -> Reading {
    let each = |query: &RuleQuery| RuleReading { rule: query.rule, found: Err(reason.to_owned()) };
    Reading::Rules(rules.iter().map(each).collect())
}

fn about(service: ServiceIx, outcome: Outcome) -> ServiceReading {
    ServiceReading::new(service, outcome)
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
