//! What can be wrong with TLS. Each text names the file or the server, the
//! setting with its environment variable, and the remedy; none holds a key.

/// Why TLS could not begin. `peer` is the server's host and port.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or may not be read.
    #[error(
        "cannot read {setting} {path} ({source}): check the path, and that tb-tcp's user may read \
         the file"
    )]
    Read {
        /// The setting's full name.
        setting: &'static str,
        /// The file, as an absolute path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds nothing of what it should.
    #[error("{setting} {path} holds no {wanted} in PEM form: {remedy}")]
    Empty {
        /// The setting's full name.
        setting: &'static str,
        /// The file.
        path: String,
        /// What was looked for.
        wanted: &'static str,
        /// How to make such a file.
        remedy: &'static str,
    },
    /// A file is damaged.
    #[error("{setting} {path} cannot be used ({detail}): export it anew, as PEM")]
    Damaged {
        /// The setting's full name.
        setting: &'static str,
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// The key needs a password.
    #[error(
        "thingsboard.tls.keyFile {path} is protected by a password, which nobody can type here: \
         write a copy without, openssl pkey -in {path} -out COPY, and let only tb-tcp's user read \
         it"
    )]
    EncryptedKey {
        /// The file.
        path: String,
    },
    /// Certificate and key are not a pair.
    #[error(
        "thingsboard.tls.keyFile {key} is not the key of thingsboard.tls.certFile {certificate}: \
         give the key that the certificate was issued for; if the file has several certificates, \
         the client's must come first"
    )]
    NoPair {
        /// The key's file.
        key: String,
        /// The certificate's file.
        certificate: String,
    },
    /// The system trusts nobody.
    #[error(
        "this machine has no certificates of authorities{detail}: install the package \
         ca-certificates, or name ThingsBoard's authority in thingsboard.tls.caFile \
         (RPC_SSL_CERT)"
    )]
    NoSystemRoots {
        /// What was wrong with those found, if any.
        detail: String,
    },
    /// The name to check against is none.
    #[error(
        "{name} is no name that a certificate can have: check thingsboard.tls.serverName, or \
         thingsboard.host (RPC_HOST)"
    )]
    ServerName {
        /// The name.
        name: String,
    },
    /// The server answers with something else.
    #[error(
        "{peer} speaks no TLS: set thingsboard.tls.enabled (RPC_SSL_ENABLED) to false, or \
         EDGES_RPC_SSL_ENABLED=true on the server; check thingsboard.port (RPC_PORT) too"
    )]
    NotTls {
        /// The server.
        peer: String,
    },
    /// The server hung up in the handshake.
    #[error(
        "{peer} ended the TLS handshake without a reason ({detail}): it may speak no TLS \
         (RPC_SSL_ENABLED here, EDGES_RPC_SSL_ENABLED there), or be a load balancer whose server \
         is down"
    )]
    Broken {
        /// The server.
        peer: String,
        /// What the operating system says.
        detail: String,
    },
    /// The server is silent in the handshake.
    #[error(
        "{peer} did not finish the TLS handshake within {} ms: it may speak no TLS \
         (RPC_SSL_ENABLED here, EDGES_RPC_SSL_ENABLED there), or be overloaded",
        timeout.as_millis()
    )]
    Silent {
        /// The server.
        peer: String,
        /// How long we waited.
        timeout: std::time::Duration,
    },
    /// Nobody we trust has signed the server's certificate.
    #[error(
        "the certificate of {peer} is signed by nobody that {trusted} vouches for: name the \
         authority that signed it in thingsboard.tls.caFile (RPC_SSL_CERT); a server has to send \
         the certificates between too"
    )]
    UnknownIssuer {
        /// The server.
        peer: String,
        /// What is trusted.
        trusted: String,
    },
    /// The server's certificate is signed by itself only.
    #[error(
        "the certificate of {peer} is self-signed and not in {trusted}: copy the server's \
         certificate (EDGES_RPC_SSL_CERT there) and name the copy in thingsboard.tls.caFile \
         (RPC_SSL_CERT)"
    )]
    SelfSigned {
        /// The server.
        peer: String,
        /// What is trusted.
        trusted: String,
    },
    /// The server's certificate is too old.
    #[error(
        "the certificate of {peer} expired at {at} (this machine's clock says {now}): renew it on \
         the server (EDGES_RPC_SSL_CERT), or set this machine's clock"
    )]
    Expired {
        /// The server.
        peer: String,
        /// The last moment of the certificate.
        at: String,
        /// The time here.
        now: String,
    },
    /// The server's certificate is too new.
    #[error(
        "the certificate of {peer} is valid from {at} on (this machine's clock says {now}): set \
         this machine's clock, or issue the certificate anew"
    )]
    NotYetValid {
        /// The server.
        peer: String,
        /// The first moment of the certificate.
        at: String,
        /// The time here.
        now: String,
    },
    /// The server's certificate is another one's.
    #[error(
        "the certificate of {peer} is not for {expected}, but for {presented}: write that name in \
         thingsboard.tls.serverName, or issue a certificate with the subject alternative name \
         {expected}"
    )]
    WrongName {
        /// The server.
        peer: String,
        /// The name that was checked.
        expected: String,
        /// The names of the certificate.
        presented: String,
    },
    /// The server's certificate has some other fault.
    #[error(
        "the certificate of {peer} cannot be accepted ({detail}): issue it anew as an X.509 \
         version 3 certificate for servers, with RSA of 2048 bits or more, or P-256, and SHA-256"
    )]
    Certificate {
        /// The server.
        peer: String,
        /// What is wrong.
        detail: String,
    },
    /// The server wants a client certificate.
    #[error(
        "{peer} wants a client certificate: set thingsboard.tls.certFile and \
         thingsboard.tls.keyFile, or let the server or the gateway before it do without"
    )]
    ClientCertificateWanted {
        /// The server.
        peer: String,
    },
    /// The server does not take ours.
    #[error(
        "{peer} rejects our client certificate ({detail}): check thingsboard.tls.certFile: who \
         signed it, until when it is valid, and that it is for clients"
    )]
    ClientCertificateRejected {
        /// The server.
        peer: String,
        /// The server's reason.
        detail: String,
    },
    /// No common version.
    #[error(
        "{peer} speaks neither TLS 1.2 nor TLS 1.3, which are needed: update the server or the \
         gateway before it"
    )]
    Version {
        /// The server.
        peer: String,
    },
    /// The server has no HTTP/2.
    #[error(
        "{peer} speaks TLS, but no HTTP/2 (ALPN h2), which gRPC needs: check thingsboard.port \
         (RPC_PORT; 7070 is the Edge service), or switch HTTP/2 on in the load balancer"
    )]
    NoHttp2 {
        /// The server.
        peer: String,
    },
    /// The server does not know the name we ask for.
    #[error(
        "{peer} has no certificate for the name {name}: check thingsboard.tls.serverName, or \
         thingsboard.host (RPC_HOST)"
    )]
    UnknownName {
        /// The server.
        peer: String,
        /// The name we sent.
        name: String,
    },
    /// The handshake fails in some other way.
    #[error(
        "TLS with {peer} failed ({detail}): compare the TLS settings of the server or the gateway \
         before it; TLS 1.2 or 1.3 with forward secrecy is needed"
    )]
    Other {
        /// The server.
        peer: String,
        /// What rustls says.
        detail: String,
    },
}
