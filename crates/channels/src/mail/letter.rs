//! What each mail says.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value as Json;

/// The longest name that a letter repeats, in characters: names are chosen by people whom the recipient may not know.
const LONGEST_NAME: usize = 80;

/// Which mail. The database stores these words in `outgoing_mail.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    VerifyEmail,
    ResetPassword,
    Invitation,
    PasswordChanged,
    SecondFactorEnabled,
    SecondFactorDisabled,
    ApiKeyCreated,
    /// One notification, as it happens.
    Notification,
    /// Those of a day or a week.
    Digest,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::VerifyEmail,
        Kind::ResetPassword,
        Kind::Invitation,
        Kind::PasswordChanged,
        Kind::SecondFactorEnabled,
        Kind::SecondFactorDisabled,
        Kind::ApiKeyCreated,
        Kind::Notification,
        Kind::Digest,
    ];

    /// The word in the queue.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::VerifyEmail => "verify_email",
            Kind::ResetPassword => "reset_password",
            Kind::Invitation => "invitation",
            Kind::PasswordChanged => "password_changed",
            Kind::SecondFactorEnabled => "second_factor_enabled",
            Kind::SecondFactorDisabled => "second_factor_disabled",
            Kind::ApiKeyCreated => "api_key_created",
            Kind::Notification => "notification",
            Kind::Digest => "digest",
        }
    }
}

impl FromStr for Kind {
    type Err = ();
    fn from_str(word: &str) -> Result<Kind, ()> {
        Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == word)
            .ok_or(())
    }
}

/// What the database says about a mail whose turn has come.
#[derive(Clone, Debug)]
pub(crate) struct Occasion {
    pub(crate) kind: Kind,
    /// When it was asked for.
    pub(crate) at: Timestamp,
    pub(crate) recipient_name: Option<String>,
    pub(crate) organization_name: Option<String>,
    /// `inviter` and `role`, `ip` and `user_agent`, `name` and `prefix`: as the kind has them.
    pub(crate) details: Json,
    /// How long the link is good for.
    pub(crate) valid_seconds: Option<i32>,
}

/// A mail in words, before it has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// What a list of mails shows behind the subject.
    pub preview: String,
    pub heading: String,
    /// Whom it greets.
    pub name: Option<String>,
    pub paragraphs: Vec<String>,
    /// When and from where something was done.
    pub facts: Vec<(&'static str, String)>,
    /// The one thing to do.
    pub action: Option<Action>,
    /// What else to know, in small print.
    pub note: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub label: &'static str,
    pub url: String,
}

