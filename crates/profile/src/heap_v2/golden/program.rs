use std::hint::black_box;
#[inline(never)]
fn small(n: usize) -> Vec<Vec<u8>> { (0..n).map(|_| black_box(Vec::with_capacity(1000))).collect() }
#[inline(never)]
fn large(n: usize) { for _ in 0..n { black_box(Vec::<u8>::with_capacity(1 << 20)); } }
fn main() {
    let kept = small(20_000);
    large(100);
    black_box(&kept);
}
