//! TLS as this machine trusts: its certificates are read once for the whole program, and only when somebody needs them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::task::{self, Panic};

/// Whom this machine trusts; clones share what was read.
#[derive(Clone, Debug)]
pub struct Trust(Arc<Known>);

#[derive(Debug)]
struct Known {
    provider: Arc<CryptoProvider>,
    /// `None` where the machine has no trusted certificates.
    verifier: OnceLock<Option<Verifier>>,
    asked: AtomicBool,
}

impl Default for Trust {
    fn default() -> Self {
        let provider = Arc::new(ring::default_provider());
        Self(Arc::new(Known { provider, verifier: OnceLock::new(), asked: AtomicBool::new(false) }))
    }
}

impl Trust {
    /// Reads the certificates beside the runtime, once: some TLS is to come, and nobody should wait for them then.
    pub fn prepare(&self) {
        if self.0.asked.swap(true, Ordering::Relaxed) {
            return;
        }
        let known = Arc::clone(&self.0);
        let read = move || {
            known.verifier();
        };
        task::blocking("trust", read, |read: Result<(), Panic>| {
            if let Err(panic) = read {
                tracing::error!(task = %panic.task, "{}", panic.message);
            }
        });
    }

    /// Who judges certificates; `None` where this machine trusts nobody. The first to ask waits until they are read.
    pub fn verifier(&self) -> Option<&Verifier> {
        self.0.verifier()
    }

    /// The TLS of a client that talks only to whom this machine trusts. On a machine without trusted certificates every
    /// certificate is of an unknown issuer.
    pub fn talking(&self) -> Result<ClientConfig, String> {
        self.config(Some(Arc::clone(&self.0)))
    }

    /// The TLS of a client that looks at any certificate and only checks that the other side holds its key: never to talk.
    pub fn looking(&self) -> Result<ClientConfig, String> {
        self.config(None)
    }

    fn config(&self, known: Option<Arc<Known>>) -> Result<ClientConfig, String> {
        let provider = Arc::clone(&self.0.provider);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(|_| "TLS cannot start".to_owned())?;
        let judge = Arc::new(Judge { provider, known });
        Ok(builder.dangerous().with_custom_certificate_verifier(judge).with_no_client_auth())
    }
}

impl Known {
    fn verifier(&self) -> Option<&Verifier> {
        self.verifier.get_or_init(|| Verifier::new(Arc::clone(&self.provider)).ok()).as_ref()
    }
}

/// Judges certificates as they come.
#[derive(Debug)]
struct Judge {
    provider: Arc<CryptoProvider>,
    /// Whom to trust; `None` takes any certificate.
    known: Option<Arc<Known>>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(known) = &self.known else { return Ok(ServerCertVerified::assertion()) };
        match known.verifier() {
            Some(verifier) => verifier.verify_server_cert(own, others, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
