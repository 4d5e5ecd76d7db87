//! Counts the different words of a body.
//!
//! Planted: `planted::distinct` looks for each word among all that came before it, so a body of twice the length takes
//! four times as long, and the few large bodies make the tail. The healthy twin sorts the words.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::distinct;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::distinct;

fn main() -> std::io::Result<()> {
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    let text = String::from_utf8_lossy(&request.body);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let all = words.len();
    let different = distinct(words);
    let mark = different.iter().fold(0, |so_far, word| so_far ^ draw::of(word));
    format!("{all} words, {} different, marked {mark:016x}\n", different.len())
}
