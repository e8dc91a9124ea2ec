//! Real providers' payloads, taken in as a webhook would: nothing of what matters has no column. They are not part of the
//! project; `KITH_TEST_DATA` names the folder they are in, or it is `../shared/data` beside the repository.

use std::path::PathBuf;

use jiff::Timestamp;
use kith_entities::conversation::{self, Incoming};
use kith_entities::message::MESSAGE;
use kith_store::{Origin, SystemTx};
use serde_json::{Map, Value as Json, json};

use crate::world::World;

fn data(path: &str) -> String {
    let folder = std::env::var_os("KITH_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("webhooks").join(path);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; set KITH_TEST_DATA", path.display()))
}

fn text(json: &Json, pointer: &str) -> Option<String> {
    json.pointer(pointer)
        .and_then(Json::as_str)
        .map(str::to_owned)
}

/// The messages of a WhatsApp webhook.
fn whatsapp(name: &str) -> Vec<Incoming> {
    let body: Json =
        serde_json::from_str(&data(&format!("whatsapp_cloud_api/{name}.json"))).unwrap();
    let value = &body["entry"][0]["changes"][0]["value"];
    let one = |message: &Json| {
        let kind = message["type"].as_str().unwrap();
        let part = &message[kind];
        let media = part.get("id").filter(|_| part.get("mime_type").is_some());
        let content = match kind {
            "text" => text(part, "/body"),
            "reaction" => text(part, "/emoji"),
            "interactive" => {
                text(part, "/button_reply/title").or_else(|| text(part, "/list_reply/title"))
            }
            _ => text(part, "/caption"),
        };
        let seconds: i64 = message["timestamp"].as_str().unwrap().parse().unwrap();
        Incoming {
            channel: "whatsapp".to_owned(),
            from: text(message, "/from").unwrap(),
            from_name: text(value, "/contacts/0/profile/name"),
            provider_id: text(message, "/id").map(|id| format!("{id} {name}")),
            reply_to_provider_id: text(message, "/context/id").or_else(|| text(message, "/reaction/message_id")),
            content_type: kind.to_owned(),
            content: content.unwrap_or_default(),
            occurred_at: Timestamp::from_second(seconds).ok(),
            attachments: media
                .map(|id| json!({"provider_id": id, "content_type": part["mime_type"], "name": part.get("filename")}))
                .into_iter()
                .collect(),
            metadata: [(kind.to_owned(), part.clone()), ("referral".to_owned(), message["referral"].clone())].into_iter().collect(),
            ..Incoming::default()
        }
    };
    value["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

fn form(path: &str) -> Map<String, Json> {
    data(path)
        .trim()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| {
            (
                key.to_owned(),
                json!(value.replace('+', " ").replace("%2B", "+")),
            )
        })
        .collect()
}

fn twilio(path: &str) -> Incoming {
    let form = Json::Object(form(path));
    let count: usize = text(&form, "/NumMedia").unwrap().parse().unwrap();
    Incoming {
        channel: "sms".to_owned(),
        from: text(&form, "/From").unwrap(),
        provider_id: text(&form, "/MessageSid").map(|id| format!("{id} {path}")),
        content_type: if count > 0 { "image" } else { "text" }.to_owned(),
        content: text(&form, "/Body").unwrap_or_default(),
        attachments: (0..count)
            .map(|index| json!({"url": form[format!("MediaUrl{index}")]}))
            .collect(),
        ..Incoming::default()
    }
}

fn addresses(list: &str) -> Vec<String> {
    list.split(',')
        .map(|one| {
            one.rsplit(['<', ' '])
                .next()
                .unwrap()
                .trim_end_matches('>')
                .to_owned()
        })
        .collect()
}

fn mailgun() -> Incoming {
    let body: Json = serde_json::from_str(&data(
        "email_providers/mailgun/inbound_basics.raw_event.json",
    ))
    .unwrap();
    let headers: Vec<(String, String)> =
        serde_json::from_str(body["message-headers"].as_str().unwrap()).unwrap();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone())
    };
    let from = header("from").unwrap();
    Incoming {
        channel: "email".to_owned(),
        from: addresses(&from).remove(0),
        from_name: from
            .split_once('<')
            .map(|(name, _)| name.trim().trim_matches('"').to_owned()),
        subject: header("subject"),
        content: text(&body, "/body-plain").unwrap(),
        content_html: text(&body, "/body-html"),
        email_message_id: header("message-id"),
        provider_id: header("message-id"),
        to: addresses(&header("to").unwrap()),
        cc: addresses(&header("cc").unwrap()),
        ..Incoming::default()
    }
}

