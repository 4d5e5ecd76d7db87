//! A service that ranks 400 words by their distance to a mistyped one.

#[path = "../../serve.rs"]
mod serve;

fn main() -> std::io::Result<()> {
    let mut draws = serve::Draws(1);
    let words: Vec<String> = (0..400).map(|_| draws.word(5, 14)).collect();
    serve::serve(move |n| {
        let typed = serve::Draws(n + 1).word(6, 12);
        let mut ranked: Vec<_> = words.iter().map(|word| (strsim::damerau_levenshtein(&typed, word), word)).collect();
        ranked.sort_unstable();
        ranked.iter().take(10).map(|(distance, word)| format!("{distance} {word}\n")).collect()
    })
}
