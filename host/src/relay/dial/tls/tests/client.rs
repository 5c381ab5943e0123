//! Client certificates.

use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, date_time_ymd};

use super::{assert_said, attempt};
use crate::{
    config::ThingsBoard,
    relay::dial::testing::{Authority, Folder, Pair, TlsServer, parameters, trusting},
};

/// A key as it comes out of `openssl genrsa -traditional`, for tests only.
const RSA_KEY: &str = include_str!("rsa.key");

/// Settings with a client certificate.
fn with_client(mut settings: ThingsBoard, folder: &Folder, pair: &Pair) -> ThingsBoard {
    settings.tls.cert_file = Some(folder.file("client.pem", &pair.certificate));
    settings.tls.key_file = Some(folder.file("client.key", &pair.key));
    settings
}

#[tokio::test]
async fn a_client_certificate_is_shown_with_every_kind_of_key() {
    let (authority, clients) = (Authority::new("own"), Authority::new("clients"));
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    // TLS 1.2 refuses in the handshake already, so a connection is a success.
    let server = TlsServer::new(authority.server(&["localhost"])).tls12();
    let settings = trusting(server.wanting(&clients).start().await, ca);

    let leaf = clients.client();
    let sec1 = pem("EC PRIVATE KEY", inner_key(&leaf.key));
    let rsa = pem("PRIVATE KEY", pkcs8_of_rsa(RSA_KEY));
    let rsa_key = KeyPair::from_pkcs8_pem_and_sign_algo(&rsa, &PKCS_RSA_SHA256).unwrap();
    let rsa_leaf = clients.sign_key(&parameters(&["a client"]), &rsa_key);
    let ed = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let ed_leaf = clients.sign_key(&parameters(&["a client"]), &ed);
    let cases = [
        ("PKCS#8", leaf.clone()),
        (
            "SEC1",
            Pair {
                key: sec1,
                ..leaf.clone()
            },
        ),
        (
            "PKCS#1",
            Pair {
                key: RSA_KEY.to_owned(),
                ..rsa_leaf.clone()
            },
        ),
        (
            "PKCS#8 RSA",
            Pair {
                key: rsa,
                ..rsa_leaf
            },
        ),
        ("Ed25519", ed_leaf),
        (
            "both in one",
            Pair {
                key: format!("{}{}", leaf.certificate, leaf.key),
                ..leaf
            },
        ),
    ];
    for (kind, pair) in cases {
        let settings = with_client(settings.clone(), &folder, &pair);
        assert_eq!(attempt(&settings).await, "connected", "{kind}");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_client_certificate_is_named() {
    let (authority, clients) = (Authority::new("own"), Authority::new("clients"));
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let server = TlsServer::new(authority.server(&["localhost"])).tls12();
    let address = server.wanting(&clients).start().await;
    let settings = trusting(address, ca);
    assert_said(
        &attempt(&settings).await,
        address,
        &folder,
        "PEER wants a client certificate: set thingsboard.tls.certFile and \
         thingsboard.tls.keyFile, or let the server or the gateway before it do without",
    );
    let mut expired = parameters(&["a client"]);
    expired.not_after = date_time_ymd(2001, 2, 3);
    for (pair, reason) in [
        (authority.client(), "it does not know who signed it"),
        (clients.sign(&expired), "it is expired"),
    ] {
        let settings = with_client(settings.clone(), &folder, &pair);
        let expected = format!(
            "PEER rejects our client certificate ({reason}): check thingsboard.tls.certFile: who \
             signed it, until when it is valid, and that it is for clients"
        );
        assert_said(&attempt(&settings).await, address, &folder, &expected);
    }
}

/// The DER of a PEM text.
fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

fn pem(label: &str, der: Vec<u8>) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// The SEC1 key inside of a PKCS#8 one for P-256: the octet string behind 27
/// bytes of header.
fn inner_key(pkcs8: &str) -> Vec<u8> {
    let der = der(pkcs8);
    assert_eq!(der[27], 0x04, "octet string");
    der[29..].to_vec()
}

/// The PKCS#8 key around a PKCS#1 one.
fn pkcs8_of_rsa(pkcs1: &str) -> Vec<u8> {
    let inner = der(pkcs1);
    let sized = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    };
    // version 0, then rsaEncryption without parameters
    let head = b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    sized(0x30, &[head.as_slice(), &sized(0x04, &inner)].concat())
}
