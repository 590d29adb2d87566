use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::{Generics, parse_quote};

use super::mirror::{mirror_imports, own_default};
use super::span::{local, self_as};
use super::{
    event_set, expand_definition, expand_impls, id, impl_attributes, in_block, own_set, private, proof, state,
};
use crate::model::{Aggregate, Listed};

/// ```text
/// pub enum InvoiceEvent { .. }
/// const _: () = {
///     use ::es_core as __es_core;
///     impl From<InvoicePaid> for InvoiceEvent { .. }  // and other impls
///     impl EventSet for InvoiceEvent { .. }
///     const _: () = { .. };                           // no two events share a stored name
///     const _: () = { struct __Stored { .. } impl Aggregate for Invoice { .. } };
/// };
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> TokenStream {
    if aggregate.event_set().is_some() {
        return in_block(&aggregate.library, &expand_impl(aggregate));
    }
    let event_enum = expand_definition(aggregate);
    let impls = expand_impls(aggregate);
    let set = event_set::expand(aggregate);
    let proof = proof::expand_names_differ(aggregate);
    let implementation = expand_impl(aggregate);
    let block = in_block(
        &aggregate.library,
        &quote! {
            #impls
            #set
            #proof
            #implementation
        },
    );
    quote! {
        #event_enum
        #block
    }
}

/// ```text
/// const _: () = {
///     struct __Stored { .. }
///     impl Aggregate for Invoice {
///         type Event = InvoiceEvent;
///         type Id = InvoiceId;
///         const TYPE: &'static str = "Invoice";
///         const SNAPSHOT_POLICY: SnapshotPolicy = SnapshotPolicy::every(100);
///         const STATE_VERSION: u32 = 1;
///         fn can_begin(event: &InvoiceEvent) -> bool { .. }
///         fn can_continue(event: &InvoiceEvent) -> bool { .. }
///         fn begin(..) { .. }
///         fn fold(..) { .. }
///         const CAN_END: bool = true;         // these two only with `ends(..)`
///         fn is_end(..) { .. }
///         fn serialize_state(..) { .. }
///         fn deserialize_state(..) { .. }
///     }
/// };
/// ```
fn expand_impl(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let attributes = impl_attributes();
    let ident = &aggregate.input.ident;
    let (_, ty_generics, _) = aggregate.input.generics.split_for_impl();
    let set = expand_set_type(aggregate);
    let generics = generics(aggregate);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let name = &aggregate.name;
    let state_version = Literal::u32_unsuffixed(aggregate.state_version());
    let policy = if let Some(every) = aggregate.snapshot_every() {
        let every = Literal::u64_unsuffixed(every);
        quote!(#private::SnapshotPolicy::every(#every))
    } else {
        quote!(#private::SnapshotPolicy::Never)
    };
    let id = id::of_aggregate(aggregate);
    let fold = match aggregate.event_set() {
        Some(set) => own_set::expand(aggregate, set),
        None => expand_fold(aggregate),
    };
    let state::State { types, items, methods } = state::expand(aggregate);
    let imports = mirror_imports(&private);
    quote! {
        #types
        #private::mirror! {
            #imports
            #items

            #attributes
            #[allow(clippy::too_many_lines)]
            impl #impl_generics #private::Aggregate for #ident #ty_generics #where_clause {
                type Event = #set;
                type Id = #id;
                const TYPE: &'static #private::str = #name;
                const SNAPSHOT_POLICY: #private::SnapshotPolicy = #policy;
                const STATE_VERSION: #private::u32 = #state_version;

                #fold
                #methods
            }
        }
    }
}

