//! Carries the acts out in order, through the engine, as the members who do them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kith_auth::ActorCache;
use kith_catalogue::Entity;
use kith_engine::{Caller, EngineError, RecordJson, Update, create, update};
use kith_entities::custom_field::load_overlay;
use kith_store::{Origin, Statement, StoreError, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::people::OWNER;
use crate::story::{Act, Turn, What};
use crate::{DemoError, Place, Wanted, dating};

/// A transaction that was written, and the moment at which what it tells happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The database's own time.
    pub(crate) made: Timestamp,
    pub(crate) happened: Timestamp,
}

/// Carries the acts out, neighbours of one person and moment in one transaction.
pub(crate) async fn tell(
    place: &Place<'_>,
    wanted: &Wanted,
    acts: Vec<Act>,
) -> Result<Vec<Step>, DemoError> {
    let mut teller = Teller {
        place,
        wanted,
        names: known(place).await?,
        actors: ActorCache::new(place.engine.database.clone()),
        callers: HashMap::new(),
        steps: Vec::new(),
    };
    let together = |left: &Act, right: &Act| {
        let alone = |act: &Act| matches!(act.what, What::Admit);
        left.moment == right.moment && left.by == right.by && !alone(left) && !alone(right)
    };
    // The organization was made a moment ago, with what every organization begins with; in the story, a moment
    // before it begins.
    if let Some(first) = acts.first() {
        let founding = SignedDuration::from_hours(1);
        teller.steps.push(Step {
            made: dating::clock(place.admin).await? - founding,
            happened: first.moment - founding,
        });
    }
    for scene in acts.chunk_by(together) {
        teller.scene(scene).await?;
    }
    // What is written from here on happens when it is written.
    let end = dating::clock(place.admin).await?;
    teller.steps.push(Step {
        made: end,
        happened: end,
    });
    Ok(teller.steps)
}

struct Teller<'a> {
    place: &'a Place<'a>,
    wanted: &'a Wanted,
    /// The ids of the records by name.
    names: HashMap<String, Uuid>,
    actors: ActorCache,
    callers: HashMap<String, Caller>,
    steps: Vec<Step>,
}

