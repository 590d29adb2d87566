//! How an aggregate folds the user's own enum of events.

use quote::{ToTokens, quote};
use syn::TypePath;

use super::aggregate::{Bodies, expand_begin, expand_error};
use super::private;
use super::span::{local, over, qualified, self_as};
use crate::model::Aggregate;

/// ```text
/// fn can_begin(event: &AccountEvent) -> bool { <AccountEvent as Holds<AccountOpened>>::holds(event) }
/// fn can_continue(event: &AccountEvent) -> bool { !<AccountEvent as Holds<AccountOpened>>::holds(event) }
/// fn begin(event: AccountEvent, context: &Context) -> Result<Self, FoldError> {
///     let event = match <AccountEvent as Holds<AccountOpened>>::take(event) {
///         Result::Ok(event) => return Result::Ok(<Self as Init<AccountOpened>>::init(event, context)),
///         Result::Err(event) => event,
///     };
///     Result::Err(FoldError::NotInitial { event_type: EventSet::event_type(&event) })
/// }
/// fn fold(&mut self, event: AccountEvent, context: &Context) -> Result<(), FoldError> {
///     if !<Self as Aggregate>::can_continue(&event) {
///         return Result::Err(FoldError::OnlyInitial { event_type: EventSet::event_type(&event) });
///     }
///     <Self as Apply<AccountEvent>>::apply(self, event, context);
///     Result::Ok(())
/// }
/// ```
///
/// Without `init(..)` every event can begin the aggregate and change it.
pub(super) fn expand(aggregate: &Aggregate<'_>, set: &TypePath) -> Bodies {
    let private = private(&aggregate.krate);
    let [event, context] = ["__event", "__context"].map(local);
    let apply = self_as(set, &quote!(#private::Apply<#set>), "apply");
    let init: Vec<_> = aggregate.events.iter().filter_map(|listed| listed.begins).collect();
    // The compiler underlines the type in front of the trait, and the mistake is in `init(..)`.
    let held = |ty: &TypePath, item: &str| {
        qualified(ty, &over(ty, set.to_token_stream()), &quote!(#private::Holds<#ty>), item)
    };
    let holds: Vec<_> = init.iter().map(|ty| held(ty, "holds")).collect();
    let ends: Vec<_> = aggregate.events.iter().filter_map(|listed| listed.ends).map(|ty| held(ty, "holds")).collect();
    let (can_begin, can_continue, begin, refuse);
    if init.is_empty() {
        can_begin = if ends.is_empty() { quote!(true) } else { quote!(#(!#ends(#event))&&*) };
        can_continue = quote!(true);
        (begin, refuse) = (expand_begin(aggregate), None);
    } else {
        can_begin = quote!(#(#holds(#event))||*);
        can_continue = quote!(#(!#holds(#event))&&*);
        let taken = init.iter().map(|ty| {
            let (take, init) = (held(ty, "take"), self_as(ty, &quote!(#private::Init<#ty>), "init"));
            quote! {
                let #event = match #take(#event) {
                    #private::Result::Ok(#event) => return #private::Result::Ok(#init(#event, #context)),
                    #private::Result::Err(#event) => #event,
                };
            }
        });
        let [not_initial, only_initial] =
            ["NotInitial", "OnlyInitial"].map(|variant| expand_error(&private, variant, &event));
        begin = quote!(#(#taken)* #not_initial);
        refuse = Some(quote! {
            if !<Self as #private::Aggregate>::can_continue(&#event) {
                return #only_initial;
            }
        });
    }
    let fold = quote! {
        #refuse
        #apply(self, #event, #context);
        #private::Result::Ok(())
    };
    let is_end = (!ends.is_empty()).then(|| quote!(#(#ends(#event))||*));
    Bodies { can_begin, can_continue, begin, fold, is_end }
}
