//! The link to ThingsBoard: TLS, client certificates, a proxy.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::mpsc,
    thread,
};

use harness::{Host, HostBuilder, Port, Standin};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// The name that the stand-in's certificate has.
const NAME: &str = "thingsboard.test";

/// An authority with a folder for the files that it makes.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = folder.path().display().to_string();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(parameters, key),
            folder,
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Makes a certificate and its key; their paths.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let files = (self.file("leaf.pem"), self.file("leaf.key"));
        fs::write(PathBuf::from(&files.0), certificate.pem()).unwrap();
        fs::write(PathBuf::from(&files.1), key.serialize_pem()).unwrap();
        files
    }
}

/// A stand-in with TLS, whose certificate `authority` signs.
fn standin(authority: &Authority, more: &[&str]) -> Standin {
    let (certificate, key) = authority.sign(NAME);
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    Standin::start_with(0, &[&tls, more].concat())
}

/// A host that trusts `authority`.
fn host(standin: &Standin, authority: &Authority, more: &str) -> HostBuilder {
    let tls = format!(
        "{{ enabled = true, serverName = '{NAME}', caFile = '{}'{more} }}",
        authority.file("ca.pem")
    );
    Host::builder(standin.grpc.port()).thingsboard("tls", &tls)
}

#[track_caller]
fn data_arrives(standin: &Standin, host: &Host) {
    host.device().send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
}

#[track_caller]
fn assert_no_session(host: &Host, parts: &[&str]) {
    let line = host.process.wait_for_log("no session with ThingsBoard");
    let text = line["message"].as_str().unwrap();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn an_own_authority_and_a_client_certificate() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let standin = standin(&servers, &["--tls-client-ca", &clients.file("ca.pem")]);
    let (certificate, key) = clients.sign("a client");
    let more = format!(", certFile = '{certificate}', keyFile = '{key}'");
    let with = host(&standin, &servers, &more).start();
    data_arrives(&standin, &with);
    let line = with.process.wait_for_log("connected to ThingsBoard");
    assert_eq!(line["tls"], true);

    let without = host(&standin, &servers, "").start();
    assert_no_session(
        &without,
        &["wants a client certificate", "thingsboard.tls.certFile"],
    );
}

#[test]
fn the_environment_switches_tls_on_and_names_the_authority() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("127.0.0.1");
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let standin = Standin::start_with(0, &tls);
    let host = Host::builder(standin.grpc.port())
        .environment("RPC_SSL_ENABLED", "true")
        .environment("RPC_SSL_CERT", &authority.file("ca.pem"))
        .start();
    data_arrives(&standin, &host);
}

#[test]
fn a_wrong_authority_a_wrong_name_and_missing_tls_are_named() {
    let (authority, other) = (Authority::new(), Authority::new());
    let with_tls = standin(&authority, &[]);
    let wrong = host(&with_tls, &other, "").start();
    let file = other.file("ca.pem");
    assert_no_session(&wrong, &["signed by nobody", &file, "RPC_SSL_CERT"]);

    let tls = format!(
        "{{ enabled = true, caFile = '{}' }}",
        authority.file("ca.pem")
    );
    let wrong = Host::builder(with_tls.grpc.port()).thingsboard("tls", &tls);
    assert_no_session(
        &wrong.start(),
        &[
            "is not for 127.0.0.1, but for thingsboard.test",
            "serverName",
        ],
    );

    let without_tls = Standin::start();
    let wrong = host(&without_tls, &authority, "").start();
    assert_no_session(&wrong, &["speaks no TLS", "RPC_SSL_ENABLED"]);
}

#[test]
fn a_proxy_is_used_and_its_failures_are_named() {
    let authority = Authority::new();
    let standin = standin(&authority, &[]);
    let (proxy, requests) = proxy(standin.grpc);
    // No DNS knows the name: the proxy alone can lead there.
    let behind = |proxy: &str| {
        host(&standin, &authority, "")
            .thingsboard("host", &format!("'{NAME}'"))
            .environment("HTTPS_PROXY", proxy)
    };
    let with = behind(&format!("http://ann:t0p-wrong@{proxy}")).start();
    data_arrives(&standin, &with);
    let request = requests.recv().unwrap();
    let port = standin.grpc.port();
    let start = format!("CONNECT {NAME}:{port} HTTP/1.1\r\n");
    assert!(request.starts_with(&start), "{request}");
    // ann:t0p-wrong
    assert!(request.contains("Proxy-Authorization: Basic YW5uOnQwcC13cm9uZw==\r\n"));
    let line = with.process.wait_for_log("connected to ThingsBoard");
    assert_eq!(line["proxy"], proxy.to_string());
    let log = format!("{:?}", with.process.log());
    assert!(!log.contains("t0p-wrong") && !log.contains("YW5u"), "{log}");

    let port = Port::free();
    let nobody = format!("127.0.0.1:{}", port.number());
    let wrong = behind(&format!("http://{nobody}")).start();
    let text = format!("the proxy {nobody} refuses connections: check HTTPS_PROXY");
    assert_no_session(&wrong, &[&text]);
}

/// A proxy that leads to `target`, whatever it is asked for; and what it was
/// asked for.
fn proxy(target: SocketAddr) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, requests) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let asked = asked.clone();
            thread::spawn(move || serve(client, target, &asked));
        }
    });
    (address, requests)
}

fn serve(mut client: TcpStream, target: SocketAddr, asked: &mpsc::Sender<String>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let _ = asked.send(String::from_utf8(head).unwrap());
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let server = TcpStream::connect(target).unwrap();
    let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || pass_on(from_client, to_server));
    pass_on(server, client);
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
