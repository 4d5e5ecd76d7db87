//! TLS over a socket that is never waited for, by rustls.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use socket2::Socket;

/// A server may leave the choice of a protocol to us only if it is this one.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// The name that the server's certificate must be for.
    pub server_name: String,
    /// PEM file of the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Any certificate is taken: the server may be anyone.
    pub insecure: bool,
}

/// What all sessions with one server have in common; they resume one another's where the server permits it.
pub(super) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Client {
    pub(super) fn new(options: &TlsOptions, alpn: &[&[u8]]) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(invalid)?;
        let mut config = if options.insecure {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth()
        } else {
            builder
                .with_root_certificates(roots(options.ca_file.as_deref())?)
                .with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(options.server_name.clone()).map_err(|_| {
            invalid(format!(
                "{:?} is not a name that a certificate can be for",
                options.server_name
            ))
        })?;
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }

    pub(super) fn session(&self) -> io::Result<Box<Session>> {
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        Ok(Box::new(Session {
            connection: connection.map_err(invalid)?,
            config: Arc::clone(&self.config),
        }))
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn roots(ca_file: Option<&Path>) -> io::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let Some(path) = ca_file else {
        // Some certificates of a system may be unreadable; those that are read decide.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(invalid("the system has no trusted certificates"));
        }
        return Ok(store);
    };
    let told = |error: &dyn std::fmt::Display| invalid(format!("{}: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| told(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| told(&error))?;
        store.add(certificate).map_err(|error| told(&error))?;
    }
    if store.is_empty() {
        return Err(told(&"no certificate in it"));
    }
    Ok(store)
}

/// One connection's TLS.
pub(super) struct Session {
    connection: ClientConnection,
    config: Arc<ClientConfig>,
}

impl Session {
    /// Goes on with the handshake; true once it is done.
    pub(super) fn advance(&mut self, socket: &Socket) -> io::Result<bool> {
        loop {
            match self.flush(socket) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if !self.connection.is_handshaking() {
                return self.check_protocol().map(|()| true);
            }
            match self.receive(socket)? {
                None => return Ok(false),
                Some(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection during the TLS handshake",
                    ));
                }
                Some(_) => {}
            }
        }
    }

    /// The server must have chosen one of the protocols that it was offered.
    fn check_protocol(&self) -> io::Result<()> {
        let offered = &self.config.alpn_protocols;
        match self.connection.alpn_protocol() {
            Some(_) => Ok(()), // rustls itself refuses one that was not offered.
            None if offered.is_empty() || offered.iter().any(|name| name == HTTP_1_1) => Ok(()),
            None => Err(invalid(format!(
                "the server did not choose {} in the TLS handshake (ALPN): it may not speak it",
                names(offered)
            ))),
        }
    }

    pub(super) fn read_decrypted(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection.reader().read(buffer)
    }

    pub(super) fn read(&mut self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.connection.reader().read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) if filled > 0 => break, // Told again by the next read.
                Err(error) => return Err(error),
            }
            match self.receive(socket) {
                Ok(Some(_)) => {}
                _ if filled > 0 => break,
                Ok(None) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    pub(super) fn write(&mut self, socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let taken = self.connection.writer().write(bytes)?;
            match self.flush(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && taken > 0 => {
                    return Ok(taken);
                }
                Err(error) => return Err(error),
                Ok(()) if taken > 0 || bytes.is_empty() => return Ok(taken),
                Ok(()) => {}
            }
        }
    }

    pub(super) fn flush(&mut self, socket: &Socket) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut &*socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Reads and decrypts once; returns the bytes taken from the socket (0: closed), nothing when it has none.
    fn receive(&mut self, socket: &Socket) -> io::Result<Option<usize>> {
        let count = loop {
            match self.connection.read_tls(&mut &*socket) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        if let Err(error) = self.connection.process_new_packets() {
            // The alert that tells the server why; it may not care.
            let _ = self.flush(socket);
            return Err(self.told(error));
        }
        Ok(Some(count))
    }

    fn told(&self, error: Error) -> io::Error {
        match error {
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) => invalid(format!(
                "the server does not speak {} over TLS (ALPN)",
                names(&self.config.alpn_protocols)
            )),
            // As `openssl req -x509` makes them. rustls says so in the debug form of an error that it hides.
            Error::InvalidCertificate(_) if error.to_string().contains("CaUsedAsEndEntity") => {
                invalid(
                    "invalid peer certificate: it is one for signing others (CA:TRUE), not for a server; \
                     have an authority sign the server's, or set `insecure`",
                )
            }
            other => invalid(other),
        }
    }
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn names(offered: &[Vec<u8>]) -> String {
    let shown = offered.iter().map(|name| String::from_utf8_lossy(name));
    shown.collect::<Vec<_>>().join(" or ")
}
