//! A stand-in for an object store that speaks S3: whole and multipart writes, ranges, removal, lists. Every request must
//! be signed (Signature Version 4) with the right secret, and its content must be what was signed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "eu-central-1";

/// What the bucket holds.
#[derive(Default)]
struct Held {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    refused: usize,
}

/// A bucket at an address.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) address: SocketAddr,
    held: Arc<Mutex<Held>>,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    raw_query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn of(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }
}

impl Bucket {
    pub(crate) async fn start() -> Bucket {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bucket = Bucket {
            address: listener.local_addr().unwrap(),
            held: Arc::default(),
        };
        let serving = bucket.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().converse(stream));
            }
        });
        bucket
    }

    /// The storage's address with these credentials.
    pub(crate) fn url(&self, key: &str, secret: &str) -> String {
        let secret = secret.replace('/', "%2F").replace('+', "%2B");
        format!(
            "s3://{key}:{secret}@kith-test/files?region={REGION}&endpoint=http://{}",
            self.address
        )
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.held.lock().unwrap().objects.keys().cloned().collect()
    }

    /// Multipart uploads that were begun and neither completed nor given up.
    pub(crate) fn unfinished(&self) -> usize {
        self.held.lock().unwrap().uploads.len()
    }

    /// Requests that were not signed as they must be.
    pub(crate) fn refused(&self) -> usize {
        self.held.lock().unwrap().refused
    }

    async fn converse(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            let answer = if signed(&request) {
                self.answer(&request)
            } else {
                self.held.lock().unwrap().refused += 1;
                Answer::of(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
            };
            let mut head = format!(
                "HTTP/1.1 {} X\r\ncontent-length: {}\r\n",
                answer.status,
                answer.body.len()
            );
            for (name, value) in &answer.headers {
                write!(head, "{name}: {value}\r\n").unwrap();
            }
            head.push_str("\r\n");
            let sent = async {
                stream.get_mut().write_all(head.as_bytes()).await?;
                stream.get_mut().write_all(&answer.body).await
            };
            if sent.await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut held = self.held.lock().unwrap();
        let key = request
            .path
            .strip_prefix("/kith-test")
            .unwrap()
            .trim_start_matches('/')
            .to_owned();
        let upload = request.query.get("uploadId").cloned();
        match (request.method.as_str(), upload) {
            ("POST", None) if request.query.contains_key("uploads") => {
                let id = format!("upload-{key}");
                held.uploads.insert(id.clone(), BTreeMap::new());
                Answer::of(
                    200,
                    format!(
                        "<InitiateMultipartUploadResult><Bucket>kith-test</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                    ),
                )
            }
            ("PUT", Some(id)) => {
                let number = request.query["partNumber"].parse().unwrap();
                held.uploads
                    .get_mut(&id)
                    .unwrap()
                    .insert(number, request.body.clone());
                let mut answer = Answer::of(200, "");
                answer.headers.push(("etag", format!("\"part-{number}\"")));
                answer
            }
            ("POST", Some(id)) => {
                let parts = held.uploads.remove(&id).unwrap();
                held.objects
                    .insert(key.clone(), parts.into_values().flatten().collect());
                Answer::of(
                    200,
                    format!(
                        "<CompleteMultipartUploadResult><Location>x</Location><Bucket>kith-test</Bucket><Key>{key}</Key><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>"
                    ),
                )
            }
            ("DELETE", Some(id)) => {
                held.uploads.remove(&id);
                Answer::of(204, "")
            }
            ("PUT", None) => {
                held.objects.insert(key, request.body.clone());
                let mut answer = Answer::of(200, "");
                answer.headers.push(("etag", "\"whole\"".to_owned()));
                answer
            }
            ("DELETE", None) => {
                held.objects.remove(&key);
                Answer::of(204, "")
            }
            ("POST", None) => {
                // Several at once.
                let text = String::from_utf8(request.body.clone()).unwrap();
                let mut gone = String::from("<DeleteResult>");
                for part in text.split("<Key>").skip(1) {
                    let key = part.split("</Key>").next().unwrap();
                    held.objects.remove(key);
                    write!(gone, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
                }
                gone.push_str("</DeleteResult>");
                Answer::of(200, gone)
            }
            ("GET", None) if key.is_empty() => {
                let prefix = request.query.get("prefix").cloned().unwrap_or_default();
                let mut list = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
                for (key, content) in held
                    .objects
                    .iter()
                    .filter(|(key, _)| key.starts_with(&prefix))
                {
                    write!(list, "<Contents><Key>{key}</Key><LastModified>2026-11-21T12:00:00.000Z</LastModified><ETag>\"whole\"</ETag><Size>{}</Size></Contents>", content.len()).unwrap();
                }
                list.push_str("</ListBucketResult>");
                Answer::of(200, list)
            }
            _ => get(&held, &key, request),
        }
    }
}

fn get(held: &Held, key: &str, request: &Request) -> Answer {
    let Some(content) = held.objects.get(key) else {
        return Answer::of(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    let range = request
        .headers
        .get("range")
        .and_then(|text| text.strip_prefix("bytes=")?.split_once('-'))
        .map(|(first, last)| {
            let first: usize = first.parse().unwrap();
            let last = last.parse::<usize>().map_or(content.len(), |last| last + 1);
            first..last.min(content.len())
        });
    let mut answer = match &range {
        None => Answer::of(200, content.clone()),
        Some(range) => Answer::of(206, &content[range.clone()]),
    };
    if let Some(range) = range {
        answer.headers.push((
            "content-range",
            format!("bytes {}-{}/{}", range.start, range.end - 1, content.len()),
        ));
    }
    answer.headers.push(("etag", "\"whole\"".to_owned()));
    answer
        .headers
        .push(("last-modified", "Sat, 21 Nov 2026 12:00:00 GMT".to_owned()));
    answer
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream
        .read_line(&mut line)
        .await
        .ok()
        .filter(|bytes| *bytes > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, raw_query) = target.split_once('?').unwrap_or((&target, ""));
    let query = raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            (plain(name), plain(value))
        })
        .collect();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        method,
        path: path.to_owned(),
        query,
        raw_query: raw_query.to_owned(),
        headers,
        body,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Whether a request carries the signature that its parts and the secret make.
fn signed(request: &Request) -> bool {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let authorization = header("authorization");
    let field = |name: &str| {
        let part = authorization.split(name).nth(1)?;
        Some(part.split(',').next()?.trim().to_owned())
    };
    let (Some(credential), Some(names), Some(signature)) = (
        field("Credential="),
        field("SignedHeaders="),
        field("Signature="),
    ) else {
        return false;
    };
    let Some((key, scope)) = credential.split_once('/') else {
        return false;
    };
    let digest = header("x-amz-content-sha256");
    if key != KEY || digest != "UNSIGNED-PAYLOAD" && digest != hex(&Sha256::digest(&request.body)) {
        return false;
    }
    let mut pairs: Vec<String> = request
        .raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            if pair.contains('=') {
                pair.to_owned()
            } else {
                format!("{pair}=")
            }
        })
        .collect();
    pairs.sort();
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        request.path,
        pairs.join("&")
    );
    for name in names.split(';') {
        writeln!(canonical, "{name}:{}", header(name)).unwrap();
    }
    write!(canonical, "\n{names}\n{digest}").unwrap();
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header("x-amz-date"),
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let date = scope.split('/').next().unwrap();
    let mut signing = mac(format!("AWS4{SECRET}").as_bytes(), date);
    for part in [REGION, "s3", "aws4_request"] {
        signing = mac(&signing, part);
    }
    scope == format!("{date}/{REGION}/s3/aws4_request") && signature == hex(&mac(&signing, &text))
}
