//! The organizations' own fields, kept while nothing says that they changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kith_catalogue::access::{Action, Grants};
use kith_catalogue::custom::{CustomChoice, CustomField, Overlay};
use kith_catalogue::field::AnyField;
use kith_catalogue::kind::Kind;
use kith_catalogue::kinds::{ParseContext, parse};
use kith_catalogue::value::Value;
use kith_store::{Database, Principal, Row, Statement, StoreError};
use serde_json::Value as Json;
use uuid::Uuid;

/// A missed notice costs at most this long.
const LIFETIME: Duration = Duration::from_mins(1);
const ORGANIZATIONS: u64 = 10_000;

const FIELDS: &str = "SELECT entity, key, label, kind, is_required, is_unique, is_filterable, default_value, choices, reference, \
    minimum, maximum, maximum_length, help, position FROM custom_fields \
    WHERE organization_id = current_organization_id()";

/// Overlays by organization.
pub(crate) struct Overlays {
    cache: moka::future::Cache<Uuid, Arc<Overlay>>,
    none: Arc<Overlay>,
}

impl Overlays {
    pub(crate) fn new() -> Overlays {
        let cache = moka::future::Cache::builder()
            .max_capacity(ORGANIZATIONS)
            .time_to_live(LIFETIME)
            .build();
        Overlays {
            cache,
            none: Arc::default(),
        }
    }

    /// The fields that this member's organization added. Whoever may not read them has none: they are read under row
    /// security, so what one member finds holds for every member who may.
    pub(crate) async fn of(
        &self,
        database: &Database,
        who: &Principal,
        grants: &Grants,
    ) -> Result<Arc<Overlay>, StoreError> {
        if grants.scope("custom_fields", Action::Read).is_none() {
            return Ok(Arc::clone(&self.none));
        }
        if let Some(found) = self.cache.get(&who.organization_id).await {
            return Ok(found);
        }
        let overlay = Arc::new(load(database, who).await?);
        self.cache
            .insert(who.organization_id, Arc::clone(&overlay))
            .await;
        Ok(overlay)
    }

    /// Forgets one organization's.
    pub(crate) async fn forget(&self, organization: Uuid) {
        self.cache.invalidate(&organization).await;
    }

    /// Forgets everything: notices may have been lost.
    pub(crate) fn forget_all(&self) {
        self.cache.invalidate_all();
    }
}

async fn load(database: &Database, who: &Principal) -> Result<Overlay, StoreError> {
    let rows = database
        .read(who, &[Statement::new(FIELDS)])
        .await?
        .pop()
        .unwrap_or_default();
    let context = ParseContext {
        now: jiff::Zoned::default(),
        user_id: who.user_id,
        region: None,
    };
    let mut fields: HashMap<String, Vec<CustomField>> = HashMap::new();
    for row in &rows {
        let entity: String = row.try_get(0)?;
        if let Some(field) = custom_field(row, &context)? {
            fields.entry(entity).or_default().push(field);
        }
    }
    Ok(Overlay::new(fields))
}

/// `None` for a kind that only a newer program knows.
fn custom_field(row: &Row, context: &ParseContext) -> Result<Option<CustomField>, StoreError> {
    let Some(kind) = Kind::from_name(row.try_get(3)?) else {
        return Ok(None);
    };
    let choices: Json = row.try_get(8)?;
    let mut field = CustomField {
        key: row.try_get(1)?,
        label: row.try_get(2)?,
        kind,
        required: row.try_get(4)?,
        unique: row.try_get(5)?,
        filterable: row.try_get(6)?,
        default: Value::Null,
        choices: serde_json::from_value::<Vec<CustomChoice>>(choices).unwrap_or_default(),
        reference: row.try_get(9)?,
        min: row.try_get(10)?,
        max: row.try_get(11)?,
        max_length: row
            .try_get::<_, Option<i32>>(12)?
            .and_then(|length| u32::try_from(length).ok()),
        help: row.try_get(13)?,
        position: row.try_get::<_, i32>(14)?.into(),
    };
    if let Some(default) = row.try_get::<_, Option<Json>>(7)? {
        field.default = parse(&AnyField::Custom(&field), &default, context).unwrap_or(Value::Null);
    }
    Ok(Some(field))
}
