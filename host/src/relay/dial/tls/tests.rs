//! Handshakes with real servers on loopback, good ones and each bad one.

mod client;
mod files;
mod strangers;
mod trust;

use std::net::SocketAddr;

use tokio::time::Instant;

use crate::{
    config::ThingsBoard,
    relay::dial::{dial, testing::Folder},
};

/// What became of one attempt: `connected`, or the error's text.
async fn attempt(settings: &ThingsBoard) -> String {
    match dial(settings, Instant::now() + settings.connect_timeout()).await {
        Ok(_) => "connected".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Checks a text with the server's address as PEER and the folder as FOLDER.
#[track_caller]
fn assert_said(said: &str, address: SocketAddr, folder: &Folder, expected: &str) {
    let said = said
        .replace(&address.to_string(), "PEER")
        .replace(folder.path().to_str().unwrap(), "FOLDER");
    assert_eq!(said, expected);
}
