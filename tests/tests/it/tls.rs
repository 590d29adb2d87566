//! TLS with a private certificate authority, from the connection string to the error about an
//! untrusted authority.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::fs;
use std::path::{Path, PathBuf};

use es_core::StoreError;
use es_core::error::ErrorChain;
use es_mongo::MongoStore;
use es_mongo::dev::DevServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;
use tests::account::{Opened, accounts};

/// A certificate authority that only these tests trust.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The file that the connection string names to trust the authority.
    file: PathBuf,
}

impl Authority {
    fn new(name: &str, folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A certificate and its key for a server with this name or address, in the form that `mongod`
    /// reads.
    fn certify(&self, host: &str, folder: &Path) -> PathBuf {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = folder.join(format!("{host}.pem"));
        fs::write(&file, certificate.pem() + &key.serialize_pem()).unwrap();
        file
    }
}

/// A server that accepts only TLS, and the authority of its certificate.
struct Served {
    server: DevServer,
    folder: TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("ours", folder.path());
        let certificate = authority.certify("127.0.0.1", folder.path());
        let server = DevServer::builder()
            .always_own()
            .argument("--tlsMode")
            .argument("requireTLS")
            .argument("--tlsCertificateKeyFile")
            .argument(certificate)
            .argument("--tlsCAFile")
            .argument(&authority.file)
            .argument("--tlsAllowConnectionsWithoutCertificates")
            .uri_option("tls", "true")
            .uri_option("tlsCAFile", authority.file.to_str().unwrap());
        Self { server: server.start().await.unwrap(), folder }
    }

    /// The connection string with different TLS options.
    fn uri(&self, options: &str) -> String {
        let (plain, _) = self.server.uri().split_once("&tls=").unwrap();
        format!("{plain}&serverSelectionTimeoutMS=1000{options}")
    }

    async fn refused(&self, options: &str) -> StoreError {
        MongoStore::connect(&self.uri(options), "tls").await.unwrap_err()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_works_over_tls_and_trusts_only_the_configured_authority() {
    let served = Served::start().await;
    let store = MongoStore::connect(served.server.uri(), "tls").await.unwrap();
    let accounts = accounts(&store);
    accounts.create("a", Opened { owner: "o".into() }).await.unwrap();
    assert_eq!(accounts.load("a").await.unwrap().owner, "o");

    let other = Authority::new("other", served.folder.path());
    let error = served.refused(&format!("&tls=true&tlsCAFile={}", other.file.display())).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("authority that is not trusted") && text.contains("tlsCAFile"), "{text}");

    // The public root certificates do not know it either.
    let text = ErrorChain::new(&served.refused("&tls=true").await).to_string();
    assert!(text.contains("authority that is not trusted"), "{text}");

    let missing = served.refused("&tls=true&tlsCAFile=/nonexistent/ca.pem").await.to_string();
    assert!(missing.contains("/nonexistent/ca.pem"), "{missing}");

    let text = ErrorChain::new(&served.refused("").await).to_string();
    assert!(text.contains("both sides use TLS"), "{text}");

    let by_another_name = served.uri("&tls=true&tlsCAFile=").replace("127.0.0.1", "localhost");
    let uri = by_another_name + served.folder.path().join("ours.pem").to_str().unwrap() + "&directConnection=true";
    let error = MongoStore::connect(&uri, "tls").await.unwrap_err();
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("certificate is not accepted") && text.contains("localhost"), "{text}");
}
