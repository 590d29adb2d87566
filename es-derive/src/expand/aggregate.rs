use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use syn::{Generics, parse_quote};

use super::mirror::{Original, mirror_imports, own_default};
use super::span::{local, self_as};
use super::state::{self, State};
use super::storable::Role;
use super::{event_set, expand_definition, expand_impls, id, impl_attributes, in_block, own_set, private, proof};
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
    let bodies = match aggregate.event_set() {
        Some(set) => own_set::expand(aggregate, set),
        None => expand_fold(aggregate),
    };
    let fold = expand_methods(aggregate, bodies);
    let original = Original {
        input: aggregate.input,
        krate: &aggregate.krate,
        serde: &aggregate.serde,
        shape: aggregate.shape,
        role: Role::State,
    };
    let State { types, items, methods } = state::expand(&original, ["serialize_state", "deserialize_state"]);
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

/// The bodies of the methods that fold. `event` and `context` are their arguments.
pub(super) struct Bodies {
    pub(super) can_begin: TokenStream,
    pub(super) can_continue: TokenStream,
    pub(super) begin: TokenStream,
    pub(super) fold: TokenStream,
    /// If the aggregate has `ends(..)`.
    pub(super) is_end: Option<TokenStream>,
}

/// ```text
/// fn can_begin(event: &InvoiceEvent) -> bool { .. }
/// fn can_continue(event: &InvoiceEvent) -> bool { .. }
/// fn begin(event: InvoiceEvent, context: &Context) -> Result<Self, FoldError> { .. }
/// fn fold(&mut self, event: InvoiceEvent, context: &Context) -> Result<(), FoldError> { .. }
/// const CAN_END: bool = true;
/// fn is_end(event: &InvoiceEvent) -> bool { .. }
/// ```
///
/// They name the enum itself. `Self::Event` would require `Aggregate` of the state, and the
/// compiler would report a field that threads cannot share once more.
fn expand_methods(aggregate: &Aggregate<'_>, bodies: Bodies) -> TokenStream {
    let Bodies { can_begin, can_continue, begin, fold, is_end } = bodies;
    let (private, set) = (private(&aggregate.krate), expand_set_type(aggregate));
    let [event, context] = ["__event", "__context"].map(local);
    let end = is_end.map(|is_end| {
        quote! {
            const CAN_END: #private::bool = true;

            #[inline]
            fn is_end(#event: &#set) -> #private::bool {
                #is_end
            }
        }
    });
    // An event that is split is folded as several events, so a replay calls `fold` in more than one
    // place. With 200 arms the compiler does not inline it by default, which costs 21 instructions
    // per event instead of 11.
    quote! {
        #[allow(unused_variables)]
        fn can_begin(#event: &#set) -> #private::bool {
            #can_begin
        }

        #[allow(unused_variables)]
        fn can_continue(#event: &#set) -> #private::bool {
            #can_continue
        }

        fn begin(
            #event: #set,
            #context: &#private::Context,
        ) -> #private::Result<Self, #private::FoldError> {
            #begin
        }

        #[inline(always)]
        fn fold(
            &mut self,
            #event: #set,
            #context: &#private::Context,
        ) -> #private::Result<(), #private::FoldError> {
            #fold
        }

        #end
    }
}

/// How an aggregate folds the generated enum of events.
fn expand_fold(aggregate: &Aggregate<'_>) -> Bodies {
    let event = local("__event");
    let is_end = |listed: &Listed<'_>| listed.ends.is_some();
    Bodies {
        can_begin: expand_is_one_of(aggregate, &event, |listed| aggregate.can_begin(listed)),
        can_continue: expand_is_one_of(aggregate, &event, Listed::can_continue),
        begin: expand_init(aggregate),
        fold: expand_apply(aggregate),
        is_end: aggregate.can_end().then(|| expand_is_one_of(aggregate, &event, is_end)),
    }
}

/// `Result::Err(FoldError::NotInitial { event_type: EventSet::event_type(&event) })`, for a variant
/// of `FoldError`.
pub(super) fn expand_error(private: &TokenStream, variant: &str, event: &Ident) -> TokenStream {
    let variant = Ident::new(variant, Span::call_site());
    quote! {
        #private::Result::Err(#private::FoldError::#variant {
            event_type: #private::EventSet::event_type(&#event),
        })
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
/// match event {
///     InvoiceEvent::InvoiceCreated(event) => Result::Ok(<Self as Init<InvoiceCreated>>::init(event, context)),
///     other => Result::Err(FoldError::NotInitial { event_type: EventSet::event_type(&other) }),
/// }
/// ```
fn expand_init(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, other] = ["__event", "__context", "__other"].map(local);
    let event_enum = &aggregate.event_enum;
    if !aggregate.has_init() {
        return expand_begin(aggregate);
    }
    let arms = aggregate.events.iter().filter_map(|listed| {
        let (variant, ty) = (&listed.variant, listed.begins?);
        let init = self_as(ty, &quote!(#private::Init<#ty>), "init");
        Some(quote!(#event_enum::#variant(#event) => #private::Result::Ok(#init(#event, #context)),))
    });
    let rest = aggregate.events.iter().any(|listed| listed.begins.is_none()).then(|| {
        let error = expand_error(&private, "NotInitial", &other);
        quote!(#other => #error,)
    });
    quote!(match #event { #(#arms)* #rest })
}

/// Applies the first event to the default state.
pub(super) fn expand_begin(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, state] = ["__event", "__context", "__state"].map(local);
    let begin = self_as(&aggregate.input.ident, &quote!(#private::Begin), "begin");
    let refuse_end = aggregate.can_end().then(|| {
        let error = expand_error(&private, "NotInitial", &event);
        quote! {
            if <Self as #private::Aggregate>::is_end(&#event) {
                return #error;
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
/// match event {
///     InvoiceEvent::InvoicePaid(event) => {
///         <Self as Apply<InvoicePaid>>::apply(self, event, context);
///         Result::Ok(())
///     }
///     InvoiceEvent::ReminderSent(_) => Result::Ok(()),    // `informs(..)` or `ends(..)` lists it
///     other => Result::Err(FoldError::OnlyInitial { event_type: EventSet::event_type(&other) }),
/// }
/// ```
fn expand_apply(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    let [event, context, other] = ["__event", "__context", "__other"].map(local);
    let event_enum = &aggregate.event_enum;
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
        let error = expand_error(&private, "OnlyInitial", &other);
        quote!(#other => #error,)
    });
    quote!(match #event { #(#arms)* #silent #rest })
}
