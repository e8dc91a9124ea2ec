//! What the segments of an address mean: an entity, a record, a child list.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use kith_catalogue::entity::Entity;
use kith_catalogue::fault::Fault;
use kith_engine::EngineError;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::app::App;
use crate::error::Problem;

/// The segments of an address that its route leaves open, by name.
struct Segments(RawPathParams);

impl Segments {
    async fn of(parts: &mut Parts, app: &App) -> Result<Segments, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        params.map(Segments).map_err(|_| Problem::no_such_address())
    }

    fn get(&self, name: &str) -> Result<&str, Problem> {
        self.0
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .ok_or_else(Problem::no_such_address)
    }

    /// What is no id names no record.
    fn id(&self) -> Result<Uuid, Problem> {
        self.get("id")?.parse().map_err(|_| Problem::not_found())
    }

    fn entity(&self, app: &App) -> Result<&'static Entity, Problem> {
        app.entity(self.get("entity")?)
    }
}

/// `/{entity}`.
pub(crate) struct EntityPath(pub &'static Entity);

impl FromRequestParts<App> for EntityPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Segments::of(parts, app).await?.entity(app).map(EntityPath)
    }
}

/// `/{entity}/{id}`.
pub(crate) struct RecordPath(pub &'static Entity, pub Uuid);

impl FromRequestParts<App> for RecordPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = Segments::of(parts, app).await?;
        Ok(RecordPath(segments.entity(app)?, segments.id()?))
    }
}

/// `/{entity}/{id}/{child}`.
pub(crate) struct ChildPath(pub &'static Entity, pub Uuid, pub String);

impl FromRequestParts<App> for ChildPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = Segments::of(parts, app).await?;
        Ok(ChildPath(
            segments.entity(app)?,
            segments.id()?,
            // A route that names the list itself leaves it out.
            segments
                .get("child")
                .map_or_else(|_| last_segment(parts.uri.path()), str::to_owned),
        ))
    }
}

fn last_segment(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// `/deals/{id}/…`: a record of an entity that the route itself names.
pub(crate) struct IdPath(pub Uuid);

impl FromRequestParts<App> for IdPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Segments::of(parts, app).await?.id().map(IdPath)
    }
}

/// `/campaigns/{id}/contacts/{other}`: a record, and one that belongs to it.
pub(crate) struct OfPath(pub Uuid, pub Uuid);

impl FromRequestParts<App> for OfPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = Segments::of(parts, app).await?;
        let other = segments
            .get("other")?
            .parse()
            .map_err(|_| Problem::not_found())?;
        Ok(OfPath(segments.id()?, other))
    }
}

/// `/unsubscribe/{token}`: what whoever asks was given instead of a sign-in.
pub(crate) struct TokenPath(pub String);

impl FromRequestParts<App> for TokenPath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let segments = Segments::of(parts, app).await?;
        Ok(TokenPath(segments.get("token")?.to_owned()))
    }
}

/// The parameters after `?`, in order.
pub(crate) struct Parameters(pub Vec<(String, String)>);

impl FromRequestParts<App> for Parameters {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        refuse_broken_text(query)?;
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        pairs
            .map(|query| Parameters(query.0))
            .map_err(|error| Problem::malformed(format!("the parameters cannot be read: {error}")))
    }
}

/// Refuses percent-encoded bytes that are no UTF-8, instead of reading them as another text than was meant.
fn refuse_broken_text(query: &str) -> Result<(), Problem> {
    let is_text = |part: &str| percent_decode_str(part).decode_utf8().is_ok();
    let faults: Vec<Fault> = query
        .split('&')
        .filter(|pair| !is_text(pair))
        .map(|pair| {
            let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
            Fault::new("not_text", "must be text in UTF-8, percent-encoded")
                .at(percent_decode_str(&name).decode_utf8_lossy())
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(EngineError::BadQuery(faults).into())
    }
}

impl Parameters {
    /// Takes a parameter out, the last one of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().rposition(|(key, _)| key == name)?;
        Some(self.0.remove(index).1)
    }

    /// Refuses what nobody took: an unknown parameter is a mistake, not a wish to ignore.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let fault = Fault::new("unknown_parameter", "is not a parameter of this request")
                    .at(name.clone());
                Err(EngineError::BadQuery(vec![fault]).into())
            }
        }
    }

    /// Takes a whole number from 1 to `most`.
    pub(crate) fn take_number(
        &mut self,
        name: &str,
        most: u32,
        otherwise: u32,
    ) -> Result<u32, Problem> {
        let Some(text) = self.take(name) else {
            return Ok(otherwise);
        };
        text.parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| {
                let fault = Fault::new(
                    "out_of_range",
                    format!("must be a whole number from 1 to {most}"),
                )
                .at(name);
                EngineError::BadQuery(vec![fault]).into()
            })
    }
}
