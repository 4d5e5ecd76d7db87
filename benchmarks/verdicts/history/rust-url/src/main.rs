//! A service that parses 1,000 addresses and adds up their ports and lengths.

#[path = "../../serve.rs"]
mod serve;

fn main() -> std::io::Result<()> {
    let mut draws = serve::Draws(1);
    let addresses: Vec<String> = (0..4_000).map(|n| address(&mut draws, n)).collect();
    serve::serve(move |n| {
        let mut draws = serve::Draws(n + 1);
        let mut sum = 0;
        for _ in 0..1_000 {
            let text = &addresses[draws.below(addresses.len() as u64) as usize];
            if let Ok(url) = url::Url::parse(text) {
                sum += url.as_str().len() + usize::from(url.port_or_known_default().unwrap_or(0));
            }
        }
        format!("{sum}\n")
    })
}

fn address(draws: &mut serve::Draws, n: u64) -> String {
    let (sub, name, path) = (draws.word(3, 6), draws.word(5, 12), draws.word(4, 10));
    match n % 4 {
        0 => format!("https://{name}.com/{path}"),
        1 => format!("https://{sub}.{name}.org/{path}/{}?page={n}&sort={sub}", draws.word(4, 10)),
        2 => format!("http://{name}.net:8080/{path}#{sub}"),
        _ => format!("https://user:secret@{sub}.{name}.io/"),
    }
}
