//! Who asks, and what the engine needs to know about them.

use std::sync::Arc;

use jiff::Zoned;
use kith_catalogue::access::{Action, Grants, Scope};
use kith_catalogue::custom::Overlay;
use kith_catalogue::entity::Entity;
use kith_catalogue::kinds::ParseContext;
use kith_store::{Origin, Principal};

use crate::error::EngineError;

/// The acting member of an organization, for the length of one request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub principal: Principal,
    /// What the member may do. Refuses early and narrows plans; row security is the guard.
    pub grants: Arc<Grants>,
    /// The organization's own fields.
    pub overlay: Arc<Overlay>,
    /// ISO 4217.
    pub base_currency: String,
    /// ISO 3166-1 alpha-2, for phone numbers without a country code.
    pub region: Option<String>,
    /// Now, in the member's time zone.
    pub now: Zoned,
    /// The change set and where the request came from.
    pub origin: Origin,
}

impl Caller {
    /// What parsing values may depend on.
    pub fn parse_context(&self) -> ParseContext {
        ParseContext {
            now: self.now.clone(),
            user_id: self.principal.user_id,
            region: self.region.clone(),
        }
    }

    /// The scope of a permission.
    ///
    /// # Errors
    /// [`EngineError::Forbidden`] when it is not granted for any record.
    pub fn require(&self, entity: &'static Entity, action: Action) -> Result<Scope, EngineError> {
        self.grants
            .scope(entity.resource, action)
            .ok_or(EngineError::Forbidden {
                action,
                resource: entity.resource,
            })
    }
}
