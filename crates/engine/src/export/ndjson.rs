//! One JSON object a line: the record as the interface shows it, and what it refers to in words.

use kith_store::{Row, StoreError};
use uuid::Uuid;

use super::columns::{Layout, Shape, name_header};
use super::names::{Names, place_of};
use crate::mask::Mask;
use crate::read::{check_column, write_member, write_string};

/// The lines of some rows.
pub(super) fn write(
    out: &mut Vec<u8>,
    layout: &Layout,
    mask: &Mask,
    names: &Names,
    rows: &[Row],
) -> Result<(), StoreError> {
    if let Some(first) = rows.first() {
        for group in &layout.groups {
            check_column(group.field.kind, first, group.index)?;
        }
    }
    for row in rows {
        out.push(b'{');
        for (position, group) in layout.groups.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            let broken = |error: tokio_postgres::Error| StoreError::internal(error.to_string());
            let place = match &group.shape {
                Shape::Reference(place) => Some(Some(*place)),
                Shape::Any { kind, places } => {
                    Some(place_of(places, row.try_get(*kind).map_err(broken)?))
                }
                Shape::Plain | Shape::Address | Shape::Custom(_) => None,
            };
            if let Some(place) = place {
                let id: Option<Uuid> = row.try_get(group.index).map_err(broken)?;
                write_string(out, name_header(group.field));
                out.push(b':');
                match place.zip(id).and_then(|(place, id)| names.get(place, id)) {
                    Some(name) => write_string(out, name),
                    None => out.extend_from_slice(b"null"),
                }
                out.push(b',');
            }
            write_member(out, mask, group.field, row, group.index)?;
        }
        out.extend_from_slice(b"}\n");
    }
    Ok(())
}
