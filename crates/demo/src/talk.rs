//! How the studio talks with people: campaigns and whom they reach, texts, the accounts messages go through, conversations,
//! and who does not want to be written to.

use jiff::{SignedDuration, Timestamp};
use kith_entities::campaign::CAMPAIGN;
use kith_entities::campaign_member::CAMPAIGN_MEMBER;
use kith_entities::channel_account::CHANNEL_ACCOUNT;
use kith_entities::conversation::CONVERSATION;
use kith_entities::email_template::EMAIL_TEMPLATE;
use kith_entities::inbound_form::INBOUND_FORM;
use kith_entities::lead::LEAD;
use kith_entities::message::MESSAGE;
use kith_entities::suppression::SUPPRESSION;
use serde_json::json;

use crate::people::{MANAGER, OWNER};
use crate::story::{Contact, Story};

/// What is said in a conversation: they and we in turn, they first.
const EXCHANGES: &[(&str, &[&str])] = &[
    (
        "Offer for the new website",
        &[
            "Thank you for the offer. Could you split the texts from the design?",
            "Of course. I sent you a second version with both as separate items.",
            "Perfect, that helps. We decide on Thursday.",
        ],
    ),
    (
        "Date for the workshop",
        &[
            "Would the 14th also work for you? Our head of sales is travelling before.",
            "The 14th works, from 9 to 12. Shall we come to you?",
            "Yes please, second floor. Coffee is on us.",
        ],
    ),
    (
        "Bilder für die Startseite",
        &[
            "Anbei die neuen Fotos vom Team. Passt das Format?",
            "Wunderbar, danke! Wir schneiden sie zu und stellen sie heute online.",
        ],
    ),
    (
        "Question about the invoice",
        &["Is the hosting for the whole year in there, or do we get another one?"],
    ),
    (
        "Référencement",
        &[
            "Nous ne trouvons pas notre page quand on cherche « boulangerie ».",
            "Nous regardons cela cette semaine et revenons vers vous avec des chiffres.",
        ],
    ),
];

pub(crate) fn plan(story: &mut Story) {
    story.begin("talk");
    set_up(story);
    campaigns(story);
    conversations(story);
}

fn later(moment: Timestamp, minutes: i64) -> Timestamp {
    moment
        .checked_add(SignedDuration::from_mins(minutes))
        .unwrap_or(moment)
}

fn set_up(story: &mut Story) {
    let domain = story.domain.clone();
    let moment = story.workday(300);
    story.at(OWNER, moment);
    story.create(
        &CHANNEL_ACCOUNT,
        "account.mail",
        json!({"name": "Hello mailbox", "channel": "email", "provider": "smtp_imap", "address": format!("hello@{domain}"), "is_default": true,
            "settings": {"imap_host": format!("mail.{domain}"), "smtp_port": 465}}),
    );
    story.create(
        &CHANNEL_ACCOUNT,
        "account.whatsapp",
        json!({"name": "Studio on WhatsApp", "channel": "whatsapp", "provider": "whatsapp_cloud", "address": "+493055501234", "is_default": true,
            "assigned_to_id": "{user.priya}"}),
    );
    story.at(MANAGER, later(moment, 45));
    for (name, category, subject, html, text) in [
        (
            "Welcome",
            "transactional",
            "Welcome, {{ contact.first_name }}",
            "<p>Hello {{ contact.first_name }},</p><p>good to have {{ company.name }} with us. {{ user.full_name }} looks after you.</p>",
            "Hello {{ contact.first_name }},\n\ngood to have {{ company.name }} with us. {{ user.full_name }} looks after you.",
        ),
        (
            "Studio news",
            "marketing",
            "What we made this {{ season }}",
            "<p>Hello {{ contact.first_name | default('there') }},</p><p>{{ news }}</p><p><a href=\"{{ unsubscribe_url }}\">No more news</a></p>",
            "Hello {{ contact.first_name | default('there') }},\n\n{{ news }}\n\nNo more news: {{ unsubscribe_url }}",
        ),
        (
            "Follow-up to an enquiry",
            "notification",
            "Your enquiry, {{ lead.first_name }}",
            "<p>Thank you for writing to us. When would a call suit you?</p>",
            "Thank you for writing to us. When would a call suit you?",
        ),
    ] {
        story.create(
            &EMAIL_TEMPLATE,
            format!("template.{name}"),
            json!({"name": name, "category": category, "subject": subject, "body_html": html, "body_text": text}),
        );
    }
}

