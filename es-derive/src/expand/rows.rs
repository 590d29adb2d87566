//! A projection with several types of rows.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, TypePath};

use super::projection::{expand_complete, expand_declare};
use super::span::{local, over, qualified};
use super::{impl_attributes, in_block, private};
use crate::diag::shown;
use crate::model::Projection;

/// ```text
/// const _: () = {
///     use ::es_core as __es_core;
///     pub enum __Row { __0(LedgerLine), __1(DailyTotal) }
///     impl RowOf<Ledger> for LedgerLine { .. }
///     impl RowOf<Ledger> for DailyTotal { .. }
///     const __ROWS: &[RowName] = &[<LedgerLine as Row>::NAME, <DailyTotal as Row>::NAME];
///     const __INDEXES: &[RowIndex] = &join_indexes(&[<LedgerLine as Row>::INDEXES, <DailyTotal as Row>::INDEXES]);
///     impl Projection for Ledger { .. }
///     const _: () = assert_row_listed(1, __ROWS, &["LedgerLine", "DailyTotal"]);
///     const _: () = assert_complete(..);            // no event of an aggregate was forgotten
/// };
/// ```
pub(super) fn expand(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let attributes = impl_attributes();
    let ident = &projection.input.ident;
    let (name, version) = (&projection.name, Literal::u32_unsuffixed(projection.version));
    let rows = projection.rows();
    let (row_enum, row_of) = (expand_row_enum(projection), expand_row_of(projection));
    let names = rows.iter().map(|ty| of_row(&private, ty, "NAME"));
    let indexes: Vec<_> = rows.iter().map(|ty| of_row(&private, ty, "INDEXES")).collect();
    let joined = match projection.attr.rows.key() {
        Some(key) => over(key, quote!(#private::join_indexes::<{ 0 #(+ #indexes.len())* }>(&[#(#indexes),*]))),
        None => quote!([]),
    };
    let declare = expand_declare(projection);
    let methods = expand_methods(projection);
    let differ = expand_names_differ(projection);
    let complete = expand_complete(projection);
    let block = quote! {
        #row_enum
        #row_of
        const __ROWS: &[#private::RowName] = &[#(#names),*];
        const __INDEXES: &[#private::RowIndex] = &#joined;

        #attributes
        impl #private::Projection for #ident {
            type Key = #private::AggregateId;
            type Row = __Row;
            const NAME: &'static #private::str = #name;
            const VERSION: #private::u32 = #version;
            const INDEXES: &'static [#private::RowIndex] = __INDEXES;
            const ROWS: &'static [#private::RowName] = __ROWS;

            #declare

            #methods
        }
        #differ
        #complete
    };
    in_block(&projection.library, &block)
}

/// A row of any of the types. It is public because the projection may be, and has no path.
pub(crate) fn expand_row_enum(projection: &Projection<'_>) -> TokenStream {
    let variants = variants(projection);
    let types = projection.rows();
    quote! {
        #[allow(private_interfaces, unnameable_types, non_camel_case_types, clippy::large_enum_variant)]
        pub enum __Row {
            #(#variants(#types),)*
        }
    }
}

fn variants(projection: &Projection<'_>) -> Vec<Ident> {
    (0..projection.rows().len()).map(|at| format_ident!("__{at}")).collect()
}

/// `<DailyTotal as Row>::NAME`, with the span of the type, so that a type that is not a `Row` is one
/// error.
fn of_row(private: &TokenStream, ty: &TypePath, item: &str) -> TokenStream {
    qualified(ty, &ty.to_token_stream(), &over(ty, quote!(#private::Row)), item)
}

/// ```text
/// impl RowOf<Ledger> for DailyTotal {
///     type Key = <DailyTotal as Row>::Key;
///     const NAME: Option<RowName> = Option::Some(<DailyTotal as Row>::NAME);
///     fn into_row(self) -> __Row { __Row::__1(self) }
///     fn from_row(row: __Row) -> Option<Self> { match row { __Row::__1(row) => Option::Some(row), _ => Option::None } }
///     fn of_row(row: &__Row) -> Option<&Self> { match row { __Row::__1(row) => Option::Some(row), _ => Option::None } }
///     fn write_row<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { <DailyTotal as Row>::serialize_row(self, serializer) }
///     fn read_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> { <DailyTotal as Row>::deserialize_row(deserializer) }
/// }
/// ```
pub(crate) fn expand_row_of(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let attributes = impl_attributes();
    let ident = &projection.input.ident;
    let [row, s, d, serializer, deserializer] = ["__row", "__S", "__D", "__serializer", "__deserializer"].map(local);
    let impls = projection.rows().into_iter().zip(variants(projection)).map(|(ty, variant)| {
        let (key, name) = (of_row(&private, ty, "Key"), of_row(&private, ty, "NAME"));
        let (write, read) = (of_row(&private, ty, "serialize_row"), of_row(&private, ty, "deserialize_row"));
        let find = quote! {
            #[allow(unreachable_patterns)]
            match #row {
                __Row::#variant(#row) => #private::Option::Some(#row),
                _ => #private::Option::None,
            }
        };
        quote! {
            #attributes
            impl #private::RowOf<#ident> for #ty {
                type Key = #key;
                const NAME: #private::Option<#private::RowName> = #private::Option::Some(#name);
                fn into_row(self) -> __Row {
                    __Row::#variant(self)
                }
                fn from_row(#row: __Row) -> #private::Option<Self> {
                    #find
                }
                fn of_row(#row: &__Row) -> #private::Option<&Self> {
                    #find
                }
                fn write_row<#s: #private::serde::Serializer>(
                    &self,
                    #serializer: #s,
                ) -> #private::Result<#s::Ok, #s::Error> {
                    #write(self, #serializer)
                }
                fn read_row<'__de, #d: #private::serde::Deserializer<'__de>>(
                    #deserializer: #d,
                ) -> #private::Result<Self, #d::Error> {
                    #read(#deserializer)
                }
            }
        }
    });
    impls.collect()
}

/// ```text
/// fn visit_rows<V: VisitRows<Self>>(visitor: &mut V) { visitor.rows::<LedgerLine>(); .. }
/// fn serialize_row<S: Serializer>(row: &__Row, serializer: S) -> Result<S::Ok, S::Error> {
///     match row { __Row::__0(row) => <LedgerLine as Row>::serialize_row(row, serializer), .. }
/// }
/// fn deserialize_row<'de, D: Deserializer<'de>>(of_type: usize, deserializer: D) -> Result<__Row, D::Error> {
///     match of_type { 0 => Result::map(<LedgerLine as Row>::deserialize_row(deserializer), __Row::__0), .. }
/// }
/// ```
fn expand_methods(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let [row, of_type, s, d, v, serializer, deserializer, visitor] =
        ["__row", "__of_type", "__S", "__D", "__V", "__serializer", "__deserializer", "__visitor"].map(local);
    let variants = variants(projection);
    let write = projection.rows().into_iter().map(|ty| of_row(&private, ty, "serialize_row"));
    let read = projection.rows().into_iter().map(|ty| of_row(&private, ty, "deserialize_row"));
    let types = projection.rows();
    let visited = types.iter().map(|ty| over(*ty, quote!(rows)));
    let places = (0..variants.len()).map(Literal::usize_unsuffixed);
    quote! {
        fn visit_rows<#v: #private::VisitRows<Self>>(#visitor: &mut #v) {
            #(#visitor.#visited::<#types>();)*
        }

        fn serialize_row<#s: #private::serde::Serializer>(
            #row: &__Row,
            #serializer: #s,
        ) -> #private::Result<#s::Ok, #s::Error> {
            match #row {
                #(__Row::#variants(#row) => #write(#row, #serializer),)*
            }
        }

        fn deserialize_row<'__de, #d: #private::serde::Deserializer<'__de>>(
            #of_type: #private::usize,
            #deserializer: #d,
        ) -> #private::Result<__Row, #d::Error> {
            match #of_type {
                #(#places => #private::Result::map(#read(#deserializer), __Row::#variants),)*
                _ => #private::Result::Err(#private::no_such_row()),
            }
        }
    }
}

/// One assertion for each type but the first, on the type.
fn expand_names_differ(projection: &Projection<'_>) -> TokenStream {
    let private = private(&projection.krate);
    let types = projection.rows();
    let names = types.iter().map(|ty| shown(*ty));
    let assertions = types.iter().enumerate().skip(1).map(|(at, ty)| {
        let call = over(ty, quote!(#private::assert_row_listed(#at, __ROWS, __SHOWN)));
        quote!(const _: () = #call;)
    });
    quote! {
        const __SHOWN: &[&#private::str] = &[#(#names),*];
        #(#assertions)*
    }
}
