//! Whose certificates are believed.

use rcgen::{BasicConstraints, IsCa, KeyPair, date_time_ymd};

use super::{assert_said, attempt};
use crate::relay::dial::testing::{Authority, Folder, Pair, TlsServer, parameters, trusting};

#[tokio::test]
async fn an_own_authority_is_trusted_and_the_name_counts() {
    let authority = Authority::new("own");
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    for (names, server_name) in [
        (vec!["localhost"], Some("localhost")),
        (vec!["127.0.0.1"], None),
        (vec!["*.example.org"], Some("tb.example.org")),
    ] {
        let address = TlsServer::new(authority.server(&names)).start().await;
        let mut settings = trusting(address, ca.clone());
        settings.tls.server_name = server_name.map(str::to_owned);
        assert_eq!(attempt(&settings).await, "connected", "{names:?}");
    }
    let tls12 = TlsServer::new(authority.server(&["localhost"])).tls12();
    let settings = trusting(tls12.start().await, ca);
    assert_eq!(attempt(&settings).await, "connected");
}

#[tokio::test]
async fn one_of_many_authorities_is_enough_and_intermediates_are_followed() {
    let (root, other) = (Authority::new("root"), Authority::new("other"));
    let folder = Folder::new();
    let both = folder.file("ca.pem", format!("# ours\n{}\n{}", other.pem, root.pem));
    let mut middle = parameters(&[]);
    middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let middle_key = KeyPair::generate().unwrap();
    let middle_pair = root.sign_key(&middle, &middle_key);
    let issuer = rcgen::Issuer::new(middle, middle_key);
    let key = KeyPair::generate().unwrap();
    let leaf = parameters(&["localhost"]).signed_by(&key, &issuer).unwrap();
    let with = |certificate: String| Pair {
        certificate,
        key: key.serialize_pem(),
    };
    let chain = with(leaf.pem() + &middle_pair.certificate);
    let address = TlsServer::new(chain).start().await;
    assert_eq!(attempt(&trusting(address, both.clone())).await, "connected");

    let address = TlsServer::new(with(leaf.pem())).start().await;
    assert_said(
        &attempt(&trusting(address, both)).await,
        address,
        &folder,
        "the certificate of PEER is signed by nobody that FOLDER/ca.pem vouches for: name the \
         authority that signed it in thingsboard.tls.caFile (RPC_SSL_CERT); a server has to send \
         the certificates between too",
    );
}

/// As ThingsBoard's own edge does, and as `openssl req -x509` makes them.
#[tokio::test]
async fn the_servers_own_certificate_may_stand_in_the_file() {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut own = parameters(&["localhost"]);
        own.is_ca = is_ca;
        let pair = Pair {
            certificate: own.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        };
        let ca = folder.file("server.pem", &pair.certificate);
        let address = TlsServer::new(pair).start().await;
        let mut settings = trusting(address, ca);
        assert_eq!(attempt(&settings).await, "connected", "{is_ca:?}");
        // The name counts all the same.
        settings.tls.server_name = Some("tb.example".to_owned());
        assert_said(
            &attempt(&settings).await,
            address,
            &folder,
            "the certificate of PEER is not for tb.example, but for localhost: write that name in \
             thingsboard.tls.serverName, or issue a certificate with the subject alternative name \
             tb.example",
        );
    }
    // So does one that another authority has signed.
    let pair = Authority::new("unknown").server(&["localhost"]);
    let ca = folder.file("server.pem", &pair.certificate);
    let address = TlsServer::new(pair).start().await;
    assert_eq!(attempt(&trusting(address, ca)).await, "connected");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &first.pem);
    let address = TlsServer::new(second.server(&["localhost"])).start().await;
    let settings = trusting(address, ca);
    assert!(attempt(&settings).await.contains("signed by nobody"));
    folder.file("ca.pem", &second.pem);
    assert_eq!(attempt(&settings).await, "connected");
}

