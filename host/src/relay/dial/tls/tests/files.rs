//! Files that cannot be used.

use std::path::Path;

use super::{assert_said, attempt};
use crate::{
    config::Tls,
    relay::dial::testing::{Authority, Folder, TlsServer, trusting},
};

#[tokio::test]
async fn files_that_cannot_be_used_are_named_with_the_remedy() {
    let authority = Authority::new("own");
    let folder = Folder::new();
    let address = TlsServer::new(authority.server(&["localhost"]))
        .start()
        .await;
    let ca = folder.file("ca.pem", &authority.pem);
    let client = authority.client();
    let (cert, key) = (
        folder.file("client.pem", &client.certificate),
        folder.file("client.key", &client.key),
    );
    let other = folder.file("other.key", authority.client().key);
    let empty = folder.file("empty.pem", "# nothing\n");
    let der = folder.file("ca.der", [0x30, 0x82, 0x01, 0x00]);
    let cut = folder.file("cut.pem", authority.pem.replace("-----END", ""));
    let text = folder.file(
        "text.pem",
        "-----BEGIN CERTIFICATE-----\nnot!base64\n-----END CERTIFICATE-----\n",
    );
    let hollow = folder.file(
        "hollow.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let hollow_key = folder.file(
        "hollow.key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    let locked = folder.file("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    let locked_old = folder.file(
        "locked-old.key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
    );
    let missing = folder.path().join("missing.pem");
    let only = |ca: &Path| Tls {
        ca_file: Some(ca.to_owned()),
        ..Tls::default()
    };
    let both = |cert: &Path, key: &Path| Tls {
        cert_file: Some(cert.to_owned()),
        key_file: Some(key.to_owned()),
        ..only(&ca)
    };
    let ca_is = "thingsboard.tls.caFile (RPC_SSL_CERT) FOLDER/";
    let cases = [
        (
            only(&missing),
            format!(
                "cannot read {ca_is}missing.pem (No such file or directory (os error 2)): check \
                 the path, and that tb-tcp's user may read the file"
            ),
        ),
        (
            only(&der),
            format!(
                "{ca_is}ca.der holds no certificate in PEM form: it must begin with -----BEGIN \
                 CERTIFICATE-----; openssl x509 -inform der -in FILE -out NEW converts DER, \
                 openssl pkcs12 -in FILE -nokeys -out NEW a key store"
            ),
        ),
        (
            only(&cut),
            format!(
                "{ca_is}cut.pem cannot be used (an -----END line is missing): export it anew, as \
                 PEM"
            ),
        ),
        (
            only(&text),
            format!(
                "{ca_is}text.pem cannot be used (its text is not Base64): export it anew, as PEM"
            ),
        ),
        (
            only(&hollow),
            format!(
                "{ca_is}hollow.pem cannot be used (certificate 1: invalid peer certificate: \
                 BadEncoding): export it anew, as PEM"
            ),
        ),
        (
            both(&empty, &key),
            "thingsboard.tls.certFile FOLDER/empty.pem holds no certificate in PEM form: it must \
             begin with -----BEGIN CERTIFICATE-----; openssl x509 -inform der -in FILE -out NEW \
             converts DER, openssl pkcs12 -in FILE -nokeys -out NEW a key store"
                .to_owned(),
        ),
        (
            both(&hollow, &key),
            "thingsboard.tls.certFile FOLDER/hollow.pem cannot be used (invalid peer certificate: \
             BadEncoding): export it anew, as PEM"
                .to_owned(),
        ),
        (
            both(&cert, &empty),
            "thingsboard.tls.keyFile FOLDER/empty.pem holds no private key in PEM form: it must \
             begin with -----BEGIN PRIVATE KEY-----, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE \
             KEY; openssl pkey -inform der -in FILE -out NEW converts DER, openssl pkcs12 -in \
             FILE -nocerts -noenc -out NEW a key store"
                .to_owned(),
        ),
        (
            both(&cert, &hollow_key),
            "thingsboard.tls.keyFile FOLDER/hollow.key cannot be used (the key is damaged, or of \
             a kind other than RSA, P-256, P-384 and Ed25519): export it anew, as PEM"
                .to_owned(),
        ),
        (
            both(&cert, &locked),
            "thingsboard.tls.keyFile FOLDER/locked.key is protected by a password, which nobody \
             can type here: write a copy without, openssl pkey -in FOLDER/locked.key -out COPY, \
             and let only tb-tcp's user read it"
                .to_owned(),
        ),
        (
            both(&cert, &locked_old),
            "thingsboard.tls.keyFile FOLDER/locked-old.key is protected by a password, which \
             nobody can type here: write a copy without, openssl pkey -in FOLDER/locked-old.key \
             -out COPY, and let only tb-tcp's user read it"
                .to_owned(),
        ),
        (
            both(&cert, &other),
            "thingsboard.tls.keyFile FOLDER/other.key is not the key of thingsboard.tls.certFile \
             FOLDER/client.pem: give the key that the certificate was issued for; if the file has \
             several certificates, the client's must come first"
                .to_owned(),
        ),
    ];
    for (tls, expected) in cases {
        let mut settings = trusting(address, ca.clone());
        settings.tls = Tls {
            enabled: true,
            server_name: Some("localhost".to_owned()),
            ..tls
        };
        let said = attempt(&settings).await;
        assert_said(&said, address, &folder, &expected);
        for file in ["client.key", "other.key"] {
            let key = std::fs::read_to_string(folder.path().join(file)).unwrap();
            let secret = key.lines().nth(1).unwrap();
            assert!(!said.contains(secret), "{said}");
        }
    }
}
