//! A shopping cart, with a struct for each event. The first product opens it; it ends if it is
//! cancelled, and the customer can begin a new one.
//!
//! The original (C#, an aggregate with its events) has 185 lines without tests.

use std::collections::BTreeMap;

use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Init, Loaded, Repository, Steps, Timestamp, event};

#[event(version = 1)]
pub struct CartOpened {
    client_id: String,
}

#[event(version = 1)]
pub struct ProductAdded {
    product_id: String,
    quantity: u32,
}

#[event(version = 1)]
pub struct ProductRemoved {
    product_id: String,
    quantity: u32,
}

#[event(version = 1)]
pub struct CartConfirmed;

#[event(version = 1)]
pub struct CartCancelled;

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(CartOpened), events(ProductAdded, ProductRemoved, CartConfirmed), ends(CartCancelled))]
pub struct Cart {
    client_id: String,
    products: BTreeMap<String, u32>,
    is_confirmed: bool,
}

impl Init<CartOpened> for Cart {
    fn init(event: CartOpened, _: &Context) -> Self {
        Self { client_id: event.client_id, products: BTreeMap::new(), is_confirmed: false }
    }
}

impl Apply<ProductAdded> for Cart {
    fn apply(&mut self, event: ProductAdded, _: &Context) {
        *self.products.entry(event.product_id).or_default() += event.quantity;
    }
}

impl Apply<ProductRemoved> for Cart {
    fn apply(&mut self, event: ProductRemoved, _: &Context) {
        let left = self.in_cart(&event.product_id).saturating_sub(event.quantity);
        self.products.insert(event.product_id, left);
        self.products.retain(|_, quantity| *quantity > 0);
    }
}

impl Apply<CartConfirmed> for Cart {
    fn apply(&mut self, _: CartConfirmed, _: &Context) {
        self.is_confirmed = true;
    }
}

#[derive(Debug, PartialEq)]
pub enum Refusal {
    IsConfirmed,
    HasOnly(u32),
}

impl Cart {
    fn in_cart(&self, product_id: &str) -> u32 {
        self.products.get(product_id).copied().unwrap_or_default()
    }

    fn pending<E>(&self, event: E) -> Result<E, Refusal> {
        if self.is_confirmed { Err(Refusal::IsConfirmed) } else { Ok(event) }
    }

    fn add(&self, product_id: &str, quantity: u32) -> Result<ProductAdded, Refusal> {
        self.pending(ProductAdded { product_id: product_id.to_owned(), quantity })
    }

    fn remove(&self, product_id: &str, quantity: u32) -> Result<ProductRemoved, Refusal> {
        match self.in_cart(product_id) {
            there if there < quantity => Err(Refusal::HasOnly(there)),
            _ => self.pending(ProductRemoved { product_id: product_id.to_owned(), quantity }),
        }
    }

    fn confirm(&self) -> Result<CartConfirmed, Refusal> {
        self.pending(CartConfirmed)
    }

    fn cancel(&self) -> Result<CartCancelled, Refusal> {
        self.pending(CartCancelled)
    }

    /// Adds a product to the cart of a client, which it opens first if there is none.
    fn put(cart: Option<&Loaded<Self>>, client: &str, product: &str, now: Timestamp) -> Result<Steps<Self>, Refusal> {
        let mut steps = cart.map_or_else(|| Steps::new(client, now), Loaded::steps);
        if cart.is_none() {
            steps.record(CartOpened { client_id: client.to_owned() });
        }
        let added = steps.state().map(|cart| cart.add(product, 1)).transpose()?;
        steps.record(added);
        Ok(steps)
    }
}

fn opened() -> CartOpened {
    CartOpened { client_id: "ann".to_owned() }
}

fn added(product_id: &str, quantity: u32) -> ProductAdded {
    ProductAdded { product_id: product_id.to_owned(), quantity }
}

#[test]
fn products_are_added_and_removed() {
    let cart = || given::<Cart>((opened(), added("shoe", 2), added("shoe", 1)));
    cart().when(|cart| cart.add("sock", 4)).then_state(|cart| assert_eq!(cart.products.len(), 2));
    cart().when(|cart| cart.remove("shoe", 3)).then_state(|cart| assert!(cart.products.is_empty()));
    cart().when(|cart| cart.remove("shoe", 4)).then_error(Refusal::HasOnly(3));
    cart().when(|cart| cart.remove("sock", 1)).then_error(Refusal::HasOnly(0));
}

#[test]
fn a_confirmed_cart_does_not_change() {
    let cart = || given::<Cart>((opened(), added("shoe", 1), CartConfirmed));
    cart().when(|cart| cart.add("shoe", 1)).then_error(Refusal::IsConfirmed);
    cart().when(|cart| cart.remove("shoe", 1)).then_error(Refusal::IsConfirmed);
    cart().when(|cart| cart.cancel()).then_error(Refusal::IsConfirmed);
    given::<Cart>(opened()).when(|cart| cart.confirm()).then(CartConfirmed);
}

#[tokio::test]
async fn a_client_can_begin_a_new_cart_after_cancelling_one() {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    let now = Timestamp::now();
    for (product, version) in [("shoe", 2), ("sock", 3)] {
        let put = carts.upsert("ann", |cart| Cart::put(cart, "ann", product, now)).await.unwrap();
        assert_eq!(put.version, version);
    }
    carts.update("ann", |cart| cart.cancel()).await.unwrap();
    assert!(!carts.exists("ann").await.unwrap());
    carts.upsert("ann", |cart| Cart::put(cart, "ann", "hat", now)).await.unwrap();
    let cart = carts.load("ann").await.unwrap();
    assert_eq!((cart.version.get(), cart.in_cart("hat"), cart.in_cart("shoe")), (6, 1, 0));
}
