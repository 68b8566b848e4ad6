//! The simulator's own certificate authority and the listeners' certificates, made at start.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use eks_auth_core::aws_host::AwsHost;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::SanType;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use tokio_rustls::TlsAcceptor;

use crate::store::KeptAuthority;

/// Certificates of AWS hosts that are kept. A client speaks to a handful; a hostile one must not fill the memory.
const CACHE_LIMIT: usize = 256;

/// A certificate authority that lives as long as the simulator.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
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
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
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
        Ok(Self {
            issuer: Issuer::new(Self::params(), key),
            pem: kept.certificate.clone(),
        })
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
        acceptor(Arc::new(SingleCertAndKey::from(certificate)), &["h2", "http/1.1"])
    }

    /// What accepts TLS connections of AWS clients: to the names of [`Authority::acceptor`], and to any host of AWS that
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
        acceptor(Arc::new(certificates), &["http/1.1"])
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

fn own_addresses(address: IpAddr) -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    if !addresses.contains(&address) {
        addresses.push(address);
    }
    addresses
}

fn acceptor(certificates: Arc<dyn ResolvesServerCert>, protocols: &[&str]) -> Result<TlsAcceptor, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
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
