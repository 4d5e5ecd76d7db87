//! Busy in small functions that the compiler inlines: closures, generic functions, traits, the library.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;

trait Shape {
    fn area(&self) -> f64;
}

struct Square(f64);
struct Circle(f64);

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
}

#[inline]
fn mix(value: u32) -> u32 {
    (value ^ (value >> 13)).wrapping_mul(0x9E37_79B1)
}

#[inline]
fn twice(value: u32) -> u32 {
    mix(mix(value))
}

#[inline(never)]
fn numbers(values: &[u32]) -> u32 {
    values.iter().fold(1, |sum, &value| twice(sum).wrapping_add(value))
}

#[inline(never)]
fn areas(shapes: &[Box<dyn Shape>]) -> f64 {
    shapes.iter().map(|shape| shape.area()).sum()
}

#[inline(never)]
fn words(text: &str) -> usize {
    let mut counts = BTreeMap::new();
    for word in text.split(' ') {
        *counts.entry(word).or_insert(0_u32) += 1;
    }
    let mut line = String::new();
    for (word, count) in &counts {
        let _ = write!(line, "{word}={count} ");
    }
    line.len()
}

#[inline(never)]
fn sorted(values: &[u32]) -> u32 {
    let mut copy = values.to_vec();
    copy.sort_unstable_by_key(|&value| mix(value));
    copy[copy.len() / 2]
}

fn main() {
    let values: Vec<u32> = (0..4096).collect();
    let shapes: Vec<Box<dyn Shape>> = (0..4096)
        .map(|side| -> Box<dyn Shape> {
            if side % 2 == 0 { Box::new(Square(side.into())) } else { Box::new(Circle(side.into())) }
        })
        .collect();
    let text = "the quick brown fox jumps over the lazy dog and runs on and on until it is night";
    loop {
        black_box(numbers(black_box(&values)));
        black_box(areas(black_box(&shapes)));
        black_box(sorted(black_box(&values)));
        for _ in 0..20 {
            black_box(words(black_box(text)));
        }
    }
}
