//! Certificates: the days they have left, whoever signed them, and then the verdict of the machine's own trust.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::names::Names;
use super::{reason, tcp};
use crate::clock::Now;
use crate::probe::Outcome;
use crate::trust::Trust;

const DAY: i64 = 86_400;

/// What a look at a certificate needs; made once.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    look: Arc<ClientConfig>,
    trust: Trust,
}

impl Tls {
    pub(super) fn new(trust: &Trust) -> Result<Self, String> {
        Ok(Self { look: Arc::new(trust.looking()?), trust: trust.clone() })
    }

    /// Connects, reads the certificate, judges it. Gives the outcome and the days left.
    pub(super) async fn ask(
        &self,
        names: &Names,
        addr: &str,
        expires_after: Duration,
        now: Now,
    ) -> (Outcome, Option<i64>) {
        match self.look(names, addr).await {
            Err(reason) => (Outcome::Fail(reason), None),
            Ok((name, chain)) => self.judge(&name, &chain, expires_after, now),
        }
    }

    async fn look(
        &self,
        names: &Names,
        addr: &str,
    ) -> Result<(ServerName<'static>, Vec<CertificateDer<'static>>), String> {
        let (host, _) = tcp::split(addr)?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| "the host name cannot be used for TLS".to_owned())?;
        let stream: TcpStream = tcp::connect(names, addr).await?;
        let connector = TlsConnector::from(Arc::clone(&self.look));
        let stream = connector.connect(name.clone(), stream).await.map_err(|e| reason::of_io(&e))?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok((name, chain.iter().map(|c| c.clone().into_owned()).collect()))
    }

    fn judge(
        &self,
        name: &ServerName<'_>,
        chain: &[CertificateDer<'_>],
        expires_after: Duration,
        now: Now,
    ) -> (Outcome, Option<i64>) {
        let Some((own, others)) = chain.split_first() else {
            return (Outcome::Fail("TLS: no certificate was shown".to_owned()), None);
        };
        let Ok((_, cert)) = X509Certificate::from_der(own) else {
            return (Outcome::Fail("TLS: the certificate cannot be read".to_owned()), None);
        };
        let (from, until, at) =
            (cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp(), now.utc.timestamp());
        let days = (until - at).div_euclid(DAY);
        let span = |seconds: i64| reason::days_or_less(Duration::from_secs(seconds.unsigned_abs()));
        let fail = |words: String| (Outcome::Fail(words), Some(days));
        if at > until {
            return fail(format!("TLS: certificate expired {} ago", span(at - until)));
        }
        if at < from {
            return fail(format!("TLS: certificate is not valid yet, for another {}", span(from - at)));
        }
        let Some(trust) = self.trust.verifier() else {
            return (
                Outcome::NoData("TLS: this machine has no trusted certificates to judge by".to_owned()),
                Some(days),
            );
        };
        let unix = UnixTime::since_unix_epoch(Duration::from_secs(at.unsigned_abs()));
        if let Err(error) = trust.verify_server_cert(own, others, name, &[], unix) {
            let name = matches!(
                error,
                rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                )
            );
            if !name && cert.issuer().as_raw() == cert.subject().as_raw() {
                return fail("TLS: certificate is self-signed".to_owned());
            }
            return fail(reason::of_tls(&error));
        }
        if until - at < expires_after.as_secs().cast_signed() {
            return fail(format!("TLS: certificate expires in {}", span(until - at)));
        }
        (Outcome::Pass, Some(days))
    }
}

/// Days until the certificate behind an answer expires, where there is one.
pub(super) fn days_left(response: &reqwest::Response) -> Option<i64> {
    let info = response.extensions().get::<reqwest::tls::TlsInfo>()?;
    let (_, cert) = X509Certificate::from_der(info.peer_certificate()?).ok()?;
    #[expect(clippy::disallowed_methods, reason = "the edge that measures")]
    let now = chrono::Utc::now().timestamp();
    Some((cert.validity().not_after.timestamp() - now).div_euclid(DAY))
}
