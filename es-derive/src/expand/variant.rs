//! A variant of `#[events]` as a separate event: two hidden structs with the fields of the
//! variant.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, DeriveInput, Member, Type, parse_quote};

use super::event::{expand_aliases, expand_visit_older};
use super::mirror::{self, Original, mirror_imports};
use super::span::{call, local, qualified, self_as};
use super::storable::{self, Obligations, Role};
use super::style::spell_out_names;
use super::{impl_attributes, private, proof, self_type};
use crate::attr::serde::{SerdeKeys, mirrored_attrs};
use crate::model::{Event, EventVariant, Events};

/// The hidden structs of a variant.
///
/// One owns the data: a stored event is read as that struct, and the variant is made from it. The
/// other one borrows the data of the variant, to write it.
pub(super) struct Hidden<'a> {
    events: &'a Events<'a>,
    variant: &'a EventVariant<'a>,
    event: &'a Event<'a>,
    owned: Ident,
    lent: Ident,
    /// The variant as a struct, in whose types `Self` is replaced with the enum.
    input: DeriveInput,
}

/// A field of the variant.
struct Field {
    /// In the variant.
    member: Member,
    /// In the hidden structs.
    name: Ident,
    ty: Type,
    cfg: Vec<Attribute>,
}

impl<'a> Hidden<'a> {
    pub(super) fn new(events: &'a Events<'a>, variant: &'a EventVariant<'a>, event: &'a Event<'a>) -> Self {
        let mut input = variant.input.clone();
        if let syn::Data::Struct(data) = &mut input.data {
            for field in &mut data.fields {
                let ty = self_type::spell_out(&field.ty, events.input);
                field.ty = syn::parse2(ty.clone()).unwrap_or(Type::Verbatim(ty));
            }
        }
        let ident = variant.ident().unraw();
        Self {
            events,
            variant,
            event,
            owned: format_ident!("__Owned{ident}", span = Span::call_site()),
            lent: format_ident!("__Lent{ident}", span = Span::call_site()),
            input,
        }
    }

    pub(super) fn owned(&self) -> &Ident {
        &self.owned
    }

    fn fields(&self) -> Vec<Field> {
        let each = mirror::fields(&self.input).into_iter().enumerate().map(|(at, field)| Field {
            member: field.ident.clone().map_or_else(|| Member::from(at), Member::from),
            name: field.ident.clone().unwrap_or_else(|| format_ident!("__{at}")),
            ty: field.ty.clone(),
            cfg: field.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
        });
        each.collect()
    }

