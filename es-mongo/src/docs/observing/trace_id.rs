use es_core::Metadata;
use es_core::error::MetadataError;
use opentelemetry::trace::TraceContextExt;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Adds the id of the current trace.
pub fn with_trace_id(metadata: Metadata) -> Result<Metadata, MetadataError> {
    let context = tracing::Span::current().context();
    let trace = context.span().span_context().trace_id();
    metadata.with("traceId", trace.to_string())
}
