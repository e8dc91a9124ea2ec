//! What is special about time: the week as a grid, and its way through approval.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use kith_catalogue::fault::Fault;
use kith_engine::EngineError;
use kith_entities::time_entry::{self, Review, Selected, WeekCells};
use uuid::Uuid;

use crate::actor::Acting;
use crate::answer::Answer;
use crate::app::App;
use crate::body::{JSON_LIMIT, Whole};
use crate::error::Problem;
use crate::path::{IdPath, Parameters};
use crate::write::{Key, write};

type Handled = Result<Response, Problem>;

/// `GET /time-entries/week?user_id=&week=`.
pub(crate) async fn week(
    State(app): State<App>,
    Acting(caller): Acting,
    mut parameters: Parameters,
) -> Handled {
    let user = match parameters.take("user_id").as_deref() {
        None | Some("" | "me") => None,
        Some(text) => Some(text.parse::<Uuid>().map_err(|_| {
            let fault = Fault::new("not_an_id", "must be the id of a person").at("user_id");
            Problem::from(EngineError::BadQuery(vec![fault]))
        })?),
    };
    let week = parameters.take("week");
    parameters.finish()?;
    let grid = time_entry::week(&app.engine, &caller, user, week.as_deref()).await?;
    Ok(Answer::value(&grid).into_response())
}

/// `PUT /time-entries/week`.
pub(crate) async fn set_week(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let cells: WeekCells = request.json()?;
    let (engine, who, cells) = (&app.engine, &caller, &cells);
    let answer = write(&app, &caller, None, Problem::from, move |tx| async move {
        let grid = time_entry::set_week(engine, &tx, who, cells).await?;
        Ok((tx, Answer::value(&grid)))
    })
    .await?;
    Ok(answer.into_response())
}

macro_rules! reviews {
    ($($all:ident $one:ident $review:ident),* $(,)?) => {$(
        #[doc = concat!("`POST /time-entries/", stringify!($all), "`.")]
        pub(crate) async fn $all(state: State<App>, acting: Acting, request: Request<Body>) -> Handled {
            review(state, acting, request, Review::$review, None).await
        }

        #[doc = concat!("`PUT /time-entries/{id}/", stringify!($all), "`.")]
        pub(crate) async fn $one(state: State<App>, acting: Acting, IdPath(id): IdPath, request: Request<Body>) -> Handled {
            review(state, acting, request, Review::$review, Some(id)).await
        }
    )*};
}

reviews! {
    submit submit_one Submit,
    withdraw withdraw_one Withdraw,
    approve approve_one Approve,
    reject reject_one Reject,
    reopen reopen_one Reopen,
}

async fn review(
    State(app): State<App>,
    Acting(caller): Acting,
    request: Request<Body>,
    review: Review,
    one: Option<Uuid>,
) -> Handled {
    let request = Whole::read(request, JSON_LIMIT).await?;
    let key = Key::of(&request)?;
    let mut selected: Selected = if request.bytes.is_empty() {
        Selected::default()
    } else {
        request.json()?
    };
    if let Some(id) = one {
        if selected.ids.is_some() || selected.week.is_some() || selected.user_id.is_some() {
            return Err(Problem::malformed(
                "the address names the entry; the body may hold a reason",
            ));
        }
        selected.ids = Some(vec![id]);
    } else if selected.ids.is_some() && (selected.week.is_some() || selected.user_id.is_some()) {
        return Err(Problem::malformed(
            "name entries by ids or by week, not both",
        ));
    }
    let (who, selected) = (&caller, &selected);
    let answer = write(
        &app,
        &caller,
        key.as_ref(),
        Problem::from,
        move |tx| async move {
            let moved = time_entry::review(&tx, who, review, selected).await?;
            Ok((tx, Answer::value(&moved)))
        },
    )
    .await?;
    Ok(answer.into_response())
}
