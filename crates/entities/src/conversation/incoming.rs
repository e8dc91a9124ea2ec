//! Somebody wrote to the organization: what webhooks and mailboxes hand over, brought into bounds and into the one form of
//! its addresses, and given to the database, which finds or makes whom it is from and adds it once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kith_catalogue::fault::Fault;
use kith_catalogue::kinds::ParseContext;
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Row, Statement, StoreError, SystemTx};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::message::{LONGEST, LONGEST_HTML, MOST};
use crate::suppression::normal_address;

/// Bytes of what else a provider tells.
const LARGEST_METADATA: usize = 32_768;

/// A message as it comes from a channel.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// email, whatsapp or sms.
    pub channel: String,
    /// Through which of the organization's accounts it came.
    pub channel_account_id: Option<Uuid>,
    /// The sender's address; a phone number may come without its plus, as WhatsApp writes them.
    pub from: String,
    pub from_name: Option<String>,
    /// What the provider calls the message: with it, the same message may come twice.
    pub provider_id: Option<String>,
    /// What the provider calls the message that this one answers.
    pub reply_to_provider_id: Option<String>,
    /// One of the message's content types; text when empty or unknown.
    pub content_type: String,
    pub subject: Option<String>,
    pub content: String,
    pub content_html: Option<String>,
    /// When it was sent; now when the provider does not say.
    pub occurred_at: Option<Timestamp>,
    pub email_message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// `{"name", "content_type", "size", "provider_id", "url"}` each.
    pub attachments: Vec<Json>,
    /// What else the provider tells, for whom it may help.
    pub metadata: Map<String, Json>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub message_id: Uuid,
    pub conversation_id: Uuid,
    /// contact, lead or company.
    pub subject_type: String,
    pub subject_id: Uuid,
    /// False when the message had come before.
    pub is_new: bool,
    /// Whether nobody was known by the address.
    pub made_lead: bool,
}

const CONTENT_TYPES: [&str; 13] = [
    "html",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "template",
    "interactive",
    "reaction",
    "system",
    "unsupported",
];

/// Takes a message in, once, in one round trip. Acts for no user, in the organization of the transaction.
///
/// # Errors
/// A fault at `from` for what is no address of the channel, at `channel_account_id` for an account that is not the
/// organization's; the message itself is cut to what can be kept and never refused.
pub async fn process_incoming(tx: &SystemTx, incoming: &Incoming) -> Result<Received, EngineError> {
    let from = address(&incoming.channel, &incoming.from)
        .map_err(|fault| EngineError::from(fault.at("from")))?;
    let statement = Statement::new(
        "SELECT r.message_id, r.conversation_id, r.subject_type, r.subject_id, r.is_new, r.made_lead FROM receive_message($1, $2, $3, $4, $5, $6) r",
    )
    .with(incoming.channel.clone(), Type::TEXT)
    .with(incoming.channel_account_id, Type::UUID)
    .with(from, Type::TEXT)
    .with(incoming.from_name.as_deref().and_then(|name| line(name, 255)), Type::TEXT)
    .with(incoming.provider_id.as_deref().and_then(|id| line(id, 512)), Type::TEXT)
    .with(body(incoming), Type::JSONB);
    let row = tx.query_one(&statement).await?;
    received(&row)
        .map_err(|error| StoreError::internal(format!("a message came back wrong: {error}")).into())
}

fn received(row: &Row) -> Result<Received, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Received {
        message_id: row.try_get(0)?,
        conversation_id: row.try_get(1)?,
        subject_type: row.try_get(2)?,
        subject_id: row.try_get(3)?,
        is_new: row.try_get(4)?,
        made_lead: row.try_get(5)?,
    })
}

/// The sender's address in its one form. There is no organization's country to add: providers write whole numbers.
fn address(channel: &str, given: &str) -> Result<String, Fault> {
    let context = ParseContext {
        now: Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC),
        user_id: Uuid::nil(),
        region: None,
    };
    let given = given.trim();
    let given = given.strip_prefix("whatsapp:").unwrap_or(given);
    if channel != "email"
        && !given.is_empty()
        && given.chars().all(|letter| letter.is_ascii_digit())
    {
        return normal_address(channel, &format!("+{given}"), &context);
    }
    normal_address(channel, given, &context)
}

