use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use es_core::{CreateError, LoadError, UpdateError};
use es_core::error::ErrorChain;

/// What the service answers if it does not do what was asked for.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl From<UpdateError<Refusal>> for Problem {
    fn from(error: UpdateError<Refusal>) -> Self {
        let status = if error.is_not_found() {
            StatusCode::NOT_FOUND
        } else if error.is_conflict() {
            StatusCode::CONFLICT
        } else if error.rejection().is_some() || error.is_invalid_input() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else if error.is_unavailable() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        if status.is_server_error() {
            // Every cause is for the log, and not for the client.
            tracing::error!(error = %ErrorChain::new(&error), "a request failed");
            return Self::new(status, "the service cannot answer at present");
        }
        Self::new(status, error.to_string())
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        UpdateError::from(error).into()
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        UpdateError::from(error).into()
    }
}

/// A problem as RFC 9457 describes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        let problem = serde_json::json!({ "status": status.as_u16(), "detail": detail });
        let headers = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, headers, Json(problem)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
