//! Why no server could be selected, as far as the driver tells.

const NOBODY: &str = "no server answers; check that it runs, that the address is right, that both sides use TLS or neither does, and that the replica set has a primary";

/// The driver's and rustls's words for a certificate that is not accepted.
const CERTIFICATE: &str = "invalid peer certificate: ";

/// The text about a server selection that came to its end. The driver has no more than a text about the servers that it knows.
pub(super) fn text(message: &str) -> String {
    let Some((_, reason)) = message.split_once(CERTIFICATE) else { return NOBODY.to_owned() };
    if reason.starts_with("UnknownIssuer") {
        return "the server's certificate was issued by an authority that is not trusted here; name the file with the authority's certificate as `tlsCAFile` in the connection string".to_owned();
    }
    let reason = reason.split(", labels: ").next().unwrap_or(reason);
    format!("the server's certificate is not accepted: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_accepted_is_told_from_a_server_that_is_not_there() {
        let of = |error: &str| {
            text(&format!(
                "Topology: {{ Servers: [ {{ Error: Kind: I/O error: {error}, labels: {{}}, source: None }} ] }}"
            ))
        };
        assert_eq!(of("Connection refused (os error 111)"), NOBODY);
        assert!(of("invalid peer certificate: UnknownIssuer").contains("tlsCAFile"));
        assert!(of("invalid peer certificate: certificate expired").ends_with("accepted: certificate expired"));
    }
}
