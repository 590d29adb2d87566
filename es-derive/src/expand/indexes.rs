//! The indexes on the rows of a projection, or of one of its types of rows.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attr::index::Direction;
use crate::model::{RowType, stored_name};
use crate::symbol::UNIQUE;

/// ```text
/// const INDEXES: &'static [RowIndex] =
///     &[RowIndex { fields: &[("customerId", Direction::Ascending)], uniqueness: Uniqueness::Unique, rows: Option::None }];
/// ```
///
/// `of_type` is the name of the type whose rows they have.
pub(super) fn expand(row: &RowType<'_>, private: &TokenStream, of_type: Option<&TokenStream>) -> Option<TokenStream> {
    let rows =
        of_type.map_or_else(|| quote!(#private::Option::None), |of_type| quote!(#private::Option::Some(#of_type)));
    let indexes = row.indexes.iter().map(|index| {
        let fields = index.fields.iter().filter_map(|named| {
            let stored = stored_name(&named.name, &row.field(&named.name)?.attrs, &row.input.attrs);
            let direction = match named.direction {
                Direction::Ascending => quote!(Ascending),
                Direction::Descending => quote!(Descending),
            };
            Some(quote!((#stored, #private::Direction::#direction)))
        });
        let uniqueness = if index.key == UNIQUE { quote!(Unique) } else { quote!(NotUnique) };
        quote! {
            #private::RowIndex {
                fields: &[#(#fields),*],
                uniqueness: #private::Uniqueness::#uniqueness,
                rows: #rows,
            }
        }
    });
    (!row.indexes.is_empty()).then(|| quote!(const INDEXES: &'static [#private::RowIndex] = &[#(#indexes),*];))
}
