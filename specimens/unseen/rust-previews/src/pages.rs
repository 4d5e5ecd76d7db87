//! Scanned pages, and small pictures of them.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{GrayImage, ImageFormat, ImageResult, Luma};
use serde::Serialize;

/// Scans are stored at this size.
const WIDTH: u32 = 140;
const HEIGHT: u32 = 200;

#[derive(Serialize)]
pub(crate) struct Page {
    page: u32,
    volume: u32,
    columns: u32,
    width: u32,
    height: u32,
}

pub(crate) fn describe(page: u32) -> Page {
    Page { page, volume: page / 400, columns: columns(page), width: WIDTH, height: HEIGHT }
}

/// A preview as PNG.
pub(crate) fn preview(page: u32, width: u32) -> ImageResult<Vec<u8>> {
    let small = imageops::resize(&scan(page), width, width * HEIGHT / WIDTH, FilterType::Triangle);
    let mut file = Cursor::new(Vec::with_capacity(4096));
    small.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}

fn columns(page: u32) -> u32 {
    1 + page % 3
}

/// Lines of dark words in columns on paper.
fn scan(page: u32) -> GrayImage {
    let column = WIDTH / columns(page);
    GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (line, word) = (y / 6, x / 9);
        let mixed = (page ^ (line << 8) ^ word).wrapping_mul(2_654_435_761) >> 16;
        let margin = x % column < 5 || !(8..HEIGHT - 8).contains(&y);
        let ink = !margin && y % 6 < 4 && mixed % 7 < 6;
        Luma([if ink { 40 + (mixed % 60) as u8 } else { 225 + (mixed % 20) as u8 }])
    })
}
