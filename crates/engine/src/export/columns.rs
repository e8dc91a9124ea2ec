//! The columns of a file: the fields under their own names, what they refer to in words beside the id, addresses and
//! the organization's own fields in their parts.

use kith_catalogue::Catalogue;
use kith_catalogue::custom::CustomField;
use kith_catalogue::entity::Entity;
use kith_catalogue::field::Field;
use kith_catalogue::kind::Kind;

use crate::caller::Caller;
use crate::read::Selection;

/// The parts of an address, in the order of their columns.
pub(super) const ADDRESS: [&str; 6] = ["line1", "line2", "city", "state", "postal_code", "country"];

/// One field of the selection with the columns that it becomes.
pub(super) struct Group {
    /// Its position in a row.
    pub index: usize,
    pub field: &'static Field,
    pub shape: Shape,
}

/// What a field becomes.
pub(super) enum Shape {
    /// One column.
    Plain,
    /// The name of the record referred to, then its id. The position of its entity among the names.
    Reference(usize),
    /// The same for a reference to a record of several entities: the position of the field that says of which, and
    /// the place of each among the names.
    Any {
        kind: usize,
        places: Vec<(&'static str, usize)>,
    },
    /// A column a part.
    Address,
    /// A column for each of the organization's own fields.
    Custom(Vec<Own>),
}

/// One of the organization's own fields.
pub(super) struct Own {
    pub field: CustomField,
    /// The position of the entity that it refers to among the names.
    pub reference: Option<usize>,
}

/// Everything that is written of a row.
pub(super) struct Layout {
    pub groups: Vec<Group>,
    /// The entities whose records are named.
    pub named: Vec<&'static Entity>,
}

impl Layout {
    pub(super) fn new(
        catalogue: &'static Catalogue,
        caller: &Caller,
        selection: &Selection,
    ) -> Layout {
        let mut layout = Layout {
            groups: Vec::new(),
            named: Vec::new(),
        };
        for (index, field) in selection.fields.iter().copied().enumerate() {
            let shape = match field.kind {
                Kind::Address => Shape::Address,
                Kind::AnyReference => layout.any(catalogue, selection, field),
                Kind::CustomFields => Shape::Custom(
                    caller
                        .overlay
                        .of(selection.entity.name)
                        .iter()
                        .map(|own| Own {
                            reference: layout.name(catalogue, own.kind, own.reference.as_deref()),
                            field: own.clone(),
                        })
                        .collect(),
                ),
                _ => layout
                    .name(catalogue, field.kind, field.reference)
                    .map_or(Shape::Plain, Shape::Reference),
            };
            layout.groups.push(Group {
                index,
                field,
                shape,
            });
        }
        layout
    }

    fn any(
        &mut self,
        catalogue: &'static Catalogue,
        selection: &Selection,
        field: &'static Field,
    ) -> Shape {
        let kind = field
            .entity_field
            .and_then(|name| Some((selection.position(name)?, selection.entity.field(name)?)));
        let Some((kind, choices)) = kind else {
            return Shape::Plain;
        };
        let places = choices
            .choices
            .iter()
            .filter_map(|choice| {
                let place = self.name(catalogue, field.kind, Some(choice.value))?;
                Some((choice.value, place))
            })
            .collect();
        Shape::Any { kind, places }
    }

    /// The place of the entity that a field refers to, which it gets when it has none.
    fn name(
        &mut self,
        catalogue: &'static Catalogue,
        kind: Kind,
        reference: Option<&str>,
    ) -> Option<usize> {
        let name = if kind == Kind::User {
            Some("user")
        } else {
            reference
        }?;
        let entity = catalogue.by_name(name)?;
        Some(
            self.named
                .iter()
                .position(|known| known.name == entity.name)
                .unwrap_or_else(|| {
                    self.named.push(entity);
                    self.named.len() - 1
                }),
        )
    }

    /// The header of each column and how many characters wide it should be.
    pub(super) fn headers(&self) -> Vec<(String, u16)> {
        let mut headers = Vec::new();
        for group in &self.groups {
            let name = group.field.name;
            match &group.shape {
                Shape::Plain => headers.push((name.to_owned(), width(group.field.kind))),
                Shape::Reference(_) | Shape::Any { .. } => {
                    headers.push((name_header(group.field), 24));
                    headers.push((name.to_owned(), width(Kind::Uuid)));
                }
                Shape::Address => headers.extend(
                    ADDRESS
                        .iter()
                        .map(|part| (format!("{name}.{part}"), width(Kind::Text))),
                ),
                Shape::Custom(fields) => {
                    for own in fields {
                        let name = format!("custom.{}", own.field.key);
                        if own.reference.is_some() {
                            headers.push((format!("{name}.name"), 24));
                        }
                        headers.push((name, width(own.field.kind)));
                    }
                }
            }
        }
        headers
    }
}

/// The header under which a referred record is named: `company` beside `company_id`.
pub(crate) fn name_header(field: &Field) -> String {
    match field.include_name() {
        Some(name) => name.to_owned(),
        None => format!("{}.name", field.name),
    }
}

fn width(kind: Kind) -> u16 {
    match kind {
        Kind::Text | Kind::Choice | Kind::MultiChoice | Kind::Tags => 22,
        Kind::LongText | Kind::Json | Kind::Address | Kind::CustomFields => 40,
        Kind::Email | Kind::Url => 30,
        Kind::Phone => 18,
        Kind::Integer | Kind::Percent | Kind::Decimal | Kind::Money => 14,
        Kind::Boolean | Kind::Currency | Kind::Country | Kind::Color => 10,
        Kind::Date => 12,
        Kind::Timestamp => 20,
        Kind::Reference | Kind::AnyReference | Kind::User | Kind::Uuid => 38,
    }
}