impl Letter {
    /// Writes the letter. `base` is the address of the web application, without a slash at its end; `token` makes
    /// the link good.
    pub(crate) fn write(occasion: &Occasion, base: &str, token: &str) -> Letter {
        let link = |path: &str| format!("{base}/{path}?token={token}");
        let detail = |name: &str| {
            let text = occasion.details.get(name).and_then(Json::as_str);
            text.map(|text| line(text, LONGEST_NAME))
                .filter(|text| !text.is_empty())
        };
        let organization = occasion
            .organization_name
            .as_deref()
            .map(|name| line(name, LONGEST_NAME));
        let letter = Letter {
            subject: String::new(),
            preview: String::new(),
            heading: String::new(),
            name: occasion
                .recipient_name
                .as_deref()
                .map(|name| line(name, LONGEST_NAME)),
            paragraphs: Vec::new(),
            facts: Vec::new(),
            action: None,
            note: String::new(),
        };
        let within = duration(occasion.valid_seconds.unwrap_or_default());
        match occasion.kind {
            Kind::VerifyEmail => Letter {
                subject: "Confirm your e-mail address".to_owned(),
                preview: "One click, and we know that this address is yours.".to_owned(),
                heading: "Confirm your e-mail address".to_owned(),
                paragraphs: vec![
                    "Please confirm that this address is yours, so that we can reach you here when it matters.".to_owned(),
                ],
                action: Some(Action { label: "Confirm address", url: link("verify-email") }),
                note: format!("The link works once, within {within}. If you did not register, ignore this mail: nothing happens."),
                ..letter
            },
            Kind::ResetPassword => Letter {
                subject: "Set a new password".to_owned(),
                preview: format!("The link works once, within {within}."),
                heading: "Set a new password".to_owned(),
                paragraphs: vec![
                    "Somebody, hopefully you, asked for a new password for this address.".to_owned(),
                ],
                action: Some(Action { label: "Set a new password", url: link("reset-password") }),
                note: format!(
                    "The link works once, within {within}, and signs you out everywhere else. If it was not you, ignore this mail: \
                     your password stays as it is."
                ),
                ..letter
            },
            Kind::Invitation => {
                let organization = organization.unwrap_or_else(|| "an organization".to_owned());
                let inviter = detail("inviter").unwrap_or_else(|| "Somebody".to_owned());
                let role = detail("role").map(|role| format!(" Your role there is {role}.")).unwrap_or_default();
                Letter {
                    subject: format!("{inviter} invites you to {organization}"),
                    preview: format!("Accept within {within}."),
                    heading: format!("Join {organization}"),
                    paragraphs: vec![format!("{inviter} invites you to work with them in {organization}.{role}")],
                    action: Some(Action { label: "Accept the invitation", url: link("accept-invitation") }),
                    note: format!(
                        "The link is yours alone and works once, within {within}. If you do not know {inviter}, ignore this mail."
                    ),
                    ..letter
                }
            }
            Kind::PasswordChanged => Letter {
                subject: "Your password was changed".to_owned(),
                preview: "If it was you, there is nothing to do.".to_owned(),
                heading: "Your password was changed".to_owned(),
                paragraphs: vec!["The password of your account was changed, and other devices were signed out.".to_owned()],
                facts: facts(occasion),
                action: Some(Action { label: "It was not me", url: format!("{base}/forgot-password") }),
                note: "If it was you, there is nothing to do.".to_owned(),
                ..letter
            },
            Kind::SecondFactorEnabled => Letter {
                subject: "Two-step sign-in is on".to_owned(),
                preview: "From now on signing in takes a code of your authenticator.".to_owned(),
                heading: "Two-step sign-in is on".to_owned(),
                paragraphs: vec![
                    "From now on signing in takes your password and a code of your authenticator. Keep your recovery codes where \
                     you find them without it."
                        .to_owned(),
                ],
                facts: facts(occasion),
                note: "If it was not you, change your password and ask an administrator for help.".to_owned(),
                ..letter
            },
            Kind::SecondFactorDisabled => Letter {
                subject: "Two-step sign-in is off".to_owned(),
                preview: "Your password alone is enough to sign in now.".to_owned(),
                heading: "Two-step sign-in is off".to_owned(),
                paragraphs: vec!["Your password alone is enough to sign in now.".to_owned()],
                facts: facts(occasion),
                action: Some(Action { label: "It was not me", url: format!("{base}/forgot-password") }),
                note: "If it was you, there is nothing to do.".to_owned(),
                ..letter
            },
            Kind::ApiKeyCreated => {
                let mut about = Vec::new();
                if let Some(name) = detail("name") {
                    about.push(("Key", name));
                }
                if let Some(prefix) = detail("prefix") {
                    about.push(("Begins with", prefix));
                }
                if let Some(organization) = organization {
                    about.push(("Organization", organization));
                }
                about.extend(facts(occasion));
                Letter {
                    subject: "A new API key acts for you".to_owned(),
                    preview: "If it was you who made it, there is nothing to do.".to_owned(),
                    heading: "A new API key acts for you".to_owned(),
                    paragraphs: vec!["A key was made with which a program can act in your name.".to_owned()],
                    facts: about,
                    note: "If it was you who made it, there is nothing to do. Otherwise remove it in your settings and change your password."
                        .to_owned(),
                    ..letter
                }
            }
            Kind::Notification => {
                let (title, message, url) = told(occasion, base).into_iter().next().unwrap_or_default();
                Letter {
                    subject: title.clone(),
                    preview: message.clone().unwrap_or_else(|| title.clone()),
                    heading: title,
                    paragraphs: vec![message.unwrap_or_else(|| "Something in Kith concerns you.".to_owned())],
                    action: Some(Action { label: "Open in Kith", url }),
                    note: unwanted(base, organization.as_deref()),
                    ..letter
                }
            }
            Kind::Digest => {
                let items = told(occasion, base);
                let count = occasion.details.get("count").and_then(Json::as_u64).unwrap_or(items.len() as u64);
                let when = match occasion.details.get("digest").and_then(Json::as_str) {
                    Some("weekly") => "Your week",
                    _ => "Your day",
                };
                let place = organization.clone().unwrap_or_else(|| "Kith".to_owned());
                let unread = if count == 1 { "1 unread notification".to_owned() } else { format!("{count} unread notifications") };
                let mut paragraphs: Vec<String> = items
                    .iter()
                    .map(|(title, message, _)| match message {
                        Some(message) => format!("{title}: {message}"),
                        None => title.clone(),
                    })
                    .collect();
                let shown = paragraphs.len() as u64;
                if count > shown {
                    paragraphs.push(format!("And {} more.", count - shown));
                }
                Letter {
                    subject: format!("{when} in {place}: {unread}"),
                    preview: paragraphs.first().cloned().unwrap_or_else(|| unread.clone()),
                    heading: format!("{when} in {place}"),
                    paragraphs: if paragraphs.is_empty() { vec![unread] } else { paragraphs },
                    action: Some(Action { label: "See them all", url: format!("{base}/notifications") }),
                    note: unwanted(base, organization.as_deref()),
                    ..letter
                }
            }
        }
    }
}

