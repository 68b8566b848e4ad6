//! The simulator's own certificate authority and the listeners' certificates, made at start.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use eks_auth_core::aws::aws_host::AwsHost;
use eks_auth_core::service::call::BadCertificate;
use eks_auth_core::value::instant::Timestamp;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::SanType;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::server::ClientHello;
use rustls::server::NoClientAuth;
use rustls::server::ResolvesServerCert;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerified;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::AttributeTypeAndValue;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

/// Certificates of AWS hosts that are kept. A client speaks to a handful; a hostile one must not fill the memory.
const CACHE_LIMIT: usize = 256;

/// How many groups a client's certificate has room for.
pub(crate) const MOST_GROUPS: usize = 2;
/// The OID of organizationName.
const ORGANIZATION_NAME: &[u64] = &[2, 5, 4, 10];

/// A certificate authority as PEM.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct KeptAuthority {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl std::fmt::Debug for KeptAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptAuthority([redacted])")
    }
}

/// A certificate authority that lives as long as the simulator.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    clients: Arc<dyn ClientCertVerifier>,
}

/// Whom a client's certificate shows, as kube-apiserver reads it (`CommonNameUserConversion` in
/// `apiserver/pkg/authentication/request/x509/x509.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientIdentity {
    /// The username; a certificate without one is nobody's.
    pub(crate) common_name: String,
    /// The groups.
    pub(crate) organizations: Vec<String>,
    /// SHA-256 of the certificate, hexadecimal.
    pub(crate) fingerprint: String,
}

impl Authority {
    /// Makes a key and a self-signed certificate.
    ///
    /// # Errors
    /// [`TlsError`] when the random source or the encoder fails.
    pub fn new() -> Result<Self, TlsError> {
        let params = Self::params();
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Self::of(Issuer::new(params, key), pem)
    }

