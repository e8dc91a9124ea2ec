//! One write: a transaction that is tried again when another was in the way, and that is made once
//! only when the client names it with an `Idempotency-Key`.

use http::{HeaderMap, StatusCode};
use kith_engine::{Caller, EngineError};
use kith_store::types::Type;
use kith_store::{Statement, StoreError, Tx};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::app::App;
use crate::body::Whole;
use crate::error::Problem;

/// How often a whole write is repeated when another transaction was in the way.
const AGAIN: u32 = 2;

/// A request that may be repeated without being made twice.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    key: String,
    /// What was asked: a key names one request, not several.
    hash: Vec<u8>,
}

impl Key {
    /// The key that a request carries, with what it asks.
    ///
    /// # Errors
    /// 400 for a key that is empty, too long or not plain text.
    pub(crate) fn of(request: &Whole) -> Result<Option<Key>, Problem> {
        let Some(key) = given(&request.headers)? else {
            return Ok(None);
        };
        let mut hash = Sha256::new();
        for part in [
            request.method.as_str().as_bytes(),
            b" ",
            request.uri.to_string().as_bytes(),
            b"\n",
            &request.bytes,
        ] {
            hash.update(part);
        }
        Ok(Some(Key {
            key,
            hash: hash.finalize().to_vec(),
        }))
    }
}

fn given(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::malformed(
            "Idempotency-Key must be 1 to 255 plain characters",
        )),
    }
}

impl Key {
    /// The request as this caller made it. What a session was answered is not for an API key to have repeated.
    fn hash_for(&self, caller: &Caller) -> Vec<u8> {
        match caller.principal.key_id {
            None => self.hash.clone(),
            Some(key) => {
                let mut hash = Sha256::new();
                hash.update(&self.hash);
                hash.update(key.as_bytes());
                hash.finalize().to_vec()
            }
        }
    }
}

/// What a transaction ended with.
enum Outcome {
    Done(Answer),
    KeyReused,
}

/// Runs `work` in a transaction and commits it. `explain` turns what the engine refuses into the answer. `work` takes
/// the transaction and gives it back, because a future that borrows it could not move between threads.
pub(crate) async fn write<F, W>(
    app: &App,
    caller: &Caller,
    key: Option<&Key>,
    explain: fn(EngineError) -> Problem,
    work: F,
) -> Result<Answer, Problem>
where
    F: Fn(Tx) -> W,
    W: Future<Output = Result<(Tx, Answer), EngineError>>,
{
    let mut again = AGAIN;
    loop {
        match once(app, caller, key, &work).await {
            Ok(Outcome::Done(answer)) => return Ok(answer),
            Ok(Outcome::KeyReused) => {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency_key_reused",
                    "this Idempotency-Key was used for another request; take a new one",
                ));
            }
            Err(EngineError::Store(error)) if error.is_retryable() && again > 0 => {
                again -= 1;
                tracing::debug!(detail = error.log_detail(), "a write is tried again");
            }
            Err(error) => return Err(explain(error)),
        }
    }
}

async fn once<F, W>(
    app: &App,
    caller: &Caller,
    key: Option<&Key>,
    work: &F,
) -> Result<Outcome, EngineError>
where
    F: Fn(Tx) -> W,
    W: Future<Output = Result<(Tx, Answer), EngineError>>,
{
    let tx = Tx::begin(&app.engine.database, &caller.principal, &caller.origin).await?;
    let Some(key) = key else {
        let (tx, answer) = work(tx).await?;
        tx.commit().await?;
        return Ok(Outcome::Done(answer));
    };
    if let Some(earlier) = claim(&tx, caller, key).await? {
        return Ok(earlier);
    }
    let (tx, answer) = work(tx).await?;
    tx.commit_with(&[keep(caller, key, &answer)]).await?;
    Ok(Outcome::Done(answer))
}

/// Makes the key this transaction's own. When another request has it, waits for that one's end and answers what it
/// answered; when that one failed, the key is free.
async fn claim(tx: &Tx, caller: &Caller, key: &Key) -> Result<Option<Outcome>, StoreError> {
    let forget = own(
        "DELETE FROM idempotency_keys WHERE organization_id = $1 AND user_id = $2 AND created_at < now() - interval '24 hours'",
        caller,
    );
    let claim = own(
        "INSERT INTO idempotency_keys (organization_id, user_id, key, request_hash) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING RETURNING true",
        caller,
    )
    .with(key.key.clone(), Type::TEXT)
    .with(key.hash_for(caller), Type::BYTEA);
    let mut answers = tx.query_many(&[forget, claim]).await?;
    if answers.pop().is_some_and(|rows| !rows.is_empty()) {
        return Ok(None);
    }
    let find = own(
        "SELECT request_hash, status, headers, body FROM idempotency_keys WHERE organization_id = $1 AND user_id = $2 AND key = $3",
        caller,
    )
    .with(key.key.clone(), Type::TEXT);
    let row = tx.query_one(&find).await?;
    let hash: Vec<u8> = row.try_get(0)?;
    if hash != key.hash_for(caller) {
        return Ok(Some(Outcome::KeyReused));
    }
    let status: Option<i16> = row.try_get(1)?;
    let headers: Option<Json> = row.try_get(2)?;
    let body: Option<Vec<u8>> = row.try_get(3)?;
    let header = |name: &str| {
        headers
            .as_ref()
            .and_then(|headers| headers.get(name)?.as_str().map(str::to_owned))
    };
    Ok(Some(Outcome::Done(Answer {
        status: status
            .and_then(|status| StatusCode::from_u16(status.unsigned_abs()).ok())
            .unwrap_or(StatusCode::OK),
        location: header("location"),
        etag: header("etag"),
        body: body.unwrap_or_default(),
        replayed: true,
    })))
}

/// Keeps the answer with the key.
fn keep(caller: &Caller, key: &Key, answer: &Answer) -> Statement {
    let status = i16::try_from(answer.status.as_u16()).unwrap_or(200);
    own(
        "UPDATE idempotency_keys SET status = $4, headers = $5, body = $6 WHERE organization_id = $1 AND user_id = $2 AND key = $3",
        caller,
    )
    .with(key.key.clone(), Type::TEXT)
    .with(status, Type::INT2)
    .with(json!({"location": answer.location, "etag": answer.etag}), Type::JSONB)
    .with(answer.body.clone(), Type::BYTEA)
}

fn own(sql: &'static str, caller: &Caller) -> Statement {
    Statement::new(sql)
        .with(caller.principal.organization_id, Type::UUID)
        .with(caller.principal.user_id, Type::UUID)
}