/// The longest that a letter repeats of a notification's message.
const LONGEST_MESSAGE: usize = 400;

/// What notifications say: title, message, and the address that they lead to.
fn told(occasion: &Occasion, base: &str) -> Vec<(String, Option<String>, String)> {
    let items = occasion.details.get("items").and_then(Json::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| {
            let text = |name: &str, longest| {
                let words = item.get(name).and_then(Json::as_str);
                words
                    .map(|words| line(words, longest))
                    .filter(|words| !words.is_empty())
            };
            // The database only lets addresses within the application be stored.
            let path = item
                .get("action_url")
                .and_then(Json::as_str)
                .unwrap_or("/notifications");
            (
                text("title", 160).unwrap_or_else(|| "A notification".to_owned()),
                text("message", LONGEST_MESSAGE),
                format!("{base}{path}"),
            )
        })
        .collect()
}

/// How to hear less.
fn unwanted(base: &str, organization: Option<&str>) -> String {
    let place = organization
        .map(|name| format!(" in {name}"))
        .unwrap_or_default();
    format!(
        "You get this mail because you asked for it{place}. Change what you hear of at {base}/settings/notifications."
    )
}

/// When and from where.
fn facts(occasion: &Occasion) -> Vec<(&'static str, String)> {
    let mut facts = vec![(
        "When",
        occasion.at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
    )];
    for (label, name) in [("Address", "ip"), ("Program", "user_agent")] {
        if let Some(text) = occasion.details.get(name).and_then(Json::as_str) {
            facts.push((label, line(text, 200)));
        }
    }
    facts
}