    fn params() -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "kubernetes");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        params
    }

    /// The authority that was kept.
    ///
    /// # Errors
    /// [`TlsError`] for what is no such authority.
    pub(crate) fn restore(kept: &KeptAuthority) -> Result<Self, TlsError> {
        let key = KeyPair::from_pem(&kept.key)?;
        Self::of(Issuer::new(Self::params(), key), kept.certificate.clone())
    }

    fn of(issuer: Issuer<'static, KeyPair>, pem: String) -> Result<Self, TlsError> {
        let general = |error: &dyn fmt::Display| rustls::Error::General(error.to_string());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| general(&error))?)?;
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| general(&error))?;
        Ok(Self { issuer, pem, clients })
    }

    /// What [`Authority::restore`] reads.
    pub(crate) fn keep(&self) -> KeptAuthority {
        KeptAuthority {
            certificate: self.pem.clone(),
            key: self.issuer.key().serialize_pem(),
        }
    }

    /// The certificate that clients are to trust.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What accepts TLS connections of Kubernetes clients to `address`, to the loopback addresses, to `localhost` and to
    /// `hostname`, with HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`TlsError`] when the random source or the encoder fails.
    pub fn acceptor(&self, address: IpAddr, hostname: Option<&str>) -> Result<TlsAcceptor, TlsError> {
        let names: Vec<&str> = ["localhost", "kubernetes"].into_iter().chain(hostname).collect();
        let certificate = self.issue("kube-apiserver", &names, &own_addresses(address))?;
        acceptor(
            Arc::new(SingleCertAndKey::from(certificate)),
            Arc::new(AnyClient(Arc::clone(&self.clients))),
            &["h2", "http/1.1"],
        )
    }

    /// What accepts TLS connections of AWS clients: to the names of [`Authority::acceptor`], and to any AWS host that
    /// a client names (SNI). AWS's own endpoints speak HTTP/1.1 only.
    ///
    /// # Errors
    /// [`TlsError`] when the random source or the encoder fails.
    pub fn aws_acceptor(self: Arc<Self>, address: IpAddr) -> Result<TlsAcceptor, TlsError> {
        let own = Arc::new(self.issue("eks-auth-sim", &["localhost"], &own_addresses(address))?);
        let certificates = AwsCertificates {
            authority: self,
            own,
            issued: Mutex::new(Issued::default()),
        };
        acceptor(Arc::new(certificates), Arc::new(NoClientAuth), &["http/1.1"])
    }

    /// A certificate and its key, both PEM, by which the clusters' API servers know a client as `user` in `groups`, of
    /// which it has room for [`MOST_GROUPS`].
    ///
    /// # Errors
    /// [`TlsError`] when the random source or the encoder fails.
    pub(crate) fn issue_client(
        &self,
        user: &str,
        groups: &[String],
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(String, String), TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        // The maker of certificates has one attribute of a type only, but the type may be named in two ways.
        let types = [
            DnType::OrganizationName,
            DnType::CustomDnType(ORGANIZATION_NAME.to_vec()),
        ];
        for (group, kind) in groups.iter().zip(types) {
            params.distinguished_name.push(kind, group.as_str());
        }
        params.distinguished_name.push(DnType::CommonName, user);
        params.not_before = date_time(from);
        params.not_after = date_time(until);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// Whom the certificates show that a client has sent.
    ///
    /// # Errors
    /// [`BadCertificate`] for one that this authority did not sign, that is not for clients, or does not hold at `now`.
    pub(crate) fn client(
        &self,
        certificates: &[CertificateDer<'static>],
        now: Timestamp,
    ) -> Result<Option<ClientIdentity>, BadCertificate> {
        let Some((own, intermediates)) = certificates.split_first() else {
            return Ok(None);
        };
        let seconds = u64::try_from(now.unix_millis() / 1000).unwrap_or_default();
        self.clients
            .verify_client_cert(
                own,
                intermediates,
                UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            )
            .map_err(|_| BadCertificate)?;
        let (_, parsed) = X509Certificate::from_der(own).map_err(|_| BadCertificate)?;
        let text = |attribute: &AttributeTypeAndValue<'_>| attribute.as_str().map(str::to_owned).ok();
        let subject = parsed.subject();
        Ok(Some(ClientIdentity {
            common_name: subject.iter_common_name().filter_map(text).last().unwrap_or_default(),
            organizations: subject.iter_organization().filter_map(text).collect(),
            fingerprint: Sha256::digest(own).iter().map(|byte| format!("{byte:02x}")).collect(),
        }))
    }

    /// A certificate for these names, with a key of its own.
    fn issue(&self, common_name: &str, names: &[&str], addresses: &[IpAddr]) -> Result<CertifiedKey, TlsError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        for address in addresses {
            params.subject_alt_names.push(SanType::IpAddress(*address));
        }
        // Strict verifiers, Python 3.13's among them, want all three.
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(CertifiedKey::new(
            vec![certificate.into()],
            ring::sign::any_ecdsa_type(&key)?,
        ))
    }
}

/// Asks clients for a certificate and accepts any whose key they have, or none. As in kube-apiserver, the handshake is good
/// with a certificate of an unknown authority; the request is then unauthorized.
#[derive(Debug)]
struct AnyClient(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// With a precision of seconds.
fn date_time(time: Timestamp) -> OffsetDateTime {
    let seconds = u64::try_from(time.unix_millis() / 1000).unwrap_or_default();
    rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
}

fn own_addresses(address: IpAddr) -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    if !addresses.contains(&address) {
        addresses.push(address);
    }
    addresses
}

fn acceptor(
    certificates: Arc<dyn ResolvesServerCert>,
    clients: Arc<dyn ClientCertVerifier>,
    protocols: &[&str],
) -> Result<TlsAcceptor, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificates);
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Makes the certificates of AWS hosts when they are asked for.
struct AwsCertificates {
    authority: Arc<Authority>,
    own: Arc<CertifiedKey>,
    issued: Mutex<Issued>,
}

/// The certificates that were made last, with their names in the order in which they were made.
#[derive(Default)]
struct Issued {
    certificates: BTreeMap<String, Arc<CertifiedKey>>,
    order: VecDeque<String>,
}

