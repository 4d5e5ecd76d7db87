//! A service that reads 30 KB of JSON, looks at every tenth order, and writes it again.

#[path = "../../serve.rs"]
mod serve;

fn main() -> std::io::Result<()> {
    let mut draws = serve::Draws(1);
    let documents: Vec<String> = (0..16).map(|_| document(&mut draws)).collect();
    serve::serve(move |n| {
        let text = &documents[n as usize % documents.len()];
        let parsed: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let orders = parsed.as_array().map(Vec::as_slice).unwrap_or_default();
        let prices = orders.iter().step_by(10).filter_map(|order| order["price"].as_f64());
        let sum: f64 = prices.sum();
        format!("{sum:.2} {}\n", serde_json::to_string(&parsed).unwrap_or_default().len())
    })
}

fn document(draws: &mut serve::Draws) -> String {
    let orders: Vec<String> = (0..200).map(|n| order(draws, n)).collect();
    format!("[{}]", orders.join(",\n"))
}

fn order(draws: &mut serve::Draws, n: u64) -> String {
    let (name, street, note) = (draws.word(4, 9), draws.word(6, 14), draws.word(10, 30));
    let (price, count) = (draws.below(100_000) as f64 / 100.0, draws.below(9));
    format!(
        r#"{{"id": {n}, "name": "{name}", "price": {price}, "count": {count}, "tags": ["{name}", "{street}"],
            "address": {{"street": "{street}", "city": null}}, "note": "{note}\n\u00e9", "open": {}}}"#,
        n % 3 == 0
    )
}