/// Somebody's words on one line of bounded length, without anything that a mail program would turn into a link.
fn line(text: &str, longest: usize) -> String {
    let words: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let harmless = words.replace("://", " ").replace("www.", "www ");
    if harmless.chars().count() <= longest {
        return harmless;
    }
    let mut cut: String = harmless.chars().take(longest.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// "1 hour", "3 days".
fn duration(seconds: i32) -> String {
    let of = |count: i32, unit: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {unit}{plural}")
    };
    match seconds {
        days if days % 86_400 == 0 && days > 0 => of(days / 86_400, "day"),
        hours if hours % 3_600 == 0 && hours > 0 => of(hours / 3_600, "hour"),
        other => of(other / 60, "minute"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn occasion(kind: Kind) -> Occasion {
        Occasion {
            kind,
            at: "2026-11-24T09:05:00Z".parse().unwrap(),
            recipient_name: Some("Ada Lovelace".to_owned()),
            organization_name: Some("Analytical Engines".to_owned()),
            details: json!({"inviter": "Charles", "role": "Sales", "ip": "192.0.2.7", "user_agent": "a browser", "name": "Sync", "prefix": "kith_Ab12Cd",
                "count": 3, "digest": "weekly", "items": [{"title": "Ada mentioned you", "message": "See https://evil.example", "action_url": "/tasks/7"}, {"title": "Bob\r\nBcc: x", "message": null, "action_url": null}]}),
            valid_seconds: Some(3_600),
        }
    }

    #[test]
    fn every_kind_has_its_word_and_says_something() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
            let letter = Letter::write(&occasion(*kind), "https://crm.example.com", "TOKEN");
            for text in [
                &letter.subject,
                &letter.preview,
                &letter.heading,
                &letter.note,
            ] {
                assert!(!text.is_empty(), "{kind:?}");
            }
            assert!(!letter.paragraphs.is_empty(), "{kind:?}");
        }
        assert!("newsletter".parse::<Kind>().is_err());
    }

    #[test]
    fn links_lead_to_the_web_application_with_their_token() {
        for (kind, path) in [
            (Kind::VerifyEmail, "verify-email"),
            (Kind::ResetPassword, "reset-password"),
            (Kind::Invitation, "accept-invitation"),
        ] {
            let letter = Letter::write(&occasion(kind), "https://crm.example.com", "TOKEN");
            let action = letter.action.unwrap();
            assert_eq!(
                action.url,
                format!("https://crm.example.com/{path}?token=TOKEN")
            );
        }
        let letter = Letter::write(
            &occasion(Kind::PasswordChanged),
            "https://crm.example.com",
            "TOKEN",
        );
        assert!(
            !format!("{letter:?}").contains("TOKEN"),
            "a notice carries no token"
        );
        assert!(
            letter
                .facts
                .contains(&("When", "24 November 2026, 09:05 UTC".to_owned()))
        );
    }

    #[test]
    fn notifications_are_told_without_links_of_their_own() {
        let base = "https://crm.example.com";
        let one = Letter::write(&occasion(Kind::Notification), base, "TOKEN");
        assert_eq!(one.subject, "Ada mentioned you");
        assert_eq!(one.paragraphs, ["See https evil.example"]);
        assert_eq!(one.action.unwrap().url, "https://crm.example.com/tasks/7");
        let all = Letter::write(&occasion(Kind::Digest), base, "TOKEN");
        assert_eq!(
            all.subject,
            "Your week in Analytical Engines: 3 unread notifications"
        );
        assert_eq!(
            all.paragraphs,
            [
                "Ada mentioned you: See https evil.example",
                "Bob Bcc: x",
                "And 1 more."
            ]
        );
    }

    #[test]
    fn names_stay_on_one_line_and_make_no_links() {
        assert_eq!(
            line("Ada\r\nBcc: everyone@example.com", 80),
            "Ada Bcc: everyone@example.com"
        );
        assert_eq!(
            line("Win at https://evil.example now", 80),
            "Win at https evil.example now"
        );
        assert_eq!(line(&"x".repeat(200), 80).chars().count(), 80);
        assert_eq!(line("\u{0}\u{7f} ", 80), "");
    }

    #[test]
    fn durations_are_in_words() {
        assert_eq!(duration(3_600), "1 hour");
        assert_eq!(duration(3 * 86_400), "3 days");
        assert_eq!(duration(1_800), "30 minutes");
    }
}
