//! What is asked of production and what came back: probes, samples, outcomes with three values.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use self::rules::{AlertApi, AlertsReading, RuleQuery, RuleReading, SourceIx};
use crate::clock::Now;
use crate::secret::Filled;
use crate::text::Untrusted;

pub mod compare;
pub mod counter;
pub mod exposition;
pub mod fresh;
mod normal;
pub mod presence;
pub mod promql;
pub mod rules;
pub mod series;
pub mod sides;
pub mod slo;
pub mod table;
pub mod template;
pub mod word;

use fresh::Dated;
use presence::SecretCheck;
use sides::Sides;
use table::TableExpect;
use word::StateExpect;

/// How the reason of a failure begins where something was let through that must be refused.
pub const TRIP: &str = "SECURITY";

/// Which probe: its index in the plan's list of probes. Valid for one plan revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u32);

/// Which service: its index in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceIx(pub u32);

/// Which metric: its index in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetricIx(pub u32);

/// A question asked again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Its place in the list.
    pub id: ProbeId,
    /// What people call it: the service's or source's name.
    pub name: String,
    /// From one asking to the next.
    pub every: Duration,
    /// Total deadline of one asking: name look-up, connection, TLS, headers and body together.
    pub timeout: Duration,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// GET a health URL; yields [`Reading::Service`].
    Http {
        /// For which service.
        service: ServiceIx,
        /// The request.
        request: Request,
        /// What a pass looks like.
        expect: HttpExpect,
    },
    /// Open a TCP connection to `host:port`; yields [`Reading::Service`].
    Tcp {
        /// For which service.
        service: ServiceIx,
        /// `host:port`.
        addr: String,
        /// Slower than this is degraded.
        within: Option<Duration>,
    },
    /// Read the certificate of `host:port`; yields [`Reading::Service`].
    Tls {
        /// For which service.
        service: ServiceIx,
        /// `host:port`.
        addr: String,
        /// Fewer days than this left is a failure.
        expires_after: Duration,
    },
    /// Run a command; yields [`Reading::Service`].
    Command {
        /// For which service.
        service: ServiceIx,
        /// What to run.
        command: CommandLine,
        /// What a pass looks like.
        expect: CommandExpect,
    },
    /// GET the same URL several times at once: the limiter must refuse one of them; yields [`Reading::Service`].
    Burst {
        /// For which service.
        service: ServiceIx,
        /// The request.
        request: Request,
        /// How many times; at most [`BURST`].
        times: usize,
        /// The status that at least one of them is answered with.
        expect: u16,
    },
    /// Ask both sides of a service, and which of them takes traffic; yields [`Reading::Service`].
    Sides {
        /// For which service.
        service: ServiceIx,
        /// What to ask.
        sides: Box<Sides>,
    },
    /// See how old something is; yields [`Reading::Service`].
    Fresh {
        /// For which service.
        service: ServiceIx,
        /// What is dated.
        dated: Dated,
        /// Older than this is a failure.
        max_age: Duration,
    },
    /// See whether a secret is there, without a look at it leaving the probe; yields [`Reading::Service`].
    Secret {
        /// For which service.
        service: ServiceIx,
        /// Where it is and what is expected of it.
        check: SecretCheck,
    },
    /// GET a page in a Prometheus text format, keep its samples, evaluate queries and rules on them; yields
    /// [`Reading::Metrics`] and, where rules are due, [`Reading::Rules`].
    Scrape {
        /// The request.
        request: Request,
        /// Queries to evaluate after each scrape.
        queries: Vec<Query>,
        /// Rules to evaluate on the same samples, each at its own interval.
        rules: Vec<RuleQuery>,
    },
    /// Ask a Prometheus API what rules give now; yields [`Reading::Rules`].
    Rules {
        /// The base: `http://prometheus:9090`; `/api/v1/query` is appended.
        request: Request,
        /// Rules to ask.
        rules: Vec<RuleQuery>,
    },
    /// Ask for the alerts that stand there; yields [`Reading::Alerts`].
    Alerts {
        /// Of which source.
        source: SourceIx,
        /// The base, to which the path of the API is appended.
        request: Request,
        /// Who is asked.
        api: AlertApi,
    },
    /// Ask a Prometheus API; yields [`Reading::Metrics`], and once at start [`Reading::Backfill`].
    Prometheus {
        /// The base: `http://prometheus:9090`; `/api/v1/query` is appended.
        request: Request,
        /// Queries to send.
        queries: Vec<Query>,
        /// How far back charts are filled at start.
        backfill: Duration,
    },
    /// A number inside a JSON answer; yields [`Reading::Metrics`].
    Json {
        /// For which metric.
        metric: MetricIx,
        /// The request.
        request: Request,
        /// RFC 6901 pointer to a number or a numeric string.
        pointer: String,
    },
    /// A number printed by a command; yields [`Reading::Metrics`].
    Number {
        /// For which metric.
        metric: MetricIx,
        /// What to run; the first number of its output counts.
        command: CommandLine,
    },
}

/// A burst has at most so many requests.
pub const BURST: usize = 50;

impl Ask {
    /// The service this is about; none for what yields metrics.
    pub fn service(&self) -> Option<ServiceIx> {
        match self {
            Self::Http { service, .. }
            | Self::Tcp { service, .. }
            | Self::Tls { service, .. }
            | Self::Command { service, .. }
            | Self::Burst { service, .. }
            | Self::Sides { service, .. }
            | Self::Fresh { service, .. }
            | Self::Secret { service, .. } => Some(*service),
            Self::Scrape { .. }
            | Self::Prometheus { .. }
            | Self::Json { .. }
            | Self::Number { .. }
            | Self::Rules { .. }
            | Self::Alerts { .. } => None,
        }
    }

