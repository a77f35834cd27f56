//! `[[service]]`: each becomes one probe; addresses, headers and what is expected of an answer.

use std::time::Duration;

use super::super::ServicePlan;
use super::super::raw::{RawExpect, RawFilled, RawService, RawSide, Text};
use super::{Given, Resolver};
use crate::finding::codes;
use crate::probe::{Ask, CommandExpect, CommandLine, HttpExpect, Request, ServiceIx};
use crate::secret::{Filled, MASK};

/// Fewer days than this left on a certificate is a failure, where the plan says nothing.
const EXPIRES_AFTER: Duration = Duration::from_hours(14 * 24);

/// How messages call a command whose output is a moment.
const DATED: &str = "`command` with `max_age`";

/// A key, where it stands if it does, and the ways of asking that it is for.
type Use = (&'static str, Option<std::ops::Range<usize>>, &'static [&'static str]);

impl Resolver<'_> {
    pub(super) fn services(&mut self, raw: &[RawService]) -> Vec<ServicePlan> {
        let mut given = Given::default();
        let mut out: Vec<ServicePlan> = Vec::new();
        for (ix, service) in raw.iter().enumerate() {
            let name = self.name("service", service.name.as_ref(), &mut given);
            let pace = self.pace_of_service(service);
            let ask = self.ask(service, ServiceIx(ix as u32));
            let (kind, target_version) =
                ask.as_ref().map_or(("", None), |(ask, _)| (kind(ask), target_version(ask).map(str::to_owned)));
            let target = ask.as_ref().map(|(_, target)| target.clone()).unwrap_or_default();
            if let Some((ask, _)) = ask {
                self.probe(&name, pace, ask);
            }
            out.push(ServicePlan {
                name,
                target,
                every: pace.every(),
                timeout: pace.timeout(),
                // A door that stands open is no doubt that a second look removes.
                retries: service
                    .retries
                    .as_ref()
                    .map_or(u32::from(!matches!(kind, "refused" | "burst")), |n| *n.get_ref() as u32),
                needs: Vec::new(),
                kind,
                target_version,
            });
        }
        let names: Vec<String> = out.iter().map(|service| service.name.clone()).collect();
        for (raw, service) in raw.iter().zip(&mut out) {
            service.needs = self.known("service", &raw.needs, &names);
        }
        self.circles(raw, &out);
        out
    }

    /// What is asked, and where, as text for people.
    fn ask(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let ways = [
            ("http", raw.http.as_ref().map(|f| f.span.clone())),
            ("tcp", raw.tcp.as_ref().map(|f| f.span.clone())),
            ("tls", raw.tls.as_ref().map(|f| f.span.clone())),
            ("command", raw.command.as_ref().map(|c| c.span.clone())),
            ("file", raw.file.as_ref().map(Text::span)),
            ("json", raw.json.as_ref().map(|j| j.at.clone())),
            ("secret", raw.secret.as_ref().map(|s| s.at.clone())),
            ("blue", raw.blue.as_ref().or(raw.green.as_ref()).map(|s| s.at.clone())),
        ];
        let mut given = ways.iter().filter_map(|(way, span)| span.clone().map(|span| (*way, span)));
        let way = given.next().map(|(way, _)| way);
        if let (Some(first), Some((other, span))) = (way, given.next()) {
            self.r.report(
                codes::CONFLICT,
                span,
                format!("a service is asked in one way, and this one has `{first}` and `{other}`"),
                "make two services of it",
            );
            return None;
        }
        let within = self.within(raw);
        let dated = way == Some("command") && raw.max_age.is_some();
        self.belongs(raw, if dated { Some(DATED) } else { way });
        match way {
            Some("http") if raw.burst.is_some() => self.burst(raw, service),
            Some("http") => self.http(raw, service, within),
            Some("file") => self.file(raw, service),
            Some("json") => self.json(raw, service),
            Some("secret") => self.secret_check(raw, service),
            Some("blue") => self.sides(raw, service),
            Some("command") if dated => self.dated_command(raw, service),
            Some("tcp") => {
                let (addr, shown) = self.address(raw.tcp.as_ref()?)?;
                Some((Ask::Tcp { service, addr, within }, shown))
            }
            Some("tls") => {
                let (addr, shown) = self.address(raw.tls.as_ref()?)?;
                let expires_after = self.duration(raw.expires_after.as_ref()).unwrap_or(EXPIRES_AFTER);
                Some((Ask::Tls { service, addr, expires_after }, shown))
            }
            Some(_) => {
                let command = self.command(raw.command.as_ref()?)?;
                let text = raw.expect.text.as_ref().and_then(|text| self.open(text, "the expectation"));
                let exit = raw.expect.exit.as_ref().map(|n| *n.get_ref() as i32);
                let table = raw.table.as_ref().map(|table| self.table(table));
                let shown = line(&command);
                let table = match table {
                    Some(table) => Some(table?),
                    None => None,
                };
                Some((Ask::Command { service, command, expect: CommandExpect { exit, text, within, table } }, shown))
            }
            None => None,
        }
    }

    fn http(&mut self, raw: &RawService, service: ServiceIx, within: Option<Duration>) -> Option<(Ask, String)> {
        let url = self.url(raw.http.as_ref()?);
        let headers = self.headers(&raw.headers);
        let mut expect = self.http_expect(&raw.expect, within);
        expect.refused = self.refused(raw);
        expect.state = raw.state.as_ref().and_then(|state| self.state(state));
        let url = url?;
        let shown = url.shown().to_owned();
        Some((Ask::Http { service, request: Request { url, headers }, expect }, shown))
    }

    /// One side of blue and green.
    pub(super) fn side(&mut self, raw: &RawSide) -> Option<(Request, HttpExpect)> {
        let url = self.url(raw.http.as_ref()?);
        let headers = self.headers(&raw.headers);
        let within = self.duration(raw.expect.within.as_ref());
        let expect = self.http_expect(&raw.expect, within);
        if let Some(exit) = &raw.expect.exit {
            self.r.report(codes::CONFLICT, exit.span(), "`exit` means nothing for `http`", "`exit` is for `command`");
        }
        Some((Request { url: url?, headers }, expect))
    }

    pub(super) fn http_expect(&mut self, raw: &RawExpect, within: Option<Duration>) -> HttpExpect {
        let mut json = Vec::new();
        for (pointer, value) in raw.json.iter().flat_map(toml::Spanned::get_ref) {
            if self.pointer(pointer) {
                json.push((pointer.get_ref().clone(), value.clone()));
            }
        }
        let mut headers = Vec::new();
        for (name, value) in raw.headers.iter().flat_map(toml::Spanned::get_ref) {
            if self.header_name(name)
                && let Some(value) = self.open(value, "the expectation")
            {
                headers.push((name.get_ref().clone(), value));
            }
        }
        let version = raw.version.as_ref().filter(|pointer| self.pointer(pointer)).map(|p| p.get_ref().clone());
        if let (Some(target), None) = (&raw.target, &raw.version) {
            self.r.report(
                codes::CONFLICT,
                target.span.clone(),
                "`target` is the version that should be found, but nothing says where the version stands",
                "add `version = \"/version\"`, a pointer into the JSON of the answer",
            );
        }
        HttpExpect {
            status: raw.status.as_ref().map(|status| status.get_ref().clone()).unwrap_or_default(),
            json,
            text: raw.text.as_ref().and_then(|text| self.open(text, "the expectation")),
            version,
            target: raw
                .target
                .as_ref()
                .and_then(|target| self.filled_later(target, "versions are not compared"))
                .map(|target| target.expose().to_owned()),
            headers,
            within,
            refused: Vec::new(),
            state: None,
        }
    }

    /// `within` stands in `expect`; beside it is fine too.
    fn within(&mut self, raw: &RawService) -> Option<Duration> {
        if let (Some(_), Some(twice)) = (&raw.expect.within, &raw.within) {
            self.r.report(codes::CONFLICT, twice.span(), "`within` stands here twice", "keep the one in `expect`");
        }
        self.duration(raw.expect.within.as_ref().or(raw.within.as_ref()))
    }

    /// Reports what this kind of asking has no use for.
    fn belongs(&mut self, raw: &RawService, way: Option<&str>) {
        let Some(way) = way else { return };
        let e = &raw.expect;
        let keys: [Use; 16] = [
            ("status", e.status.as_ref().map(toml::Spanned::span), &["http"]),
            ("json", e.json.as_ref().map(toml::Spanned::span), &["http"]),
            ("text", e.text.as_ref().map(|f| f.span.clone()), &["http", "command"]),
            ("version", e.version.as_ref().map(toml::Spanned::span), &["http"]),
            ("target", e.target.as_ref().map(|f| f.span.clone()), &["http"]),
            ("headers", e.headers.as_ref().map(toml::Spanned::span), &["http"]),
            ("exit", e.exit.as_ref().map(toml::Spanned::span), &["command"]),
            ("headers", raw.headers.first().map(|(name, _)| name.span()), &["http"]),
            ("refused", raw.refused.as_ref().map(|r| r.at.clone()), &["http"]),
            ("burst", raw.burst.as_ref().map(|b| b.at.clone()), &["http"]),
            ("state", raw.state.as_ref().map(|s| s.at.clone()), &["http"]),
            ("table", raw.table.as_ref().map(|t| t.at.clone()), &["command"]),
            ("max_age", raw.max_age.as_ref().map(toml::Spanned::span), &["file", "json", "command", DATED]),
            ("traffic", raw.traffic.as_ref().map(|t| t.at.clone()), &["blue"]),
            ("expires_after", raw.expires_after.as_ref().map(toml::Spanned::span), &["tls"]),
            ("within", e.within.as_ref().or(raw.within.as_ref()).map(toml::Spanned::span), &["http", "tcp", "command"]),
        ];
        for (key, span, ways) in keys {
            if let Some(span) = span
                && !ways.contains(&way)
            {
                let named: Vec<String> = ways.iter().filter(|w| **w != DATED).map(|w| format!("`{w}`")).collect();
                let help = format!("`{key}` is for {}", named.join(" and "));
                let way = if way == DATED { DATED.to_owned() } else { format!("`{way}`") };
                self.r.report(codes::CONFLICT, span, format!("`{key}` means nothing for {way}"), help);
            }
        }
    }

    /// An absolute URL; a password in it is a secret.
    pub(super) fn url(&mut self, raw: &RawFilled) -> Option<Filled> {
        let filled = self.filled(raw)?;
        let value = filled.expose();
        let (message, help) = match value.split_once("://") {
            None => (
                format!("\"{}\" is no URL", filled.shown()),
                format!("write \"https://{}\" or \"http://{}\"", filled.shown(), filled.shown()),
            ),
            Some((scheme, _)) if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") => {
                ("a URL here begins with http:// or https://".to_owned(), "write \"https://…\"".to_owned())
            }
            Some((_, rest)) => {
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let host = host.rsplit('@').next().unwrap_or_default();
                let port = host.rsplit_once(':').filter(|(_, p)| !p.ends_with(']')).map(|(_, port)| port);
                let named = host.split(':').next().unwrap_or_default();
                if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
                    ("this URL has a blank or a line end in it".to_owned(), "write a blank as %20".to_owned())
                } else if named.is_empty() {
                    ("this URL names no host".to_owned(), "write \"https://host/path\"".to_owned())
                } else if port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0)) {
                    return Some(self.without_password(&filled));
                } else {
                    (
                        "the port of this URL is no number from 1 to 65535".to_owned(),
                        "write \"https://host:8443/path\"".to_owned(),
                    )
                }
            }
        };
        self.r.report(codes::ADDRESS, raw.span.clone(), message, help);
        None
    }

    fn without_password(&mut self, url: &Filled) -> Filled {
        let password = |text: &str| {
            let rest = text.split_once("://")?.1;
            let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
            user.split_once(':').map(|(_, password)| password.to_owned()).filter(|p| !p.is_empty())
        };
        match (password(url.expose()), password(url.shown())) {
            (Some(secret), Some(shown)) => {
                self.masks.add(&secret);
                Filled::new(url.expose(), url.shown().replacen(&format!(":{shown}@"), &format!(":{MASK}@"), 1))
            }
            _ => url.clone(),
        }
    }

    /// `host:port`: the address, and as it may be seen.
    fn address(&mut self, raw: &RawFilled) -> Option<(String, String)> {
        let filled = self.filled(raw)?;
        let addr = filled.expose();
        let help = match addr.split_once("://") {
            Some((_, rest)) => format!("write \"{}\" without a scheme", rest.split('/').next().unwrap_or_default()),
            None => "write \"host:port\", as in \"redis:6379\" or \"[::1]:6379\"".to_owned(),
        };
        let parts = addr.rsplit_once(':').filter(|(host, port)| {
            let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
            let v6 = bare.len() != host.len();
            !bare.is_empty()
                && (v6 || !bare.contains(':'))
                && !bare.contains(['/', ' ', '@'])
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if parts.is_none() {
            // A wrong address that came out of a variable stays unseen.
            let seen = if filled.shown() == addr { help.as_str() } else { "write \"host:port\"" };
            self.r.report(codes::ADDRESS, raw.span.clone(), format!("\"{}\" is no address", filled.shown()), seen);
            return None;
        }
        Some((addr.to_owned(), filled.shown().to_owned()))
    }

    /// An RFC 6901 pointer.
    pub(super) fn pointer(&mut self, text: &Text) -> bool {
        let pointer = text.get_ref();
        let escapes =
            pointer.match_indices('~').all(|(at, _)| matches!(pointer.as_bytes().get(at + 1), Some(b'0' | b'1')));
        if (pointer.is_empty() || pointer.starts_with('/')) && escapes {
            return true;
        }
        let path = pointer.trim_start_matches("$.").trim_start_matches('.').replace(['.', '['], "/").replace(']', "");
        let help = if escapes {
            format!("did you mean \"/{path}\"?")
        } else {
            "a ~ is written ~0, a / within a name ~1".to_owned()
        };
        self.r.report(codes::ADDRESS, text.span(), format!("\"{pointer}\" is no JSON pointer"), help);
        false
    }

    pub(super) fn headers(&mut self, raw: &[(Text, RawFilled)]) -> Vec<(String, Filled)> {
        let mut out = Vec::new();
        for (name, value) in raw {
            let named = self.header_name(name);
            let Some(filled) = (if is_secret(name.get_ref()) { self.credential(value) } else { self.filled(value) })
            else {
                continue;
            };
            if filled.expose().chars().any(|c| c.is_control() && c != '\t') {
                self.r.report(
                    codes::BAD_VALUE,
                    value.span.clone(),
                    format!("the value of the header {} has a line end or a control character in it", name.get_ref()),
                    "a header is one line",
                );
            } else if named {
                out.push((name.get_ref().clone(), filled));
            }
        }
        out
    }

    /// A header's value that is a secret even when typed: without its scheme, `Bearer …`, so that the token alone is masked.
    fn credential(&mut self, raw: &RawFilled) -> Option<Filled> {
        let filled = self.secret(raw)?;
        if let Some((_, token)) = filled.expose().split_once(' ') {
            self.masks.add(token.trim());
        }
        Some(filled)
    }

    fn header_name(&mut self, name: &Text) -> bool {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let good = !name.get_ref().is_empty() && name.get_ref().chars().all(token);
        if !good {
            let message = format!("\"{}\" is no name of a header", name.get_ref());
            self.r.report(codes::BAD_VALUE, name.span(), message, "write it without blanks and colon, as in X-API-Key");
        }
        good
    }
}

/// A command as people read it.
pub(super) fn line(command: &CommandLine) -> String {
    command.argv.iter().map(Filled::shown).collect::<Vec<_>>().join(" ")
}

/// A kind of service, by how it is asked.
fn kind(ask: &Ask) -> &'static str {
    match ask {
        Ask::Http { expect, .. } if !expect.refused.is_empty() => "refused",
        Ask::Http { expect, .. } if expect.state.is_some() => "state",
        Ask::Http { .. } => "http",
        Ask::Burst { .. } => "burst",
        Ask::Sides { .. } => "blue and green",
        Ask::Tcp { .. } => "tcp",
        Ask::Tls { .. } => "tls",
        Ask::Command { expect, .. } if expect.table.is_some() => "table",
        Ask::Command { .. } => "command",
        Ask::Fresh { .. } => "fresh",
        Ask::Secret { .. } => "secret",
        Ask::Scrape { .. }
        | Ask::Prometheus { .. }
        | Ask::Json { .. }
        | Ask::Number { .. }
        | Ask::Rules { .. }
        | Ask::Alerts { .. } => "",
    }
}

/// The version that should be running; blue and green each have their own, or none.
fn target_version(ask: &Ask) -> Option<&str> {
    match ask {
        Ask::Http { expect, .. } => expect.target.as_deref(),
        Ask::Sides { sides, .. } if sides.blue.1.target == sides.green.1.target => sides.blue.1.target.as_deref(),
        _ => None,
    }
}

/// Headers whose value is a credential, by their name.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "token", "secret", "api-key", "apikey", "password"]
        .iter()
        .any(|word| name.contains(word))
}
