//! What is special about invoices and payments: sending, correcting, drafts from elsewhere, money in and back.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use kith_catalogue::fault::Fault;
use kith_catalogue::storable;
use kith_engine::EngineError;
use kith_entities::invoice::{self, CreditRequest, FromDeal, FromTime};
use kith_entities::payment::{self, Receipt};
use kith_entities::refund::REFUND;
use kith_store::Tx;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::actor::Acting;
use crate::answer::{Answer, etag};
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{ChildPath, IdPath, Parameters};
use crate::records;
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// An invoice as an answer, with its version.
fn shown(invoice: &Json) -> Answer {
    let version = invoice.get("version").and_then(Json::as_i64);
    Answer {
        etag: version.and_then(etag),
        ..Answer::value(invoice)
    }
}

/// A new invoice as an answer.
fn made(invoice: &Json) -> Answer {
    let id = invoice.get("id").and_then(Json::as_str).unwrap_or_default();
    Answer {
        status: StatusCode::CREATED,
        location: Some(format!("/api/v1/{}/{id}", invoice::INVOICE.path)),
        ..shown(invoice)
    }
}

/// `POST /invoices/{id}/send`.
pub(crate) async fn send(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let (engine, who) = (&app.engine, &caller);
    let work = move |tx: Tx| async move {
        let sent = invoice::send(engine, &tx, who, id).await?;
        Ok::<_, EngineError>((tx, shown(&sent)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /invoices/{id}/credit-note`. Without a body, a draft over all that is not credited yet.
pub(crate) async fn credit(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: CreditRequest = if request.bytes.is_empty() {
        CreditRequest::default()
    } else {
        request.json()?
    };
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let work = move |tx: Tx| async move {
        let note = invoice::credit(engine, &tx, who, id, wanted).await?;
        Ok::<_, EngineError>((tx, made(&note)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    reason: Option<String>,
}

/// `POST /invoices/{id}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let body: CancelBody = if request.bytes.is_empty() {
        CancelBody::default()
    } else {
        request.json()?
    };
    let (engine, who, reason) = (&app.engine, &caller, body.reason.as_deref());
    let work = move |tx: Tx| async move {
        let cancelled = invoice::cancel(engine, &tx, who, id, reason).await?;
        Ok::<_, EngineError>((tx, Answer::value(&cancelled)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /invoices/preview`: the totals of an invoice that is not saved.
pub(crate) async fn preview(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let body: Json = Whole::read(request, JSON_LIMIT).await?.json()?;
    let totals = invoice::preview(&app.engine, &caller, &body).await?;
    Ok(Answer::value(&totals).into_response())
}

/// `POST /invoices/from-deal`.
pub(crate) async fn from_deal(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: FromDeal = request.json()?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let work = move |tx: Tx| async move {
        let draft = invoice::from_deal(engine, &tx, who, wanted).await?;
        Ok::<_, EngineError>((tx, made(&draft)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /invoices/from-time`.
pub(crate) async fn from_time(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let wanted: FromTime = request.json()?;
    let (engine, who, wanted) = (&app.engine, &caller, &wanted);
    let work = move |tx: Tx| async move {
        let draft = invoice::from_time(engine, &tx, who, wanted).await?;
        Ok::<_, EngineError>((tx, made(&draft)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `GET /invoices/ageing?as_of=`: what is owed and for how long.
pub(crate) async fn ageing(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let as_of = match parameters.take("as_of").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let day = text.parse().ok().filter(|day| storable::day(*day));
            Some(day.ok_or_else(|| {
                let fault = Fault::new("not_a_date", "must be a day such as 2026-03-31");
                Problem::from(EngineError::BadQuery(vec![fault.at("as_of")]))
            })?)
        }
    };
    parameters.finish()?;
    let report = invoice::ageing(&app.engine, &caller, as_of).await?;
    Ok(Answer::value(&report).into_response())
}

/// `GET /invoices/{id}/payments`.
pub(crate) async fn payments(
    state: State<App>,
    acting: Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    let child = ChildPath(&invoice::INVOICE, id, "payments".to_owned());
    records::children(state, acting, child, parameters).await
}

/// `GET /payments/{id}/refunds`.
pub(crate) async fn refunds(
    state: State<App>,
    acting: Acting,
    IdPath(id): IdPath,
    parameters: Parameters,
) -> Handled {
    let child = ChildPath(&payment::PAYMENT, id, "refunds".to_owned());
    records::children(state, acting, child, parameters).await
}

/// 201 for what this request made, 200 for what was there already under the same reference.
fn received(entity: &'static kith_catalogue::Entity, receipt: Receipt) -> Answer {
    if receipt.made {
        Answer::created(entity, receipt.record)
    } else {
        Answer::record(receipt.record)
    }
}

/// `POST /invoices/{id}/payments`.
pub(crate) async fn pay(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let body: Json = request.json()?;
    let (engine, who, body) = (&app.engine, &caller, &body);
    let work = move |tx: Tx| async move {
        let receipt = payment::pay(engine, &tx, who, id, body).await?;
        Ok::<_, EngineError>((tx, received(&payment::PAYMENT, receipt)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}

/// `POST /payments/{id}/refund`, and the same at `/payments/{id}/refunds`. Without a body, all that is left.
pub(crate) async fn refund(
    State(app): State<App>,
    Acting(caller): Acting,
    IdPath(id): IdPath,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let body: Json = if request.bytes.is_empty() {
        Json::Object(serde_json::Map::new())
    } else {
        request.json()?
    };
    let (engine, who, body) = (&app.engine, &caller, &body);
    let work = move |tx: Tx| async move {
        let receipt = payment::refund(engine, &tx, who, id, body).await?;
        Ok::<_, EngineError>((tx, received(&REFUND, receipt)))
    };
    let answer = write(&app, &caller, key.as_ref(), Problem::from, work).await?;
    Ok(answer.into_response())
}
