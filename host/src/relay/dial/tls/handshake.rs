//! The handshake, and what it needs from the settings.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::{
    super::heard::{Duplex, Heard, tls_error},
    ClientCertificate, TlsError, files,
    trust::Trust,
};
use crate::config::ThingsBoard;

/// The protocol that gRPC needs, as TLS names it.
const HTTP2: &[u8] = b"h2";

/// Speaks TLS over `stream` until `deadline`. The certificate tells later
/// whether the server has asked for it.
pub(in crate::relay::dial) async fn handshake(
    settings: &ThingsBoard,
    stream: Box<dyn Duplex>,
    deadline: Instant,
) -> Result<(TlsStream<Heard>, Arc<ClientCertificate>), TlsError> {
    let peer = settings.address();
    let name = server_name(settings)?;
    let own = settings.clone();
    // Files may lie on a network that hangs.
    let loading = tokio::task::spawn_blocking(move || configure(&own));
    let silent = || TlsError::Silent {
        peer: peer.clone(),
        timeout: settings.connect_timeout(),
    };
    let (config, certificate) = timeout_at(deadline, loading)
        .await
        .map_err(|_| silent())?
        .map_err(|error| TlsError::Other {
            peer: peer.clone(),
            detail: error.to_string(),
        })??;
    let (stream, notes) = Heard::new(stream);
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    match timeout_at(deadline, connecting).await {
        Err(_) => Err(silent()),
        Ok(Ok(stream)) => Ok((stream, certificate)),
        Ok(Err(error)) => Err(match tls_error(&error) {
            Some(error) => TlsError::name(error, settings, &certificate),
            None => certificate.suspect(peer.clone()).unwrap_or_else(|| {
                let detail = match notes.beginning().is_empty() {
                    true => "it closed the connection without a word".to_owned(),
                    false => error.to_string(),
                };
                TlsError::Broken { peer, detail }
            }),
        }),
    }
}

/// The name that the server's certificate must have.
fn server_name(settings: &ThingsBoard) -> Result<ServerName<'static>, TlsError> {
    let name = settings.tls.name(&settings.host);
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName {
        name: name.to_owned(),
    })
}

/// Reads the files and the system's certificates.
fn configure(settings: &ThingsBoard) -> Result<(ClientConfig, Arc<ClientCertificate>), TlsError> {
    let (tls, peer) = (&settings.tls, settings.address());
    let provider = Arc::new(files::provider());
    let (roots, exact) = match &tls.ca_file {
        Some(path) => files::authorities(path)?,
        None => (files::system_authorities()?, Vec::new()),
    };
    let key = match (&tls.cert_file, &tls.key_file) {
        (Some(certificate), Some(key)) => {
            let found = files::client_certificate(certificate, key, &provider)?;
            Some(Arc::new(found))
        }
        _ => None,
    };
    let certificate = Arc::new(ClientCertificate::new(key));
    let unusable = |detail: String| TlsError::Other {
        peer: peer.clone(),
        detail,
    };
    let trust =
        Trust::new(roots, exact, provider.clone()).map_err(|error| unusable(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        // The rules are rustls' own and one more: see `Trust`.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_client_cert_resolver(certificate.clone());
    config.alpn_protocols = vec![HTTP2.to_vec()];
    Ok((config, certificate))
}
