//! TLS to the database, with the modes of libpq.

use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::StoreError;

/// How much of the server's identity is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// No encryption.
    Disable,
    /// Encryption when the server offers it, without checking who it is.
    Prefer,
    /// Encryption always, without checking who it is.
    Require,
    /// A certificate of a trusted authority.
    VerifyAuthority,
    /// A certificate of a trusted authority for the host's name.
    VerifyFull,
}

/// The connector, or none.
#[derive(Clone)]
pub(crate) struct Tls(Option<MakeRustlsConnect>);

impl Tls {
    pub(crate) fn none() -> Tls {
        Tls(None)
    }

    pub(crate) fn connector(&self) -> Option<MakeRustlsConnect> {
        self.0.clone()
    }

    pub(crate) fn new(mode: TlsMode, root_certificates: Option<&Path>) -> Result<Tls, StoreError> {
        // libpq: naming a root certificate makes `require` check the authority.
        let mode = match mode {
            TlsMode::Require if root_certificates.is_some() => TlsMode::VerifyAuthority,
            other => other,
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::setup(format!("TLS cannot be set up: {error}")))?;
        let config = match mode {
            TlsMode::Disable => return Ok(Tls(None)),
            TlsMode::VerifyFull => builder
                .with_root_certificates(roots(root_certificates)?)
                .with_no_client_auth(),
            TlsMode::VerifyAuthority => {
                let authority = WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots(root_certificates)?),
                    Arc::clone(&provider),
                )
                .build()
                .map_err(|error| {
                    StoreError::setup(format!(
                        "the certificates of sslrootcert cannot be used: {error}"
                    ))
                })?;
                lenient(builder, provider, Some(authority))
            }
            TlsMode::Prefer | TlsMode::Require => lenient(builder, provider, None),
        };
        Ok(Tls(Some(MakeRustlsConnect::new(config))))
    }
}

fn lenient(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
) -> ClientConfig {
    builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(LenientVerifier {
            provider,
            authority,
        }))
        .with_no_client_auth()
}

/// Checks the authority when it has one, and never the name.
#[derive(Debug)]
struct LenientVerifier {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, StoreError> {
    let mut store = RootCertStore::empty();
    match file {
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                StoreError::setup(format!(
                    "sslrootcert: {} cannot be read as PEM: {error}",
                    path.display()
                ))
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?
            {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                store.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() {
        return Err(StoreError::setup(
            "sslmode=verify-… needs certificates of authorities: install ca-certificates or name a PEM file with sslrootcert",
        ));
    }
    Ok(store)
}

/// Takes `sslmode` and `sslrootcert` out of a URL, because the driver knows neither all modes nor the file.
pub(crate) fn split(
    url: &str,
) -> Result<(String, TlsMode, Option<std::path::PathBuf>), StoreError> {
    let mut mode = TlsMode::Prefer;
    let mut file = None;
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let (head, parts): (&str, Vec<&str>) = if is_url {
        match url.split_once('?') {
            Some((head, query)) => (head, query.split('&').collect()),
            None => (url, Vec::new()),
        }
    } else {
        // `key=value` pairs: a value with spaces is quoted, which neither of ours needs to be.
        ("", url.split(' ').collect())
    };
    let mut kept = Vec::new();
    for part in parts {
        match part.split_once('=') {
            Some(("sslmode", value)) => mode = parse_mode(value)?,
            Some(("sslrootcert", "system")) => file = None,
            Some(("sslrootcert", value)) => {
                file = Some(value.replace("%2F", "/").replace("%2f", "/").into());
            }
            _ => kept.push(part),
        }
    }
    let rest = match (is_url, kept.is_empty()) {
        (true, true) => head.to_owned(),
        (true, false) => format!("{head}?{}", kept.join("&")),
        (false, _) => kept.join(" "),
    };
    Ok((rest, mode, file))
}

fn parse_mode(value: &str) -> Result<TlsMode, StoreError> {
    Ok(match value {
        "disable" => TlsMode::Disable,
        "allow" | "prefer" => TlsMode::Prefer,
        "require" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyAuthority,
        "verify-full" => TlsMode::VerifyFull,
        other => {
            return Err(StoreError::setup(format!(
                "DATABASE_URL: sslmode={other} is unknown; use disable, prefer, require, verify-ca or verify-full"
            )));
        }
    })
}
