//! The options, made definite for one file: which column fills what.

use std::collections::HashMap;

use kith_catalogue::Catalogue;
use kith_catalogue::entity::{Child, Entity};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::field::{Default, Field};
use kith_tabular::Row;

use super::dialect::Dialect;
use super::options::{Duplicates, ImportOptions};
use super::targets::{self, Target, referenced};
use crate::caller::Caller;
use crate::error::EngineError;

/// Where the text of a target comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The cell of this position.
    Cell(usize),
    /// The option `defaults`: for new records, where the file says nothing.
    Constant(String),
}

/// One target that rows fill.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub origin: Origin,
    /// The header in the file; the target's name for constants.
    pub header: String,
    /// The target's name.
    pub name: String,
    pub target: Target,
    /// The position among the plan's children, for their fields.
    pub child: Option<usize>,
    /// Of a reference by id: the position of the cell that names the record too.
    pub named_by: Option<usize>,
    /// Of such a name: the position of the cell that has the id.
    pub id_cell: Option<usize>,
    /// What stands in the file, in lower case → what is meant.
    pub values: HashMap<String, Option<String>>,
}

/// A record that each row brings along.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChildPlan {
    pub child: &'static Child,
    pub entity: &'static Entity,
}

/// How a row finds the record it duplicates.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatchOn {
    /// The position among the plan's columns.
    pub column: usize,
    /// `None`: the record's id.
    pub field: Option<&'static Field>,
}

/// What is done with each row of a file.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub entity: &'static Entity,
    pub options: ImportOptions,
    pub headers: Vec<String>,
    pub columns: Vec<Column>,
    pub children: Vec<ChildPlan>,
    pub match_on: Option<MatchOn>,
    /// Whose file it is.
    pub dialect: Dialect,
}

impl Plan {
    /// Fits the options to a file's headers; `samples` serve suggestions when no mapping is given.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] with every name that fits nothing.
    pub(super) fn new(
        catalogue: &'static Catalogue,
        caller: &Caller,
        entity: &'static Entity,
        options: ImportOptions,
        headers: Vec<String>,
        samples: &[Row],
    ) -> Result<Plan, EngineError> {
        let mut faults = Faults::new();
        let mut plan = Plan {
            dialect: Dialect::of(catalogue, caller, entity, &headers, samples),
            entity,
            options,
            headers,
            columns: Vec::new(),
            children: Vec::new(),
            match_on: None,
        };
        for (header, name) in plan.mapping(catalogue, caller, samples) {
            let place = format!("mapping.{header}");
            let Some(index) = plan.headers.iter().position(|known| *known == header) else {
                faults.push(Fault::new("unknown_column", "is not a column of the file").at(place));
                continue;
            };
            if plan.columns.iter().any(|column| column.name == name) {
                faults.push(
                    Fault::new(
                        "mapped_twice",
                        format!("another column goes to {name} already; leave one of them out"),
                    )
                    .at(place),
                );
                continue;
            }
            plan.add(
                catalogue,
                caller,
                Origin::Cell(index),
                header,
                name,
                &place,
                &mut faults,
            );
        }
        if plan.columns.is_empty() && faults.is_empty() {
            faults.push(
                Fault::new(
                    "required",
                    format!("no column is mapped to a field of {}", entity.path),
                )
                .at("mapping"),
            );
        }
        for (name, text) in plan.options.defaults.clone() {
            let place = format!("defaults.{name}");
            plan.add(
                catalogue,
                caller,
                Origin::Constant(text),
                name.clone(),
                name,
                &place,
                &mut faults,
            );
        }
        plan.map_values(&mut faults);
        plan.choose_match(&mut faults);
        plan.ask_for_title(&mut faults);
        faults.into_result()?;
        plan.order(catalogue, caller);
        plan.pair_names();
        Ok(plan)
    }

