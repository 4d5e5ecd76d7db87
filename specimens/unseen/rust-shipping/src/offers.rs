//! Offers for parcels.

use serde::Serialize;

use crate::carrier::{Carrier, Gone};

const EXPRESS_PERCENT: u64 = 60;
const GRAMS_PER_STEP: u64 = 500;

#[derive(Serialize)]
pub(crate) struct Offer {
    postcode: u32,
    zone: u32,
    cents: u64,
    days: u64,
}

#[derive(Serialize)]
pub(crate) struct Zone {
    postcode: u32,
    zone: u32,
    depot: String,
}

pub(crate) struct Offers {
    carrier: Carrier,
}

impl Offers {
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self { carrier }
    }

    pub(crate) async fn offer(&self, postcode: u32, grams: u64, express: bool) -> Result<Offer, Gone> {
        let tariff = self.carrier.tariff(postcode).await?;
        let steps = grams.div_ceil(GRAMS_PER_STEP);
        let plain = tariff.base_cents + steps * tariff.step_cents;
        let cents = if express { plain + plain * EXPRESS_PERCENT / 100 } else { plain };
        let days = if express { 1 } else { tariff.days };
        Ok(Offer { postcode, zone: zone_of(postcode), cents, days })
    }

    /// Known here, without asking the carrier.
    pub(crate) fn zone(&self, postcode: u32) -> Zone {
        let zone = zone_of(postcode);
        Zone { postcode, zone, depot: format!("D{zone:02}-{:03}", postcode % 367) }
    }
}

fn zone_of(postcode: u32) -> u32 {
    postcode / 10_000 % 10
}
