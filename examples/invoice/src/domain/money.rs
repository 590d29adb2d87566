//! Exact amounts of money.

use std::fmt;
use std::str::FromStr;

use bson::Decimal128;
use rust_decimal::Decimal;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of money: an exact decimal, never a float.
///
/// In BSON it is a Decimal128. In formats for people it is a text such as `"1500.00"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(Decimal);

/// A text is not a valid amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount with at most two decimals, such as 1500.00")]
pub struct InvalidMoney(String);

impl Money {
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// 10^15, so that the sum of any realistic number of invoices is exact.
    pub const LARGEST_INVOICE: Self = Self(Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0));

    /// The sum, or `None` if it is too large to be exact.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The sum in a row of a read model.
    ///
    /// # Panics
    ///
    /// If it is too large to be exact. This stops the read model, so it never shows a wrong sum.
    pub fn plus(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or_else(|| panic!("the sum of {self} and {other} is too large to be exact"))
    }

    /// The difference, or `None` if it is too large to be exact.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub fn is_positive(self) -> bool {
        self > Self::ZERO
    }

    /// The amount that a program meant when it stored a float: the shortest decimal that is parsed
    /// as this float.
    pub fn from_float(amount: f64) -> Result<Self, InvalidMoney> {
        // `Display` writes the shortest text for a float.
        amount.to_string().parse()
    }

    /// All digits, and at least two decimals.
    fn digits(self) -> String {
        let mut amount = self.0.normalize();
        amount.rescale(amount.scale().max(2));
        amount.to_string()
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let invalid = || InvalidMoney(text.to_owned());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > 2 {
            return Err(invalid());
        }
        Decimal::from_str_exact(text).map(Self).map_err(|_| invalid())
    }
}

/// For people: with separators between thousands, as in `147,703.18`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        let (sign, unsigned) = digits.strip_prefix('-').map_or(("", digits.as_str()), |unsigned| ("-", unsigned));
        let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "00"));
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{sign}{grouped}.{decimals}"))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.digits())
        } else {
            let decimal: Decimal128 = self.digits().parse().map_err(serde::ser::Error::custom)?;
            decimal.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde buffers flattened and tagged types, and its buffer claims to be human-readable in
        // every format, so each form is accepted in both kinds of formats.
        deserializer.deserialize_any(MoneyVisitor)
    }
}

struct MoneyVisitor;

impl<'de> de::Visitor<'de> for MoneyVisitor {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exact amount of money: a Decimal128, an integer, or a text such as \"1500.00\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
        // A stored amount is a fact, so all of its decimals are read.
        Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).map(Money).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Money, E> {
        Ok(Money(whole.into()))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Money, E> {
        Ok(Money(whole.into()))
    }

    fn visit_map<M: de::MapAccess<'de>>(self, map: M) -> Result<Money, M::Error> {
        let decimal = Decimal128::deserialize(MapAccessDeserializer::new(map))?;
        self.visit_str(&decimal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Bson, RawDocumentBuf};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Price {
        amount: Money,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        #[serde(flatten)]
        price: Price,
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_are_shown_with_separators_and_two_decimals() {
        for (text, shown) in [
            ("0", "0.00"),
            ("5.5", "5.50"),
            ("999.99", "999.99"),
            ("1000", "1,000.00"),
            ("147703.18", "147,703.18"),
            ("-1234567.8", "-1,234,567.80"),
        ] {
            assert_eq!(money(text).to_string(), shown);
        }
    }

    #[test]
    fn the_largest_invoice_is_a_round_amount() {
        assert_eq!(Money::LARGEST_INVOICE.to_string(), "1,000,000,000,000,000.00");
    }

    #[test]
    fn an_inexact_amount_is_refused() {
        for text in ["", "-", "1,5", "1.234", "1e3", "1_000", "+1", ".5", "5.", "NaN", "12.3.4", "ten", " 1"] {
            assert!(text.parse::<Money>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn bson_holds_a_decimal() {
        let raw = bson::serialize_to_raw_document_buf(&Price { amount: money("0.10") }).unwrap();
        let document = bson::Document::try_from(&raw).unwrap();
        assert_eq!(document.get("amount"), Some(&Bson::Decimal128("0.10".parse().unwrap())));
        let back: Price = bson::deserialize_from_slice(raw.as_bytes()).unwrap();
        assert_eq!(back.amount, money("0.10"));
    }

    #[test]
    fn a_flattened_amount_is_read_from_bson_and_from_json() {
        let flattened = Flattened { price: Price { amount: money("1500.00") } };
        let raw: RawDocumentBuf = bson::serialize_to_raw_document_buf(&flattened).unwrap();
        assert_eq!(bson::deserialize_from_slice::<Flattened>(raw.as_bytes()).unwrap(), flattened);
        let json = serde_json::to_string(&flattened).unwrap();
        assert_eq!(json, r#"{"amount":"1500.00"}"#);
        assert_eq!(serde_json::from_str::<Flattened>(&json).unwrap(), flattened);
    }

    #[test]
    fn a_decimal_in_exponent_form_is_the_same_amount() {
        let document = bson::doc! { "amount": Bson::Decimal128("15E+2".parse().unwrap()) };
        let price: Price = bson::deserialize_from_document(document).unwrap();
        assert_eq!(price.amount, money("1500"));
    }

    #[test]
    fn a_float_is_not_accepted_as_money() {
        assert!(bson::deserialize_from_document::<Price>(bson::doc! { "amount": 0.1 }).is_err());
        assert_eq!(Money::from_float(0.1), Ok(money("0.10")));
        assert!(Money::from_float(0.1 + 0.2).is_err());
        assert!(Money::from_float(f64::NAN).is_err());
    }
}
