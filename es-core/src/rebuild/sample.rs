//! Which rows are compared.

use twox_hash::XxHash64;

use crate::{AggregateId, EventId};

/// Which rows are compared with the log. They are in memory at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Every row.
    All,
    /// About this number of rows, drawn by chance; different ones each time.
    About(u64),
}

/// The keys that were drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    seed: u64,
    /// A key is drawn if its hash is at most this number.
    limit: u64,
}

impl Drawn {
    /// Draws keys, of about this number.
    pub(super) fn new(sample: Sample, keys: u64) -> Self {
        let limit = match sample {
            Sample::About(wanted) if wanted < keys => (u64::MAX / keys).saturating_mul(wanted),
            _ => u64::MAX,
        };
        Self { seed: XxHash64::oneshot(0, EventId::new().to_string().as_bytes()), limit }
    }

    pub(super) fn includes(self, key: &AggregateId) -> bool {
        XxHash64::oneshot(self.seed, key.as_str().as_bytes()) <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_the_wanted_number_of_keys_is_drawn() {
        let keys: Vec<_> = (0..10_000).map(|number| AggregateId::new(format!("key {number}")).unwrap()).collect();
        let drawn = |sample| {
            let drawn = Drawn::new(sample, 10_000);
            keys.iter().filter(|key| drawn.includes(key)).count()
        };
        assert_eq!([drawn(Sample::All), drawn(Sample::About(10_000)), drawn(Sample::About(u64::MAX))], [10_000; 3]);
        // The deviation is 30, so these limits are never reached by chance.
        assert!((600..1_400).contains(&drawn(Sample::About(1_000))));
        assert!(drawn(Sample::About(0)) <= 1);
    }
}
