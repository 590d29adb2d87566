//! Writes a struct with named fields without serde's derive, if the attributes change nothing but
//! names.
//!
//! For such a struct, one call for each field is enough. serde's derive for a mirror generates more,
//! which is a tenth of the compile time of an event.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DeriveInput, Field, Path};

use super::{mirror, private, storable};
use crate::attr::serde::{SerdeKeys, names_of};
use crate::camel_case;

/// The keys of a type that change only how it is read.
const PLAIN_TYPE: &[&str] = &["default", "deny_unknown_fields", "expecting"];

/// The keys of a field that change only its name, how it is read, and whether it is stored.
const PLAIN_FIELD: &[&str] =
    &["alias", "default", "deserialize_with", "rename", "skip", "skip_deserializing", "skip_serializing"];

/// The keys of a field that is not written.
const SKIPPED: &[&str] = &["skip", "skip_serializing"];

/// Whether the macro can write a struct with named fields. If so, the stored form is that of serde.
pub(super) fn is_plain(input: &DeriveInput, serde: &SerdeKeys) -> bool {
    let is_plain = |field: &&Field| {
        let keys = SerdeKeys::of(&field.attrs);
        // A macro may pass a name in a form that only serde understands.
        let is_name_known = !keys.has("rename") || names_of(&field.attrs).renamed.is_some();
        keys.has_only(PLAIN_FIELD)
            && is_name_known
            && !field.attrs.iter().any(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
    };
    input.generics.params.is_empty()
        && serde.has_only(PLAIN_TYPE)
        && !input.attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"))
        && mirror::fields(input).iter().all(is_plain)
}

/// Writes `value`, which is the type itself:
///
/// ```text
/// Writing::begin(serializer, "Invoice", 2).field("number", &value.number).field("owed", Lent(&value.owed).lent()).end()
/// ```
///
/// The check of a field reports that its type cannot be written. `Lent` keeps this code from reporting
/// it too.
pub(super) fn expand(input: &DeriveInput, krate: &Path, value: &TokenStream, serializer: &Ident) -> TokenStream {
    let private = private(krate);
    let name = input.ident.unraw().to_string();
    let is_written = |field: &&Field| !SerdeKeys::of(&field.attrs).has_any(SKIPPED);
    let fields: Vec<_> = mirror::fields(input).into_iter().filter(is_written).collect();
    let count = Literal::usize_unsuffixed(fields.len());
    let each = fields.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let name = names_of(&field.attrs).renamed.unwrap_or_else(|| camel_case::field(&ident.unraw().to_string()));
        let value = quote_spanned!(field.ty.span()=> &#value.#ident);
        let value = if storable::asks(field) { quote!(#private::field::Lent(#value).lent()) } else { value };
        Some(quote!(.field(#name, #value)))
    });
    quote!(#private::Writing::begin(#serializer, #name, #count)#(#each)*.end())
}