impl AwsCertificates {
    /// The certificate for a name; nothing for a name that is neither ours nor AWS's.
    fn of_name(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = name.map(str::to_ascii_lowercase).filter(|name| name != "localhost") else {
            // No name: the client connects to an address.
            return Some(Arc::clone(&self.own));
        };
        AwsHost::parse(&name)?;
        if let Some(certificate) = self.issued().certificates.get(&name) {
            return Some(Arc::clone(certificate));
        }
        // A common name holds 64 characters at most, so the host stands among the alternative names only.
        let certificate = Arc::new(self.authority.issue("eks-auth-sim", &[&name], &[]).ok()?);
        let mut issued = self.issued();
        if issued
            .certificates
            .insert(name.clone(), Arc::clone(&certificate))
            .is_none()
        {
            issued.order.push_back(name);
        }
        if issued.order.len() > CACHE_LIMIT
            && let Some(oldest) = issued.order.pop_front()
        {
            issued.certificates.remove(&oldest);
        }
        Some(certificate)
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for AwsCertificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of_name(hello.server_name())
    }
}

/// Without the keys.
impl fmt::Debug for AwsCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCertificates").finish_non_exhaustive()
    }
}

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be used.
    #[error("cannot set up TLS: {0}")]
    Config(#[from] rustls::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_who_its_certificate_says_while_it_holds() {
        let authority = Authority::new().unwrap();
        let day = |day: i64| Timestamp::UNIX_EPOCH.plus_seconds(day * 86_400);
        let shown = |pem: &str| vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
        let groups = ["devs".to_owned(), "ops".to_owned()];
        let (pem, key) = authority.issue_client("jane", &groups, day(10), day(20)).unwrap();
        assert!(key.contains("PRIVATE KEY"));
        let found = authority.client(&shown(&pem), day(15)).unwrap().unwrap();
        assert_eq!(
            (found.common_name.as_str(), found.organizations.as_slice()),
            ("jane", &groups[..])
        );
        assert_eq!(found.fingerprint.len(), 64);
        assert_eq!(authority.client(&[], day(15)).unwrap(), None);
        for bad in [day(9), day(21)] {
            authority.client(&shown(&pem), bad).unwrap_err();
        }
        let (strange, _) = Authority::new()
            .unwrap()
            .issue_client("jane", &[], day(10), day(20))
            .unwrap();
        authority.client(&shown(&strange), day(15)).unwrap_err();
        // The certificate of a server does not show a client.
        let server = authority.issue("kube-apiserver", &["localhost"], &[]).unwrap();
        authority.client(&server.cert, day(15)).unwrap_err();
        // One that was kept trusts what it has signed.
        let again = Authority::restore(&authority.keep()).unwrap();
        assert_eq!(again.client(&shown(&pem), day(15)).unwrap(), Some(found));
    }

    #[test]
    fn certificates_are_made_for_hosts_of_aws_only_and_the_last_ones_are_kept() {
        let authority = Arc::new(Authority::new().unwrap());
        let own = Arc::new(authority.issue("own", &["localhost"], &[]).unwrap());
        let certificates = AwsCertificates {
            authority,
            own,
            issued: Mutex::new(Issued::default()),
        };
        for name in [None, Some("localhost"), Some("LOCALHOST")] {
            let certificate = certificates.of_name(name).unwrap();
            assert!(Arc::ptr_eq(&certificate, &certificates.own));
        }
        for name in [
            "example.com",
            "amazonaws.com",
            "kubernetes",
            "sts.amazonaws.com.example.com",
        ] {
            assert!(certificates.of_name(Some(name)).is_none(), "{name}");
        }
        let first = certificates.of_name(Some("sts.us-west-2.amazonaws.com")).unwrap();
        let again = certificates.of_name(Some("STS.us-west-2.amazonaws.com")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        for at in 0..CACHE_LIMIT {
            assert!(certificates.of_name(Some(&format!("host{at}.amazonaws.com"))).is_some());
        }
        let issued = certificates.issued();
        assert_eq!(
            (issued.certificates.len(), issued.order.len()),
            (CACHE_LIMIT, CACHE_LIMIT)
        );
        assert!(!issued.certificates.contains_key("sts.us-west-2.amazonaws.com"));
    }
}
