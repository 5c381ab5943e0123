//! Gives names to what rustls reports.

use std::time::{Duration, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use tokio_rustls::rustls::{
    AlertDescription as Alert, CertificateError, Error, PeerIncompatible, pki_types::UnixTime,
};

use super::{ClientCertificate, TlsError, files::shown, trust::SelfSigned};
use crate::config::ThingsBoard;

/// How many names of a certificate are shown.
const MOST_NAMES: usize = 5;

impl TlsError {
    /// What `error` means in the words of whoever set up both ends.
    pub(in crate::relay::dial) fn name(
        error: &Error,
        settings: &ThingsBoard,
        certificate: &ClientCertificate,
    ) -> Self {
        let peer = settings.address();
        match error {
            Error::InvalidCertificate(fault) => Self::name_certificate(fault, settings),
            Error::AlertReceived(alert) => Self::name_alert(*alert, settings, certificate),
            // What a server sends that speaks no TLS, as TLS reads it.
            Error::InvalidMessage(_) => Self::NotTls { peer },
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Self::Version { peer },
            other => Self::Other {
                peer,
                detail: other.to_string(),
            },
        }
    }

    fn name_certificate(fault: &CertificateError, settings: &ThingsBoard) -> Self {
        let peer = settings.address();
        match fault {
            CertificateError::UnknownIssuer => Self::UnknownIssuer {
                peer,
                trusted: trusted(settings),
            },
            CertificateError::Other(inner) if inner.0.is::<SelfSigned>() => Self::SelfSigned {
                peer,
                trusted: trusted(settings),
            },
            CertificateError::ExpiredContext { time, not_after } => Self::Expired {
                peer,
                at: moment(*not_after),
                now: moment(*time),
            },
            CertificateError::NotValidYetContext { time, not_before } => Self::NotYetValid {
                peer,
                at: moment(*not_before),
                now: moment(*time),
            },
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => Self::WrongName {
                peer,
                expected: expected.to_str().into_owned(),
                presented: names(presented),
            },
            other => Self::Certificate {
                peer,
                detail: other.to_string(),
            },
        }
    }

    fn name_alert(alert: Alert, settings: &ThingsBoard, certificate: &ClientCertificate) -> Self {
        let peer = settings.address();
        match alert {
            Alert::ProtocolVersion => Self::Version { peer },
            Alert::NoApplicationProtocol => Self::NoHttp2 { peer },
            Alert::UnrecognisedName => Self::UnknownName {
                peer,
                name: settings.tls.name(&settings.host).to_owned(),
            },
            Alert::CertificateRequired => Self::ClientCertificateWanted { peer },
            // Once a server has asked for a certificate, these are its answer.
            Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
                if certificate.was_asked() =>
            {
                match certificate.is_set() {
                    true => Self::ClientCertificateRejected {
                        peer,
                        detail: reason(alert),
                    },
                    false => Self::ClientCertificateWanted { peer },
                }
            }
            other => Self::Other {
                peer,
                detail: reason(other),
            },
        }
    }
}

/// A server's alert in words.
fn reason(alert: Alert) -> String {
    let words = match alert {
        Alert::UnknownCA => "it does not know who signed it",
        Alert::CertificateExpired => "it is expired",
        Alert::CertificateRevoked => "it is revoked",
        Alert::UnsupportedCertificate => "it is of a kind that the server does not take",
        Alert::AccessDenied => "its holder has no access",
        other => return format!("its alert: {other:?}"),
    };
    words.to_owned()
}

fn trusted(settings: &ThingsBoard) -> String {
    match &settings.tls.ca_file {
        Some(path) => shown(path),
        None => "this machine's list of authorities".to_owned(),
    }
}

fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all (a common name alone does not count)".to_owned();
    }
    // As `DnsName("tb.example")` or `IpAddress(192.0.2.1)`, for programmers.
    let plain = presented.iter().map(|name| {
        let inner = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_matches(['"', ')'])
    });
    let mut text = plain.take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if presented.len() > MOST_NAMES {
        text.push_str(", and more");
    }
    text
}

fn moment(time: UnixTime) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(time.as_secs());
    format_rfc3339_seconds(time).to_string()
}
