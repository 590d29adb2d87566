//! Describes why no server could be selected, as far as the driver reports it.

const NOBODY: &str = "no server answers; check that it runs, that the address is right, that both sides use TLS or neither does, that the replica set has a primary, and that the runtime in which the client was created has not ended";

/// The driver's and rustls's words for a certificate that is not accepted.
const CERTIFICATE: &str = "invalid peer certificate: ";

/// The text for a failed server selection. The driver has only a text about the servers that it
/// knows.
pub(super) fn text(message: &str) -> String {
    if let Some(wrong) = wrong_set(message) {
        return wrong;
    }
    let Some((_, reason)) = message.split_once(CERTIFICATE) else { return NOBODY.to_owned() };
    if reason.starts_with("UnknownIssuer") {
        return "the server's certificate was issued by an authority that is not trusted here; name the file with the authority's certificate as `tlsCAFile` in the connection string".to_owned();
    }
    let reason = reason.split(", labels: ").next().unwrap_or(reason);
    format!("the server's certificate is not accepted: {reason}")
}

/// The text if none of the servers belongs to the set. The driver forgets these servers. It names
/// their set only if it connects to one of them directly.
fn wrong_set(message: &str) -> Option<String> {
    if let Some((_, of)) = message.split_once("Connection string replicaSet name \"") {
        let (wanted, of) = of.split_once("\" does not match actual name ")?;
        let is = of.split_once(", labels").map_or(of, |(is, _)| is).trim_matches('"');
        return Some(format!(
            "the client asks for the replica set `{wanted}`, and the server belongs to `{is}`; correct `replicaSet`"
        ));
    }
    let (_, topology) = message.split_once("Topology: { Type: ReplicaSetNoPrimary, Set Name: ")?;
    let wanted = topology.strip_suffix(" }").filter(|rest| !rest.contains("Servers: ["))?;
    let wanted = wanted.split_once(", Max ").map_or(wanted, |(wanted, _)| wanted);
    Some(format!("none of the servers belongs to the replica set `{wanted}`; correct `replicaSet`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_to_which_no_server_belongs_is_named() {
        let forgotten =
            "Server selection timeout: No available servers. Topology: { Type: ReplicaSetNoPrimary, Set Name: rs1 }";
        assert_eq!(text(forgotten), "none of the servers belongs to the replica set `rs1`; correct `replicaSet`");
        let alone = "No available servers. Topology: { Type: Single, Set Name: rs1, Servers: [ { Address: a:1, Type: Unknown, Error: Kind: An invalid argument was provided: Connection string replicaSet name \"rs1\" does not match actual name \"rs0\", labels: {}, source: None } ] }";
        assert!(text(alone).contains("`rs1`, and the server belongs to `rs0`;"), "{}", text(alone));
        let silent = "No available servers. Topology: { Type: ReplicaSetNoPrimary, Set Name: rs1, Servers: [ { Address: a:1, Type: Unknown } ] }";
        assert_eq!(text(silent), NOBODY);
    }

    #[test]
    fn an_untrusted_certificate_is_distinguished_from_a_missing_server() {
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
