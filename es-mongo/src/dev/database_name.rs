use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// MongoDB allows 63 bytes for a database name, and the unique part needs up to 31 of them.
const PREFIX_KEPT: usize = 32;

/// A database name that no other test uses, even on a server that several processes and machines
/// share.
///
/// Characters in the prefix that are not allowed become `_`, and a long prefix is truncated.
///
/// ```
/// let name = es_mongo::dev::fresh_database_name("append");
/// assert!(name.starts_with("append_"));
/// assert_ne!(name, es_mongo::dev::fresh_database_name("append"));
/// ```
pub fn fresh_database_name(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let allowed = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let prefix: String = prefix.chars().take(PREFIX_KEPT).map(allowed).collect();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{:x}_{number:x}_{:08x}", process::id(), fastrand::u32(..))
}
