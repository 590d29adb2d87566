//! Converts names to camelCase as serde does, including the names on which serde panics.

/// The name of a field.
pub(crate) fn field(name: &str) -> String {
    let mut cased = String::with_capacity(name.len());
    let mut begins_word = false;
    for letter in name.chars() {
        if letter == '_' {
            begins_word = true;
            continue;
        }
        let letter = match (cased.is_empty(), begins_word) {
            (true, _) => letter.to_ascii_lowercase(),
            (false, true) => letter.to_ascii_uppercase(),
            (false, false) => letter,
        };
        cased.push(letter);
        begins_word = false;
    }
    if cased.is_empty() { name.to_owned() } else { cased }
}

/// The name of a field in `PascalCase`.
pub(crate) fn pascal(name: &str) -> String {
    let mut cased = String::with_capacity(name.len());
    let mut begins_word = true;
    for letter in name.chars() {
        match (letter, begins_word) {
            ('_', _) => {}
            (letter, true) => cased.push(letter.to_ascii_uppercase()),
            (letter, false) => cased.push(letter),
        }
        begins_word = letter == '_';
    }
    cased
}

/// The name for a field on which serde panics, because serde takes the first byte for a letter.
pub(crate) fn field_beyond_serde(name: &str) -> Option<String> {
    let first = name.chars().find(|letter| *letter != '_');
    first.is_none_or(|first| !first.is_ascii()).then(|| field(name))
}

/// The name for a variant on which serde panics. Letters outside ASCII stay unchanged, as in serde.
pub(crate) fn variant_beyond_serde(name: &str) -> Option<String> {
    name.chars().next().is_some_and(|first| !first.is_ascii()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_cased_word_by_word() {
        for (name, cased) in [
            ("payment_id", "paymentId"),
            ("_a_b", "aB"),
            ("a__b_", "aB"),
            ("Upper", "upper"),
            ("r2_d2", "r2D2"),
            ("été_vieux", "étéVieux"),
            ("__", "__"),
        ] {
            assert_eq!(field(name), cased);
        }
    }

    #[test]
    fn serde_is_left_alone_where_it_can_do_it() {
        assert_eq!((field_beyond_serde("a_b"), variant_beyond_serde("Paid")), (None, None));
        assert_eq!(field_beyond_serde("_über_x"), Some("überX".to_owned()));
        assert_eq!(variant_beyond_serde("Über"), Some("Über".to_owned()));
    }
}
