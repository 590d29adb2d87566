//! From the checked model to tokens. The user's mistakes are already reported when this code runs.

mod aggregate;
mod container_default;
mod event;
mod event_enum;
mod event_set;
mod id;
mod names;
mod proof;
mod self_type;
mod span;
mod state;
mod storable;
mod stored;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

use crate::attr::aggregate::AggregateAttr;
use crate::attr::event::EventAttr;
use crate::attr::id::IdAttr;
use crate::diag::Diag;
use crate::{check, fallback, model};

pub(crate) use event_enum::expand_event_enum;
pub(crate) use id::of_aggregate as id_of_aggregate;

pub(crate) fn event(attr: TokenStream, item: &TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => input,
        Err(error) => return fallback::no_type(item, error),
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

pub(crate) fn aggregate(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
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

/// `::es_core::__private`, the only module that generated code names.
pub(crate) fn private(krate: &Path) -> TokenStream {
    quote!(#krate::__private)
}

/// The attributes of every generated impl.
pub(crate) fn impl_attributes() -> TokenStream {
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
    }
}
