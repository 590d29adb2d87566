//! From the checked model to tokens. The user's mistakes are already reported when this code runs.

mod aggregate;
mod container_default;
mod event;
mod event_enum;
mod event_set;
mod events;
mod names;
mod own_set;
mod proof;
mod self_type;
mod span;
mod state;
mod storable;
mod stored;
#[cfg(test)]
mod tests;
mod variant;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

use crate::attr::aggregate::AggregateAttr;
use crate::attr::event::EventAttr;
use crate::attr::events::EventsAttr;
use crate::diag::Diag;
use crate::{check, fallback, model};

pub(crate) use aggregate::expand_set_type;
pub(crate) use event_enum::expand_event_enum;
pub(crate) use events::{expand_conversions, item as item_of_events};

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
