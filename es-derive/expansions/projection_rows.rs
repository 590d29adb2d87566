#[doc(hidden)]
#[allow(deprecated, unused_imports, unused_qualifications)]
const _: () = {
    use ::es_core as __es_core;
    #[allow(
        private_interfaces,
        unnameable_types,
        non_camel_case_types,
        clippy::large_enum_variant
    )]
    pub enum __Row {
        __0(LedgerLine),
        __1(DailyTotal),
    }
    #[automatically_derived]
    impl __es_core::__private::RowOf<Ledger> for LedgerLine {
        type Key = <LedgerLine as __es_core::__private::Row>::Key;
        const NAME: __es_core::__private::Option<__es_core::__private::RowName> = __es_core::__private::Option::Some(
            <LedgerLine as __es_core::__private::Row>::NAME,
        );
        fn into_row(self) -> __Row {
            __Row::__0(self)
        }
        fn from_row(__row: __Row) -> __es_core::__private::Option<Self> {
            #[allow(unreachable_patterns)]
            match __row {
                __Row::__0(__row) => __es_core::__private::Option::Some(__row),
                _ => __es_core::__private::Option::None,
            }
        }
        fn of_row(__row: &__Row) -> __es_core::__private::Option<&Self> {
            #[allow(unreachable_patterns)]
            match __row {
                __Row::__0(__row) => __es_core::__private::Option::Some(__row),
                _ => __es_core::__private::Option::None,
            }
        }
        fn write_row<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            <LedgerLine as __es_core::__private::Row>::serialize_row(self, __serializer)
        }
        fn read_row<'__de, __D: __es_core::__private::serde::Deserializer<'__de>>(
            __deserializer: __D,
        ) -> __es_core::__private::Result<Self, __D::Error> {
            <LedgerLine as __es_core::__private::Row>::deserialize_row(__deserializer)
        }
    }
    #[automatically_derived]
    impl __es_core::__private::RowOf<Ledger> for DailyTotal {
        type Key = <DailyTotal as __es_core::__private::Row>::Key;
        const NAME: __es_core::__private::Option<__es_core::__private::RowName> = __es_core::__private::Option::Some(
            <DailyTotal as __es_core::__private::Row>::NAME,
        );
        fn into_row(self) -> __Row {
            __Row::__1(self)
        }
        fn from_row(__row: __Row) -> __es_core::__private::Option<Self> {
            #[allow(unreachable_patterns)]
            match __row {
                __Row::__1(__row) => __es_core::__private::Option::Some(__row),
                _ => __es_core::__private::Option::None,
            }
        }
        fn of_row(__row: &__Row) -> __es_core::__private::Option<&Self> {
            #[allow(unreachable_patterns)]
            match __row {
                __Row::__1(__row) => __es_core::__private::Option::Some(__row),
                _ => __es_core::__private::Option::None,
            }
        }
        fn write_row<__S: __es_core::__private::serde::Serializer>(
            &self,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            <DailyTotal as __es_core::__private::Row>::serialize_row(self, __serializer)
        }
        fn read_row<'__de, __D: __es_core::__private::serde::Deserializer<'__de>>(
            __deserializer: __D,
        ) -> __es_core::__private::Result<Self, __D::Error> {
            <DailyTotal as __es_core::__private::Row>::deserialize_row(__deserializer)
        }
    }
    const __ROWS: &[__es_core::__private::RowName] = &[
        <LedgerLine as __es_core::__private::Row>::NAME,
        <DailyTotal as __es_core::__private::Row>::NAME,
    ];
    const __INDEXES: &[__es_core::__private::RowIndex] = &__es_core::__private::join_indexes::<
        {
            0 + <LedgerLine as __es_core::__private::Row>::INDEXES.len()
                + <DailyTotal as __es_core::__private::Row>::INDEXES.len()
        },
    >(
        &[
            <LedgerLine as __es_core::__private::Row>::INDEXES,
            <DailyTotal as __es_core::__private::Row>::INDEXES,
        ],
    );
    #[automatically_derived]
    impl __es_core::__private::Projection for Ledger {
        type Key = __es_core::__private::AggregateId;
        type Row = __Row;
        const NAME: &'static __es_core::__private::str = "ledger";
        const VERSION: __es_core::__private::u32 = 1;
        const INDEXES: &'static [__es_core::__private::RowIndex] = __INDEXES;
        const ROWS: &'static [__es_core::__private::RowName] = __ROWS;
        fn declare(__inputs: &mut __es_core::__private::Inputs<Self>) {
            let __input = {
                let __input = &mut *__inputs;
                __input.of::<Invoice>()
            };
            let __input = {
                let __input = __input;
                __input.projects::<InvoicePaid>()
            };
            let _ = __input;
        }
        fn visit_rows<__V: __es_core::__private::VisitRows<Self>>(__visitor: &mut __V) {
            __visitor.rows::<LedgerLine>();
            __visitor.rows::<DailyTotal>();
        }
        fn serialize_row<__S: __es_core::__private::serde::Serializer>(
            __row: &__Row,
            __serializer: __S,
        ) -> __es_core::__private::Result<__S::Ok, __S::Error> {
            match __row {
                __Row::__0(__row) => {
                    <LedgerLine as __es_core::__private::Row>::serialize_row(
                        __row,
                        __serializer,
                    )
                }
                __Row::__1(__row) => {
                    <DailyTotal as __es_core::__private::Row>::serialize_row(
                        __row,
                        __serializer,
                    )
                }
            }
        }
        fn deserialize_row<'__de, __D: __es_core::__private::serde::Deserializer<'__de>>(
            __of_type: __es_core::__private::usize,
            __deserializer: __D,
        ) -> __es_core::__private::Result<__Row, __D::Error> {
            match __of_type {
                0 => {
                    __es_core::__private::Result::map(
                        <LedgerLine as __es_core::__private::Row>::deserialize_row(
                            __deserializer,
                        ),
                        __Row::__0,
                    )
                }
                1 => {
                    __es_core::__private::Result::map(
                        <DailyTotal as __es_core::__private::Row>::deserialize_row(
                            __deserializer,
                        ),
                        __Row::__1,
                    )
                }
                _ => {
                    __es_core::__private::Result::Err(
                        __es_core::__private::no_such_row(),
                    )
                }
            }
        }
    }
    const __SHOWN: &[&__es_core::__private::str] = &["LedgerLine", "DailyTotal"];
    const _: () = __es_core::__private::assert_row_listed(1usize, __ROWS, __SHOWN);
};
