//! What tests of the crate's public face share.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::PathBuf;

use schedule::{Spec, compile};
use serde_json::{Value, json};

/// A directory of its own for one test, removed at its end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// Makes it.
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tailtune-play-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Compiles requests at a constant rate.
    #[allow(dead_code)] // Not by all.
    pub(crate) fn schedule(
        &self,
        rate_per_s: f64,
        duration_ns: u64,
        max_connections: u32,
    ) -> PathBuf {
        self.compile(json!({"arrival": "constant", "rate_per_s": rate_per_s,
            "duration_ns": duration_ns, "max_connections": max_connections}))
    }

    /// Compiles a specification of which the fields in `given` are said.
    pub(crate) fn compile(&self, given: Value) -> PathBuf {
        let mut spec = json!({
            "arrival": "constant", "protocol": "http1", "rate_per_s": 100.0, "duration_ns": 100_000_000,
            "seed": 1, "max_connections": 4, "profile": [], "sessions": null, "trace": null, "framing": null,
            "operations": [{
                "name": "get", "weight": 1.0, "timeout_ns": 5_000_000_000_u64,
                "expect": {"status_low": 200, "status_high": 200, "body_contains": "", "body_sha256": ""},
                "method": "GET", "authority": "localhost", "path": [{"text": "/"}],
                "headers": [["Host", [{"text": "localhost"}]]], "body": null, "body_blobs": null,
                "grpc_method": "", "data": {}
            }]
        });
        for (name, value) in given.as_object().unwrap() {
            spec[name] = value.clone();
        }
        let spec: Spec = serde_json::from_value(spec).unwrap();
        let path = self.0.join("schedule");
        let blobs: [&[u8]; 0] = [];
        compile(&spec, &blobs, None, None, &mut File::create(&path).unwrap()).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
