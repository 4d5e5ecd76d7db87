//! The client of the carrier's tariff service.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use tokio::time;

const ATTEMPTS: u32 = 4;
/// A tariff takes about a millisecond.
const PATIENCE: Duration = Duration::from_millis(40);
/// Before the second attempt; doubled before each further one.
const BACK_OFF: Duration = Duration::from_millis(15);
const JITTER_MS: u64 = 10;

#[derive(Serialize, Deserialize)]
pub(crate) struct Tariff {
    pub(crate) base_cents: u64,
    pub(crate) step_cents: u64,
    pub(crate) days: u64,
}

/// No replica answered.
#[derive(Debug)]
pub(crate) struct Gone;

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) struct Carrier {
    slots: Vec<SocketAddr>,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Carrier {
    pub(crate) fn new(slots: Vec<SocketAddr>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { slots, client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// What the carrier takes for parcels to a postcode.
    pub(crate) async fn tariff(&self, postcode: u32) -> Result<Tariff, Gone> {
        let key = spread(postcode);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                let jitter = Duration::from_millis((key >> 16) % JITTER_MS);
                time::sleep(BACK_OFF * (1 << (attempt - 1)) + jitter).await;
            }
            let slot = (key + u64::from(attempt)) as usize % self.slots.len();
            if let Ok(Ok(tariff)) = time::timeout(PATIENCE, self.ask(self.slots[slot], postcode)).await {
                return Ok(tariff);
            }
        }
        Err(Gone)
    }

    async fn ask(&self, replica: SocketAddr, postcode: u32) -> Result<Tariff, Failure> {
        let uri: Uri = format!("http://{replica}/tariffs/{postcode}").parse()?;
        let answer = self.client.get(uri).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("replica {replica} answers {}", answer.status()).into());
        }
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Neighbouring postcodes go to different slots.
fn spread(postcode: u32) -> u64 {
    u64::from(postcode).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}
