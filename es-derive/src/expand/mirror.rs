//! Mirrors: hidden types with serde's derives, which stand for the user's types.

use std::fmt::Write as _;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Fields, Generics, Path, Type, WherePredicate, parse_quote};

use super::span::local;
use super::storable::{self, Obligations, Role};
use super::style::{container_style, spell_out_names};
use super::{container_default, private, self_type, written};
use crate::attr::serde::{SerdeKeys, mirrored_attrs};
use crate::model::Shape;

/// The items of the mirror, and the code that writes and reads a value of the user's type with it.
pub(super) struct Mirror {
    /// Aliases of types, beside the block of the mirror.
    pub(super) types: TokenStream,
    pub(super) items: TokenStream,
    /// Writes the value to the serializer.
    pub(super) write: TokenStream,
    /// A function from `D` to `Result<Self, D::Error>`.
    pub(super) deserialize: TokenStream,
}

/// The type to mirror.
pub(super) struct Original<'a> {
    pub(super) input: &'a DeriveInput,
    pub(super) krate: &'a Path,
    pub(super) serde: &'a SerdeKeys,
    pub(super) shape: Shape,
    pub(super) role: Role,
}

/// The variables of the code that writes a value.
pub(super) struct Variables<'a> {
    pub(super) value: &'a TokenStream,
    pub(super) serializer: &'a Ident,
}

