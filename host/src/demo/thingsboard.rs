//! The stand-in's HTTP API, as a person would use it with curl.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

/// Longest wait for something to show.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause between two looks.
const GLANCE: Duration = Duration::from_millis(50);

/// A client of the HTTP API.
pub(super) struct ThingsBoard {
    base: String,
}

impl ThingsBoard {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            base: format!("http://{address}/api"),
        }
    }

    /// GET `path`.
    pub(super) async fn get(&self, path: &str) -> Result<Json> {
        let url = format!("{}{path}", self.base);
        let asked = url.clone();
        blocking(move || ureq::get(&asked).call()?.body_mut().read_json())
            .await
            .with_context(|| format!("cannot read {url}"))
    }

    /// POST `body` to `path`.
    pub(super) async fn post(&self, path: &str, body: Json) -> Result<()> {
        let url = format!("{}{path}", self.base);
        let asked = url.clone();
        blocking(move || ureq::post(&asked).send_json(&body).map(drop))
            .await
            .with_context(|| format!("cannot write {url}"))
    }

    /// Looks at `path` until `expected` finds what it wants.
    pub(super) async fn wait_for(
        &self,
        path: &str,
        what: &str,
        expected: impl Fn(&Json) -> bool,
    ) -> Result<Json> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await;
            if let Ok(json) = &seen
                && expected(json)
            {
                return seen;
            }
            if Instant::now() >= deadline {
                let found = seen.map_or_else(|error| format!("{error:#}"), |json| json.to_string());
                anyhow::bail!(
                    "{what} did not show within {} s; last seen: {found}",
                    PATIENCE.as_secs()
                );
            }
            sleep(GLANCE).await;
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ureq::Error> + Send + 'static,
) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