fn body(incoming: &Incoming) -> Json {
    let html = incoming
        .content_html
        .as_deref()
        .filter(|html| html.len() <= LONGEST_HTML)
        .map(|html| clean_html(&kept(html)))
        .filter(|html| !html.is_empty() && html.chars().count() <= LONGEST_HTML);
    let mut text = kept(&incoming.content);
    if text.trim().is_empty()
        && let Some(html) = &html
    {
        text = text_of(html);
    }
    let whole = text.chars().count();
    let content: String = text.chars().take(LONGEST).collect();
    let known_type = CONTENT_TYPES
        .into_iter()
        .find(|known| *known == incoming.content_type);
    let attachments: Vec<Json> = incoming
        .attachments
        .iter()
        .take(MOST)
        .map(storable)
        .collect();
    // What says nothing at all is still something that came.
    let content_type = known_type.unwrap_or(
        if content.is_empty() && html.is_none() && attachments.is_empty() {
            "unsupported"
        } else {
            "text"
        },
    );
    let mut metadata = match storable(&Json::Object(incoming.metadata.clone())) {
        Json::Object(members) => members,
        _ => Map::new(),
    };
    if Json::Object(metadata.clone()).to_string().len() > LARGEST_METADATA {
        metadata = Map::new();
        metadata.insert("left_out".to_owned(), json!("more than is kept"));
    }
    if whole > LONGEST || incoming.content_html.is_some() && html.is_none() {
        metadata.insert("cut".to_owned(), json!({"characters": whole}));
    }
    let addresses = |list: &[String]| -> Vec<String> {
        list.iter()
            .take(MOST)
            .filter_map(|address| line(address, 320))
            .map(|address| address.to_lowercase())
            .collect()
    };
    let references: Vec<String> = incoming
        .references
        .iter()
        .rev()
        .take(MOST)
        .filter_map(|id| message_id(id))
        .collect();
    json!({
        "reply_to_provider_id": incoming.reply_to_provider_id.as_deref().and_then(|id| line(id, 512)),
        "content_type": content_type,
        "subject": incoming.subject.as_deref().and_then(|subject| line(subject, 998)),
        "content": content,
        "content_html": html,
        "occurred_at": incoming.occurred_at.map(|time| time.to_string()),
        "email_message_id": incoming.email_message_id.as_deref().and_then(message_id),
        "in_reply_to": incoming.in_reply_to.as_deref().and_then(message_id),
        "email_references": references,
        "recipients": {"to": addresses(&incoming.to), "cc": addresses(&incoming.cc)},
        "attachments": attachments,
        "metadata": metadata,
    })
}

/// A message's id without its brackets.
fn message_id(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    line(text, 998)
}

/// One line, without what cannot be kept, cut; nothing when it is blank.
fn line(text: &str, most: usize) -> Option<String> {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(most)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Several lines, without what cannot be kept.
fn kept(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .collect()
}

/// JSON without the zero characters that the database cannot keep.
fn storable(json: &Json) -> Json {
    match json {
        Json::String(text) => json!(text.replace('\0', "")),
        Json::Array(items) => Json::Array(items.iter().map(storable).collect()),
        Json::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, value)| (key.replace('\0', ""), storable(value)))
                .collect(),
        ),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

/// HTML that shows and does nothing: no scripts, no styles that reach out, no pictures from elsewhere.
pub(crate) fn clean_html(html: &str) -> String {
    ammonia::Builder::default()
        .url_schemes(["http", "https", "mailto", "tel", "cid"].into())
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // A picture from elsewhere tells its sender that the mail was read.
            ("img", "src") if !value.starts_with("cid:") => None,
            _ => Some(value.into()),
        })
        .clean(html)
        .to_string()
}

/// What HTML says, without its tags.
fn text_of(html: &str) -> String {
    ammonia::Builder::empty()
        .clean(
            &html
                .replace("<br", "\n<br")
                .replace("</p>", "</p>\n")
                .replace("</div>", "</div>\n"),
        )
        .to_string()
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(
            address("whatsapp", "972987654321").unwrap(),
            "+972987654321"
        );
        assert_eq!(
            address("whatsapp", "whatsapp:+14133881111").unwrap(),
            "+14133881111"
        );
        assert_eq!(address("sms", "+14133881111").unwrap(), "+14133881111");
        assert_eq!(
            address("email", " Ada@Example.COM ").unwrap(),
            "ada@example.com"
        );
        assert!(address("email", "nobody").is_err());
        assert!(address("sms", "").is_err());
    }

    #[test]
    fn what_comes_is_brought_into_bounds() {
        let incoming = Incoming {
            channel: "email".to_owned(),
            content: format!("a\0b\r\n{}", "x".repeat(LONGEST + 10)),
            subject: Some("Re:\nHello\0".to_owned()),
            references: (0..200)
                .map(|number| format!("<{number}@example.com>"))
                .collect(),
            metadata: [("x".to_owned(), json!("y".repeat(LARGEST_METADATA)))]
                .into_iter()
                .collect(),
            ..Incoming::default()
        };
        let body = body(&incoming);
        assert_eq!(body["content"].as_str().unwrap().chars().count(), LONGEST);
        assert!(body["content"].as_str().unwrap().starts_with("ab\n"));
        assert_eq!(body["subject"], "Re: Hello");
        assert_eq!(body["email_references"].as_array().unwrap().len(), MOST);
        assert_eq!(body["email_references"][0], "199@example.com");
        assert_eq!(body["metadata"]["cut"]["characters"], LONGEST + 13);
        assert_eq!(body["metadata"]["left_out"], "more than is kept");
    }

    #[test]
    fn html_shows_and_does_nothing() {
        let html = "<p onclick=\"x()\">Hi<script>alert(1)</script><img src=\"https://t.example/p.gif\"><img src=\"cid:logo\">\
                    <a href=\"javascript:x()\">a</a><a href=\"https://b.example\">b</a></p>";
        let clean = clean_html(html);
        for bad in ["script", "onclick", "t.example", "javascript"] {
            assert!(!clean.contains(bad), "{bad} in {clean}");
        }
        assert!(
            clean.contains("cid:logo") && clean.contains("https://b.example"),
            "{clean}"
        );
        assert_eq!(
            text_of("<div>One</div><p>Two &amp; three</p>"),
            "One\nTwo & three"
        );
    }
}
