//! Items whose body is not valid Rust, such as one that is still being typed.
//!
//! The compiler parses an item before it calls a macro, and reports what it cannot parse. So the
//! macros report nothing, and emit stub impls for what they can read.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Data, DataStruct, DeriveInput, Fields, Generics, Ident, Token, Visibility};

/// The item up to its body, as a struct without fields. `None` if not even that can be parsed.
pub(crate) fn header(item: TokenStream) -> Option<DeriveInput> {
    parse_header.parse2(item).ok()
}

fn parse_header(input: ParseStream<'_>) -> syn::Result<DeriveInput> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    if input.peek(Token![enum]) {
        input.parse::<Token![enum]>()?;
    } else {
        input.parse::<Token![struct]>()?;
    }
    let ident: Ident = input.parse()?;
    let generics = Generics::parse(input)?;
    input.parse::<TokenStream>()?;
    let (struct_token, semi_token) = (<Token![struct]>::default(), Some(<Token![;]>::default()));
    let data = Data::Struct(DataStruct { struct_token, fields: Fields::Unit, semi_token });
    Ok(DeriveInput { attrs, vis, ident, generics, data })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::header;

    #[test]
    fn everything_before_the_body_is_read() {
        let item = header(quote!(#[aggregate(events(Paid))] pub(crate) struct Invoice<T: Clone> { paid: , })).unwrap();
        assert_eq!((item.ident.to_string().as_str(), item.attrs.len(), item.generics.params.len()), ("Invoice", 1, 1));
        assert_eq!(header(quote!(enum Door { Open(, ), Closed: })).unwrap().ident, "Door");
        assert!(
            header(quote!(
                fn pay() {}
            ))
            .is_none()
        );
        assert!(header(quote!(pub stuct Invoice {})).is_none());
    }

    /// An item that the macro cannot parse, but the compiler can, must not be accepted silently.
    #[test]
    fn the_stubs_of_an_item_that_the_compiler_accepts_do_not_build() {
        let event = crate::expand::event(
            quote!(version = 1),
            &quote!(
                struct Paid { cents: i64 => 5 }
            ),
        );
        let aggregate = crate::expand::aggregate(quote!(
            #[aggregate(events(Paid))]
            struct Invoice { paid: i64 => 5 }
        ));
        for (expanded, name) in [(event, "#[event]"), (aggregate, "#[derive(Aggregate)]")] {
            assert!(expanded.to_string().contains(&format!("`{name}` does not support the syntax")), "{expanded}");
            assert!(!expanded.to_string().contains("compile_error"), "{expanded}");
        }
    }
}
