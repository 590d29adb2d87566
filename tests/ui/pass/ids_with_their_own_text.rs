//! Ids whose text is their own `Display` and `FromStr`: of two parts, an enum, a newtype.

use std::fmt;
use std::str::FromStr;

use es_core::{Aggregate, Apply, Context, Id, IdFor, Repository, event};

#[derive(Id, Debug, PartialEq)]
pub struct SeatId {
    pub row: char,
    pub number: u8,
}

#[derive(Id, Debug, PartialEq)]
pub enum Shop {
    Online,
    Branch(u16),
}

#[derive(Id, Debug, PartialEq)]
#[id(display)]
pub struct Order(u32);

/// The text of the field is stored, although the type has its own text.
#[derive(Id, Debug, PartialEq)]
#[id(transparent)]
pub struct Ticket(u32);

impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.row, self.number)
    }
}

impl FromStr for SeatId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let row = text.chars().next().ok_or("a seat has a row")?;
        let number = text[row.len_utf8()..].parse().map_err(|_| "a seat has a number".to_owned())?;
        Ok(Self { row, number })
    }
}

impl fmt::Display for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online => f.write_str("online"),
            Self::Branch(number) => number.fmt(f),
        }
    }
}

impl FromStr for Shop {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "online" { Ok(Self::Online) } else { text.parse().map(Self::Branch) }
    }
}

macro_rules! prefixed {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "N-{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = Box<dyn std::error::Error + Send + Sync>;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(text.strip_prefix("N-").ok_or("it begins with `N-`")?.parse()?))
            }
        }
    };
}

prefixed!(Order);
prefixed!(Ticket);

#[event(version = 1)]
pub struct Counted {
    pub by: u32,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Counted), id = SeatId)]
pub struct Seat {
    count: u32,
}

impl Apply<Counted> for Seat {
    fn apply(&mut self, event: Counted, _: &Context) {
        self.count += event.by;
    }
}

pub async fn run(seats: Repository<Seat>) {
    let _ = seats.load(SeatId { row: 'B', number: 7 }).await;
    let _ = seats.load("B7").await;
}

fn main() {
    fn text<I: Id + IdFor<I>>(id: &I) -> String {
        id.to_stored().unwrap().to_string()
    }
    assert_eq!(text(&SeatId { row: 'B', number: 7 }), "B7");
    assert_eq!(text(&Shop::Branch(7)), "7");
    assert_eq!(text(&Shop::Online), "online");
    assert_eq!(text(&Order(7)), "N-7");
    assert_eq!(text(&Ticket(7)), "7");
    assert_eq!(SeatId::from_text("B7").unwrap(), SeatId { row: 'B', number: 7 });
    let error = IdFor::<SeatId>::to_stored("B").unwrap_err();
    assert_eq!(error.to_string(), "`B` is not an id of the type `SeatId`: a seat has a number");
}
