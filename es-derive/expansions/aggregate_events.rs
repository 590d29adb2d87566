#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[doc(hidden)]
    const _: () = {
        use __es_core::__private::{
            self as __private, Refused as _, primitive::*, serde as __serde,
        };
        #[derive(__es_core::__private::serde::Deserialize)]
        #[serde(
            crate = "__serde",
            remote = "Account",
            rename = "Account",
            rename_all = "camelCase"
        )]
        #[allow(dead_code, non_camel_case_types)]
        struct __Stored {
            owner: String,
        }
        #[automatically_derived]
        #[allow(clippy::too_many_lines)]
        impl __es_core::__private::Aggregate for Account {
            type Event = AccountEvent;
            type Id = __es_core::__private::AggregateId;
            const TYPE: &'static __es_core::__private::str = "Account";
            const SNAPSHOT_POLICY: __es_core::__private::SnapshotPolicy = __es_core::__private::SnapshotPolicy::Never;
            const STATE_VERSION: __es_core::__private::u32 = 1;
            #[allow(unused_variables)]
            fn can_begin(__event: &AccountEvent) -> __es_core::__private::bool {
                <AccountEvent as __es_core::__private::Holds<
                    AccountOpened,
                >>::holds(__event)
            }
            #[allow(unused_variables)]
            fn can_continue(__event: &AccountEvent) -> __es_core::__private::bool {
                !<AccountEvent as __es_core::__private::Holds<
                    AccountOpened,
                >>::holds(__event)
            }
            fn begin(
                __event: AccountEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<Self, __es_core::__private::FoldError> {
                let __event = match <AccountEvent as __es_core::__private::Holds<
                    AccountOpened,
                >>::take(__event) {
                    __es_core::__private::Result::Ok(__event) => {
                        return __es_core::__private::Result::Ok(
                            <Self as __es_core::__private::Init<
                                AccountOpened,
                            >>::init(__event, __context),
                        );
                    }
                    __es_core::__private::Result::Err(__event) => __event,
                };
                __es_core::__private::Result::Err(__es_core::__private::FoldError::NotInitial {
                    event_type: __es_core::__private::EventSet::event_type(&__event),
                })
            }
            #[inline(always)]
            fn fold(
                &mut self,
                __event: AccountEvent,
                __context: &__es_core::__private::Context,
            ) -> __es_core::__private::Result<(), __es_core::__private::FoldError> {
                if !<Self as __es_core::__private::Aggregate>::can_continue(&__event) {
                    return __es_core::__private::Result::Err(__es_core::__private::FoldError::OnlyInitial {
                        event_type: __es_core::__private::EventSet::event_type(&__event),
                    });
                }
                <Self as __es_core::__private::Apply<
                    AccountEvent,
                >>::apply(self, __event, __context);
                __es_core::__private::Result::Ok(())
            }
            fn serialize_state<__S: __es_core::__private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
                __es_core::__private::Writing::begin(__serializer, "Account", 1)
                    .field("owner", &self.owner)
                    .end()
            }
            fn deserialize_state<
                '__de,
                __D: __es_core::__private::serde::Deserializer<'__de>,
            >(__deserializer: __D) -> __es_core::__private::Result<Self, __D::Error> {
                __Stored::deserialize(__deserializer)
            }
        }
    };
};
