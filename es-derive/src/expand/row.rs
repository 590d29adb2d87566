use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::mirror::{Original, mirror_imports};
use super::state::{self, State};
use super::storable::Role as StoredAs;
use super::{impl_attributes, in_block, indexes, private};
use crate::model::Row;

/// ```text
/// const _: () = {
///     use ::es_core as __es_core;
///     struct __Stored { .. }
///     impl Row for DailyTotal { .. }
/// };
/// ```
pub(super) fn expand(row: &Row<'_>) -> TokenStream {
    let private = private(&row.krate);
    let attributes = impl_attributes();
    let (ident, name, key) = (&row.input.ident, &row.name, row.attr.key.get().map(ToTokens::to_token_stream));
    let of_type = quote!(<Self as #private::Row>::NAME);
    let indexes = indexes::expand(&row.row_type(), &private, Some(&of_type));
    let original =
        Original { input: row.input, krate: &row.krate, serde: &row.serde, shape: row.shape, role: StoredAs::State };
    let State { types, items, methods } = state::expand(&original, ["serialize_row", "deserialize_row"]);
    let imports = mirror_imports(&private);
    let block = quote! {
        #types
        #private::mirror! {
            #imports
            #items

            #attributes
            impl #private::Row for #ident {
                type Key = #key;
                const NAME: #private::RowName = #private::RowName::new(#name);
                #indexes

                #methods
            }
        }
    };
    in_block(&row.library, &block)
}
