//! Describes what is wrong with a connection string, without repeating its secrets.
//!
//! If a string cannot be parsed, the position of its password is unknown: the driver takes
//! `user:password` without a host for a host and a port, and quotes it. So the error text is not
//! searched for the password. Instead the driver parses a string of the same form without any
//! content, and the answer to that string is shown.

use es_core::StoreError;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ConnectionString, Tls};

const WITHOUT_DETAILS: &str = "the connection string cannot be used; check its servers, its options, and that user and password are percent-encoded";

/// The error for a connection string that the driver refused with `error`.
pub(crate) fn refused(uri: &str, error: &Error) -> StoreError {
    let reason = reason(uri, error);
    match &*error.kind {
        // The servers of `mongodb+srv` are looked up during parsing.
        ErrorKind::DnsResolve { .. } => StoreError::Unavailable { source: reason.into() },
        _ => StoreError::InvalidOptions { reason },
    }
}

fn reason(uri: &str, error: &Error) -> String {
    let masked = masked(uri);
    if let Err(error) = ConnectionString::parse(&masked) {
        return with_option(&masked, error.kind.to_string());
    }
    match ConnectionString::parse(uri) {
        Err(_) => WITHOUT_DETAILS.to_owned(),
        // The string can be parsed, so the error is about servers, files or options that do not fit
        // together. The driver describes it without the login.
        Ok(parsed) => unreadable_file(parsed.tls.as_ref()).unwrap_or_else(|| error.kind.to_string()),
    }
}

/// The driver's description of a string that it refuses, with the name of the option that it
/// refuses.
fn with_option(masked: &str, text: String) -> String {
    let Some((servers, options)) = masked.split_once('?') else { return text };
    for (at, option) in options.split('&').enumerate() {
        let others = options.split('&').enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
        let without = format!("{servers}?{}", others.collect::<Vec<_>>().join("&"));
        let Some((name, value)) = option.split_once('=').filter(|_| ConnectionString::parse(without).is_ok()) else {
            continue;
        };
        if name.eq_ignore_ascii_case("compressors") {
            return compressors(value).unwrap_or(text);
        }
        let is_named = text.to_lowercase().contains(&name.to_lowercase());
        return if is_named { text } else { format!("the option `{name}` of the connection string: {text}") };
    }
    text
}

/// A driver without compression does not know this option.
fn compressors(value: &str) -> Option<String> {
    let is_missing = |name: &&str| ConnectionString::parse(format!("mongodb://localhost/?compressors={name}")).is_err();
    let missing = value.split(',').find(is_missing)?;
    Some(if ["snappy", "zlib", "zstd"].contains(&missing) {
        format!(
            "`compressors={missing}` needs the feature `{missing}-compression` of the driver; add `mongodb = {{ version = \"3.9\", default-features = false, features = [\"{missing}-compression\"] }}` to the dependencies in `Cargo.toml`"
        )
    } else {
        format!("`compressors={missing}` names no compressor of the driver: it has `snappy`, `zlib` and `zstd`")
    })
}

/// The file with a certificate or a key that cannot be read, because the driver does not name it.
fn unreadable_file(tls: Option<&Tls>) -> Option<String> {
    let Some(Tls::Enabled(options)) = tls else { return None };
    let files = [("tlsCAFile", &options.ca_file_path), ("tlsCertificateKeyFile", &options.cert_key_file_path)];
    files.into_iter().find_map(|(option, path)| {
        let path = path.as_ref()?;
        let error = std::fs::File::open(path).err()?;
        Some(format!("the file `{}`, which `{option}` names, cannot be read: {error}", path.display()))
    })
}

