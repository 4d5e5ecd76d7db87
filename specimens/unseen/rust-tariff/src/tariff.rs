//! Parcels to other countries, by the table that the postal union gives out.

use serde::Deserialize;

/// As it comes from the union.
pub(crate) const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/tariff.json"));

#[derive(Deserialize)]
pub(crate) struct Tariff<'a> {
    #[serde(borrow)]
    countries: Vec<Country<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Country<'a> {
    surcharge: u32,
    #[serde(borrow)]
    services: Vec<Service<'a>>,
}

#[derive(Deserialize)]
struct Service<'a> {
    name: &'a str,
    days: u32,
    insurance_permille: u32,
    brackets: Vec<Bracket>,
}

#[derive(Deserialize)]
struct Bracket {
    up_to_grams: u32,
    cents: u32,
}

impl<'a> Tariff<'a> {
    /// Reads a table.
    pub(crate) fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(crate) fn country(&self, number: usize) -> Option<&Country<'a>> {
        self.countries.get(number)
    }
}

impl<'a> Country<'a> {
    /// Service, cents and days of each that takes such a parcel.
    pub(crate) fn offers(&self, grams: u32, insured: u32) -> impl Iterator<Item = (&'a str, u32, u32)> {
        self.services.iter().filter_map(move |service| {
            let bracket = service.brackets.iter().find(|bracket| grams <= bracket.up_to_grams)?;
            let insurance = insured / 1000 * service.insurance_permille;
            Some((service.name, bracket.cents + self.surcharge + insurance, service.days))
        })
    }
}