    /// Whether no answer says nothing of the service: a call that must be refused is not refused by a broken connection, and
    /// a backup is not old because nobody could be asked.
    pub fn silence_is_no_data(&self) -> bool {
        match self {
            Self::Http { expect, .. } => !expect.refused.is_empty(),
            Self::Burst { .. } | Self::Sides { .. } | Self::Fresh { .. } | Self::Secret { .. } => true,
            _ => false,
        }
    }
}

/// An HTTP GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Absolute `http` or `https` URL.
    pub url: Filled,
    /// Extra headers.
    pub headers: Vec<(String, Filled)>,
}

/// A PromQL expression for one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// For which metric.
    pub metric: MetricIx,
    /// The text, checked at load.
    pub promql: String,
    /// What is made of the answer.
    pub reads: Reads,
}

/// What is made of a query's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// Its one value.
    #[default]
    Value,
    /// The running total of all its series, which are counters; see [`counter::Running`]. The first answer of a poller is
    /// preceded by a reading without a value whose reason is [`counter::BEGINS`].
    Counter,
}

/// A child to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Program and arguments; never through a shell.
    pub argv: Vec<Filled>,
    /// Variables beside PATH, HOME, LANG and TZ.
    pub env: Vec<(String, Filled)>,
}

/// What a healthy HTTP answer looks like; everything named must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpExpect {
    /// Accepted status codes; empty means 200 to 299.
    pub status: Vec<u16>,
    /// JSON pointers and the values they must have.
    pub json: Vec<(String, serde_json::Value)>,
    /// A text that the body must contain.
    pub text: Option<String>,
    /// JSON pointer to the version.
    pub version: Option<String>,
    /// The version that should be running; another one is degraded.
    pub target: Option<String>,
    /// Headers and the values they must have.
    pub headers: Vec<(String, String)>,
    /// Slower than this is degraded.
    pub within: Option<Duration>,
    /// The call must be refused, and these statuses are a refusal; empty: it need not be.
    pub refused: Vec<u16>,
    /// The word by which the service says how it is.
    pub state: Option<StateExpect>,
}

/// What a good exit looks like; everything named must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandExpect {
    /// Exit status; default 0.
    pub exit: Option<i32>,
    /// A text that standard output must contain.
    pub text: Option<String>,
    /// Slower than this is degraded.
    pub within: Option<Duration>,
    /// The output is a table whose rows must be up.
    pub table: Option<TableExpect>,
}

/// Three values: never two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered, and as expected.
    Pass,
    /// Answered, as expected, but worse than it should be (slow, another version): the reason.
    Degraded(String),
    /// Answered otherwise: the reason.
    Fail(String),
    /// Nothing was learnt (the probe itself broke, no such series): the reason. Never a pass, never a zero.
    NoData(String),
}

/// What came back from one asking.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The probe that asked.
    pub probe: ProbeId,
    /// When it was asked.
    pub at: Now,
    /// From the asking to the last byte.
    pub took: Duration,
    /// What was learnt.
    pub reading: Reading,
}

/// How polling itself goes, since it began with this list of probes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Askings that were started.
    pub asked: u64,
    /// Askings that were due and not started: the one before had not come home.
    pub missed: u64,
    /// The longest that one was started after its time, since the last pulse.
    pub lag: Duration,
}

/// What was learnt.
#[derive(Clone, Debug)]
pub enum Reading {
    /// About one service.
    Service(ServiceReading),
    /// About metrics, one sample each.
    Metrics(Vec<MetricReading>),
    /// The past of metrics, to fill charts at start.
    Backfill(Vec<(MetricIx, Vec<Point>)>),
    /// What rules gave.
    Rules(Vec<RuleReading>),
    /// The alerts of a source.
    Alerts(AlertsReading),
}

/// One look at a service.
#[derive(Clone, Debug)]
pub struct ServiceReading {
    /// Which service.
    pub service: ServiceIx,
    /// How it went. Reasons hold no raw text from outside.
    pub outcome: Outcome,
    /// HTTP status or exit status.
    pub code: Option<i32>,
    /// Version found.
    pub version: Option<Untrusted>,
    /// What it says of itself in a few words: its state's word, the rows of a table counted, an age, both sides.
    pub says: Option<Untrusted>,
    /// Where the time went; only phases that took place.
    pub phases: Phases,
    /// Days until the certificate expires, rounded down; negative when expired.
    pub tls_days: Option<i64>,
    /// The first 4 KiB of what came back, masked, for the drawer.
    pub excerpt: Untrusted,
}

impl ServiceReading {
    /// An outcome, and nothing else known.
    pub fn new(service: ServiceIx, outcome: Outcome) -> Self {
        Self {
            service,
            outcome,
            code: None,
            version: None,
            says: None,
            phases: Phases::default(),
            tls_days: None,
            excerpt: Untrusted::default(),
        }
    }
}

/// Where the time of an HTTP answer went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Name look-up, connection and TLS.
    pub connect: Option<Duration>,
    /// Until the first byte of the answer.
    pub wait: Option<Duration>,
    /// Until its last.
    pub transfer: Option<Duration>,
}

/// One value of a metric, or why there is none.
#[derive(Clone, Debug)]
pub struct MetricReading {
    /// Which metric.
    pub metric: MetricIx,
    /// The value in the metric's own unit, with the time of its newest contributing sample; or the reason there is none.
    /// Never NaN or infinite.
    pub value: Result<Point, String>,
}

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it was true.
    pub at: DateTime<Utc>,
    /// Finite.
    pub value: f64,
}
