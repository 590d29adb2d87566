//! Typed ids: `#[derive(Id)]`, and the id type of an aggregate.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Error, Generics, parse_quote};

use super::span::{local, over, qualified};
use super::{impl_attributes, in_block, private};
use crate::model::{Aggregate, Id, Text};

/// The type that `id = ..` names, or every text.
pub(crate) fn of_aggregate(aggregate: &Aggregate<'_>) -> TokenStream {
    let private = private(&aggregate.krate);
    aggregate.attr.id.get().map_or_else(|| quote!(#private::AggregateId), ToTokens::to_token_stream)
}

/// ```text
/// const _: () = {
///     use ::es_core as __es_core;
///     const __TEXT: Text<Uuid> = <Uuid as IdText>::TEXT;
///     impl Id for InvoiceId { .. }
///     impl IdFor<InvoiceId> for InvoiceId { .. }
///     impl IdFor<AggregateId> for InvoiceId { .. }
///     assert!(!<Probe<InvoiceId>>::IS_TEXT, "..");
/// };
/// ```
pub(crate) fn id(id: &Id<'_>) -> TokenStream {
    let private = private(&id.krate);
    let [value, text] = ["__value", "__text"].map(local);
    let (ident, (_, ty_generics, _)) = (&id.input.ident, id.input.generics.split_for_impl());
    let (ty, of_self, to_self) = match id.text() {
        Text::Own => (over(ident, quote!(#ident #ty_generics)), quote!(self), quote!(#value)),
        Text::Field(field) => {
            let member = field.ident.as_ref().map_or_else(|| quote!(0), ToTokens::to_token_stream);
            (field.ty.to_token_stream(), quote!(&self.#member), quote!(Self { #member: #value }))
        }
    };
    let (form, declaration, generics) = expand_form(id, &ty);
    let methods = quote! {
        fn to_text(&self) -> #private::String {
            (#form.write)(#of_self)
        }

        fn from_text(#text: &#private::str) -> #private::Result<Self, #private::BoxError> {
            #private::Result::map((#form.read)(#text), |#value| #to_self)
        }
    };
    let impls = expand_impls(id, &generics, &methods);
    let proof = id.must_not_be_text().then(|| expand_proof(id));
    in_block(&id.library, &quote!(#declaration #impls #proof))
}

/// The text form of a type: how to name it, its declaration, and the generics of the impls.
///
/// A constant outside the impls names the type once. So a type without a text form is one
/// error, and the impls exist nevertheless. Only the impls can name a generic type.
fn expand_form(id: &Id<'_>, ty: &TokenStream) -> (TokenStream, TokenStream, Generics) {
    let private = private(&id.krate);
    let form = qualified(ty, ty, &quote!(#private::IdText), "TEXT");
    let mut generics = id.input.generics.clone();
    if !id.is_generic() {
        let declaration = quote!(const __TEXT: #private::Text<#ty> = #form;);
        return (quote!(__TEXT), declaration, generics);
    }
    let clause = generics.make_where_clause();
    clause.predicates.push(parse_quote!(#ty: #private::IdText));
    clause.predicates.push(parse_quote!(Self: #private::Send + #private::Sync + 'static));
    (form, TokenStream::new(), generics)
}

/// ```text
/// compile_error! { .. }
/// const _: () = { .. };                       // the same impls, with bodies that never run
/// ```
pub(crate) fn fallback(id: &Id<'_>, error: &Error) -> TokenStream {
    let private = private(&id.krate);
    let error = error.to_compile_error();
    let mut generics = id.input.generics.clone();
    if id.is_generic() {
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(Self: #private::Send + #private::Sync + 'static));
    }
    let methods = quote! {
        fn to_text(&self) -> #private::String {
            loop {}
        }

        fn from_text(_: &#private::str) -> #private::Result<Self, #private::BoxError> {
            loop {}
        }
    };
    // The impls of a type with a lifetime would only add errors.
    let impls = id.input.generics.lifetimes().next().is_none().then(|| {
        let impls = expand_impls(id, &generics, &methods);
        in_block(&id.library, &impls)
    });
    quote!(#error #impls)
}

fn expand_impls(id: &Id<'_>, generics: &Generics, methods: &TokenStream) -> TokenStream {
    let private = private(&id.krate);
    let attributes = impl_attributes();
    let ident = &id.input.ident;
    let name = ident.unraw().to_string();
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let conversions = [quote!(Self), quote!(#private::AggregateId)].map(|declared| {
        quote! {
            #attributes
            impl #impl_generics #private::IdFor<#declared> for #ident #ty_generics #where_clause {
                fn to_stored(&self) -> #private::Result<#private::AggregateId, #private::InvalidId> {
                    <Self as #private::Id>::to_aggregate_id(self)
                }
            }
        }
    });
    quote! {
        #attributes
        impl #impl_generics #private::Id for #ident #ty_generics #where_clause {
            const NAME: &'static #private::str = #name;

            #methods
        }

        #(#conversions)*
    }
}

/// A newtype that has its own text states which text is stored.
fn expand_proof(id: &Id<'_>) -> TokenStream {
    let private = private(&id.krate);
    let ident = &id.input.ident;
    let message = format!(
        "`{0}` implements `Display` and `FromStr`; write `#[id(display)]` if that is the text to store, or `#[id(transparent)]` if it is the text of the field",
        ident.unraw()
    );
    let assertion = over(ident, quote!(#private::assert!(!<#private::Probe<#ident>>::IS_TEXT, "{}", #message)));
    quote! {
        use #private::NotText as _;
        const _: () = #assertion;
    }
}