fn campaigns(story: &mut Story) {
    let plans = [
        (
            "spring",
            "Spring relaunch offer",
            "email",
            240_i64,
            "1800",
            "1640.50",
            true,
        ),
        (
            "webinar",
            "Webinar: found by your neighbours",
            "webinar",
            95,
            "900",
            "720",
            true,
        ),
        ("autumn", "Autumn news", "email", 24, "600", "210", false),
    ];
    for (key, title, kind, days, budget, cost, over) in plans {
        let begun = story.workday(days);
        let start = story.day_of(begun);
        let name = format!("campaign.{key}");
        story.at(MANAGER, begun);
        story.create(
            &CAMPAIGN,
            name.clone(),
            json!({"name": title, "type": kind, "start_date": start.to_string(), "budget": budget, "actual_cost": cost, "currency": "EUR",
                "target_audience": {"entity": "contact", "filter": {"field": "status", "op": "eq", "value": "active"}},
                "goals": {"leads": 12, "conversions": 3}, "metrics": {"impressions": 5200, "clicks": 310}, "tags": ["marketing"]}),
        );
        story.at(MANAGER, later(begun, 10));
        story.change(&CAMPAIGN, name.clone(), json!({"status": "active"}));
        members(story, &name, begun);
        if over {
            let ended = later(begun, 28 * 24 * 60);
            story.at(MANAGER, ended);
            story.change(
                &CAMPAIGN,
                name.clone(),
                json!({"status": "completed", "end_date": story.day_of(ended).to_string()}),
            );
        }
    }
    let moment = story.workday(3);
    story.at(MANAGER, moment);
    story.create(
        &CAMPAIGN,
        "campaign.winter",
        json!({"name": "Winter: shops made ready", "type": "social", "start_date": story.day(20).to_string(), "end_date": story.day(60).to_string(),
            "budget": "2400", "currency": "EUR", "description": "Short films of three shops, for Instagram and LinkedIn"}),
    );
    let moment = story.workday(90);
    story.at(MANAGER, moment);
    story.create(
        &INBOUND_FORM,
        "form.contact",
        json!({"name": "Contact page", "campaign_id": "{campaign.webinar}", "source": "website", "allowed_origins": [format!("https://www.{}", story.domain)]}),
    );
    // Where some of the leads came from.
    let leads = story.cast.leads.clone();
    for (index, lead) in leads.iter().enumerate().filter(|(index, _)| index % 5 == 1) {
        let key = if index % 2 == 0 { "spring" } else { "webinar" };
        let moment = story.workday(60).max(later(lead.since, 60));
        story.at(MANAGER, moment);
        if lead.converted.is_none_or(|converted| converted > moment) {
            story.change(
                &LEAD,
                lead.name.clone(),
                json!({"campaign_id": format!("{{campaign.{key}}}")}),
            );
        }
    }
    for (days, address, channel, reason) in [
        (130, "info@nomail.example", "email", "complained"),
        (70, "+4915155509999", "sms", "manual"),
    ] {
        let moment = story.workday(days);
        story.at(MANAGER, moment);
        story.create(
            &SUPPRESSION,
            format!("suppression.{days}"),
            json!({"address": address, "channel": channel, "reason": reason}),
        );
    }
}

/// Whom a campaign reached, and how far it got with them.
fn members(story: &mut Story, campaign: &str, begun: Timestamp) {
    let contacts: Vec<Contact> = story
        .cast
        .contacts
        .iter()
        .filter(|contact| contact.since < begun)
        .cloned()
        .collect();
    for contact in contacts.iter().take(40) {
        let name = format!("{campaign}.{}", contact.name);
        story.at(MANAGER, later(begun, 30));
        story.create(
            &CAMPAIGN_MEMBER,
            name.clone(),
            json!({"campaign_id": format!("{{{campaign}}}"), "contact_id": format!("{{{}}}", contact.name)}),
        );
        story.at(MANAGER, later(begun, 60));
        story.change(&CAMPAIGN_MEMBER, name.clone(), json!({"status": "sent"}));
        let draw = story.number(1, 100);
        let reached = match draw {
            1..=3 => "bounced",
            4..=6 => "unsubscribed",
            7..=40 => "delivered",
            41..=80 => "opened",
            _ => "clicked",
        };
        let moment = later(begun, 60 + story.number(5, 2_000));
        if moment < later(story.end(), -10) {
            story.at(MANAGER, moment);
            story.change(&CAMPAIGN_MEMBER, name, json!({"status": reached}));
        }
    }
}

fn conversations(story: &mut Story) {
    let contacts = story.cast.contacts.clone();
    for number in 0..24_usize {
        let Some(contact) = contacts.get(number * 2 % contacts.len().max(1)).cloned() else {
            return;
        };
        let Some(owner) = story
            .cast
            .companies
            .get(contact.company)
            .map(|company| company.owner)
        else {
            return;
        };
        let days = i64::try_from(number).unwrap_or(0);
        let begun = story
            .workday(days * days / 3 + 1)
            .max(later(contact.since, 120));
        conversation(story, number, &contact, owner, begun);
    }
}

fn conversation(
    story: &mut Story,
    number: usize,
    contact: &Contact,
    owner: &'static str,
    begun: Timestamp,
) {
    let Some((title, said)) = story.pick(EXCHANGES) else {
        return;
    };
    let name = format!("conversation.{number}");
    story.at(MANAGER, begun);
    story.create(
        &CONVERSATION,
        name.clone(),
        json!({"subject_type": "contact", "subject_id": format!("{{{}}}", contact.name), "title": title, "channel": "email", "direction": "inbound",
            "channel_account_id": "{account.mail}",
            "assigned_to_id": if number % 6 == 5 { None } else { Some(format!("{{user.{owner}}}")) }}),
    );
    let mut moment = later(begun, 1);
    for (index, text) in said.iter().enumerate() {
        // Of the latest some wait for an answer.
        if moment > later(story.end(), -10) {
            return;
        }
        let theirs = index % 2 == 0;
        if !theirs && number % 6 == 5 {
            return;
        }
        story.at(MANAGER, moment);
        let mut body = json!({"conversation_id": format!("{{{name}}}"), "content": text, "subject": title, "message_type": "email"});
        if theirs {
            body["direction"] = json!("inbound");
        } else {
            body["status"] = json!("delivered");
        }
        story.create(&MESSAGE, format!("{name}.{index}"), body);
        moment = later(moment, story.number(25, 1_400));
    }
    if story.chance(40) {
        story.at(MANAGER, later(moment, 30));
        story.create(
            &MESSAGE,
            format!("{name}.note"),
            json!({"conversation_id": format!("{{{name}}}"), "content": "Called as well: they are happy, we go on as planned.", "message_type": "call_note"}),
        );
    }
    let closed = later(moment, 3 * 24 * 60);
    if number > 8 && closed < later(story.end(), -10) {
        story.at(MANAGER, closed);
        story.change(&CONVERSATION, name, json!({"status": "closed"}));
    }
}