impl Original<'_> {
    /// The mirror, for code with these variables.
    pub(super) fn mirror(&self, variables: &Variables<'_>) -> Mirror {
        let Obligations { items, mut input } = storable::expand(self.input, self.krate, self.role);
        let default = container_default::take(&mut input, self.krate);
        spell_out_names(&mut input, self.serde, self.shape);
        let asked = Original { input: &input, ..*self };
        let default = default.as_ref();
        let mut mirror = match self.shape {
            Shape::Tuple if !Shape::is_chosen(self.serde) => asked.mirror_tuple(default, variables),
            Shape::Unit if !Shape::is_chosen(self.serde) => asked.mirror_same(&quote!({}), default, variables),
            Shape::Unit => asked.mirror_same(&quote!(;), default, variables),
            Shape::Named if written::is_plain(self.input, self.serde) => {
                let Variables { value, serializer } = variables;
                asked.mirror_reading(default, written::expand(self.input, self.krate, value, serializer))
            }
            Shape::Named | Shape::Tuple | Shape::Enum => asked.mirror_same(&asked.body(), default, variables),
        };
        // The checks come before serde's code, so that the compiler reports their errors first.
        mirror.items = [items, mirror.items].into_iter().collect();
        mirror.types = self_type::expand_own_types(&all_fields(self.input), self.input);
        mirror
    }

    /// The type as serde's `remote` key expects it, without generics: serde adds those of the
    /// mirror, which are the same.
    fn remote(&self) -> String {
        self.input.ident.to_string()
    }

    /// The fields or variants, with only those attributes that serde reads.
    fn body(&self) -> TokenStream {
        match &self.input.data {
            Data::Struct(data) => {
                let mut fields = data.fields.clone();
                fields.iter_mut().for_each(|field| self.strip(field));
                let end = matches!(fields, Fields::Unnamed(_)).then(|| quote!(;));
                quote!(#fields #end)
            }
            Data::Enum(data) => {
                let mut variants = data.variants.clone();
                for variant in &mut variants {
                    variant.attrs = mirrored_attrs(&variant.attrs).cloned().collect();
                    variant.discriminant = None;
                    variant.fields.iter_mut().for_each(|field| self.strip(field));
                }
                quote!({ #variants })
            }
            Data::Union(_) => quote!({}),
        }
    }

    fn strip(&self, field: &mut syn::Field) {
        field.attrs = mirrored_attrs(&field.attrs).cloned().collect();
        field.vis = syn::Visibility::Inherited;
        field.ty = Type::Verbatim(self_type::spell_out(&field.ty, self.input));
    }

    /// ```text
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(crate = "__serde", remote = "Invoice", rename_all = "camelCase")]
    /// struct __Stored { number: String, amount: Money }
    /// ```
    fn mirror_same(&self, body: &TokenStream, default: Option<&TokenStream>, variables: &Variables<'_>) -> Mirror {
        let Variables { value, serializer } = variables;
        let private = private(self.krate);
        let (name, (_, ty_generics, _)) = (stored(), self.input.generics.split_for_impl());
        let turbofish = ty_generics.as_turbofish();
        Mirror {
            types: TokenStream::new(),
            items: self.define_same(&quote!(#private::serde::Serialize, #private::serde::Deserialize), body, default),
            write: quote!(#name #turbofish::serialize(#value, #serializer)),
            deserialize: quote!(#name #turbofish::deserialize),
        }
    }

    /// The mirror only reads, because the macro itself writes the type.
    fn mirror_reading(&self, default: Option<&TokenStream>, write: TokenStream) -> Mirror {
        let (private, name) = (private(self.krate), stored());
        Mirror {
            types: TokenStream::new(),
            items: self.define_same(&quote!(#private::serde::Deserialize), &self.body(), default),
            write,
            deserialize: quote!(#name::deserialize),
        }
    }

    fn define_same(&self, derives: &TokenStream, body: &TokenStream, default: Option<&TokenStream>) -> TokenStream {
        let keyword = if self.shape == Shape::Enum { quote!(enum) } else { quote!(struct) };
        let remote = self.remote();
        let (ident, (_, ty_generics, _)) = (&self.input.ident, self.input.generics.split_for_impl());
        let (default_style, default) = self.default(default, &quote!(#ident #ty_generics), &|value| value.clone());
        let style = quote!(, remote = #remote #default_style);
        let definition = self.definition(derives, &style, &keyword, &stored(), body);
        quote!(#definition #default)
    }

    /// serde writes a tuple struct as an array, so two mirrors give its fields names. One is
    /// written through getter functions, the other is read and then converted.
    ///
    /// ```text
    /// #[derive(Serialize)]
    /// #[serde(crate = "__serde", remote = "Moved")]
    /// struct __Written { #[serde(rename = "0", getter = "__field_0")] __0: String }
    /// fn __field_0(this: &Moved) -> &String { &this.0 }
    ///
    /// #[derive(Deserialize)]
    /// #[serde(crate = "__serde", remote = "__Read")]
    /// struct __Read { #[serde(rename = "0")] __0: String }
    /// fn __read(deserializer: D) -> Result<Moved, D::Error> { Result::map(__Read::deserialize(deserializer), |read| Moved { 0: read.__0 }) }
    /// ```
    fn mirror_tuple(&self, default: Option<&TokenStream>, variables: &Variables<'_>) -> Mirror {
        let Variables { value: whole, serializer } = variables;
        let private = private(self.krate);
        let (ident, generics) = (&self.input.ident, &self.input.generics);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let turbofish = ty_generics.as_turbofish();
        let (written, read, this, d, read_fn) =
            (local("__Written"), local("__Read"), local("__this"), local("__D"), local("__read"));
        let (mut write_fields, mut read_fields) = (TokenStream::new(), TokenStream::new());
        let (mut getters, mut taken, mut given) = (TokenStream::new(), TokenStream::new(), TokenStream::new());
        for (at, field) in fields(self.input).into_iter().enumerate() {
            let name = format_ident!("__{at}");
            let getter = format_ident!("__field_{at}");
            let (index, ty) = (syn::Index::from(at), self_type::spell_out(&field.ty, self.input));
            let attrs: Vec<_> = mirrored_attrs(&field.attrs).collect();
            let stored = at.to_string();
            let renamed = SerdeKeys::of(&field.attrs).has_any(&["rename", "flatten"]);
            let rename = (!renamed).then(|| quote!(#[serde(rename = #stored)]));
            let getter_name = getter.to_string();
            write_fields.extend(quote!(#(#attrs)* #rename #[serde(getter = #getter_name)] #name: #ty,));
            read_fields.extend(quote!(#(#attrs)* #rename #name: #ty,));
            getters.extend(quote! {
                fn #getter #impl_generics(#this: &#ident #ty_generics) -> &#ty #where_clause {
                    &#this.#index
                }
            });
            taken.extend(quote!(#index: #read.#name,));
            given.extend(quote!(#name: #this.#index,));
        }
        let remote = self.remote();
        let keyword = quote!(struct);
        let (default_style, default) = self.default(
            default,
            &quote!(#read #ty_generics),
            &|value| quote!({ let #this: #ident #ty_generics = #value; #read { #given } }),
        );
        let (write_style, read_style) = (quote!(, remote = #remote), quote!(, remote = "__Read" #default_style));
        let write_body = quote!({ #write_fields });
        let read_body = quote!({ #read_fields });
        let writer =
            self.definition(&quote!(#private::serde::Serialize), &write_style, &keyword, &written, &write_body);
        let reader = self.definition(&quote!(#private::serde::Deserialize), &read_style, &keyword, &read, &read_body);
        let mut read_generics = with_deserialize(self.input, self.serde, &private);
        read_generics.params.push(parse_quote!(#d));
        read_generics.make_where_clause().predicates.push(parse_quote!(#d: #private::serde::Deserializer<'__de>));
        let (read_impl_generics, _, read_where_clause) = read_generics.split_for_impl();
        let [source] = ["__source"].map(local);
        let items = quote! {
            #writer
            #getters
            #reader
            #default
            #[allow(clippy::multiple_bound_locations)]
            fn #read_fn #read_impl_generics(
                #source: #d,
            ) -> #private::Result<#ident #ty_generics, #d::Error> #read_where_clause {
                #private::Result::map(
                    #read #turbofish::deserialize(#source),
                    |#read: #read #ty_generics| #ident { #taken },
                )
            }
        };
        Mirror {
            types: TokenStream::new(),
            items,
            write: quote!(#written #turbofish::serialize(#whole, #serializer)),
            deserialize: quote!(#read_fn),
        }
    }

    /// The serde attribute for a default of the whole type, and the function that serde then calls.
    fn default(
        &self,
        value: Option<&TokenStream>,
        ty: &TokenStream,
        make: &dyn Fn(&TokenStream) -> TokenStream,
    ) -> (TokenStream, TokenStream) {
        let Some(value) = value else { return (TokenStream::new(), TokenStream::new()) };
        let mut generics = self.input.generics.clone();
        if let Some(own) = own_default(self.input, self.serde, &private(self.krate)) {
            generics.make_where_clause().predicates.push(own);
        }
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (function, value) = (container_default::function(), make(value));
        let called = function.to_string();
        (
            quote!(, default = #called),
            quote! {
                fn #function #impl_generics() -> #ty #where_clause { #value }
            },
        )
    }

    /// The bounds of the parameters for serde: each can be stored.
    ///
    /// By default serde requires `Deserialize` with its own lifetime. If the user's bound implies
    /// `DeserializeOwned`, the compiler could not choose between the two.
    fn bound(&self) -> TokenStream {
        if self.serde.has("bound") || self.input.generics.type_params().next().is_none() {
            return TokenStream::new();
        }
        let of_all = |bound: &str| {
            let params = self.input.generics.type_params();
            params.map(|param| format!("{}: __serde::{bound}", param.ident)).collect::<Vec<_>>().join(", ")
        };
        let (write, mut read) = (of_all("Serialize"), of_all("de::DeserializeOwned"));
        if let Some(own) = own_default(self.input, self.serde, &quote!(__private)) {
            let _ = write!(read, ", {}", own.to_token_stream());
        }
        quote!(, bound(serialize = #write, deserialize = #read))
    }

    pub(super) fn definition(
        &self,
        derives: &TokenStream,
        style: &TokenStream,
        keyword: &TokenStream,
        name: &Ident,
        body: &TokenStream,
    ) -> TokenStream {
        let names = container_style(self.shape, self.serde);
        let bound = self.bound();
        // serde stores the name of a struct that has a `tag`, and shows the name in errors.
        let renamed = (!self.serde.has("rename")).then(|| {
            let name = self.input.ident.unraw().to_string();
            quote!(, rename = #name)
        });
        let attrs = mirrored_attrs(&self.input.attrs).filter(|attr| !attr.path().is_ident("cfg"));
        let generics = &self.input.generics;
        let where_clause = &generics.where_clause;
        // The where clause of a tuple struct is before its semicolon, and that of any other type
        // before its braces.
        let tuple = matches!(self.shape, Shape::Tuple | Shape::Unit) && !body.to_string().starts_with('{');
        let definition = if tuple {
            let fields: TokenStream = body.clone().into_iter().filter(|token| token.to_string() != ";").collect();
            quote!(#keyword #name #generics #fields #where_clause;)
        } else {
            quote!(#keyword #name #generics #where_clause #body)
        };
        quote! {
            #[derive(#derives)]
            #[serde(crate = "__serde" #style #renamed #names #bound)]
            #(#attrs)*
            #[allow(dead_code, non_camel_case_types)]
            #definition
        }
    }
}

/// The name of the mirror.
fn stored() -> Ident {
    local("__Stored")
}

/// The names that serde's derived code uses inside a mirror: the primitive types without a path,
/// and serde itself.
///
/// serde takes its own path as a string, in which `$crate` has no meaning. A name that is imported
/// beside the mirror always works.
pub(super) fn mirror_imports(private: &TokenStream) -> TokenStream {
    quote! {
        use #private::{self as __private, Refused as _, primitive::*, serde as __serde};
    }
}

/// The generics with the lifetime `'__de`, and the bound that every parameter can be read.
pub(super) fn with_deserialize(input: &DeriveInput, serde: &SerdeKeys, private: &TokenStream) -> Generics {
    let mut result = input.generics.clone();
    result.params.insert(0, parse_quote!('__de));
    let params = input.generics.type_params().map(|param| &param.ident);
    let read = params.map(|param| parse_quote!(#param: #private::serde::de::DeserializeOwned));
    let predicates: Vec<WherePredicate> = read.chain(own_default(input, serde, private)).collect();
    if !predicates.is_empty() {
        result.make_where_clause().predicates.extend(predicates);
    }
    result
}

/// The bound for a generic type with `#[serde(default)]`. For any other type the compiler checks it
/// without a bound.
pub(super) fn own_default(input: &DeriveInput, serde: &SerdeKeys, private: &TokenStream) -> Option<WherePredicate> {
    let is_asked = serde.has("default") && input.generics.type_params().next().is_some();
    let (ident, (_, ty_generics, _)) = (&input.ident, input.generics.split_for_impl());
    is_asked.then(|| parse_quote!(#ident #ty_generics: #private::Default))
}

/// The fields of a struct, with or without names.
pub(super) fn fields(input: &DeriveInput) -> Vec<&syn::Field> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) | Fields::Unnamed(_) => data.fields.iter().collect(),
            Fields::Unit => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The fields of a struct, or of all variants of an enum.
pub(super) fn all_fields(input: &DeriveInput) -> Vec<&syn::Field> {
    match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    }
}
