//! Converts the name of a type to `snake_case`.

/// `CustomerBalance` becomes `customer_balance`, and `HTTPRequest` becomes `http_request`.
pub(crate) fn of_type(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut cased = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| letters.get(at));
        let next = letters.get(at + 1);
        let follows_word = previous.is_some_and(|previous| previous.is_lowercase() || previous.is_numeric());
        let ends_capitals =
            previous.is_some_and(|previous| previous.is_uppercase()) && next.is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_word || ends_capitals) {
            cased.push('_');
        }
        cased.extend(letter.to_lowercase());
    }
    cased
}

#[cfg(test)]
mod tests {
    use super::of_type;

    #[test]
    fn each_word_begins_after_an_underscore() {
        for (name, cased) in [
            ("CustomerBalance", "customer_balance"),
            ("HTTPRequest", "http_request"),
            ("BalanceV2", "balance_v2"),
            ("A4Page", "a4_page"),
            ("Already_Cased", "already_cased"),
            ("X", "x"),
        ] {
            assert_eq!(of_type(name), cased);
        }
    }
}
