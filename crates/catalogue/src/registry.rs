//! All entities together.

use crate::entity::{Access, Child, Entity};

/// The entities of the product, in the order in which people meet them.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    entities: &'static [&'static Entity],
}

impl Catalogue {
    pub const fn new(entities: &'static [&'static Entity]) -> Self {
        Self { entities }
    }

    pub fn entities(&self) -> &'static [&'static Entity] {
        self.entities
    }

    /// By singular name: `company`.
    pub fn by_name(&self, name: &str) -> Option<&'static Entity> {
        self.entities
            .iter()
            .copied()
            .find(|entity| entity.name == name)
    }

    /// By path segment: `companies`.
    pub fn by_path(&self, path: &str) -> Option<&'static Entity> {
        self.entities
            .iter()
            .copied()
            .find(|entity| entity.path == path)
    }

    /// The parts of an entity's records: child lists of what is seen through the record, under its own permissions,
    /// so that they may be made together with it. Each with its entity.
    pub fn parts(
        &self,
        entity: &'static Entity,
    ) -> impl Iterator<Item = (&'static Child, &'static Entity)> {
        entity.children.iter().filter_map(move |child| {
            let part = self.by_name(child.entity)?;
            let through = Access::Through {
                column: child.field,
                parent: entity.name,
            };
            let made = part.verbs.create
                && part
                    .field(child.field)
                    .is_some_and(crate::field::Field::writable_on_create);
            (made && part.access == through && part.resource == entity.resource)
                .then_some((child, part))
        })
    }
}
