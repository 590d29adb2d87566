//! From the checked model to tokens. The user's mistakes are already reported when this code runs.

mod aggregate;
mod bson;
mod container_default;
mod event;
mod event_enum;
mod event_set;
mod events;
mod id;
mod indexes;
mod item;
mod mirror;
mod own_set;
mod projection;
mod proof;
mod row;
mod rows;
mod self_type;
mod span;
mod state;
mod storable;
mod style;
#[cfg(test)]
mod tests;
mod variant;
mod written;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Path};

use crate::attr::aggregate::AggregateAttr;
use crate::attr::event::EventAttr;
use crate::attr::events::EventsAttr;
use crate::attr::id::IdAttr;
use crate::attr::projection::ProjectionAttr;
use crate::attr::row::RowAttr;
use crate::diag::Diag;
use crate::{check, fallback, half_written, model};

pub(crate) use aggregate::expand_set_type;
pub(crate) use event_enum::{expand_definition, expand_impls};
pub(crate) use events::{expand_conversions, without_event_attributes};
pub(crate) use id::of_aggregate as id_of_aggregate;
pub(crate) use projection::{expand_key, expand_keyed_by_aggregate};
pub(crate) use rows::{expand_row_enum, expand_row_of};

pub(crate) fn event(attr: TokenStream, item: &TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => input,
        Err(error) => {
            let Some(input) = half_written::header(item.clone()) else { return fallback::no_type(item, error) };
            let diag = Diag::new();
            let attr = EventAttr::parse(&diag, attr);
            return fallback::half_written_event(&model::Event::new(&attr, &input), item, diag.finish().err());
        }
    };
    let diag = Diag::new();
    let attr = EventAttr::parse(&diag, attr);
    let event = model::Event::new(&attr, &input);
    check::event(&diag, &event);
    match diag.finish() {
        Ok(()) => event::expand(&event),
        Err(error) => fallback::event(&event, &error),
    }
}

pub(crate) fn events(attr: TokenStream, item: &TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => input,
        Err(error) => return fallback::no_enum(item, error),
    };
    let diag = Diag::new();
    let attr = EventsAttr::parse(&diag, attr);
    let declared = model::Declared::all(&diag, &input);
    let events = model::Events::new(&attr, &input, &declared);
    check::events(&diag, &events);
    match diag.finish() {
        Ok(()) => events::expand(&events),
        Err(error) => fallback::events(events, &error),
    }
}

pub(crate) fn aggregate(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input.clone()) {
        Ok(input) => input,
        Err(error) => {
            let Some(input) = half_written::header(input) else { return error.into_compile_error() };
            let diag = Diag::new();
            let attr = AggregateAttr::parse(&diag, &input.attrs);
            return fallback::half_written_aggregate(model::Aggregate::new(&attr, &input), diag.finish().err());
        }
    };
    let diag = Diag::new();
    let attr = AggregateAttr::parse(&diag, &input.attrs);
    let aggregate = model::Aggregate::new(&attr, &input);
    check::aggregate(&diag, &aggregate);
    match diag.finish() {
        Ok(()) => aggregate::expand(&aggregate),
        Err(error) => fallback::aggregate(aggregate, &error),
    }
}

pub(crate) fn projection(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input.clone()) {
        Ok(input) => input,
        Err(error) => {
            let Some(input) = half_written::header(input) else { return error.into_compile_error() };
            let diag = Diag::new();
            let attr = ProjectionAttr::parse(&diag, &input.attrs);
            return fallback::half_written_projection(&model::Projection::new(&attr, &input), diag.finish().err());
        }
    };
    let diag = Diag::new();
    let attr = ProjectionAttr::parse(&diag, &input.attrs);
    let projection = model::Projection::new(&attr, &input);
    check::projection(&diag, &projection);
    match diag.finish() {
        Ok(()) => projection::expand(&projection),
        Err(error) => fallback::projection(&projection, &error),
    }
}

pub(crate) fn row(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input.clone()) {
        Ok(input) => input,
        Err(error) => {
            let Some(input) = half_written::header(input) else { return error.into_compile_error() };
            let diag = Diag::new();
            let attr = RowAttr::parse(&diag, &input.attrs);
            return fallback::half_written_row(&model::Row::new(&attr, &input), diag.finish().err());
        }
    };
    let diag = Diag::new();
    let attr = RowAttr::parse(&diag, &input.attrs);
    let row = model::Row::new(&attr, &input);
    check::row(&diag, &row);
    match diag.finish() {
        Ok(()) => row::expand(&row),
        Err(error) => fallback::row(&row, &error),
    }
}

pub(crate) fn id(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let diag = Diag::new();
    let attr = IdAttr::parse(&diag, &input.attrs);
    let model = model::Id::new(&attr, &input);
    check::id(&diag, &model);
    match diag.finish() {
        Ok(()) => id::id(&model),
        Err(error) => id::fallback(&model, &error),
    }
}

/// Generated items, in a block that names the library once. If the path does not lead to it, the
/// import is the only error, because the compiler accepts every use of an import that failed.
///
/// The lints that generated code may cause are allowed once for the block. The same attribute on
/// every item costs compile time.
///
/// ```text
/// const _: () = {
///     use ::es_core as __es_core;
///     ..
/// };
/// ```
pub(crate) fn in_block(library: &Path, items: &TokenStream) -> TokenStream {
    // One span for the whole import, so that the error is on the path that the user wrote.
    let span = library.segments.last().map_or_else(Span::call_site, |last| last.ident.span());
    let import = quote_spanned!(span=> use #library as __es_core;);
    quote! {
        #[doc(hidden)]
        #[allow(deprecated, unused_imports, unused_qualifications)]
        const _: () = {
            #import
            #items
        };
    }
}

/// `__es_core::__private`, the only module that generated code names.
pub(crate) fn private(krate: &Path) -> TokenStream {
    quote!(#krate::__private)
}

/// The attributes of every generated impl.
pub(crate) fn impl_attributes() -> TokenStream {
    quote!(#[automatically_derived])
}
