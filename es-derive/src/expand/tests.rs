//! Compares the expansions of typical inputs with committed files. `cargo xtask bless` rewrites
//! the files.

use std::path::Path;
use std::{env, fs};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

fn check(name: &str, tokens: TokenStream) {
    let file = syn::parse2(without_mirror_macro(tokens))
        .unwrap_or_else(|error| panic!("{name} does not expand to items: {error}"));
    let expanded = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions").join(name).with_extension("rs");
    if env::var_os("ES_UPDATE").is_some() {
        fs::write(&path, &expanded).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expanded == committed,
        "the expansion of {name} differs from {}; run `cargo xtask bless` and read the difference",
        path.display()
    );
}

/// Replaces the macro that wraps a mirror with the block that it makes, because the formatter does
/// not format what is inside a macro.
fn without_mirror_macro(tokens: TokenStream) -> TokenStream {
    let mut replaced: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "mirror" => {
                let (Some(_), Some(TokenTree::Group(items))) = (tokens.next(), tokens.next()) else {
                    panic!("`mirror` is not a macro with a block")
                };
                // `__es_core::__private::`
                replaced.truncate(replaced.len() - 6);
                let items = without_mirror_macro(items.stream());
                replaced.extend(quote!(#[doc(hidden)] const _: () = { #items };));
            }
            TokenTree::Group(group) => {
                replaced.push(Group::new(group.delimiter(), without_mirror_macro(group.stream())).into());
            }
            token => replaced.push(token),
        }
    }
    replaced.into_iter().collect()
}

#[test]
fn an_event() {
    let item = quote! {
        /// The invoice was paid.
        pub struct InvoicePaid { pub payment_id: String, #[serde(default)] pub note: Option<String> }
    };
    check("event", super::event(quote!(version = 2, from = InvoicePaidV1, alias = "BillPaid"), &item));
}

#[test]
fn an_event_whose_fields_are_checked() {
    let item = quote!(
        pub struct Ordered {
            customer: Customer,
            lines: Vec<Option<Line>>,
            #[serde(skip)]
            cache: Cache,
        }
    );
    check("event_fields", super::event(quote!(version = 1), &item));
}

#[test]
fn an_event_by_position() {
    check(
        "event_tuple",
        super::event(
            quote!(version = 1),
            &quote!(
                pub struct Moved(pub String, u32);
            ),
        ),
    );
}

#[test]
fn an_event_that_is_split() {
    let item = quote!(
        pub enum PaidAndSent {
            ByMail { letter_date: String },
            Online,
        }
    );
    check("event_split", super::event(quote!(version = 1, split(InvoicePaid, InvoiceSent)), &item));
}

#[test]
fn an_enum_of_events() {
    let item = quote! {
        #[derive(Debug)]
        pub enum AccountEvent {
            #[event(version = 2, from = OpenedV1)]
            Opened { owner_name: Owner, #[serde(default)] note: Option<String> },
            #[event(version = 1, name = "AccountLocked", alias = "Frozen")]
            Locked,
            #[cfg(feature = "transfers")]
            #[event(version = 1)]
            Moved(i64),
            #[event]
            Closed(AccountClosed),
        }
    };
    check("events", super::events(quote!(retired("ReminderSent"), split(OpenedAndLocked)), &item));
}

#[test]
fn an_aggregate_of_an_enum() {
    let input = quote! {
        #[aggregate(events = AccountEvent, init(AccountOpened))]
        pub struct Account { owner: String }
    };
    check("aggregate_events", super::aggregate(input));
}

#[test]
fn an_aggregate() {
    let input = quote! {
        #[aggregate(init(InvoiceCreated), events(InvoicePaid), split(PaidAndSent), retired("ReminderSent"), snapshot(every = 100, version = 2), id = InvoiceId)]
        pub struct Invoice { invoice_number: String, #[serde(skip)] cache: u32 }
    };
    check("aggregate", super::aggregate(input));
}

#[test]
fn an_aggregate_with_a_parameter() {
    let input = quote! {
        #[aggregate(events(ItemAdded<T>, Emptied))]
        pub struct Cart<T: Clone> { items: Vec<T> }
    };
    check("aggregate_generic", super::aggregate(input));
}

#[test]
fn an_aggregate_that_ends() {
    let input = quote! {
        #[aggregate(events(DoorMoved), informs(DoorPainted), ends(DoorRemoved))]
        pub struct Door { open: bool }
    };
    check("aggregate_ends", super::aggregate(input));
}

#[test]
fn a_projection() {
    let input = quote! {
        #[projection(version = 2, key = CustomerId, events(Invoice(InvoiceCreated, InvoicePaid), Customer(CustomerRenamed, ..)))]
        pub struct CustomerBalance { open: Money, #[serde(default)] last_name: Option<String> }
    };
    check("projection", super::projection(input));
}

#[test]
fn a_projection_with_a_row_for_each_aggregate() {
    let input = quote! {
        #[projection(version = 1, key = aggregate_id, init(Invoice(InvoiceCreated)), events(Invoice), remove(Invoice(InvoicePaid)))]
        pub struct OpenInvoice { owed: Money }
    };
    check("projection_aggregate_id", super::projection(input));
}

#[test]
fn a_projection_with_indexes() {
    let input = quote! {
        #[projection(version = 1, key = CustomerId, events(Invoice(InvoiceCreated, ..)))]
        #[projection(index(customer_id, due_date = -1), unique(email))]
        pub struct Due { customer_id: String, #[serde(rename = "due")] due_date: Date, email: String }
    };
    check("projection_indexes", super::projection(input));
}

#[test]
fn a_projection_with_two_types_of_rows() {
    let input = quote! {
        #[projection(version = 1, rows(LedgerLine, DailyTotal), events(Invoice(InvoicePaid, ..)))]
        pub struct Ledger;
    };
    check("projection_rows", super::projection(input));
}

#[test]
fn a_type_of_rows() {
    let input = quote! {
        #[row(key = EventId, index(day, cents = -1))]
        pub struct LedgerLine { day: Date, cents: i64 }
    };
    check("row", super::row(input));
}

#[test]
fn an_id() {
    let input = quote! {
        pub struct InvoiceId(Uuid);
    };
    check("id", super::id(input));
}

#[test]
fn an_id_with_its_own_text() {
    let input = quote! {
        pub struct IdOf<T> { number: u64, of: PhantomData<T> }
    };
    check("id_generic", super::id(input));
}

#[test]
fn a_mistake() {
    let input = quote! {
        #[aggregate(evnets(DoorOpened), events(DoorClosed))]
        enum Door { Open, Closed }
    };
    check("mistake", super::aggregate(input));
}
