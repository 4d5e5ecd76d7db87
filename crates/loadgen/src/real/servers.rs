//! Builds and starts servers; each ends with its test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::transport::{Address, TlsOptions};

/// Where the servers were built; nothing where there is no Go.
fn built() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let into = root.join("target/test-servers");
        let mut go = Command::new("go");
        go.args(["build", "-mod=readonly", "-o"])
            .arg(&into)
            .args(["./http", "./grpc", "./framed"]);
        std::fs::create_dir_all(&into).unwrap();
        let status = go.current_dir(root.join("tests/servers")).status().ok()?;
        assert!(status.success(), "the test servers do not build");
        Some(into)
    };
    BUILT.get_or_init(build).as_deref()
}

/// A path in the directory for temporary files that no other test uses.
pub(super) fn unused_path(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("tailtune-{}-{number}-{name}", std::process::id()))
}

/// A running server.
pub(super) struct Server {
    child: Child,
    pub(super) address: Address,
    /// The certificate to trust, and other files that end with the server.
    files: Vec<PathBuf>,
}

impl Server {
    /// Starts one of tests/servers; nothing where there is no Go.
    pub(super) fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new(built()?.join(name));
        command.args(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = match line.trim() {
            path if path.starts_with('/') => Address::Unix(path.into()),
            address => Address::Tcp(address.parse().unwrap()),
        };
        Some(Self {
            child,
            address,
            files: Vec::new(),
        })
    }

    /// Starts one that speaks TLS.
    pub(super) fn start_tls(name: &str, arguments: &[&str]) -> Option<Self> {
        let authority = unused_path("authority.pem");
        let of_tls = ["--tls", authority.to_str().unwrap()];
        let mut server = Self::start(name, &[arguments, &of_tls].concat())?;
        server.files.push(authority);
        Some(server)
    }

    /// Starts Redis on a Unix socket; nothing where it is not installed.
    pub(super) fn start_redis() -> Option<Self> {
        let path = unused_path("redis");
        let mut command = Command::new("redis-server");
        command
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocket",
            ])
            .arg(&path);
        let child = command.stdout(Stdio::null()).spawn().ok()?;
        while !path.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Some(Self {
            child,
            address: Address::Unix(path.clone()),
            files: vec![path],
        })
    }

    /// How to trust this server.
    pub(super) fn trusted(&self) -> TlsOptions {
        TlsOptions {
            server_name: "localhost".into(),
            ca_file: self.files.first().cloned(),
            insecure: false,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for path in &self.files {
            let _ = std::fs::remove_file(path);
        }
    }
}