impl Teller<'_> {
    async fn scene(&mut self, scene: &[Act]) -> Result<(), DemoError> {
        let Some(first) = scene.first() else {
            return Ok(());
        };
        if let What::Admit = first.what {
            return self.admit(first.moment).await;
        }
        let caller = self.caller(first).await?;
        let tx = Tx::begin(
            &self.place.engine.database,
            &caller.principal,
            &caller.origin,
        )
        .await?;
        let made = tx.query_one(&Statement::new("SELECT now()")).await?;
        self.steps.push(Step {
            made: made.try_get(0).map_err(StoreError::from)?,
            happened: first.moment,
        });
        let mut rest = scene;
        while let Some(act) = rest.first() {
            let count = match &act.what {
                What::Create(entity) => self.create(&tx, &caller, entity, rest).await?,
                What::Change(entity) => self.change(&tx, &caller, entity, rest).await?,
                What::Rule(rule) => {
                    let arguments = self.resolved(act)?;
                    let turn = Turn {
                        engine: self.place.engine,
                        caller: &caller,
                        tx: &tx,
                        folder: self.place.folder,
                        storage: self.place.storage,
                    };
                    let answer = (rule.run)(&turn, arguments)
                        .await
                        .map_err(|error| refused(act, &error))?;
                    self.remember(act, &answer);
                    1
                }
                What::Admit => 1,
            };
            rest = rest.get(count..).unwrap_or_default();
        }
        tx.commit()
            .await
            .map_err(|error| refused(first, &EngineError::from(error)))?;
        // What decides about people, and which fields there are, has changed.
        if scene.iter().any(|act| {
            matches!(&act.what, What::Create(entity) | What::Change(entity)
                if matches!(entity.name, "user" | "role" | "custom_field" | "team_member"))
        }) {
            self.forget_callers();
        }
        Ok(())
    }

    /// Makes the first acts together, as far as they make records of one entity that do not name each other.
    async fn create(
        &mut self,
        tx: &Tx,
        caller: &Caller,
        entity: &'static Entity,
        acts: &[Act],
    ) -> Result<usize, DemoError> {
        let mut bodies = Vec::new();
        let mut named = Vec::new();
        for act in acts {
            if !matches!(&act.what, What::Create(other) if other.name == entity.name) {
                break;
            }
            match self.resolved(act) {
                Ok(body) => bodies.push(body),
                Err(_) if !bodies.is_empty() => break,
                Err(error) => return Err(error),
            }
            named.push(act);
        }
        let records = create(self.place.engine, tx, caller, entity, &bodies)
            .await
            .map_err(|error| refused_of(&named, &error))?;
        for (act, RecordJson { id, .. }) in named.iter().zip(&records) {
            self.names.insert(act.name.clone(), *id);
        }
        Ok(named.len().max(1))
    }

    async fn change(
        &mut self,
        tx: &Tx,
        caller: &Caller,
        entity: &'static Entity,
        acts: &[Act],
    ) -> Result<usize, DemoError> {
        let mut updates: Vec<Update> = Vec::new();
        let mut named = Vec::new();
        for act in acts {
            if !matches!(&act.what, What::Change(other) if other.name == entity.name) {
                break;
            }
            let id = self.id(act, &act.name)?;
            if updates.iter().any(|update| update.id == id) {
                break;
            }
            updates.push(Update {
                id,
                body: self.resolved(act)?,
                version: None,
            });
            named.push(act);
        }
        update(self.place.engine, tx, caller, entity, &updates)
            .await
            .map_err(|error| refused_of(&named, &error))?;
        Ok(named.len().max(1))
    }

    fn remember(&mut self, act: &Act, answer: &Json) {
        for (key, id) in answer.as_object().into_iter().flatten() {
            let id = id.as_str().and_then(|id| Uuid::try_parse(id).ok());
            if let Some(id) = id {
                self.names.insert(format!("{}.{key}", act.name), id);
            }
        }
    }

    /// The people who are to come accept their invitations; whoever is not to stays invited.
    async fn admit(&mut self, moment: Timestamp) -> Result<(), DemoError> {
        let people: Vec<Uuid> = crate::people::admitted()
            .filter_map(|key| self.names.get(&format!("user.{key}")).copied())
            .collect();
        let made = dating::admit(self.place, &people, &self.wanted.password_hash).await?;
        self.steps.push(Step {
            made,
            happened: moment,
        });
        self.forget_callers();
        Ok(())
    }

    fn forget_callers(&mut self) {
        self.callers.clear();
        self.actors.invalidate_all();
    }

    /// Whoever acts, at the act's own time.
    async fn caller(&mut self, act: &Act) -> Result<Caller, DemoError> {
        if !self.callers.contains_key(&act.by) {
            let user = self.id(act, &format!("user.{}", act.by))?;
            let actor = self
                .actors
                .get(user, self.place.organization_id, None)
                .await
                .map_err(|error| DemoError::Act {
                    act: act.name.clone(),
                    reason: error.to_string(),
                })?;
            let overlay = load_overlay(&self.place.engine.database, &actor.principal).await?;
            let caller = Caller {
                principal: actor.principal,
                grants: Arc::clone(&actor.grants),
                overlay: Arc::new(overlay),
                base_currency: actor.organization.base_currency.clone(),
                region: actor.organization.country.clone(),
                now: self.wanted.now.clone(),
                origin: Origin::new("web"),
            };
            self.callers.insert(act.by.clone(), caller);
        }
        let Some(caller) = self.callers.get(&act.by) else {
            return Err(DemoError::Name {
                act: act.name.clone(),
                name: act.by.clone(),
            });
        };
        let zone: TimeZone = self.wanted.now.time_zone().clone();
        Ok(Caller {
            now: act.moment.to_zoned(zone),
            origin: Origin::new("web"),
            ..caller.clone()
        })
    }

    fn id(&self, act: &Act, name: &str) -> Result<Uuid, DemoError> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| DemoError::Name {
                act: act.name.clone(),
                name: name.to_owned(),
            })
    }

    /// The body with every `{name}` as the id it stands for.
    fn resolved(&self, act: &Act) -> Result<Json, DemoError> {
        self.resolve(act, &act.body)
    }

    fn resolve(&self, act: &Act, value: &Json) -> Result<Json, DemoError> {
        Ok(match value {
            Json::String(text) if text.contains('{') => {
                let mut written = String::with_capacity(text.len());
                let mut rest = text.as_str();
                while let Some((before, after)) = rest.split_once('{') {
                    written.push_str(before);
                    // Two are no name: what templates write.
                    if let Some(behind) = after.strip_prefix('{') {
                        written.push_str("{{");
                        rest = behind;
                        continue;
                    }
                    let (name, behind) = after.split_once('}').unwrap_or((after, ""));
                    written.push_str(&self.id(act, name)?.to_string());
                    rest = behind;
                }
                written.push_str(rest);
                Json::String(written)
            }
            Json::Array(items) => items
                .iter()
                .map(|item| self.resolve(act, item))
                .collect::<Result<_, _>>()?,
            Json::Object(members) => members
                .iter()
                .map(|(key, item)| Ok((key.clone(), self.resolve(act, item)?)))
                .collect::<Result<_, DemoError>>()?,
            other => other.clone(),
        })
    }
}

