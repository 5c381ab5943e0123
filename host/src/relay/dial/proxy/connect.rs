//! HTTP/1.1 `CONNECT`.
//!
//! hyper-util has one too. It tells neither the proxy's status nor its reason,
//! and drops what the server says in the same packet: a gRPC server without
//! TLS speaks first.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{ProxyError, Tunnel};
use crate::config::Secret;

/// Longest head of an answer that we read, in bytes.
const MOST_HEAD: u64 = 16 * 1024;
/// How much of a strange answer is shown, in bytes.
const MOST_SHOWN: usize = 32;
/// How an answer begins.
const VERSION: &[u8] = b"HTTP/1.";
/// Most header lines of it.
const MOST_HEADERS: usize = 100;

impl Tunnel<'_> {
    /// Asks for a tunnel and reads the answer up to its empty line.
    pub(super) async fn connect(
        &self,
        stream: &mut BufReader<TcpStream>,
        authorization: Option<&Secret>,
    ) -> Result<(), ProxyError> {
        let broken = |error: std::io::Error| self.no_proxy(error.to_string());
        let target = self.settings.address();
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(value) = authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(value.reveal());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        let head = read_head(stream).await.map_err(broken)?;
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let complete = response
            .parse(&head)
            .is_ok_and(|status| status.is_complete());
        match response.code {
            Some(200..300) if complete => Ok(()),
            Some(407) if complete => Err(self.wrong_credentials(authorization.is_some())),
            Some(code) if complete => {
                let reason = response.reason.unwrap_or_default();
                Err(self.denied(format!("HTTP {code} {reason}").trim_end().to_owned()))
            }
            _ if head.is_empty() => {
                Err(self.no_proxy("it closed the connection without a word".to_owned()))
            }
            _ => {
                let start = head.get(..MOST_SHOWN).unwrap_or(&head);
                Err(self.no_proxy(format!("\"{}\"", start.escape_ascii())))
            }
        }
    }
}

/// Reads up to the first empty line, the end, or the most that is read; no
/// further than is needed to see that this is no HTTP.
async fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut limited = stream.take(MOST_HEAD);
    let mut head = Vec::new();
    loop {
        let available = limited.fill_buf().await?;
        let line = available.split_inclusive(|byte| *byte == b'\n').next();
        let Some(line) = line else {
            return Ok(head);
        };
        let length = line.len();
        head.extend_from_slice(line);
        limited.consume(length);
        let beginning = head.get(..VERSION.len()).unwrap_or(&head);
        if !VERSION.starts_with(beginning) || head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n") {
            return Ok(head);
        }
    }
}
