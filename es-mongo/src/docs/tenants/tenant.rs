use std::fmt;

/// A tenant: 1 to 32 lower-case letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant(String);

impl Tenant {
    pub fn new(name: &str) -> Option<Self> {
        let is_valid = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        (matches!(name.len(), 1..=32) && name.bytes().all(is_valid)).then(|| Self(name.to_owned()))
    }

    /// The name of its database.
    pub fn database(&self) -> String {
        format!("bank_{self}")
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
