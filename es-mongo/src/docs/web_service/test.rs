use axum::body::Body;
use axum::http::Request;
use es_core::StoreError;
use es_core::memory::MemoryStore;
use tower::ServiceExt;

/// Sends a request as the user `clerk_7`, and returns the status and the entity tag.
async fn send(
    service: &Router,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &'static str,
) -> (u16, Option<String>) {
    let mut request = Request::builder().method(method).uri(path).header("x-user-id", "clerk_7");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    (response.status().as_u16(), tag)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let service = router(accounts.clone());
    let tag = |version: &str| Some(format!("\"{version}\""));

    let (alice, deposits) = (("PUT", "/accounts/alice"), ("POST", "/accounts/alice/deposits"));
    let withdrawals = ("POST", "/accounts/alice/withdrawals");
    let show = ("GET", "/accounts/alice");
    let owner = r#"{ "owner": "Alice" }"#;

    assert_eq!(send(&service, show, &[], "").await, (404, None));
    assert_eq!(send(&service, deposits, &[], r#"{ "cents": 500 }"#).await, (404, None));
    assert_eq!(send(&service, alice, &[], owner).await, (201, tag("1")));
    assert_eq!(send(&service, alice, &[], owner).await, (409, None));

    // The same key: recorded once, answered twice.
    for _ in 0..2 {
        let headers = [("idempotency-key", "deposit-1"), ("x-correlation-id", "request-9")];
        assert_eq!(send(&service, deposits, &headers, r#"{ "cents": 500 }"#).await, (204, tag("2")));
    }

    assert_eq!(send(&service, withdrawals, &[], r#"{ "cents": 501 }"#).await, (422, None));
    let seen = [("if-match", "\"2\"")];
    assert_eq!(send(&service, withdrawals, &seen, r#"{ "cents": 100 }"#).await, (204, tag("3")));
    assert_eq!(send(&service, withdrawals, &seen, r#"{ "cents": 100 }"#).await, (412, None));
    assert_eq!(send(&service, withdrawals, &[("if-match", "3")], r#"{ "cents": 100 }"#).await, (400, None));
    assert_eq!(send(&service, show, &[], "").await, (200, tag("3")));

    // Who did it, and as a part of what, is recorded.
    let history = accounts.history("alice")?.collect().await?;
    assert_eq!(history[1].metadata.user_id(), Some("clerk_7"));
    assert_eq!(history[1].metadata.correlation_id(), Some("request-9"));

    // A store that cannot be reached is the problem of the service, and its text stays inside.
    let unreachable = StoreError::Unavailable { source: "10.0.0.7 does not answer".into() };
    let problem = Problem::from(UpdateError::Store(unreachable));
    assert!(!problem.detail.contains("10.0.0.7"));
    assert_eq!(problem.into_response().status(), 503);
    Ok(())
}
