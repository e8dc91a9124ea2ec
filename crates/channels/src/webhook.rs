//! Sending events to where an organization wants them: signed, in the manner of Standard Webhooks, and only to
//! addresses of the public network, so that nobody makes this server ask its neighbours.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::Sha256;

/// How long the other side may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    pub took: Duration,
    /// Why it counts as failed; `None` when it was taken.
    pub error: Option<String>,
    /// Another attempt would end the same way.
    pub hopeless: bool,
}

/// Sends webhooks. Cheap to clone.
#[derive(Clone)]
pub struct WebhookSender {
    client: Client,
    private: bool,
}

impl WebhookSender {
    /// A sender; with `private` also to addresses of this machine and its networks.
    ///
    /// # Errors
    /// When there is no TLS to be had.
    pub fn new(private: bool) -> Result<WebhookSender, String> {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly { private }))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(WebhookSender { client, private })
    }

    /// Makes one attempt. `keys` are the secrets that sign it: the newest, and perhaps the one before. `seconds` is
    /// the time since 1970.
    pub async fn send(
        &self,
        address: &str,
        id: &str,
        seconds: i64,
        body: String,
        keys: &[Vec<u8>],
    ) -> Attempt {
        let began = Instant::now();
        let never = |error: String| Attempt {
            status: None,
            took: began.elapsed(),
            error: Some(error),
            hopeless: true,
        };
        let url = match Url::parse(address) {
            Ok(url) => url,
            Err(error) => return never(format!("the address cannot be read: {error}")),
        };
        if !self.private && !may_be_asked(&url) {
            return never("the address is not one of the public network".to_owned());
        }
        let signatures: Vec<String> = keys
            .iter()
            .map(|key| format!("v1,{}", sign(key, id, seconds, &body)))
            .collect();
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "Kith-Webhooks/1")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(body)
            .send()
            .await;
        let took = began.elapsed();
        match sent {
            Ok(answer) => {
                let status = answer.status();
                Attempt {
                    status: Some(status.as_u16()),
                    took,
                    error: (!status.is_success()).then(|| format!("the answer was {status}")),
                    // Gone: whoever is there wants no more (Standard Webhooks).
                    hopeless: status.as_u16() == 410,
                }
            }
            Err(error) => Attempt {
                status: None,
                took,
                error: Some(reason(&error)),
                hopeless: false,
            },
        }
    }
}

/// The signature of a message: HMAC-SHA256 over its id, time and content, in base64.
pub fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    // A key of any length is accepted, so the error cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// In words, without the address, which may hold a password.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether an address that names a place by number names one of the public network, and by http or https. Names are
/// looked at when they are resolved.
fn may_be_asked(url: &Url) -> bool {
    if !matches!(url.scheme(), "http" | "https") {
        return false;
    }
    match url.host() {
        Some(url::Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(url::Host::Domain(name)) => !name.is_empty(),
        None => false,
    }
}

/// Resolves names, and leaves out what is not of the public network: asked at the moment of connecting, so that a
/// name cannot change its mind in between.
struct PublicOnly {
    private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| private || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err("the address is not one of the public network".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether anybody on the internet could reach this address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        // Between a provider and its customers; for protocols and for measuring.
        || first == 100 && (64..128).contains(&second)
        || first == 192 && second == 0 && third == 0
        || first == 198 && (second == 18 || second == 19)
        || first >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An address of the old kind in the clothes of a new one is judged as what it is.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [first, second, third, _, _, _, seventh, eighth] = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (first, second) {
        (0x64, 0xff9b) => is_public_v4(embedded(seventh, eighth)),
        (0x2002, high) => is_public_v4(embedded(high, third)),
        // Tunnels and documentation.
        (0x2001, second) if second < 0x200 || second == 0xdb8 => false,
        // What is given out to the public begins with these three bits.
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_network_is_asked() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn addresses_cannot_hide_what_they_name() {
        for hidden in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "file:///etc/passwd",
            "ftp://example.com/",
            "http://127.1:8080/",
        ] {
            assert!(!may_be_asked(&Url::parse(hidden).unwrap()), "{hidden}");
        }
        assert!(may_be_asked(
            &Url::parse("https://hooks.example.com/x").unwrap()
        ));
    }

    /// The example of the specification.
    #[test]
    fn messages_are_signed_as_standard_webhooks_says() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = "{\"test\": 2432232314}";
        assert_eq!(
            sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
