use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use es_core::{Metadata, Version};

/// What the headers of a request say about a command.
pub struct Command {
    pub seen: Option<Version>,
    pub key: Option<String>,
    pub metadata: Metadata,
}

impl<S: Sync> FromRequestParts<S> for Command {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let user = text(&parts.headers, "x-user-id")?
            .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the header x-user-id is missing"))?;
        let mut metadata = Metadata::new().user(user);
        if let Some(correlation) = text(&parts.headers, "x-correlation-id")? {
            metadata = metadata.correlation(correlation);
        }
        Ok(Self {
            seen: text(&parts.headers, "if-match")?.map(version_of).transpose()?,
            key: text(&parts.headers, "idempotency-key")?.map(str::to_owned),
            metadata,
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let invalid = |_| Problem::new(StatusCode::BAD_REQUEST, format!("the header {name} is not text"));
    headers.get(name).map(|value| value.to_str().map_err(invalid)).transpose()
}

/// The version that an entity tag names.
fn version_of(tag: &str) -> Result<Version, Problem> {
    let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
    let invalid = || Problem::new(StatusCode::BAD_REQUEST, "If-Match takes one tag of this service, such as \"7\"");
    version.ok_or_else(invalid)
}

/// The entity tag of a version.
fn tag_of(version: Version) -> String {
    format!("\"{version}\"")
}
