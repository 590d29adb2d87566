//! Which partition a key belongs to.

use twox_hash::XxHash64;

/// The partition of a key, from 0. It is the remainder of the XXH64 hash, with seed 0, of the
/// stored text of the key. Stored checkpoints depend on it, so it never changes.
pub(crate) fn partition_of(key: &str, partitions: u32) -> u32 {
    let hash = XxHash64::oneshot(0, key.as_bytes());
    u32::try_from(hash % u64::from(partitions.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_key_never_changes() {
        let partition = |key| partition_of(key, 1_000);
        assert_eq!([partition("invoice_123"), partition("ann"), partition("ü")], [407, 478, 845]);
    }
}
