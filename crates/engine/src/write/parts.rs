//! Parts made together with a record: `{"name": …, "items": [{…}, {…}]}`. The record and its parts are written in
//! one transaction, all parts of an entity in one statement.

use kith_catalogue::Catalogue;
use kith_catalogue::entity::{Child, Entity};
use kith_catalogue::fault::{Fault, Faults};
use kith_catalogue::kind::Kind;
use kith_store::Tx;
use serde_json::Value as Json;
use uuid::Uuid;

use super::bulk::BULK_LIMIT;
use super::create::{create_checked, prepare_create};
use super::draft::draft_new;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;

/// The parts of several records that are of one entity.
pub(super) struct Parts {
    child: &'static Child,
    entity: &'static Entity,
    bodies: Vec<PartBody>,
}

/// One part: of which record, and where it stood in that record's list.
struct PartBody {
    record: usize,
    position: usize,
    body: Json,
}

impl PartBody {
    /// The fault as the caller knows its field: `items[2].quantity`.
    fn named(&self, child: &Child, fault: Fault) -> Fault {
        let place = format!("{}[{}]", child.name, self.position);
        let field = match fault.field.as_str() {
            "" => place,
            name => format!("{place}.{name}"),
        };
        Fault { field, ..fault }
    }
}

/// The bodies without their parts, the parts, and what is wrong with how they are given.
pub(super) struct Taken {
    pub bodies: Vec<Json>,
    pub parts: Vec<Parts>,
    pub faults: Vec<(usize, Fault)>,
}

/// Takes the parts out of the bodies of new records; `None` when there are none.
pub(super) fn take(
    catalogue: &'static Catalogue,
    entity: &'static Entity,
    bodies: &[Json],
) -> Option<Taken> {
    let mentioned = |child: &Child| bodies.iter().any(|body| body.get(child.name).is_some());
    let wanted: Vec<_> = catalogue
        .parts(entity)
        .filter(|(child, _)| entity.field(child.name).is_none() && mentioned(child))
        .collect();
    if wanted.is_empty() {
        return None;
    }
    let mut taken = Taken {
        bodies: bodies.to_vec(),
        parts: Vec::new(),
        faults: Vec::new(),
    };
    for (child, part) in wanted {
        let mut parts = Parts {
            child,
            entity: part,
            bodies: Vec::new(),
        };
        for (record, body) in taken.bodies.iter_mut().enumerate() {
            let list = body
                .as_object_mut()
                .and_then(|members| members.remove(child.name));
            match list {
                None | Some(Json::Null) => {}
                Some(Json::Array(list)) => {
                    for (position, body) in list.into_iter().enumerate() {
                        if !body.is_object() {
                            let place = format!("{}[{position}]", child.name);
                            let fault = Fault::new("not_an_object", "must be a JSON object");
                            taken.faults.push((record, fault.at(place)));
                            continue;
                        }
                        parts.bodies.push(PartBody {
                            record,
                            position,
                            body: placed(part, body, position),
                        });
                    }
                }
                Some(_) => {
                    let fault = Fault::new("not_a_list", "must be a list of objects");
                    taken.faults.push((record, fault.at(child.name)));
                }
            }
        }
        for one in &parts.bodies {
            if one.body.get(child.field).is_some() {
                let fault = Fault::new("read_only", "is the record itself; leave it out");
                let fault = one.named(child, fault.at(child.field));
                taken.faults.push((one.record, fault));
            }
        }
        if parts.bodies.len() > BULK_LIMIT {
            let message = format!("at most {BULK_LIMIT} are allowed in one request");
            let fault = Fault::new("too_many", message).at(child.name);
            taken.faults.push((0, fault));
        }
        taken.parts.push(parts);
    }
    Some(taken)
}

/// Parts that are in an order are in that of their list, unless they say otherwise.
fn placed(part: &'static Entity, mut body: Json, position: usize) -> Json {
    let order = part
        .field(part.default_sort.0)
        .filter(|field| field.kind == Kind::Integer && field.writable_on_create());
    if let (Some(field), Some(members)) = (order, body.as_object_mut())
        && !members.contains_key(field.name)
    {
        members.insert(field.name.to_owned(), Json::from(position + 1));
    }
    body
}

impl Parts {
    /// What can be seen to be wrong with the parts by themselves, for an answer that names every bad field at once
    /// although the records were not made.
    pub(super) fn faults(&self, caller: &Caller) -> Vec<(usize, Fault)> {
        let context = caller.parse_context();
        let mut all = Vec::new();
        for one in &self.bodies {
            let mut faults = Faults::new();
            draft_new(self.entity, caller, &context, None, &one.body, &mut faults);
            all.extend(
                faults
                    .into_vec()
                    .into_iter()
                    .map(|fault| (one.record, one.named(self.child, fault))),
            );
        }
        all
    }

    /// Makes the parts of records that were made.
    pub(super) async fn create(
        self,
        engine: &Engine,
        tx: &Tx,
        caller: &Caller,
        records: &[Uuid],
    ) -> Result<(), EngineError> {
        let bodies: Vec<Json> = self
            .bodies
            .iter()
            .map(|one| {
                let mut body = one.body.clone();
                if let (Some(members), Some(record)) =
                    (body.as_object_mut(), records.get(one.record))
                {
                    members.insert(self.child.field.to_owned(), Json::from(record.to_string()));
                }
                body
            })
            .collect();
        let prepared = prepare_create(engine, tx, caller, self.entity, &bodies).await?;
        if !prepared.faults.is_empty() {
            let named = prepared.faults.into_iter().filter_map(|(index, faults)| {
                let one = self.bodies.get(index)?;
                let faults = faults
                    .into_iter()
                    .map(|fault| one.named(self.child, fault))
                    .collect();
                Some((one.record, faults))
            });
            return Err(EngineError::InvalidRows(named.collect()));
        }
        let changes: Vec<_> = prepared
            .rows
            .into_iter()
            .map(|(_, change)| change)
            .collect();
        create_checked(engine, tx, caller, self.entity, &changes).await?;
        Ok(())
    }
}