/// The string with every letter and digit replaced that could be part of a secret.
fn masked(uri: &str) -> String {
    let (scheme, rest) = match uri.split_once("://") {
        Some((scheme @ ("mongodb" | "mongodb+srv"), rest)) => (format!("{scheme}://"), rest),
        _ => (String::new(), uri),
    };
    // The servers and options follow the last @. If there is no @, all of it may be a login.
    let (login, servers) = rest.rsplit_once('@').map_or((rest, None), |(login, servers)| (login, Some(servers)));
    match servers {
        Some(servers) => format!("{scheme}{}@{}", blank(login), options_masked(servers)),
        None => match login.split_once('?') {
            Some((servers, options)) => format!("{scheme}{}?{}", blank(servers), values_masked(options)),
            None => scheme + &blank(login),
        },
    }
}

fn options_masked(servers: &str) -> String {
    match servers.split_once('?') {
        Some((servers, options)) => format!("{servers}?{}", values_masked(options)),
        None => servers.to_owned(),
    }
}

/// The names of options are kept, and the values only of those that contain no secret.
fn values_masked(options: &str) -> String {
    let masked = options.split('&').map(|option| match option.split_once('=') {
        Some((name, value)) if name.chars().all(char::is_alphanumeric) => {
            let name_in_lower_case = name.to_lowercase();
            let secret = name_in_lower_case.contains("password") || name_in_lower_case.contains("properties");
            format!("{name}={}", if secret { blank(value) } else { value.to_owned() })
        }
        _ => blank(option),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// The same punctuation without the letters and digits, so that it is parsed in the same way.
fn blank(text: &str) -> String {
    let mut blank = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = rest.get(1..3).filter(|hex| first == '%' && hex.chars().all(|digit| digit.is_ascii_hexdigit()));
        let taken = match escape {
            Some(_) => {
                blank.push_str("%20");
                3
            }
            None => {
                blank.push(match first {
                    digit if digit.is_numeric() => '1',
                    letter if letter.is_alphabetic() => 'x',
                    sign if sign.is_ascii() => sign,
                    _ => 'x',
                });
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    blank
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(uri: &str) -> String {
        let error =
            ConnectionString::parse(uri).map_or_else(|error| error, |_| Error::custom("no such option".to_owned()));
        reason(uri, &error)
    }

    #[test]
    fn a_password_is_not_shown_wherever_the_string_is_broken() {
        for uri in [
            "hunter2",
            "user:hunter2@host",
            "hunter2://user:hunter2@host",
            "mongodb://user:hunter2",
            "mongodb://user:hunter2?x@host",
            "mongodb://user:hunter2/x?y=z@host",
            "mongodb://user:hunter2@host:port",
            "mongodb://user:p@hunter2:x@host",
            "mongodb://user:hunter2%@host",
            "mongodb://user:p@host/?hunter2",
            "mongodb://user:p@host/?a=b@c&hunter2",
            "mongodb://host/?tlsCertificateKeyFilePassword=hunter2&tls=maybe",
            "mongodb://host/?authMechanismProperties=hunter2",
            "mongodb+srv://user:hunter2@a,b",
        ] {
            let text = text(uri);
            assert!(!text.contains("hunter2") && !text.contains("hunter"), "{uri}: {text}");
        }
    }

    #[test]
    fn the_error_describes_the_mistake() {
        let mistakes = [
            ("mongodb://localhost:port", "the port must be an integer"),
            ("mongodb://user:hunter2@localhost:port", "got port"),
            ("mongodb://us%er:hunter2@localhost", "username cannot contain unescaped %"),
            ("mongodb://localhost/?tls=maybe", "tls"),
            ("localhost:27017", "no scheme"),
            ("mongodb://user:hunter2@localhost/?appName=a&maxStalenessSeconds=120", "`maxStalenessSeconds`"),
            ("mongodb://localhost/?compressors=brotli&appName=a", "`compressors=brotli` names no compressor"),
            ("mongodb://localhost:99999", "percent-encoded"),
        ];
        for (uri, part) in mistakes {
            let text = text(uri);
            assert!(text.contains(part), "{uri}: {text}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_left_but_its_form() {
        assert_eq!(blank("Secr3t:%4aß€%zz"), "xxxx1x:%20xx%xx");
    }
}
