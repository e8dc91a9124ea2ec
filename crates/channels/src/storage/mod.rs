//! Where files lie: a folder, or an object store that speaks S3. Objects are named by ids that the database gave out,
//! so nothing that a client says becomes part of a path.

mod picture;
mod place;
mod sniff;

pub use picture::{LARGEST_SOURCE, NoPicture, Thumbnail, can_have_thumbnail, thumbnail};
pub use place::{BadStorage, Received, Storage, StorageError, Writing};
pub use sniff::{SNIFFED, is_active, sniff};