#[tokio::test]
async fn a_certificate_that_is_no_good_is_named() {
    let authority = Authority::new("own");
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let leaf = || parameters(&["localhost"]);
    let (mut expired, mut future) = (leaf(), leaf());
    expired.not_after = date_time_ymd(2001, 2, 3);
    future.not_before = date_time_ymd(4000, 2, 3);
    let key = KeyPair::generate().unwrap();
    let (mut expired_itself, mut itself_as_authority) = (expired.clone(), leaf());
    expired_itself.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    itself_as_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let itself = |parameters: &rcgen::CertificateParams| Pair {
        certificate: parameters.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    };
    let expired_text = "the certificate of PEER expired at 2001-02-03T00:00:00Z (this machine's \
         clock says NOW): renew it on the server (EDGES_RPC_SSL_CERT), or set this machine's clock";
    let self_signed_text = "the certificate of PEER is self-signed and not in FOLDER/ca.pem: copy \
         the server's certificate (EDGES_RPC_SSL_CERT there) and name the copy in \
         thingsboard.tls.caFile (RPC_SSL_CERT)";
    let cases = [
        (authority.sign(&expired), expired_text),
        (
            authority.sign(&future),
            "the certificate of PEER is valid from 4000-02-03T00:00:00Z on (this machine's clock \
             says NOW): set this machine's clock, or issue the certificate anew",
        ),
        (
            authority.server(&["tb.example", "192.0.2.1"]),
            "the certificate of PEER is not for localhost, but for tb.example, 192.0.2.1: write \
             that name in thingsboard.tls.serverName, or issue a certificate with the subject \
             alternative name localhost",
        ),
        (
            authority.server(&[]),
            "the certificate of PEER is not for localhost, but for no name at all (a common name \
             alone does not count): write that name in thingsboard.tls.serverName, or issue a \
             certificate with the subject alternative name localhost",
        ),
        (
            Authority::new("other").server(&["localhost"]),
            "the certificate of PEER is signed by nobody that FOLDER/ca.pem vouches for: name the \
             authority that signed it in thingsboard.tls.caFile (RPC_SSL_CERT); a server has to \
             send the certificates between too",
        ),
        (itself(&leaf()), self_signed_text),
        (itself(&itself_as_authority), self_signed_text),
        (itself(&expired_itself), expired_text),
        (
            authority.client(),
            "the certificate of PEER cannot be accepted (certificate does not allow extended key \
             usage for server authentication, allows client authentication): issue it anew as an \
             X.509 version 3 certificate for servers, with RSA of 2048 bits or more, or P-256, \
             and SHA-256",
        ),
    ];
    for (pair, expected) in cases {
        let address = TlsServer::new(pair).start().await;
        let mut said = attempt(&trusting(address, ca.clone())).await;
        if expected.contains("NOW") {
            said = without_clock(&said);
        }
        assert_said(&said, address, &folder, expected);
    }
}

/// The text with NOW for the time of day.
fn without_clock(text: &str) -> String {
    let (before, rest) = text.split_once("clock says ").unwrap();
    let (time, after) = rest.split_once(')').unwrap();
    assert_eq!(time.len(), "2001-02-03T00:00:00Z".len(), "{text}");
    format!("{before}clock says NOW){after}")
}

#[tokio::test]
async fn without_a_file_the_system_decides() {
    let pair = Authority::new("own").server(&["localhost"]);
    let address = TlsServer::new(pair).start().await;
    let mut settings = trusting(address, "unused".into());
    settings.tls.ca_file = None;
    let said = attempt(&settings).await;
    // A machine may have no certificates at all.
    if !said.starts_with("this machine has no certificates of authorities") {
        assert_said(
            &said,
            address,
            &Folder::new(),
            "the certificate of PEER is signed by nobody that this machine's list of authorities \
             vouches for: name the authority that signed it in thingsboard.tls.caFile \
             (RPC_SSL_CERT); a server has to send the certificates between too",
        );
    }
}
