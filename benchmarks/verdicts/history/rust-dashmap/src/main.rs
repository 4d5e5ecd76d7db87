//! A service that interns 6,000 words of a text in a concurrent map.

#[path = "../../serve.rs"]
mod serve;

fn main() -> std::io::Result<()> {
    let mut draws = serve::Draws(1);
    let words: Vec<String> = (0..20_000).map(|_| draws.word(4, 12)).collect();
    let known: dashmap::DashMap<String, u64> = dashmap::DashMap::new();
    serve::serve(move |n| {
        let mut draws = serve::Draws(n + 1);
        let mut sum = 0;
        for _ in 0..6_000 {
            let word = &words[draws.below(words.len() as u64) as usize];
            sum += match known.get(word) {
                Some(found) => *found,
                None => {
                    known.insert(word.clone(), word.len() as u64);
                    word.len() as u64
                }
            };
        }
        format!("{sum}\n")
    })
}
