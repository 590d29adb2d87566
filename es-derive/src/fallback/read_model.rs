//! The stub impls of a projection and of a type of rows.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::Error;

use super::{Stub, unsupported};
use crate::check::is_allowed_in_a_name;
use crate::expand::{
    expand_key, expand_keyed_by_aggregate, expand_row_enum, expand_row_of, impl_attributes, in_block, private,
};
use crate::model::{Projection, Row};

/// ```text
/// compile_error! { .. }
/// impl Projection for CustomerBalance { .. }
/// ```
pub(crate) fn projection(projection: &Projection<'_>, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    // The compiler does not report a type that it does not find at the place of an error, and
    // accepts each signature of `Keyed::key` for it.
    let key = match projection.attr.key.get() {
        Some(_) => expand_key(projection),
        None if projection.has_rows() => expand_key(projection),
        None => Ident::new("__unknown", projection.input.ident.span()).into_token_stream(),
    };
    let stubs = expand_projection(projection, &key, &quote!(loop {}));
    quote! {
        #error
        #stubs
    }
}

/// The same for an item that cannot be parsed. The compiler reports that; `error` has only the
/// mistakes in the attribute.
pub(crate) fn half_written_projection(projection: &Projection<'_>, error: Option<Error>) -> TokenStream {
    let error = error.map(Error::into_compile_error);
    let never = unsupported(&private(&projection.krate), "#[derive(Projection)]");
    let stubs = expand_projection(projection, &expand_key(projection), &never);
    quote! {
        #error
        #stubs
    }
}

fn expand_projection(projection: &Projection<'_>, key: &TokenStream, never: &TokenStream) -> TokenStream {
    let private = private(&projection.krate);
    let attributes = impl_attributes();
    let (name, version) = (&projection.name, projection.version);
    let stub = Stub::of(projection.input, &quote!(#private::Send + #private::Sync + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let is_generic = !projection.input.generics.params.is_empty();
    let keyed = (projection.is_keyed_by_aggregate() && !is_generic).then(|| expand_keyed_by_aggregate(projection));
    let (row, rows) = if projection.has_rows() && !is_generic {
        let (row_enum, row_of) = (expand_row_enum(projection), expand_row_of(projection));
        (quote!(__Row), quote!(#row_enum #row_of))
    } else {
        (quote!(Self), TokenStream::new())
    };
    let stubs = quote! {
        #attributes
        impl #impl_generics #private::Projection for #this #where_clause {
            type Key = #key;
            type Row = #row;
            const NAME: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            fn declare(_: &mut #private::Inputs<Self>) {}
            fn visit_rows<__V: #private::VisitRows<Self>>(_: &mut __V) {}
            fn serialize_row<__S: #private::serde::Serializer>(
                _: &Self::Row,
                _: __S,
            ) -> #private::Result<__S::Ok, __S::Error> {
                #never
            }
            fn deserialize_row<'__de, __D: #private::serde::Deserializer<'__de>>(
                _: #private::usize,
                _: __D,
            ) -> #private::Result<Self::Row, __D::Error> {
                #never
            }
        }
        #keyed
        #rows
    };
    in_block(&projection.library, &stubs)
}

/// ```text
/// compile_error! { .. }
/// impl Row for DailyTotal { .. }
/// ```
pub(crate) fn row(row: &Row<'_>, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let stubs = expand_row(row, &quote!(loop {}));
    quote! {
        #error
        #stubs
    }
}

/// The same for an item that cannot be parsed. The compiler reports that; `error` has only the
/// mistakes in the attribute.
pub(crate) fn half_written_row(row: &Row<'_>, error: Option<Error>) -> TokenStream {
    let error = error.map(Error::into_compile_error);
    let never = unsupported(&private(&row.krate), "#[derive(Row)]");
    let stubs = expand_row(row, &never);
    quote! {
        #error
        #stubs
    }
}

fn expand_row(row: &Row<'_>, never: &TokenStream) -> TokenStream {
    let private = private(&row.krate);
    let attributes = impl_attributes();
    // As that of a projection.
    let key = row
        .attr
        .key
        .get()
        .map_or_else(|| Ident::new("__unknown", row.input.ident.span()).into_token_stream(), ToTokens::to_token_stream);
    // A wrong name would be an error in a constant, too.
    let name: String = row.name.chars().filter(|letter| is_allowed_in_a_name(*letter)).collect();
    let name = if name.is_empty() { "row" } else { &name };
    let stub = Stub::of(row.input, &quote!(#private::Send + #private::Sync + 'static));
    let (impl_generics, this, where_clause) = stub.parts();
    let stubs = quote! {
        #attributes
        impl #impl_generics #private::Row for #this #where_clause {
            type Key = #key;
            const NAME: #private::RowName = #private::RowName::new(#name);
            fn serialize_row<__S: #private::serde::Serializer>(
                &self,
                _: __S,
            ) -> #private::Result<__S::Ok, __S::Error> {
                #never
            }
            fn deserialize_row<'__de, __D: #private::serde::Deserializer<'__de>>(
                _: __D,
            ) -> #private::Result<Self, __D::Error> {
                #never
            }
        }
    };
    in_block(&row.library, &stubs)
}
