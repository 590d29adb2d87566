//! The names of read models and of their partitions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::AggregateId;
use crate::projection::Projection;
use crate::subscription::partition_of;

/// The rows of one version of a projection. Displayed and parsed as `customer_balance@1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadModelId {
    /// The name of the projection.
    pub name: Cow<'static, str>,
    /// The version of its rows.
    pub version: u32,
}

impl ReadModelId {
    /// The read model of projection `P`.
    pub const fn of<P: Projection>() -> Self {
        Self { name: Cow::Borrowed(P::NAME), version: P::VERSION }
    }

    /// The partition of a row, if the read model has this number of partitions.
    pub fn partition_of(&self, key: &AggregateId, partitions: u32) -> Partition {
        self.partition(partition_of(key.as_str(), partitions))
    }

    /// One of its partitions, from 0.
    pub fn partition(&self, number: u32) -> Partition {
        Partition { model: self.clone(), number }
    }
}

impl fmt::Display for ReadModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl FromStr for ReadModelId {
    type Err = ParseReadModelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = text.rsplit_once('@').and_then(|(name, version)| {
            let version = version.parse().ok().filter(|version| *version > 0)?;
            Some(Self { name: Cow::Owned(name.to_owned()), version })
        });
        id.filter(|id| !id.name.is_empty()).ok_or_else(|| ParseReadModelError { text: text.to_owned() })
    }
}

/// One partition of a read model: the rows of some of its keys. Displayed and parsed as
/// `customer_balance@1/0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The read model.
    pub model: ReadModelId,
    /// The number of the partition, from 0.
    pub number: u32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model, self.number)
    }
}

impl FromStr for Partition {
    type Err = ParseReadModelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let partition = text
            .rsplit_once('/')
            .and_then(|(model, number)| Some(Self { model: model.parse().ok()?, number: number.parse().ok()? }));
        partition.ok_or_else(|| ParseReadModelError { text: text.to_owned() })
    }
}

/// A text does not name a version of a projection, or a partition of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not name a read model; write the name and the version, as in `customer_balance@1`")]
pub struct ParseReadModelError {
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_displayed() {
        for text in ["customer_balance@1", "a@b@23"] {
            assert_eq!(text.parse::<ReadModelId>().unwrap().to_string(), text);
            assert_eq!(format!("{text}/7").parse::<Partition>().unwrap().to_string(), format!("{text}/7"));
        }
        for text in ["", "balance", "balance@", "@1", "balance@0", "balance@-1", "balance@1/0"] {
            assert!(text.parse::<ReadModelId>().is_err(), "{text}");
        }
        for text in ["balance@1", "balance@1/", "balance@1/-1", "balance/1"] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
    }
}