/// The enum of all events.
pub(crate) fn expand_set_type(aggregate: &Aggregate<'_>) -> TokenStream {
    if let Some(set) = aggregate.event_set() {
        return quote!(#set);
    }
    let event_enum = &aggregate.event_enum;
    let (_, event_generics, _) = aggregate.event_generics.split_for_impl();
    quote!(#event_enum #event_generics)
}

/// The generics of the aggregate, with bounds: its parameters must be storable in snapshots, and
/// the events that depend on a parameter must implement `Event`.
pub(crate) fn generics(aggregate: &Aggregate<'_>) -> Generics {
    let private = private(&aggregate.krate);
    let mut generics = aggregate.input.generics.clone();
    let types: Vec<_> = generics.type_params().map(|param| param.ident.clone()).collect();
    if types.is_empty() {
        return generics;
    }
    let default = own_default(aggregate.input, &aggregate.serde, &private);
    let clause = generics.make_where_clause();
    clause.predicates.extend(default);
    for ty in types {
        clause.predicates.push(parse_quote! {
            #ty: #private::serde::Serialize + #private::serde::de::DeserializeOwned
                + #private::Send + #private::Sync + 'static
        });
    }
    for event in aggregate.events.iter().filter(|event| event.generic) {
        let ty = event.ty;
        clause.predicates.push(parse_quote!(#ty: #private::Event));
    }
    generics
}

/// `can_begin`, `can_continue`, `begin`, `fold`, and what `ends(..)` adds.
///
/// They name the enum itself. `Self::Event` would require `Aggregate` of the state, and the compiler
/// would report a field that threads cannot share once more.
fn expand_fold(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let (event, set) = (local("__event"), expand_set_type(aggregate));
    let can_begin = expand_is_one_of(aggregate, &event, |event| aggregate.can_begin(event));
    let can_continue = expand_is_one_of(aggregate, &event, Listed::can_continue);
    let (init, apply, end) = (expand_init(aggregate), expand_apply(aggregate), expand_end(aggregate));
    quote! {
        #[allow(unused_variables)]
        fn can_begin(#event: &#set) -> #private::bool {
            #can_begin
        }

        #[allow(unused_variables)]
        fn can_continue(#event: &#set) -> #private::bool {
            #can_continue
        }

        #init
        #apply
        #end
    }
}

/// Whether the event is one of the wanted ones:
/// `match event { InvoiceEvent::InvoicePaid(_) => true, _ => false }`.
fn expand_is_one_of<'a>(aggregate: &Aggregate<'a>, event: &Ident, wanted: impl Fn(&Listed<'a>) -> bool) -> TokenStream {
    let (these, others): (Vec<_>, Vec<_>) = aggregate.events.iter().partition(|listed| wanted(listed));
    if others.is_empty() || these.is_empty() {
        let all = others.is_empty();
        return quote!(#all);
    }
    let event_enum = &aggregate.event_enum;
    let variants = these.iter().map(|listed| &listed.variant);
    quote!(match #event { #(#event_enum::#variants(_))|* => true, _ => false })
}

/// ```text
/// fn begin(event: InvoiceEvent, context: &Context) -> Result<Self, FoldError> {
///     match event {
///         InvoiceEvent::InvoiceCreated(event) => Result::Ok(<Self as Init<InvoiceCreated>>::init(event, context)),
///         other => Result::Err(FoldError::NotInitial { event_type: EventSet::event_type(&other) }),
///     }
/// }
/// ```
fn expand_init(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, other] = ["__event", "__context", "__other"].map(local);
    let event_enum = &aggregate.event_enum;
    let (_, event_generics, _) = aggregate.event_generics.split_for_impl();
    let body = if aggregate.has_init() {
        let arms = aggregate.events.iter().filter_map(|listed| {
            let (variant, ty) = (&listed.variant, listed.begins?);
            let init = self_as(ty, &quote!(#private::Init<#ty>), "init");
            Some(quote!(#event_enum::#variant(#event) => #private::Result::Ok(#init(#event, #context)),))
        });
        let rest = aggregate.events.iter().any(|listed| listed.begins.is_none()).then(|| {
            quote! {
                #other => #private::Result::Err(#private::FoldError::NotInitial {
                    event_type: #private::EventSet::event_type(&#other),
                }),
            }
        });
        quote!(match #event { #(#arms)* #rest })
    } else {
        expand_begin(aggregate)
    };
    quote! {
        fn begin(
            #event: #event_enum #event_generics,
            #context: &#private::Context,
        ) -> #private::Result<Self, #private::FoldError> {
            #body
        }
    }
}

/// Applies the first event to the default state.
pub(super) fn expand_begin(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, state] = ["__event", "__context", "__state"].map(local);
    let begin = self_as(&aggregate.input.ident, &quote!(#private::Begin), "begin");
    let refuse_end = aggregate.can_end().then(|| {
        quote! {
            if <Self as #private::Aggregate>::is_end(&#event) {
                return #private::Result::Err(#private::FoldError::NotInitial {
                    event_type: #private::EventSet::event_type(&#event),
                });
            }
        }
    });
    quote! {
        #refuse_end
        let mut #state = #begin();
        #private::Result::map(
            <Self as #private::Aggregate>::fold(&mut #state, #event, #context),
            |()| #state,
        )
    }
}

/// ```text
/// #[inline(always)]
/// fn fold(&mut self, event: InvoiceEvent, context: &Context) -> Result<(), FoldError> {
///     match event {
///         InvoiceEvent::InvoicePaid(event) => <Self as Apply<InvoicePaid>>::apply(self, event, context),
///         InvoiceEvent::ReminderSent(_) => {}     // `informs(..)` or `ends(..)` lists it
///         other => return Result::Err(FoldError::OnlyInitial { event_type: EventSet::event_type(&other) }),
///     }
///     Result::Ok(())
/// }
/// ```
fn expand_apply(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, other] = ["__event", "__context", "__other"].map(local);
    let event_enum = &aggregate.event_enum;
    let (_, event_generics, _) = aggregate.event_generics.split_for_impl();
    let arms = aggregate.events.iter().filter_map(|listed| {
        let (variant, ty) = (&listed.variant, listed.changes?);
        let apply = self_as(ty, &quote!(#private::Apply<#ty>), "apply");
        Some(quote! {
            #event_enum::#variant(#event) => {
                #apply(self, #event, #context);
                #private::Result::Ok(())
            }
        })
    });
    let silent: Vec<_> = aggregate
        .events
        .iter()
        .filter(|listed| listed.changes.is_none() && listed.can_continue())
        .map(|listed| &listed.variant)
        .collect();
    let silent = (!silent.is_empty()).then(|| quote!(#(#event_enum::#silent(_))|* => #private::Result::Ok(()),));
    let rest = aggregate.events.iter().any(|listed| !listed.can_continue()).then(|| {
        quote! {
            #other => #private::Result::Err(#private::FoldError::OnlyInitial {
                event_type: #private::EventSet::event_type(&#other),
            }),
        }
    });
    // An event that is split is folded as several events, so a replay calls this function in more
    // than one place. With 200 arms the compiler does not inline it by default, which costs 21
    // instructions per event instead of 11.
    quote! {
        #[inline(always)]
        fn fold(
            &mut self,
            #event: #event_enum #event_generics,
            #context: &#private::Context,
        ) -> #private::Result<(), #private::FoldError> {
            match #event { #(#arms)* #silent #rest }
        }
    }
}

/// ```text
/// const CAN_END: bool = true;
/// #[inline]
/// fn is_end(event: &InvoiceEvent) -> bool {
///     match event { InvoiceEvent::InvoiceClosed(_) => true, _ => false }
/// }
/// ```
fn expand_end(aggregate: &Aggregate<'_>) -> TokenStream {
    if !aggregate.can_end() {
        return TokenStream::new();
    }
    let private = private(&aggregate.krate);
    let (event, set) = (local("__event"), expand_set_type(aggregate));
    let event_enum = &aggregate.event_enum;
    let ends = aggregate.events.iter().filter(|listed| listed.ends.is_some()).map(|listed| &listed.variant);
    quote! {
        const CAN_END: #private::bool = true;

        #[inline]
        fn is_end(#event: &#set) -> #private::bool {
            match #event {
                #(#event_enum::#ends(_))|* => true,
                _ => false,
            }
        }
    }
}
