use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::mirror::{Original, mirror_imports};
use super::span::{ends, local, over};
use super::state::{self, State};
use super::storable::Role as StoredAs;
use super::{impl_attributes, in_block, indexes, private, rows};
use crate::attr::projection::RowKey;
use crate::diag::shown;
use crate::model::{Inputs, Projection, Role};

/// ```text
/// const _: () = {
///     use ::es_core as __es_core;
///     struct __Stored { .. }
///     impl Projection for CustomerBalance { .. }
///     impl<E> Keyed<E> for CustomerBalance { .. }   // only with `key = aggregate_id`
///     const _: () = assert_complete(..);            // no event of an aggregate was forgotten
/// };
/// ```
pub(super) fn expand(projection: &Projection<'_>) -> TokenStream {
    if projection.has_rows() {
        return rows::expand(projection);
    }
    let private = private(&projection.krate);
    let attributes = impl_attributes();
    let ident = &projection.input.ident;
    let (name, version) = (&projection.name, Literal::u32_unsuffixed(projection.version));
    let key = expand_key(projection);
    let indexes = indexes::expand(&projection.row_type(), &private, None);
    let declare = expand_declare(projection);
    let original = Original {
        input: projection.input,
        krate: &projection.krate,
        serde: &projection.serde,
        shape: projection.shape,
        role: StoredAs::State,
    };
    let State { types, items, methods } = state::expand_only_row(&original);
    let imports = mirror_imports(&private);
    let [v, visitor] = ["__V", "__visitor"].map(local);
    let keyed = projection.is_keyed_by_aggregate().then(|| expand_keyed_by_aggregate(projection));
    let complete = expand_complete(projection);
    let block = quote! {
        #types
        #private::mirror! {
            #imports
            #items

            #attributes
            impl #private::Projection for #ident {
                type Key = #key;
                type Row = Self;
                const NAME: &'static #private::str = #name;
                const VERSION: #private::u32 = #version;
                #indexes

                #declare

                fn visit_rows<#v: #private::VisitRows<Self>>(#visitor: &mut #v) {
                    #visitor.rows::<Self>();
                }

                #methods
            }
        }
        #keyed
        #complete
    };
    in_block(&projection.library, &block)
}

/// The type of the key.
pub(crate) fn expand_key(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    match projection.attr.key.get() {
        Some(RowKey::Type(ty)) => ty.to_token_stream(),
        Some(RowKey::AggregateId) | None => quote!(#private::AggregateId),
    }
}

/// Every event concerns the row of its aggregate.
///
/// ```text
/// impl<E> Keyed<E> for InvoiceLine {
///     fn key(_: &E, context: &Context) -> Keys<AggregateId> { From::from(Context::aggregate_id(context).clone()) }
/// }
/// ```
pub(crate) fn expand_keyed_by_aggregate(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let attributes = impl_attributes();
    let ident = &projection.input.ident;
    let [e, context] = ["__E", "__context"].map(local);
    quote! {
        #attributes
        impl<#e> #private::Keyed<#e> for #ident {
            fn key(_: &#e, #context: &#private::Context) -> #private::Keys<#private::AggregateId> {
                #private::From::from(#private::core::clone::Clone::clone(
                    #private::Context::aggregate_id(#context),
                ))
            }
        }
    }
}