fn postmark() -> Incoming {
    let body: Json = serde_json::from_str(&data(
        "email_providers/postmark/inbound_basics.raw_event.json",
    ))
    .unwrap();
    let list = |name: &str| {
        body[name]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| text(one, "/Email"))
            .collect()
    };
    let header = |name: &str| {
        let headers = body["Headers"].as_array().unwrap();
        headers
            .iter()
            .find(|one| one["Name"] == name)
            .and_then(|one| text(one, "/Value"))
    };
    Incoming {
        channel: "email".to_owned(),
        from: text(&body, "/FromFull/Email").unwrap(),
        from_name: text(&body, "/FromFull/Name"),
        subject: text(&body, "/Subject"),
        content: text(&body, "/TextBody").unwrap(),
        content_html: text(&body, "/HtmlBody"),
        provider_id: text(&body, "/MessageID"),
        email_message_id: header("Message-ID"),
        to: list("ToFull"),
        cc: list("CcFull"),
        ..Incoming::default()
    }
}

#[tokio::test]
async fn what_providers_send_is_kept() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let mut all: Vec<Incoming> = Vec::new();
    for name in [
        "message.text",
        "message.image",
        "message.audio",
        "message.document",
        "message.contacts",
        "message.current_location",
        "message.reply",
        "message.referral",
        "message.unsupported",
        "callback_button.button",
        "message.reaction",
    ] {
        all.extend(whatsapp(name));
    }
    all.extend([
        twilio("twilio_sms/inbound_sms.form.txt"),
        twilio("twilio_sms/inbound_mms_two_media.form.txt"),
        mailgun(),
        postmark(),
    ]);
    let (mut leads, mut conversations) = (0, std::collections::BTreeSet::new());
    for incoming in &all {
        let mut twice = Vec::new();
        for _ in 0..2 {
            let tx = SystemTx::begin(
                &world.engine.database,
                Some(organization.id),
                &Origin::new("system"),
            )
            .await
            .unwrap();
            twice.push(
                conversation::process_incoming(&tx, incoming)
                    .await
                    .unwrap_or_else(|error| panic!("{incoming:?}: {error:?}")),
            );
            tx.commit().await.unwrap();
        }
        let received = &twice[0];
        assert!(
            received.is_new && !twice[1].is_new && twice[1].message_id == received.message_id,
            "{incoming:?}"
        );
        leads += i32::from(received.made_lead);
        conversations.insert(received.conversation_id);
        let kept = world
            .get(&owner, &MESSAGE, received.message_id)
            .await
            .unwrap();
        assert_eq!(
            kept["content"].as_str().unwrap(),
            incoming.content.trim_end_matches('\r'),
            "{incoming:?}"
        );
        assert_eq!(kept["provider_id"], json!(incoming.provider_id));
        assert_eq!(
            kept["attachments"].as_array().unwrap().len(),
            incoming.attachments.len()
        );
        if incoming.channel != "email" && incoming.content_type != "text" {
            assert_eq!(kept["content_type"], json!(incoming.content_type));
        }
        if let Some(time) = incoming.occurred_at {
            assert_eq!(
                kept["occurred_at"]
                    .as_str()
                    .unwrap()
                    .parse::<Timestamp>()
                    .unwrap(),
                time
            );
        }
        if let Some(id) = &incoming.email_message_id {
            assert_eq!(
                kept["email_message_id"].as_str().unwrap(),
                id.trim_matches(['<', '>'])
            );
            assert!(!kept["recipients"]["to"].as_array().unwrap().is_empty());
            assert!(
                kept["content_html"]
                    .as_str()
                    .unwrap()
                    .contains("Test body html")
            );
        }
    }
    // One person on WhatsApp, one by text message, and the two mails of the same sender about the same are one.
    assert_eq!((leads, conversations.len()), (3, 3));
}
