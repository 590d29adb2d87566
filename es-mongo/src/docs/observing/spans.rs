use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::util::TryInitError;

/// Sends spans to an exporter, and prints warnings and errors.
pub fn send_spans(exporter: impl SpanExporter + 'static) -> Result<SdkTracerProvider, TryInitError> {
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("bank").build())
        .with_batch_exporter(exporter)
        .build();
    let levels = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("es_core", LevelFilter::DEBUG)
        .with_target("es_mongo", LevelFilter::DEBUG);
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("bank")).with_filter(levels);
    let log = tracing_subscriber::fmt::layer().with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(spans).with(log).try_init()?;
    Ok(provider)
}
