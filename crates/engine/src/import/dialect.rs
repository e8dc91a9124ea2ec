//! Whose file it is: this product's own, which is read exactly as it was written, one of a product whose headers are
//! known, or anybody's.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::Entity;
use kith_tabular::Row;
use kith_tabular::headers::{Product, Suggestion, translate};
use uuid::Uuid;

use super::targets::{self, Described};
use crate::caller::Caller;
use crate::export::name_header;

/// Where a file comes from, by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// An export of this product.
    Own,
    Of(Product),
    Unknown,
}

impl Dialect {
    /// Looks at the headers and the first rows.
    pub(super) fn of(
        catalogue: &'static Catalogue,
        caller: &Caller,
        entity: &'static Entity,
        headers: &[String],
        samples: &[Row],
    ) -> Dialect {
        if is_own(catalogue, caller, entity, headers, samples) {
            return Dialect::Own;
        }
        Product::recognise(headers).map_or(Dialect::Unknown, Dialect::Of)
    }

    /// The word that the interface has for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Dialect::Own => "kith",
            Dialect::Of(product) => product.name(),
            Dialect::Unknown => "unknown",
        }
    }

    /// A target for each header.
    pub(super) fn suggest(
        self,
        catalogue: &'static Catalogue,
        caller: &Caller,
        entity: &'static Entity,
        headers: &[String],
        samples: &[Vec<String>],
        described: &[Described],
    ) -> Vec<Suggestion> {
        match self {
            Dialect::Own => headers
                .iter()
                .map(|header| {
                    let known = targets::find(catalogue, caller, entity, header).is_some();
                    Suggestion {
                        target: known.then(|| header.clone()),
                        confidence: if known { 1.0 } else { 0.0 },
                    }
                })
                .collect(),
            Dialect::Of(product) => {
                let words = translate(product, entity.label, headers, samples);
                targets::suggest(catalogue, caller, entity, words, samples, described)
            }
            Dialect::Unknown => {
                let words = headers.iter().cloned().map(Some).collect();
                targets::suggest(catalogue, caller, entity, words, samples, described)
            }
        }
    }
}

/// An export has an id of ours in every row, and nearly every header is one that an export has.
fn is_own(
    catalogue: &'static Catalogue,
    caller: &Caller,
    entity: &'static Entity,
    headers: &[String],
    samples: &[Row],
) -> bool {
    let Some(id) = headers.iter().position(|header| header == "id") else {
        return false;
    };
    let known = headers
        .iter()
        .filter(|header| is_exported(catalogue, caller, entity, header))
        .count();
    let ours = samples.iter().all(|row| {
        row.cells
            .get(id)
            .is_some_and(|cell| Uuid::try_parse(cell.trim()).is_ok())
    });
    ours && known * 5 >= headers.len() * 4
}

/// Whether an export may have a column of this name, one that an import leaves out included.
fn is_exported(
    catalogue: &'static Catalogue,
    caller: &Caller,
    entity: &'static Entity,
    header: &str,
) -> bool {
    entity.field(header).is_some()
        || targets::find(catalogue, caller, entity, header).is_some()
        || header.starts_with("custom.")
        || entity
            .all_fields()
            .iter()
            .any(|field| name_header(field) == header)
}
