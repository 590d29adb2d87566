//! A shopping cart. Products go in and out until it is confirmed or cancelled. A struct per event.

use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Init, Repository, Timestamp, UpdateError, event};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
pub struct CartOpened {
    pub client: String,
}

#[event(version = 1)]
#[derive(Clone)]
pub struct ProductAdded {
    pub product: String,
    pub quantity: u32,
    pub unit_cents: i64,
}

#[event(version = 1)]
pub struct ProductRemoved {
    pub product: String,
    pub quantity: u32,
}

#[event(version = 1)]
pub struct CartConfirmed;

#[event(version = 1)]
pub struct CartCancelled;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    Confirmed(Timestamp),
    Cancelled(Timestamp),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub product: String,
    pub quantity: u32,
    pub unit_cents: i64,
}

#[derive(Aggregate, Debug)]
#[aggregate(init(CartOpened), events(ProductAdded, ProductRemoved, CartConfirmed, CartCancelled))]
pub struct Cart {
    pub client: String,
    pub items: Vec<Item>,
    pub status: Status,
}

impl Init<CartOpened> for Cart {
    fn init(event: CartOpened, _: &Context) -> Self {
        Self { client: event.client, items: Vec::new(), status: Status::Pending }
    }
}

impl Apply<ProductAdded> for Cart {
    fn apply(&mut self, ProductAdded { product, quantity, unit_cents }: ProductAdded, _: &Context) {
        match self.items.iter_mut().find(|item| item.product == product) {
            Some(item) => item.quantity += quantity,
            None => self.items.push(Item { product, quantity, unit_cents }),
        }
    }
}

impl Apply<ProductRemoved> for Cart {
    fn apply(&mut self, event: ProductRemoved, _: &Context) {
        if let Some(item) = self.items.iter_mut().find(|item| item.product == event.product) {
            item.quantity -= event.quantity;
        }
        self.items.retain(|item| item.quantity > 0);
    }
}

impl Apply<CartConfirmed> for Cart {
    fn apply(&mut self, _: CartConfirmed, context: &Context) {
        self.status = Status::Confirmed(context.timestamp());
    }
}

impl Apply<CartCancelled> for Cart {
    fn apply(&mut self, _: CartCancelled, context: &Context) {
        self.status = Status::Cancelled(context.timestamp());
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the cart is already closed")]
    Closed,
    #[error("the cart holds only {held}")]
    NotEnough { held: u32 },
    #[error("the cart is empty")]
    Empty,
}

impl Cart {
    pub fn total_cents(&self) -> i64 {
        self.items.iter().map(|item| i64::from(item.quantity) * item.unit_cents).sum()
    }

    pub fn add(&self, product: &str, quantity: u32, price: impl Fn(&str) -> i64) -> Result<ProductAdded, Refusal> {
        self.pending()?;
        Ok(ProductAdded { product: product.into(), quantity, unit_cents: price(product) })
    }

    pub fn remove(&self, product: &str, quantity: u32) -> Result<ProductRemoved, Refusal> {
        self.pending()?;
        match self.items.iter().find(|item| item.product == product).map_or(0, |item| item.quantity) {
            held if held < quantity => Err(Refusal::NotEnough { held }),
            _ => Ok(ProductRemoved { product: product.into(), quantity }),
        }
    }

    pub fn confirm(&self) -> Result<CartConfirmed, Refusal> {
        self.pending()?;
        if self.items.is_empty() { Err(Refusal::Empty) } else { Ok(CartConfirmed) }
    }

    pub fn cancel(&self) -> Result<CartCancelled, Refusal> {
        self.pending().map(|()| CartCancelled)
    }

    fn pending(&self) -> Result<(), Refusal> {
        if self.status == Status::Pending { Ok(()) } else { Err(Refusal::Closed) }
    }
}

fn opened() -> CartOpened {
    CartOpened { client: "ann".into() }
}

fn added(product: &str, quantity: u32) -> ProductAdded {
    ProductAdded { product: product.into(), quantity, unit_cents: price(product) }
}

fn removed(product: &str, quantity: u32) -> ProductRemoved {
    ProductRemoved { product: product.into(), quantity }
}

fn price(product: &str) -> i64 {
    if product == "shoes" { 10_000 } else { 5_000 }
}

#[test]
fn products_of_one_kind_are_counted_together() {
    given::<Cart>((opened(), added("shoes", 1))).when(|cart| cart.add("shoes", 2, price)).then(added("shoes", 2));
    given::<Cart>((opened(), added("shoes", 1), added("shirt", 1), added("shoes", 2)))
        .then_state(|cart| assert_eq!((cart.items.len(), cart.total_cents()), (2, 35_000)));
}

#[test]
fn only_what_is_in_the_cart_is_removed() {
    given::<Cart>((opened(), added("shoes", 2))).when(|cart| cart.remove("shoes", 2)).then(removed("shoes", 2));
    given::<Cart>((opened(), added("shoes", 2)))
        .when(|cart| cart.remove("shoes", 3))
        .then_error(Refusal::NotEnough { held: 2 });
    given::<Cart>((opened(), added("shoes", 2)))
        .when(|cart| cart.remove("shirt", 1))
        .then_error(Refusal::NotEnough { held: 0 });
}

#[test]
fn an_empty_cart_is_not_confirmed() {
    given::<Cart>(opened()).when(|cart| cart.confirm()).then_error(Refusal::Empty);
    given::<Cart>((opened(), added("shoes", 1), removed("shoes", 1)))
        .when(|cart| cart.confirm())
        .then_error(Refusal::Empty);
}

#[test]
fn a_closed_cart_stays_as_it_is() {
    let confirmed = || given::<Cart>((opened(), added("shoes", 1), CartConfirmed));
    confirmed().when(|cart| cart.add("shirt", 1, price)).then_error(Refusal::Closed);
    confirmed().when(|cart| cart.remove("shoes", 1)).then_error(Refusal::Closed);
    confirmed().when(|cart| cart.confirm()).then_error(Refusal::Closed);
    confirmed().when(|cart| cart.cancel()).then_error(Refusal::Closed);
    given::<Cart>((opened(), CartCancelled)).when(|cart| cart.confirm()).then_error(Refusal::Closed);
}

#[tokio::test]
async fn a_cart_from_opening_to_confirmation() -> Result<(), Box<dyn std::error::Error>> {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    carts.create("cart-1", opened()).by("ann").await?;
    carts.update("cart-1", |cart| cart.add("shoes", 2, price)).by("ann").await?;
    carts.update("cart-1", |cart| cart.add("shirt", 1, price)).by("ann").await?;
    carts.update("cart-1", |cart| cart.remove("shoes", 1)).by("ann").await?;
    let confirmed = carts.update("cart-1", |cart| cart.confirm()).by("ann").await?;
    let cancelled = carts.update("cart-1", |cart| cart.cancel()).by("ann").await;
    assert!(matches!(cancelled, Err(UpdateError::Rejected(Refusal::Closed))));

    let cart = carts.load("cart-1").await?;
    assert_eq!(cart.version, 5);
    assert_eq!((cart.client.as_str(), cart.total_cents()), ("ann", 15_000));
    assert_eq!(cart.status, Status::Confirmed(confirmed.events[0].timestamp));
    Ok(())
}
