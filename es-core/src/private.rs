//! What generated code may name. Not part of the public interface: it changes without notice.

pub use core;
pub use serde;
pub use std;

/// Compares names in a `const` assertion, where `==` on strings is not available.
pub const fn same_name(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
