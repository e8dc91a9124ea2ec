//! A letter's form on the wire: headers, a plain part and an HTML part.

use std::time::SystemTime;

use askama::Template;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::{BadSetting, Letter};

/// Who mail comes from.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads `Kith <crm@example.com>` or a plain address.
    ///
    /// # Errors
    /// [`BadSetting`] for what is no address.
    pub fn parse(text: &str) -> Result<Sender, BadSetting> {
        text.trim()
            .parse::<Mailbox>()
            .map(|mailbox| match mailbox.name {
                Some(_) => Sender(mailbox),
                None => Sender(Mailbox::new(Some("Kith".to_owned()), mailbox.email)),
            })
            .map_err(|error| {
                BadSetting(format!(
                    "must be an address such as crm@example.com or \"Kith <crm@example.com>\" ({error})"
                ))
            })
    }

    /// A sender for mail that goes nowhere.
    pub fn here() -> Sender {
        Sender(Mailbox::new(
            Some("Kith".to_owned()),
            Address::new_dangerous("kith", "localhost"),
        ))
    }

    fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

/// Everything about a message besides its letter.
pub(crate) struct Cover<'a> {
    pub(crate) id: Uuid,
    pub(crate) from: &'a Sender,
    pub(crate) to: &'a str,
    pub(crate) date: Timestamp,
    /// The web application's address without its scheme.
    pub(crate) place: &'a str,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    letter: &'a Letter,
    place: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    letter: &'a Letter,
    place: &'a str,
}

/// Puts a letter into its form.
///
/// # Errors
/// A text for the log when the recipient's address cannot stand in a header: such a mail can never be sent.
pub(crate) fn compose(letter: &Letter, cover: &Cover<'_>) -> Result<Message, String> {
    let to: Address = cover
        .to
        .parse()
        .map_err(|error| format!("the recipient's address cannot be used: {error}"))?;
    let (letter, place) = (letter, cover.place);
    let text = Text { letter, place }
        .render()
        .map_err(|error| format!("writing the plain part: {error}"))?;
    let html = Html { letter, place }
        .render()
        .map_err(|error| format!("writing the HTML part: {error}"))?;
    // Nobody answers a machine's answer, and one mail sent twice is one mail.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    Message::builder()
        .from(cover.from.0.clone())
        .to(Mailbox::new(letter.name.clone(), to))
        .subject(letter.subject.clone())
        .date(SystemTime::from(cover.date))
        .message_id(Some(format!(
            "<{}@{}>",
            cover.id.simple(),
            cover.from.domain()
        )))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|error| format!("putting the message together: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mail::letter::{Kind, Occasion};

    fn composed(name: &str, organization: &str) -> String {
        let occasion = Occasion {
            kind: Kind::Invitation,
            at: "2026-11-24T09:05:00Z".parse().unwrap(),
            recipient_name: Some(name.to_owned()),
            organization_name: Some(organization.to_owned()),
            details: json!({"inviter": name, "role": organization}),
            valid_seconds: Some(7 * 86_400),
        };
        let letter = Letter::write(&occasion, "https://crm.example.com", "TOKEN");
        let cover = Cover {
            id: Uuid::nil(),
            from: &Sender::parse("Kith <crm@example.com>").unwrap(),
            to: "ada@example.com",
            date: occasion.at,
            place: "crm.example.com",
        };
        String::from_utf8(compose(&letter, &cover).unwrap().formatted()).unwrap()
    }

    /// The names of the headers, folded lines belonging to the one before.
    fn header_names(message: &str) -> Vec<String> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        head.split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect()
    }

    const HEADERS: [&str; 8] = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn a_message_has_both_parts_and_the_headers_of_a_machine() {
        let message = composed("Ada Lovelace", "Analytical Engines");
        assert_eq!(header_names(&message), HEADERS);
        assert!(
            message.contains("From: Kith <crm@example.com>\r\n"),
            "{message}"
        );
        assert!(
            message.contains("To: \"Ada Lovelace\" <ada@example.com>\r\n"),
            "{message}"
        );
        assert!(
            message.contains("Date: Tue, 24 Nov 2026 09:05:00 +0000\r\n"),
            "{message}"
        );
        assert!(message.contains("Content-Type: text/plain"), "{message}");
        assert!(message.contains("Content-Type: text/html"), "{message}");
    }

    #[test]
    fn markup_in_names_is_text() {
        let letter = Letter {
            subject: "s".to_owned(),
            preview: String::new(),
            heading: "<script>alert(1)</script> & \"co\"".to_owned(),
            name: None,
            paragraphs: vec!["<img src=x onerror=alert(1)>".to_owned()],
            facts: vec![("Key", "</td><b>".to_owned())],
            action: None,
            note: "n".to_owned(),
        };
        let html = Html {
            letter: &letter,
            place: "here",
        }
        .render()
        .unwrap();
        assert!(
            !html.contains("<script>") && !html.contains("<img") && !html.contains("</td><b>"),
            "{html}"
        );
        let text = Text {
            letter: &letter,
            place: "here",
        }
        .render()
        .unwrap();
        assert!(
            text.contains("<script>alert(1)</script> & \"co\""),
            "{text}"
        );
        assert!(text.ends_with("-- \nKith at here"), "{text:?}");
    }

    #[test]
    fn senders_are_checked() {
        assert!(Sender::parse("crm@example.com").is_ok());
        for bad in ["", "crm", "Kith <crm@example.com", "a@b\r\nBcc: c@d"] {
            assert!(Sender::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    proptest! {
        /// Whatever a person or an organization calls itself, no header comes of it and none is lost.
        #[test]
        fn names_cannot_make_headers(name in "\\PC{0,20}[\r\n\t\u{0}]{0,3}(Bcc: x@example\\.com)?[\r\n]{0,4}\\PC{0,40}", organization in "[\r\n]{0,2}\\PC{1,300}") {
            let message = composed(&name, &organization);
            prop_assert_eq!(header_names(&message), HEADERS.to_vec());
            prop_assert!(message.is_ascii(), "what is not ASCII is encoded");
        }
    }
}
