use es_core::Repository;
use es_mongo::MongoStore;

async fn open(uri: &str, database: &str) -> Result<Repository<Account>, Box<dyn std::error::Error>> {
    Ok(Repository::new(&MongoStore::connect(uri, database).await?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default(); // in a test
    let provider = send_spans(exporter.clone())?;
    let metrics = collect_metrics()?;

    let server = es_mongo::dev::DevServer::shared().await?;
    let accounts = open(server.uri(), &es_mongo::dev::fresh_database_name("observed")).await?;
    let request = tracing::info_span!("request");
    let work = async {
        let metadata = with_trace_id(Metadata::new().user("clerk_7"))?;
        let created = accounts.create("alice", Opened { owner: "Alice".into() }).metadata(metadata).await?;
        accounts.update("alice", |account| account.deposit(500)).await?;
        Ok::<_, Box<dyn std::error::Error>>(created.events[0].metadata.get::<String>("traceId").transpose()?)
    };
    let trace = tracing::Instrument::instrument(work, request).await?;

    // The request, the calls of the repository in it, and the calls of the store in those.
    provider.force_flush()?;
    let spans = exporter.get_finished_spans()?;
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (request, update, append) = (find("request"), find("update"), find("append"));
    assert_eq!(update.parent_span_id, request.span_context.span_id());
    assert!(
        update.attributes.iter().any(|field| field.key.as_str() == "outcome" && field.value.as_str() == "appended")
    );
    assert_eq!(append.parent_span_id, find("create").span_context.span_id());
    assert_eq!(trace, Some(request.span_context.trace_id().to_string()));

    let text = metrics.render();
    assert!(text.contains("es_mongo_events_appended_total 2"), "{text}");
    assert!(text.contains(r#"es_mongo_append_seconds_count{outcome="appended"} 2"#), "{text}");
    provider.shutdown()?;
    Ok(())
}
