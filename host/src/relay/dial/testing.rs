//! Authorities, certificates and servers for tests, all on loopback.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::WebPkiClientVerifier,
        version::{TLS12, TLS13},
    },
};

use crate::config::{Secret, ThingsBoard, Tls};

/// Signs certificates.
pub(in crate::relay) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(in crate::relay) pem: String,
}

/// A certificate with its key, both PEM.
#[derive(Clone)]
pub(in crate::relay) struct Pair {
    pub(in crate::relay) certificate: String,
    pub(in crate::relay) key: String,
}

/// Parameters of a server's or client's certificate for some names.
pub(in crate::relay) fn parameters(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "leaf");
    parameters
}

impl Authority {
    pub(in crate::relay) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(parameters, key),
        }
    }

    pub(in crate::relay) fn sign(&self, parameters: &CertificateParams) -> Pair {
        self.sign_key(parameters, &KeyPair::generate().unwrap())
    }

    pub(in crate::relay) fn sign_key(&self, parameters: &CertificateParams, key: &KeyPair) -> Pair {
        Pair {
            certificate: parameters.signed_by(key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// A server certificate for the names.
    pub(in crate::relay) fn server(&self, names: &[&str]) -> Pair {
        self.sign(&parameters(names))
    }

    /// A client certificate.
    pub(in crate::relay) fn client(&self) -> Pair {
        let mut parameters = parameters(&["a client"]);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&parameters)
    }
}

/// What a test's TLS server does.
pub(in crate::relay) struct TlsServer {
    pub(in crate::relay) pair: Pair,
    /// The authority of the client certificates that it wants.
    pub(in crate::relay) client_authority: Option<String>,
    pub(in crate::relay) version: &'static SupportedProtocolVersion,
    pub(in crate::relay) protocols: Vec<Vec<u8>>,
    /// What it says after the handshake.
    pub(in crate::relay) says: &'static [u8],
}

impl TlsServer {
    pub(in crate::relay) fn new(pair: Pair) -> Self {
        Self {
            pair,
            client_authority: None,
            version: &TLS13,
            protocols: vec![b"h2".to_vec()],
            says: b"",
        }
    }

    pub(in crate::relay) fn wanting(mut self, authority: &Authority) -> Self {
        self.client_authority = Some(authority.pem.clone());
        self
    }

    pub(in crate::relay) fn tls12(mut self) -> Self {
        self.version = &TLS12;
        self
    }

    pub(in crate::relay) fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[self.version])
            .unwrap();
        let builder = match &self.client_authority {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
                    .unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = CertificateDer::pem_slice_iter(self.pair.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.pair.key.as_bytes()).unwrap();
        let mut config = builder
            .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
            .unwrap();
        config.alpn_protocols.clone_from(&self.protocols);
        TlsAcceptor::from(Arc::new(config))
    }

    /// Serves every connection until the test ends.
    pub(in crate::relay) async fn start(self) -> SocketAddr {
        let (listener, address) = listen().await;
        let acceptor = self.acceptor();
        let says = self.says;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = stream.write_all(says).await;
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                    }
                });
            }
        });
        address
    }
}

/// A port of this machine.
pub(in crate::relay) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A port of this machine that refuses connections. Nobody else gets it as long as the socket
/// lives, which is bound and does not listen.
pub(in crate::relay) fn refusing() -> (Socket, SocketAddr) {
    let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    held.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let address = held.local_addr().unwrap().as_socket().unwrap();
    (held, address)
}

/// A server that reads until it has heard something, says `says`, and then
/// closes its side; with `patient` it keeps the connection open.
pub(in crate::relay) async fn saying(says: &'static [u8], patient: bool) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { say(&mut stream, says, patient).await });
        }
    });
    address
}

async fn say(stream: &mut TcpStream, says: &[u8], patient: bool) {
    let mut heard = [0; 1024];
    let _ = stream.read(&mut heard).await;
    let _ = stream.write_all(says).await;
    if !patient {
        let _ = stream.shutdown().await;
    }
    // What is read is not answered with a reset.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// A folder for certificates.
pub(in crate::relay) struct Folder(TempDir);

impl Folder {
    pub(in crate::relay) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(in crate::relay) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(in crate::relay) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// Settings for a server without TLS.
pub(in crate::relay) fn plain(address: SocketAddr) -> ThingsBoard {
    ThingsBoard {
        host: address.ip().to_string(),
        port: address.port(),
        routing_key: "a key".to_owned(),
        secret: Secret::new("a secret"),
        ..ThingsBoard::default()
    }
}

/// Settings for a server that is called `localhost` and trusted by `ca_file`.
pub(in crate::relay) fn trusting(address: SocketAddr, ca_file: PathBuf) -> ThingsBoard {
    ThingsBoard {
        tls: Tls {
            enabled: true,
            ca_file: Some(ca_file),
            server_name: Some("localhost".to_owned()),
            ..Tls::default()
        },
        ..plain(address)
    }
}
