//! Errors of connections in short sentences of our own; nothing of what the other side said is in them.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::clock::duration_text;

/// Why a redirect was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("redirected more than 5 times")]
    TooMany,
    #[error("redirected to another host, which must not see the headers of this request")]
    OtherHost,
    #[error("redirected from https to http")]
    Downgrade,
    #[error("redirected to something that is neither http nor https")]
    Scheme,
    #[error("redirected to a link-local address")]
    LinkLocal,
}

/// An error of a request.
pub(super) fn of_request(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if error.is_builder() {
        return "the request cannot be made: check URL and headers".to_owned();
    }
    of_chain(error).unwrap_or_else(|| {
        if error.is_connect() {
            "cannot connect".to_owned()
        } else if error.is_decode() {
            "the answer's compression is broken".to_owned()
        } else if error.is_body() {
            "the connection broke in the middle of the answer".to_owned()
        } else {
            "the request failed".to_owned()
        }
    })
}

/// The first thing in a chain of causes that has words of ours.
fn of_chain(error: &(dyn Error + 'static)) -> Option<String> {
    let mut at = Some(error);
    let mut words = None;
    while let Some(error) = at {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(refused.to_string());
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(of_tls(tls));
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            match io.get_ref() {
                Some(inner) if inner.is::<rustls::Error>() => {
                    return inner.downcast_ref::<rustls::Error>().map(of_tls);
                }
                Some(inner) => {
                    // Wrappers of wrappers: the cause inside is worth more than the wrapper's kind.
                    if let Some(found) = of_chain(inner) {
                        return Some(found);
                    }
                    words = words.or_else(|| of_kind(io.kind()));
                }
                None => words = words.or_else(|| of_kind(io.kind())),
            }
        }
        // Texts of the HTTP library, not of the other side; it has no other way to say these.
        match error.to_string().as_str() {
            // Its cause is in our words already: see `names`.
            "dns error" => return deepest(error).map(ToString::to_string),
            "message head is too large" => return Some("the answer's headers are too large".to_owned()),
            "connection closed before message completed" => {
                return Some("the connection was closed before the answer was complete".to_owned());
            }
            text if text.starts_with("invalid HTTP ") || text.starts_with("invalid chunk size") => {
                return Some("the answer is not HTTP".to_owned());
            }
            _ => {}
        }
        at = error.source();
    }
    words
}

/// An error of a socket.
pub(super) fn of_io(error: &io::Error) -> String {
    of_chain(error).unwrap_or_else(|| "cannot connect".to_owned())
}

fn of_kind(kind: io::ErrorKind) -> Option<String> {
    use io::ErrorKind as K;
    let words = match kind {
        K::ConnectionRefused => "connection refused",
        K::ConnectionReset => "connection reset",
        K::ConnectionAborted => "connection aborted",
        K::BrokenPipe => "the connection was closed",
        K::UnexpectedEof => "the connection was closed in the middle of the answer",
        K::HostUnreachable => "no route to the host",
        K::NetworkUnreachable => "no route to the network",
        K::NetworkDown => "the network is down",
        K::TimedOut => "no answer in time",
        K::AddrNotAvailable => "no local address is free",
        K::PermissionDenied => "not permitted",
        _ => return None,
    };
    Some(words.to_owned())
}

/// What an error comes from in the end.
fn deepest<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| (*error).source()).last()
}

/// An error of a name look-up. The resolver's texts are the C library's.
pub(super) fn of_look_up(error: &io::Error) -> String {
    let text = deepest(error).map_or_else(|| error.to_string(), ToString::to_string);
    if text.contains("Name or service not known") || text.contains("No address associated") {
        "no such host".to_owned()
    } else if text.contains("Temporary failure") {
        "the name look-up failed for now".to_owned()
    } else {
        "the name look-up failed".to_owned()
    }
}

/// A refusal of TLS.
pub(super) fn of_tls(error: &rustls::Error) -> String {
    use CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            C::ExpiredContext { time, not_after } => {
                format!("TLS: certificate expired {} ago", days_or_less(between(*not_after, *time)))
            }
            C::Expired => "TLS: certificate expired".to_owned(),
            C::NotValidYetContext { time, not_before } => {
                format!("TLS: certificate is not valid yet, for another {}", days_or_less(between(*time, *not_before)))
            }
            C::NotValidYet => "TLS: certificate is not valid yet".to_owned(),
            C::NotValidForName | C::NotValidForNameContext { .. } => "TLS: certificate is for another host".to_owned(),
            C::UnknownIssuer => "TLS: certificate is from no trusted issuer".to_owned(),
            C::Revoked => "TLS: certificate was revoked".to_owned(),
            C::BadSignature => "TLS: certificate has a wrong signature".to_owned(),
            _ => "TLS: certificate cannot be trusted".to_owned(),
        },
        rustls::Error::NoCertificatesPresented => "TLS: no certificate was shown".to_owned(),
        rustls::Error::AlertReceived(_) => "TLS: the other side refused the connection".to_owned(),
        rustls::Error::PeerIncompatible(_) => "TLS: no version or cipher in common".to_owned(),
        rustls::Error::InvalidMessage(_) => "TLS: the answer is not TLS".to_owned(),
        _ => "TLS: the connection could not be secured".to_owned(),
    }
}

fn between(from: UnixTime, to: UnixTime) -> Duration {
    Duration::from_secs(to.as_secs().saturating_sub(from.as_secs()))
}

/// `3 days`, `1 day`, `5 h`, `12 min`.
pub(super) fn days_or_less(time: Duration) -> String {
    match time.as_secs() {
        s @ 172_800.. => format!("{} days", s / 86_400),
        86_400..=172_799 => "1 day".to_owned(),
        s @ 3_600.. => format!("{} h", s / 3_600),
        s => format!("{} min", s / 60),
    }
}

/// `no answer within 2 s`.
pub(super) fn no_answer(within: Duration) -> String {
    format!("no answer within {}", span(within))
}

/// `2 s`, `420 ms`, `1.5 s`: a time as people say it.
pub(super) fn span(time: Duration) -> String {
    match time.as_millis() {
        ms @ ..1_000 => format!("{ms} ms"),
        ms if ms % 1_000 == 0 && ms < 120_000 => format!("{} s", ms / 1_000),
        ms if ms < 10_000 => format!("{:.1} s", time.as_secs_f64()),
        ms if ms < 120_000 => format!("{} s", ms / 1_000),
        _ => duration_text(Duration::from_secs(time.as_secs())),
    }
}

/// `256 KiB`, `32 MiB`.
pub(super) fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}
