//! Finds the generic parameters that a type names.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, GenericParam, Generics, Ident, WherePredicate};

use crate::attr::serde::SerdeKeys;

/// Whether the tokens name the identifier.
pub(crate) fn mentions(tokens: &impl ToTokens, ident: &Ident) -> bool {
    fn any(tokens: TokenStream, ident: &Ident) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(found) => found == *ident,
            TokenTree::Group(group) => any(group.stream(), ident),
            _ => false,
        })
    }
    any(tokens.to_token_stream(), ident)
}

fn name(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    }
}

/// The parameters that the tokens name, with their bounds, and the parameters that these bounds
/// name.
pub(super) fn used_by(generics: &Generics, tokens: &impl ToTokens) -> Generics {
    let mut used: Vec<bool> =
        generics.params.iter().map(|param| name(param).is_some_and(|name| mentions(tokens, name))).collect();
    loop {
        let before = used.clone();
        for (at, param) in generics.params.iter().enumerate() {
            let Some(name) = name(param) else { continue };
            used[at] |= generics.params.iter().zip(&before).any(|(other, used)| *used && mentions(other, name));
        }
        if used == before {
            break;
        }
    }
    let kept = |param: &GenericParam| {
        let at = generics.params.iter().position(|other| name(other) == name(param));
        at.is_some_and(|at| used[at])
    };
    let stays = |predicate: &&WherePredicate| {
        let named = |param: &&GenericParam| name(param).is_some_and(|name| mentions(predicate, name));
        generics.params.iter().any(|param| named(&param)) && generics.params.iter().filter(named).all(kept)
    };
    let mut result = Generics::default();
    for param in generics.params.iter().filter(|param| kept(param)) {
        let mut param = param.clone();
        match &mut param {
            GenericParam::Type(param) => param.default = None,
            GenericParam::Const(param) => param.default = None,
            GenericParam::Lifetime(_) => {}
        }
        result.params.push(param);
    }
    if let Some(clause) = &generics.where_clause {
        let predicates: Vec<_> = clause.predicates.iter().filter(stays).cloned().collect();
        if !predicates.is_empty() {
            result.make_where_clause().predicates.extend(predicates);
        }
    }
    result
}

/// Whether serde can store the type if it can store each of its parameters, without other bounds.
///
/// Other bounds are necessary for a field that is skipped, has a default or is written by a
/// function, for `PhantomData<T>` and for `T::Item`.
pub(super) fn are_plainly_stored(input: &DeriveInput) -> bool {
    let has_only = |attrs: &[Attribute], keys: &[&str]| {
        SerdeKeys::of(attrs).has_only(keys) && !attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"))
    };
    let plain = |attrs: &[Attribute]| has_only(attrs, &["rename", "alias", "rename_all"]);
    let names_none = |field: &Field| {
        let mut params = input.generics.params.iter().filter_map(name);
        !params.any(|param| mentions(&field.ty, param))
    };
    let plain_field = |field: &Field| {
        names_none(field) || plain(&field.attrs) && asks_of_parameters_only(&field.ty.to_token_stream(), input)
    };
    has_only(&input.attrs, &["default", "deny_unknown_fields", "rename", "rename_all", "rename_all_fields"])
        && match &input.data {
            Data::Struct(data) => data.fields.iter().all(plain_field),
            Data::Enum(data) => {
                data.variants.iter().all(|variant| plain(&variant.attrs) && variant.fields.iter().all(plain_field))
            }
            Data::Union(_) => false,
        }
}

fn asks_of_parameters_only(ty: &TokenStream, input: &DeriveInput) -> bool {
    let tokens = ty.to_string();
    let names_item = |param: &Ident| tokens.contains(&format!("{param} ::"));
    !tokens.contains("PhantomData") && !input.generics.type_params().any(|param| names_item(&param.ident))
}
