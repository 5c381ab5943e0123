//! How requests are read and failures told: every failure is JSON with an `error`.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::admin::Problem;
use super::entities::Kind;

/// A failed request.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    error: String,
    detail: Option<String>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: &str) -> Self {
        Self {
            status,
            error: error.to_owned(),
            detail: None,
        }
    }

    /// Adds words for people where the error itself is a fixed name.
    pub(super) fn with_detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotFound(text) => Self::new(StatusCode::NOT_FOUND, &text),
            Problem::Conflict(text) => Self::new(StatusCode::CONFLICT, &text),
            Problem::Invalid(text) => Self::new(StatusCode::BAD_REQUEST, &text),
            Problem::NoConnection(text) => {
                Self::new(StatusCode::CONFLICT, "NO_ACTIVE_CONNECTION").with_detail(&text)
            }
            Problem::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many calls wait"),
            Problem::Unwritten(error) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, &error.to_string())
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error});
        if let Some(detail) = self.detail {
            body["detail"] = detail.into();
        }
        let header = [("content-type", "application/json")];
        (self.status, header, body.to_string()).into_response()
    }
}

/// The kind of entities that the path names.
pub(super) struct Items(pub(super) Kind);

/// The entity that the path names, which need not exist.
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) name: String,
}

#[derive(Deserialize)]
struct KindPath {
    kind: String,
}

#[derive(Deserialize)]
struct NamePath {
    name: String,
}

/// Decodes what the path holds; also names that are not UTF-8 when decoded end here.
async fn path<T, S>(parts: &mut Parts, state: &S) -> Result<T, Failure>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    let path = Path::<T>::from_request_parts(parts, state).await;
    path.map(|Path(path)| path)
        .map_err(|rejection| Failure::new(rejection.status(), &rejection.body_text()))
}

impl<S: Send + Sync> FromRequestParts<S> for Items {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let KindPath { kind } = path(parts, state).await?;
        match kind.as_str() {
            "devices" => Ok(Self(Kind::Device)),
            "assets" => Ok(Self(Kind::Asset)),
            other => {
                let text = format!("there are no {other:?} here; GET / lists the API");
                Err(Failure::new(StatusCode::NOT_FOUND, &text))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Item {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Items(kind) = Items::from_request_parts(parts, state).await?;
        let NamePath { name } = path(parts, state).await?;
        Ok(Self { kind, name })
    }
}

/// The keys that `?keys=a,b` names; `None` without it.
pub(super) struct Keys(pub(super) Option<Vec<String>>);

#[derive(Deserialize)]
struct KeysQuery {
    keys: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Keys {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(query) = Query::<KeysQuery>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Failure::new(rejection.status(), &rejection.body_text()))?;
        Ok(Self(query.keys.map(|keys| {
            let keys = keys.split(',').filter(|key| !key.is_empty());
            keys.map(str::to_owned).collect()
        })))
    }
}

/// A JSON body, whatever its content type says.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Failure::new(rejection.status(), &rejection.body_text()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let text = format!("cannot read the body: {error}");
            Failure::new(StatusCode::BAD_REQUEST, &text)
        })
    }
}