/// ```text
/// fn declare(inputs: &mut Inputs<Self>) {
///     fn __declare(inputs: &mut Inputs<CustomerBalance>) where for<'any> CustomerBalance: BeginRow {
///         let input = inputs.of::<Invoice>();
///         let input = input.changes_or_default::<InvoiceCreated>();
///         let _ = input;
///     }
///     __declare(inputs)
/// }
/// ```
///
/// Only the call of `__declare` requires `BeginRow`, so a missing `Default` is one error, and not
/// one for each event. Without events that begin with it, there is no inner function.
pub(super) fn expand_declare(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let ident = &projection.input.ident;
    let inputs = local("__inputs");
    let calls: TokenStream = projection.inputs.iter().map(|of| expand_inputs(projection, of, &inputs)).collect();
    let body = if projection.may_begin_by_default() {
        let call = over(ident, quote!(__declare));
        quote! {
            fn __declare(#inputs: &mut #private::Inputs<#ident>)
            where
                for<'__any> #ident: #private::BeginRow,
            {
                #calls
            }
            #call(#inputs)
        }
    } else {
        calls
    };
    quote! {
        fn declare(#inputs: &mut #private::Inputs<Self>) {
            #body
        }
    }
}

/// `let input = inputs.of::<Invoice>(); let input = input.changes::<InvoicePaid>(); let _ = input;`
///
/// Each call has the span of the type that it names.
fn expand_inputs(projection: &Projection<'_>, of: &Inputs<'_>, inputs: &Ident) -> TokenStream {
    let aggregate = of.aggregate;
    let input = local("__input");
    let begin = expand_call(aggregate, &quote!(&mut *#inputs), "of", Some(aggregate));
    let events = of.events.iter().map(|listed| {
        let method = match projection.role(listed) {
            Role::Begins => "begins",
            Role::BeginsOrChanges => "begins_or_changes",
            Role::Changes => "changes",
            Role::ChangesOrDefault => "changes_or_default",
            Role::Removes => "removes",
            Role::Projects => "projects",
        };
        let call = expand_call(listed.ty, &input, method, Some(listed.ty));
        quote!(let #input = #call;)
    });
    let whole = of.whole.map(|place| {
        let method = match (projection.has_rows(), projection.has_init()) {
            (true, _) => "all_project",
            (false, true) => "all_change",
            (false, false) => "all_change_or_default",
        };
        let call = expand_call(place, &input, method, None);
        quote!(let #input = #call;)
    });
    quote! {
        let #input = #begin;
        #(#events)*
        #whole
        let _ = #input;
    }
}

/// `{ let input = receiver; input.method::<Type>() }`, with the span of the user's type.
///
/// The compiler reports a missing impl at the receiver, unless that comes from a macro, so the
/// receiver of the call gets a name with the user's span.
fn expand_call(at: &impl ToTokens, receiver: &impl ToTokens, method: &str, ty: Option<&syn::TypePath>) -> TokenStream {
    let (first, last) = ends(at);
    let named = Ident::new("__input", first);
    let method = Ident::new(method, last);
    let dot = quote_spanned!(first=> .);
    let ty = ty.map(|ty| {
        let open = quote_spanned!(first=> ::<);
        let close = quote_spanned!(last=> >);
        quote!(#open #ty #close)
    });
    let arguments = quote_spanned!(last=> ());
    quote!({ let #named = #receiver; #named #dot #method #ty #arguments })
}

/// One assertion for each aggregate without `..`, on the aggregate:
///
/// ```text
/// const _: () = {
///     use __private::{NotAggregate as _, NotEvent as _};
///     assert_complete(AggregateProbe::<Invoice>::EVENTS, &[EventProbe::<InvoiceCreated>::NAME, ..], "Invoice")
/// };
/// ```
///
/// The probes accept every type, so that a type that is not an event of the aggregate is one error,
/// in `declare`.
pub(super) fn expand_complete(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let open = projection.inputs.iter().filter(|of| of.whole.is_none() && of.rest.is_none());
    let assertions = open.map(|of| {
        let (aggregate, name) = (of.aggregate, shown(of.aggregate));
        let types = of.events.iter().map(|listed| listed.ty);
        let call = over(aggregate, quote!(#private::assert_complete(__EVENTS, __LISTED, #name)));
        quote! {
            const _: () = {
                #[allow(unused_imports)]
                use #private::{NotAggregate as _, NotEvent as _};
                const __EVENTS: &[#private::EventInfo] = #private::AggregateProbe::<#aggregate>::EVENTS;
                const __LISTED: &[&#private::str] = &[#(#private::EventProbe::<#types>::NAME),*];
                #call
            };
        }
    });
    assertions.collect()
}