/// What a new organization has, by name: `role.sales`, `industry.technology`, `pipeline.deal`, `stage.deal.won`.
async fn known(place: &Place<'_>) -> Result<HashMap<String, Uuid>, DemoError> {
    let statement = Statement::new(
        "SELECT 'role.' || key, id FROM roles \
         UNION ALL SELECT 'industry.' || replace(lower(name), ' ', '-'), id FROM industries \
         UNION ALL SELECT 'pipeline.' || entity, id FROM pipelines WHERE is_default \
         UNION ALL SELECT 'stage.' || p.entity || '.' || s.key, s.id FROM stages s \
           JOIN pipelines p ON p.organization_id = s.organization_id AND p.id = s.pipeline_id AND p.is_default",
    );
    let principal = kith_store::Principal::user(place.organization_id, place.owner_id);
    let rows = place
        .engine
        .database
        .read(&principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let mut names = HashMap::from([(format!("user.{OWNER}"), place.owner_id)]);
    for row in rows {
        let read = || {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((row.try_get(0)?, row.try_get(1)?))
        };
        let (name, id): (String, Uuid) =
            read().map_err(|error| StoreError::internal(error.to_string()))?;
        names.insert(name, id);
    }
    Ok(names)
}

fn refused(act: &Act, error: &EngineError) -> DemoError {
    refused_of(&[act], error)
}

/// Which act was refused and why, every fault of it.
fn refused_of(acts: &[&Act], error: &EngineError) -> DemoError {
    let words = |faults: &[kith_catalogue::fault::Fault]| {
        let list: Vec<String> = faults
            .iter()
            .map(|fault| format!("{} {}", fault.field, fault.message))
            .collect();
        list.join("; ")
    };
    let name = |index: usize| {
        acts.get(index).map_or_else(String::new, |act| {
            format!(
                "{} {} by {} at {}",
                label(&act.what),
                act.name,
                act.by,
                act.moment
            )
        })
    };
    let (act, reason) = match error {
        EngineError::Invalid(faults) => (name(0), words(faults)),
        EngineError::InvalidRows(rows) => match rows.first() {
            Some((index, faults)) => (name(*index), words(faults)),
            None => (name(0), error.to_string()),
        },
        EngineError::Store(store) => (name(0), format!("{store}: {:?}", store.log_detail())),
        other => (name(0), other.to_string()),
    };
    DemoError::Act { act, reason }
}

/// So that an act is told apart without the whole declaration of its entity.
fn label(what: &What) -> String {
    match what {
        What::Create(entity) => format!("create {}", entity.name),
        What::Change(entity) => format!("change {}", entity.name),
        What::Rule(rule) => rule.name.to_owned(),
        What::Admit => "admit".to_owned(),
    }
}
