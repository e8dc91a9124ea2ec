//! Thumbnails. Pictures come from anybody, so their size is looked at before a pixel is decoded.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Bytes of a picture that is made small; larger ones have no thumbnail.
pub const LARGEST_SOURCE: u64 = 32 * 1024 * 1024;
/// Pixels of a side, and of the whole picture.
const LARGEST_SIDE: u32 = 20_000;
const MOST_PIXELS: u64 = 60_000_000;
/// Bytes that decoding may take.
const MOST_MEMORY: u64 = 300 * 1024 * 1024;
/// Pixels of the longer side of a thumbnail.
const SIDE: u32 = 320;

/// A small picture of a picture.
pub struct Thumbnail {
    pub bytes: Vec<u8>,
    pub mime_type: &'static str,
}

/// Why a picture has none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    #[error("the picture is too large to be made small")]
    TooLarge,
    #[error("the picture cannot be read")]
    Unreadable,
}

/// Whether files of this type have thumbnails.
pub fn can_have_thumbnail(mime_type: &str) -> bool {
    format_of(mime_type).is_some()
}

fn format_of(mime_type: &str) -> Option<ImageFormat> {
    match mime_type {
        "image/png" => Some(ImageFormat::Png),
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        "image/bmp" => Some(ImageFormat::Bmp),
        _ => None,
    }
}

/// Makes a picture small. Takes time and memory: up to [`MOST_MEMORY`], and never more than one at a time is wise.
///
/// # Errors
/// [`NoPicture`]: an announced size beyond the bounds, or content that is no such picture.
pub fn thumbnail(content: &[u8], mime_type: &str) -> Result<Thumbnail, NoPicture> {
    let format = format_of(mime_type).ok_or(NoPicture::Unreadable)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_MEMORY {
        return Err(NoPicture::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    // A small picture stays as it is.
    let mut small = if width.max(height) > SIDE {
        picture.thumbnail(SIDE, SIDE)
    } else {
        picture
    };
    small.apply_orientation(orientation);
    // What was hidden in the original (places, names) stays there: this is drawn anew.
    let (small, format, mime_type) = if small.color().has_alpha() {
        (
            DynamicImage::ImageRgba8(small.into_rgba8()),
            ImageFormat::Png,
            "image/png",
        )
    } else {
        (
            DynamicImage::ImageRgb8(small.into_rgb8()),
            ImageFormat::Jpeg,
            "image/jpeg",
        )
    };
    let mut bytes = Cursor::new(Vec::new());
    small
        .write_to(&mut bytes, format)
        .map_err(|_| NoPicture::Unreadable)?;
    Ok(Thumbnail {
        bytes: bytes.into_inner(),
        mime_type,
    })
}

fn refused(error: &image::ImageError) -> NoPicture {
    match error {
        image::ImageError::Limits(_) => NoPicture::TooLarge,
        _ => NoPicture::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_made_small_and_keeps_its_shape() {
        let made = thumbnail(&png(1000, 500), "image/png").unwrap();
        assert_eq!(made.mime_type, "image/jpeg");
        let small = image::load_from_memory(&made.bytes).unwrap();
        assert_eq!((small.width(), small.height()), (320, 160));
    }

    #[test]
    fn bombs_and_nonsense_are_refused_before_they_cost_anything() {
        // A header that announces 60,000 by 60,000 pixels, with nothing behind it.
        let mut bomb = png(1, 1);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        // The checksum of the changed header.
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(
            thumbnail(&bomb, "image/png").err(),
            Some(NoPicture::TooLarge)
        );
        for (content, mime_type) in [
            (&b"not a picture"[..], "image/png"),
            (b"", "image/jpeg"),
            (b"<svg/>", "image/svg+xml"),
        ] {
            assert_eq!(
                thumbnail(content, mime_type).err(),
                Some(NoPicture::Unreadable)
            );
        }
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                };
            }
        }
        !crc
    }
}