    fn mapping(
        &self,
        catalogue: &'static Catalogue,
        caller: &Caller,
        samples: &[Row],
    ) -> Vec<(String, String)> {
        if let Some(mapping) = &self.options.mapping {
            return mapping
                .iter()
                .filter_map(|(header, name)| Some((header.clone(), name.clone()?)))
                .collect();
        }
        let cells: Vec<Vec<String>> = samples.iter().map(|row| row.cells.clone()).collect();
        let suggestions = self.dialect.suggest(
            catalogue,
            caller,
            self.entity,
            &self.headers,
            &cells,
            &targets::all(catalogue, caller, self.entity),
        );
        self.headers
            .iter()
            .zip(suggestions)
            .filter_map(|(header, suggestion)| Some((header.clone(), suggestion.target?)))
            .collect()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call for columns and one for constants"
    )]
    fn add(
        &mut self,
        catalogue: &'static Catalogue,
        caller: &Caller,
        origin: Origin,
        header: String,
        name: String,
        place: &str,
        faults: &mut Faults,
    ) {
        let Some(target) = targets::find(catalogue, caller, self.entity, &name) else {
            faults.push(
                Fault::new(
                    "unknown_field",
                    format!(
                        "\"{name}\" is not a field of {} that a file can fill",
                        self.entity.path
                    ),
                )
                .at(place),
            );
            return;
        };
        let child = match &target {
            Target::Child { child, entity, .. } => Some(self.child(child, entity)),
            Target::Id
            | Target::Field(_)
            | Target::AddressPart(..)
            | Target::PersonName
            | Target::Custom(_)
            | Target::ReferenceName(_)
            | Target::CustomName(_) => None,
        };
        self.columns.push(Column {
            origin,
            header,
            name,
            target,
            child,
            named_by: None,
            id_cell: None,
            values: HashMap::new(),
        });
    }

    fn child(&mut self, child: &'static Child, entity: &'static Entity) -> usize {
        if let Some(index) = self
            .children
            .iter()
            .position(|known| known.child.name == child.name)
        {
            return index;
        }
        self.children.push(ChildPlan { child, entity });
        self.children.len() - 1
    }

    fn map_values(&mut self, faults: &mut Faults) {
        for (name, values) in self.options.value_map.clone() {
            let mut known = false;
            for column in self.columns.iter_mut().filter(|column| column.name == name) {
                known = true;
                column.values.extend(
                    values
                        .iter()
                        .map(|(text, meant)| (text.trim().to_lowercase(), meant.clone())),
                );
            }
            if !known {
                faults.push(
                    Fault::new(
                        "unknown_field",
                        "no column of the file is mapped to this field",
                    )
                    .at(format!("value_map.{name}")),
                );
            }
        }
    }

    /// The column that tells duplicates: as asked, else the id, else the first natural key in the file.
    fn choose_match(&mut self, faults: &mut Faults) {
        if self.options.duplicates == Duplicates::Create {
            return;
        }
        let find = |name: &str| {
            let column = self.columns.iter().position(|column| {
                column.name == name && matches!(column.origin, Origin::Cell(_))
            })?;
            match &self.columns.get(column)?.target {
                Target::Id => Some(MatchOn {
                    column,
                    field: None,
                }),
                Target::Field(field) => Some(MatchOn {
                    column,
                    field: Some(field),
                }),
                Target::PersonName => Some(MatchOn {
                    column,
                    field: Some(self.entity.title_field()?),
                }),
                Target::AddressPart(..)
                | Target::Custom(_)
                | Target::ReferenceName(_)
                | Target::CustomName(_)
                | Target::Child { .. } => None,
            }
        };
        self.match_on = match &self.options.match_on {
            Some(name) => {
                let found = find(name);
                if found.is_none() {
                    faults.push(Fault::new("not_mapped", format!("no column of the file is mapped to \"{name}\", so records cannot be compared by it")).at("match_on"));
                }
                found
            }
            None => {
                find("id").or_else(|| self.entity.natural_keys.iter().find_map(|name| find(name)))
            }
        };
    }

    /// A file without the one field that every record is known by would fail row by row.
    fn ask_for_title(&self, faults: &mut Faults) {
        let Some(title) = self.entity.title_field() else {
            return;
        };
        let matched_by_id = self.match_on.is_some_and(|chosen| chosen.field.is_none());
        let mapped = self.columns.iter().any(|column| column.name == title.name);
        if title.required
            && title.writable_on_create()
            && title.default == Default::None
            && !mapped
            && !matched_by_id
        {
            faults.push(
                Fault::new(
                    "required",
                    format!(
                        "choose the column that holds the {} of each {}",
                        title.label.to_lowercase(),
                        self.entity.label.to_lowercase()
                    ),
                )
                .at("mapping"),
            );
        }
    }

    /// References that others are looked up within come first (a pipeline before its stages).
    fn order(&mut self, catalogue: &'static Catalogue, caller: &Caller) {
        let chosen = self
            .match_on
            .and_then(|chosen| self.columns.get(chosen.column))
            .map(|column| column.name.clone());
        let scopes: Vec<&str> = self
            .columns
            .iter()
            .filter_map(|column| {
                let field = column.target.field(caller, self.entity)?;
                scope_of(self.entity, catalogue.by_name(referenced(&field)?)?)
                    .map(|scope| scope.name)
            })
            .collect();
        let is_scope = |column: &Column| {
            scopes.contains(&column.name.as_str())
                || matches!(column.target, Target::ReferenceName(field) if scopes.contains(&field.name))
        };
        self.columns.sort_by_key(|column| !is_scope(column));
        if let Some((chosen, name)) = self.match_on.as_mut().zip(chosen)
            && let Some(column) = self
                .columns
                .iter()
                .position(|column| column.name == name && matches!(column.origin, Origin::Cell(_)))
        {
            chosen.column = column;
        }
    }

    /// Puts the ids of records and their names together, where a file has both.
    fn pair_names(&mut self) {
        let cells: HashMap<String, usize> = self
            .columns
            .iter()
            .filter_map(|column| match column.origin {
                Origin::Cell(index) => Some((column.name.clone(), index)),
                Origin::Constant(_) => None,
            })
            .collect();
        let mut named_by = HashMap::new();
        for column in &mut self.columns {
            let id = match &column.target {
                Target::ReferenceName(field) => field.name.to_owned(),
                Target::CustomName(key) => format!("custom.{key}"),
                Target::Id
                | Target::Field(_)
                | Target::AddressPart(..)
                | Target::PersonName
                | Target::Custom(_)
                | Target::Child { .. } => continue,
            };
            if let (Origin::Cell(name), Some(cell)) = (&column.origin, cells.get(&id)) {
                column.id_cell = Some(*cell);
                named_by.insert(id, *name);
            }
        }
        for column in &mut self.columns {
            column.named_by = named_by.get(&column.name).copied();
        }
    }

    /// The field by which a record is found whose id is not known here: one that no two records share, so that a new
    /// one could not be made anyway.
    pub(super) fn otherwise_match_on(&self) -> Option<&'static Field> {
        let by_id = self.match_on.is_some_and(|chosen| chosen.field.is_none());
        if !by_id || self.dialect != Dialect::Own {
            return None;
        }
        self.entity
            .natural_keys
            .iter()
            .filter_map(|name| self.entity.field(name))
            .find(|field| {
                (field.unique || self.entity.is_view)
                    && self.columns.iter().any(|column| {
                        column.name == field.name && matches!(column.origin, Origin::Cell(_))
                    })
            })
    }

    /// Whether new records keep the ids that the file gives them.
    pub(super) fn keeps_ids(&self) -> bool {
        self.dialect == Dialect::Own
            && !self.entity.is_view
            && self.match_on.is_some_and(|chosen| chosen.field.is_none())
    }

    /// Whether a column refers to records of the imported entity itself.
    pub(super) fn refers_to_itself(&self, caller: &Caller) -> bool {
        self.columns.iter().any(|column| {
            column.child.is_none()
                && column
                    .target
                    .field(caller, self.entity)
                    .is_some_and(|field| referenced(&field) == Some(self.entity.name))
        })
    }
}

/// The reference that `other`'s records belong to and that the imported record has too: names are looked
/// up within it, as those of stages within the pipeline.
pub(super) fn scope_of(entity: &'static Entity, other: &'static Entity) -> Option<&'static Field> {
    other.fields.iter().find(|field| {
        other.name != entity.name
            && field.required
            && field.reference.is_some_and(|name| name != entity.name)
            && entity
                .field(field.name)
                .is_some_and(|own| own.reference == field.reference)
    })
}