    /// ```text
    /// struct __OwnedOpened { owner: String }
    /// struct __LentOpened<'lent> { owner: &'lent String, lent: PhantomData<&'lent ()> }
    /// const _: () = { .. };                       // `Serialize` and `Deserialize`
    /// const _: () = { .. };                       // the predecessor is the version before
    /// impl Event for __OwnedOpened { .. }
    /// ```
    pub(super) fn expand(&self) -> TokenStream {
        let private = private(&self.events.krate);
        let (cfg, owned, lent) = (self.variant.cfg, &self.owned, &self.lent);
        let fields = self.fields();
        let own = fields.iter().map(|Field { name, ty, cfg, .. }| quote!(#(#cfg)* #name: #ty,));
        let borrowed = fields.iter().map(|Field { name, ty, cfg, .. }| quote!(#(#cfg)* #name: &'__lent #ty,));
        let phantom = local("__lent");
        let allow = quote!(#[allow(dead_code, non_camel_case_types)]);
        let (serde, event) = (self.expand_serde(&fields), self.expand_event());
        let predecessor = proof::expand_predecessor(self.event);
        let predecessor = (!predecessor.is_empty()).then(|| quote!(#(#cfg)* const _: () = { #predecessor };));
        quote! {
            #(#cfg)*
            #allow
            struct #owned { #(#own)* }

            #(#cfg)*
            #allow
            struct #lent<'__lent> { #(#borrowed)* #phantom: #private::PhantomData<&'__lent ()> }

            #serde
            #predecessor
            #event
        }
    }

    /// ```text
    /// const _: () = {
    ///     #[derive(Serialize)]
    ///     #[serde(crate = "__serde", remote = "__LentOpened", rename_all = "camelCase")]
    ///     struct __Written<'lent> { #[serde(getter = "__field_0")] owner: String, .. }
    ///     fn __field_0<'lent>(this: &__LentOpened<'lent>) -> &'lent String { this.owner }
    ///     #[derive(Deserialize)]
    ///     #[serde(crate = "__serde", remote = "__OwnedOpened", rename_all = "camelCase")]
    ///     struct __Read { owner: String }
    ///
    ///     impl Serialize for __LentOpened<'_> { .. }
    ///     impl Serialize for __OwnedOpened { .. }
    ///     impl<'de> Deserialize<'de> for __OwnedOpened { .. }
    /// };
    /// ```
    ///
    /// A getter gives serde a reference to the field itself. A mirror with references as fields
    /// would pass a reference to a reference to functions such as `skip_serializing_if`.
    fn expand_serde(&self, fields: &[Field]) -> TokenStream {
        let private = private(&self.events.krate);
        let attributes = impl_attributes();
        let imports = mirror_imports(&private);
        let (cfg, owned, lent) = (self.variant.cfg, &self.owned, &self.lent);
        let original = Original {
            input: &self.input,
            krate: &self.events.krate,
            serde: &self.event.serde,
            shape: self.event.shape,
            role: Role::Event,
        };
        let Obligations { items: obligations, mut input } =
            storable::expand(original.input, original.krate, original.role);
        spell_out_names(&mut input, &self.event.serde, self.event.shape);
        let [written, read, this, phantom, s, d, source] =
            ["__Written", "__Read", "__this", "__lent", "__S", "__D", "__source"].map(local);
        let (mut write_body, mut read_body, mut getters) = (TokenStream::new(), TokenStream::new(), TokenStream::new());
        for (at, (field, Field { name, ty, cfg, .. })) in mirror::fields(&input).into_iter().zip(fields).enumerate() {
            let attrs: Vec<_> = mirrored_attrs(&field.attrs).collect();
            let stored = at.to_string();
            let is_named = field.ident.is_some() || SerdeKeys::of(&field.attrs).has_any(&["rename", "flatten"]);
            let rename = (!is_named).then(|| quote!(#[serde(rename = #stored)]));
            let getter = format_ident!("__field_{at}");
            let getter_name = getter.to_string();
            write_body.extend(quote!(#(#attrs)* #rename #[serde(getter = #getter_name)] #name: #ty,));
            read_body.extend(quote!(#(#attrs)* #rename #name: #ty,));
            getters.extend(quote! {
                #(#cfg)*
                fn #getter<'__lent>(#this: &#lent<'__lent>) -> &'__lent #ty {
                    #this.#name
                }
            });
        }
        let write_body = quote!({ #write_body #[serde(skip)] #phantom: #private::PhantomData<&'__lent ()> });
        let mut lending = input.clone();
        lending.generics.params.push(parse_quote!('__lent));
        let keyword = quote!(struct);
        let define = |input: &DeriveInput, derive: &str, remote: &Ident, name: &Ident, body: &TokenStream| {
            let (derive, remote) = (Ident::new(derive, Span::call_site()), remote.to_string());
            let original = Original { input, ..original };
            original.definition(&quote!(#private::serde::#derive), &quote!(, remote = #remote), &keyword, name, body)
        };
        let writer = define(&lending, "Serialize", lent, &written, &write_body);
        let reader = define(&input, "Deserialize", owned, &read, &quote!({ #read_body }));
        let given = fields.iter().map(|Field { name, cfg, .. }| quote!(#(#cfg)* #name: &self.#name,));
        quote! {
            #(#cfg)*
            const _: () = {
                #imports
                #obligations
                #writer
                #getters
                #reader

                #attributes
                impl #private::serde::Serialize for #lent<'_> {
                    fn serialize<#s: #private::serde::Serializer>(
                        &self,
                        #source: #s,
                    ) -> #private::Result<#s::Ok, #s::Error> {
                        #written::serialize(self, #source)
                    }
                }

                #attributes
                impl #private::serde::Serialize for #owned {
                    fn serialize<#s: #private::serde::Serializer>(
                        &self,
                        #source: #s,
                    ) -> #private::Result<#s::Ok, #s::Error> {
                        #written::serialize(&#lent { #(#given)* #phantom: #private::PhantomData }, #source)
                    }
                }

                #attributes
                impl<'__de> #private::serde::Deserialize<'__de> for #owned {
                    fn deserialize<#d: #private::serde::Deserializer<'__de>>(
                        #source: #d,
                    ) -> #private::Result<Self, #d::Error> {
                        #read::deserialize(#source)
                    }
                }
            };
        }
    }

    /// ```text
    /// impl Event for __OwnedOpened {
    ///     const TYPE: &'static str = "Opened";
    ///     const VERSION: u32 = 2;
    ///     const ALIASES: &'static [&'static str] = &[];
    ///     fn decode<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError> { read_since(2, version, payload) }
    ///     fn visit_versions<V: VisitVersions>(visitor: &mut V) { .. }
    /// }
    /// ```
    ///
    /// Older versions become the enum, not this struct, so the enum reads them.
    fn expand_event(&self) -> TokenStream {
        let private = private(&self.events.krate);
        let attributes = impl_attributes();
        let (cfg, owned, event) = (self.variant.cfg, &self.owned, self.event);
        let name = &event.name;
        let (version, since) = (Literal::u32_unsuffixed(event.version), Literal::u32_unsuffixed(event.since));
        let [p, stored, payload, v, visitor] = ["__P", "__version", "__payload", "__V", "__visitor"].map(local);
        let visit_older = expand_visit_older(event, &visitor);
        let aliases = expand_aliases(event);
        let decode = event.reads_older_versions().then(|| {
            quote! {
                fn decode<#p: #private::Payload>(
                    #stored: #private::u32,
                    #payload: &#p,
                ) -> #private::Result<Self, #private::DecodeError> {
                    #private::read_since(#since, #stored, #payload)
                }
            }
        });
        quote! {
            #(#cfg)*
            #attributes
            impl #private::Event for #owned {
                const TYPE: &'static #private::str = #name;
                const VERSION: #private::u32 = #version;
                #aliases
                #decode

                fn visit_versions<#v: #private::VisitVersions>(#visitor: &mut #v) {
                    #private::VisitVersions::version::<Self>(#visitor, #since);
                    #visit_older
                }
            }
        }
    }

    /// Reads the event, as the variant:
    ///
    /// ```text
    /// match version {
    ///     1..2 => Result::map(
    ///         Result::and_then(<OpenedV1 as Event>::decode(version, payload), |old| <Self as Upcast<OpenedV1>>::upcast(old, 1)),
    ///         Decoded::One,
    ///     ),
    ///     _ => <__OwnedOpened as Listed>::read_as(version, payload, |event| Self::Opened { owner: event.owner }),
    /// }
    /// ```
    pub(super) fn expand_read(&self, version: &Ident, payload: &Ident) -> TokenStream {
        let private = private(&self.events.krate);
        let (owned, variant) = (&self.owned, self.variant.ident());
        let [event, old] = ["__event", "__old"].map(local);
        let moved =
            self.fields().into_iter().map(|Field { member, name, cfg, .. }| quote!(#(#cfg)* #member: #event.#name,));
        let own = quote! {
            <#owned as #private::Listed>::read_as(#version, #payload, |#event: #owned| Self::#variant { #(#moved)* })
        };
        let Some(from) = self.event.from() else { return own };
        let since = Literal::u32_unsuffixed(self.event.since);
        let decode = qualified(from, &from.to_token_stream(), &quote!(#private::Event), "decode");
        let upcast = self_as(from, &quote!(#private::Upcast<#from>), "upcast");
        let decode = call(from, &decode, &quote!(#version, #payload));
        let previous = Literal::u32_unsuffixed(self.event.since.saturating_sub(1));
        let upcast = call(from, &upcast, &quote!(#old, #previous));
        quote! {
            match #version {
                1..#since => #private::Result::map(
                    #private::Result::and_then(#decode, |#old| #upcast),
                    #private::Decoded::One,
                ),
                _ => #own,
            }
        }
    }

    /// Writes the data of the variant:
    /// `Self::Opened { owner: field } => Serialize::serialize(&__LentOpened { owner: field, .. }, serializer),`
    pub(super) fn expand_write_arm(&self, serializer: &Ident) -> TokenStream {
        let private = private(&self.events.krate);
        let (lent, variant, phantom) = (&self.lent, self.variant.ident(), local("__lent"));
        let fields = self.fields();
        let binding = |at: usize| local(&format!("__field_{at}"));
        let bound = fields.iter().enumerate().map(|(at, Field { member, cfg, .. })| {
            let binding = binding(at);
            quote!(#(#cfg)* #member: #binding,)
        });
        let given = fields.iter().enumerate().map(|(at, Field { name, cfg, .. })| {
            let binding = binding(at);
            quote!(#(#cfg)* #name: #binding,)
        });
        quote! {
            Self::#variant { #(#bound)* } => #private::serde::Serialize::serialize(
                &#lent { #(#given)* #phantom: #private::PhantomData },
                #serializer,
            ),
        }
    }
}
