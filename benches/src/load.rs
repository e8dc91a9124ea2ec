//! Load over HTTP: as many connections as wanted, each with one request at a time, on one thread.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use crate::figures::{Random, per_second};
use crate::histogram::Histogram;
use crate::processes::{Used, Watched};

/// A request's body.
pub(crate) type Body = Bytes;

/// Makes the next request of a connection.
pub(crate) type Make = Rc<dyn Fn(&mut Random) -> Result<Request<Body>>>;

/// How hard and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) connections: u32,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// What came of it, without the warm-up.
pub(crate) struct Run {
    pub(crate) latency: Histogram,
    pub(crate) time: Duration,
    pub(crate) used: Used,
}

impl Run {
    /// Requests a second.
    pub(crate) fn throughput(&self) -> f64 {
        per_second(self.latency.count(), self.time)
    }
}

/// One connection to the program. It does what a browser's costs the machine and no more: a client that is made for
/// every kind of answer takes as much of the processor for a page as the program does, and the two share the machine.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What is sent, and then what has come; kept so that nothing is allocated twice.
    buffer: Vec<u8>,
}

/// An answer, read to its end.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) body: &'a [u8],
}

/// An answer's first lines.
struct Head {
    status: StatusCode,
    /// Where the body begins and ends.
    body: std::ops::Range<usize>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: Vec::with_capacity(128 * 1024),
        })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &Request<Body>) -> Result<Answer<'_>> {
        self.buffer.clear();
        write_request(&mut self.buffer, request);
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        let mut head = None;
        let Head { status, body } = loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the program closed the connection");
            if head.is_none() {
                head = read_head(&self.buffer)?;
            }
            match head.take() {
                Some(found) if self.buffer.len() >= found.body.end => break found,
                unfinished => head = unfinished,
            }
        };
        let body = self
            .buffer
            .get(body)
            .context("an answer without its body")?;
        Ok(Answer { status, body })
    }

    /// Sends a request that must succeed, and reads its answer as JSON.
    pub(crate) async fn json(&mut self, request: Request<Body>) -> Result<Json> {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = self.send(&request).await?;
        ensure!(
            answer.status.is_success(),
            "{what}: {} {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        serde_json::from_slice(answer.body).with_context(|| what)
    }
}

/// Sends a request on a connection of its own and answers as soon as its head is there; the body is the caller's to
/// read, of whatever length. Must run inside a `LocalSet`.
pub(crate) async fn begin(
    address: SocketAddr,
    request: Request<Body>,
) -> Result<Response<Incoming>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // An error of the connection is also that of the request it ended.
    spawn_local(async move { connection.await.ok() });
    Ok(sender.send_request(request.map(Full::new)).await?)
}

/// HTTP/1.1, as the program reads it.
fn write_request(out: &mut Vec<u8>, request: &Request<Body>) {
    out.extend_from_slice(request.method().as_str().as_bytes());
    out.push(b' ');
    let path = request.uri().path_and_query();
    out.extend_from_slice(path.map_or("/", http::uri::PathAndQuery::as_str).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in request.headers() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if !request.body().is_empty() {
        out.extend_from_slice(format!("content-length: {}\r\n", request.body().len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(request.body());
}

/// The status and the body's place, once the first lines are there. The program says how long every answer is.
fn read_head(bytes: &[u8]) -> Result<Option<Head>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = bytes.windows(END.len()).position(|part| part == END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let status = text
        .split(' ')
        .nth(1)
        .context("an answer without a status")?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let status: StatusCode = status.parse()?;
    ensure!(
        length.is_some() || status == StatusCode::NO_CONTENT,
        "an answer that does not say how long it is:\n{text}"
    );
    let begin = end + END.len();
    Ok(Some(Head {
        status,
        body: begin..begin + length.unwrap_or(0),
    }))
}

/// What the connections of a run share.
struct Shared {
    measuring: Cell<bool>,
    stopped: Cell<bool>,
    latency: RefCell<Histogram>,
}

/// Runs requests until the time is over. Every answer must be a success.
pub(crate) async fn run(
    address: SocketAddr,
    shape: Shape,
    watched: Watched,
    make: &Make,
) -> Result<Run> {
    let shared = Rc::new(Shared {
        measuring: Cell::new(false),
        stopped: Cell::new(false),
        latency: RefCell::new(Histogram::new()),
    });
    let tasks: Vec<_> = (0..shape.connections)
        .map(|number| {
            spawn_local(work(
                address,
                Rc::clone(make),
                u64::from(number),
                Rc::clone(&shared),
            ))
        })
        .collect();
    tokio::time::sleep(shape.warm_up).await;
    let before = watched.used()?;
    let began = Instant::now();
    shared.measuring.set(true);
    tokio::time::sleep(shape.measured).await;
    shared.stopped.set(true);
    // What has begun is waited for: slow requests are those that matter most.
    for task in tasks {
        task.await??;
    }
    let time = began.elapsed();
    let used = watched.used()?.since(before);
    let latency = shared.latency.borrow().clone();
    Ok(Run {
        latency,
        time,
        used,
    })
}

async fn work(address: SocketAddr, make: Make, number: u64, shared: Rc<Shared>) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let mut random = Random::new(number + 1);
    let mut done = false;
    // Each connection counts at least one request, however long those before it took.
    while !(done && shared.stopped.get()) {
        let request = make(&mut random)?;
        let counted = shared.measuring.get();
        let began = Instant::now();
        let answer = connection.send(&request).await?;
        let took = began.elapsed();
        ensure!(
            answer.status.is_success(),
            "{}: {} {}",
            request.uri(),
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        if counted {
            done = true;
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            shared.latency.borrow_mut().record(micros);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_pieces() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        assert!(read_head(&whole[..30]).unwrap().is_none());
        let head = read_head(whole).unwrap().unwrap();
        assert_eq!(
            (head.status, &whole[head.body]),
            (StatusCode::OK, &b"hello"[..])
        );
        assert!(read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(
            read_head(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn requests_are_written_as_they_are() {
        let request = Request::post("/a?b=c")
            .header("host", "x")
            .body(Bytes::from("hi"))
            .unwrap();
        let mut out = Vec::new();
        write_request(&mut out, &request);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /a?b=c HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
        );
    }
}
