//! The names under which the fields of a struct are stored.

use syn::ext::IdentExt;
use syn::{Attribute, Ident};

use crate::attr::serde::{SerdeKeys, names_of, written};
use crate::camel_case;

/// The name under which a field is written, by its own attributes and those of the struct: in
/// camelCase by default, as the mirror does.
pub(crate) fn stored_name(field: &Ident, attrs: &[Attribute], container: &[Attribute]) -> String {
    if let Some(renamed) = names_of(attrs).renamed {
        return renamed;
    }
    let name = field.unraw().to_string();
    if !SerdeKeys::of(container).has("rename_all") {
        return camel_case::field(&name);
    }
    match written(container, "rename_all").pop().as_deref() {
        Some("camelCase") => camel_case::field(&name),
        Some("PascalCase") => camel_case::pascal(&name),
        Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_ascii_uppercase(),
        Some("kebab-case") => name.replace('_', "-"),
        Some("SCREAMING-KEBAB-CASE") => name.to_ascii_uppercase().replace('_', "-"),
        // `snake_case`, `lowercase`, a style for reading only, or one that serde reports.
        _ => name,
    }
}
