use proc_macro2::TokenStream;
use quote::quote;

use super::mirror::{Mirror, Original};
use super::private;
use super::span::local;
use super::storable::Role;
use crate::model::Aggregate;

/// The mirror of the state, and the two methods that use it.
pub(super) struct State {
    /// Aliases of types, beside the block of the mirror.
    pub(super) types: TokenStream,
    pub(super) items: TokenStream,
    pub(super) methods: TokenStream,
}

/// ```text
/// fn serialize_state<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { __Stored::serialize(self, serializer) }
/// fn deserialize_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> { __Stored::deserialize(deserializer) }
/// ```
pub(super) fn expand(aggregate: &Aggregate<'_>) -> State {
    let private = private(&aggregate.krate);
    let original = Original {
        input: aggregate.input,
        krate: &aggregate.krate,
        serde: &aggregate.serde,
        shape: aggregate.shape,
        role: Role::State,
    };
    let Mirror { types, items, serialize, deserialize } = original.mirror();
    let [s, d, serializer, deserializer] = ["__S", "__D", "__serializer", "__deserializer"].map(local);
    let methods = quote! {
        fn serialize_state<#s: #private::serde::Serializer>(
            &self,
            #serializer: #s,
        ) -> #private::Result<#s::Ok, #s::Error> {
            #serialize(self, #serializer)
        }

        fn deserialize_state<'__de, #d: #private::serde::Deserializer<'__de>>(
            #deserializer: #d,
        ) -> #private::Result<Self, #d::Error> {
            #deserialize(#deserializer)
        }
    };
    State { types, items, methods }
}
