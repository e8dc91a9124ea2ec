//! Those who may become customers: where they came from, how far they got, and what became of them.

use futures_util::FutureExt;
use jiff::Timestamp;
use kith_engine::EngineError;
use kith_entities::lead::{ConversionRequest, LEAD, convert};
use kith_store::StoreError;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::companies::{IMPORT, currency, line};
use crate::people::{MANAGER, SALES, name_of};
use crate::story::{Deal, Lead, Rule, Story, Turn};
use crate::words::{LOST, people_of, phone};

/// A lead becomes a company, a contact and a deal: `{name.company}`, `{name.contact}`, `{name.deal}`.
const CONVERT: Rule = Rule {
    name: "convert",
    run: |turn, arguments| conversion(turn, arguments).boxed(),
};

async fn conversion(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let lead = arguments["lead"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok())
        .ok_or(EngineError::NotFound)?;
    let wanted: ConversionRequest = serde_json::from_value(arguments["wanted"].clone())
        .map_err(|error| StoreError::internal(error.to_string()))?;
    let became = convert(turn.engine, turn.tx, turn.caller, lead, &wanted).await?;
    let ids =
        ["company", "contact", "deal"].map(|part| (part.to_owned(), became[part]["id"].clone()));
    Ok(Json::Object(ids.into_iter().collect()))
}

/// The firms that leads come from: name, short name, country.
const FIRMS: &[(&str, &str, &str)] = &[
    ("Café Zuckerstück", "cafe-zuckerstueck", "DE"),
    ("Tischlerei Ahorn", "tischlerei-ahorn", "DE"),
    ("Yoga Loft Neustadt", "yogaloft", "DE"),
    ("Harbour Books", "harbour-books", "GB"),
    ("Rosewood Veterinary", "rosewood-vets", "GB"),
    ("Pinecrest Camps", "pinecrest-camps", "US"),
    ("Boulangerie du Canal", "boulangerie-du-canal", "FR"),
    ("Musée des Marionnettes", "musee-marionnettes", "FR"),
    ("Clínica Dental Ribera", "dental-ribera", "ES"),
    ("Fjord Kajakk", "fjord-kajakk", "NO"),
    ("Södra Bageriet", "sodra-bageriet", "SE"),
    ("Kino Oko", "kino-oko", "PL"),
    ("Radwelt Heidelberg", "radwelt", "DE"),
    ("Gärtnerei Sommerwind", "sommerwind", "DE"),
    ("Kanzlei Treppner", "kanzlei-treppner", "DE"),
    ("Whistledown Theatre", "whistledown", "GB"),
    ("Copper Kettle Catering", "copper-kettle", "IE"),
    ("Lakeside Realty", "lakeside-realty", "US"),
    ("Alpenblick Ferienwohnungen", "alpenblick", "AT"),
    ("Uhren Brändli", "uhren-braendli", "CH"),
    ("Olivar de la Sierra", "olivar-sierra", "ES"),
    ("小林製作所", "kobayashi-works", "JP"),
    ("مخبز النيل", "nile-bakery", "EG"),
    ("Demir Mimarlık", "demir-mimarlik", "TR"),
    ("Druckwerk Nord", "druckwerk-nord", "DE"),
    ("Kita Regenbogen", "kita-regenbogen", "DE"),
    ("Sattler Logistik", "sattler-logistik", "DE"),
    ("Meadow Cheese", "meadow-cheese", "GB"),
    ("Tidewater Surf", "tidewater-surf", "AU"),
    ("Quercus Landscapes", "quercus", "GB"),
    ("Optik Klarsicht", "optik-klarsicht", "DE"),
    ("Hundeschule Pfiffig", "hundeschule-pfiffig", "DE"),
    ("Theater am Fluss", "theater-am-fluss", "DE"),
    ("Librairie des Quais", "librairie-quais", "FR"),
    ("Azulejos Prado", "azulejos-prado", "PT"),
    ("Bryggeri Havn", "bryggeri-havn", "DK"),
    ("Papeterie Feder", "papeterie-feder", "DE"),
    ("Solar Kessler", "solar-kessler", "DE"),
    ("Imkerei Honigtau", "imkerei-honigtau", "DE"),
    ("Northgate Climbing", "northgate-climbing", "GB"),
    ("Silverline Audio", "silverline-audio", "US"),
    ("Zahnärzte am Park", "zahnaerzte-park", "DE"),
    ("Möbelhaus Winter", "moebelhaus-winter", "DE"),
    ("Tierpark Eulental", "tierpark-eulental", "DE"),
    ("Weingut Sonnhalde", "weingut-sonnhalde", "DE"),
    ("Sprachschule Babel", "sprachschule-babel", "DE"),
    ("Elbe Segelschule", "elbe-segelschule", "DE"),
    ("Porzellan Manske", "porzellan-manske", "DE"),
    ("Tanzstudio Pirouette", "tanzstudio-pirouette", "DE"),
    ("Hofladen Krummbach", "hofladen-krummbach", "DE"),
    ("Bristol Letterpress", "bristol-letterpress", "GB"),
    ("Ferme des Tilleuls", "ferme-tilleuls", "BE"),
    ("Vintage Velo", "vintage-velo", "BE"),
    ("Nordic Wool", "nordic-wool", "NO"),
    ("Stadtmuseum Auental", "stadtmuseum-auental", "DE"),
    ("Praxis Dr. Nguyễn", "praxis-nguyen", "DE"),
];

/// How many come from the list of a trade fair.
const FAIR: usize = 12;

/// Where they come from: the source, its detail and what the address of their first visit said.
type Source = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str, &'static str)>,
);

const SOURCES: &[Source] = &[
    (
        "google_ads",
        "Search: web agency",
        Some(("google", "cpc", "spring-websites")),
    ),
    (
        "facebook_ads",
        "Video: before and after",
        Some(("facebook", "paid_social", "before-after")),
    ),
    (
        "organic",
        "Article on accessible shops",
        Some(("google", "organic", "")),
    ),
    ("website", "Contact form", None),
    ("referral", "Recommended by a customer", None),
    (
        "brief_wizard",
        "Brief wizard, four of five steps",
        Some(("newsletter", "email", "wizard-launch")),
    ),
    ("cold_call", "List of the chamber of commerce", None),
    ("partner", "Printing house next door", None),
    ("inbound", "Called us", None),
    (
        "google_ads",
        "Search: website relaunch",
        Some(("google", "cpc", "relaunch")),
    ),
];

pub(crate) fn plan(story: &mut Story) {
    story.begin("leads");
    fair(story);
    let count = i64::try_from(FIRMS.len()).unwrap_or(0);
    for (index, (title, slug, country)) in FIRMS.iter().enumerate().skip(FAIR) {
        let place = i64::try_from(index).unwrap_or(0);
        let days = (count - place) * 7 + story.number(-3, 3);
        let since = story.workday(days.max(1));
        one(story, index, title, slug, country, since);
    }
}

/// The list of visitors of a fair, as a file; nobody has taken some of them yet.
fn fair(story: &mut Story) {
    let moment = story.workday(47);
    let mut csv = line(&[
        "First name",
        "Last name",
        "Company",
        "Email",
        "Phone",
        "Job title",
        "Lead source",
        "Source detail",
        "Owner",
    ]);
    let mut names = Map::new();
    let mut planned = Vec::new();
    for (index, (title, slug, country)) in FIRMS.iter().enumerate().take(FAIR) {
        let people = people_of(country);
        let Some((first, last, latin)) = people.get(index % people.len().max(1)).copied() else {
            continue;
        };
        let owner =
            (index % 3 != 2).then(|| SALES.get(index % SALES.len()).copied().unwrap_or(MANAGER));
        let number = phone(country, i64::try_from(index).unwrap_or(0) + 300).unwrap_or_default();
        csv += &line(&[
            first,
            last,
            title,
            &format!("{latin}@{slug}.example"),
            &number,
            "Owner",
            "event",
            "Handwerk & Handel fair, hall 3",
            owner.map_or("", name_of),
        ]);
        let full = format!("{first} {last}");
        names.insert(format!("{index}"), json!(full));
        planned.push((index, full, owner));
    }
    story.at(MANAGER, moment);
    story.rule(
        IMPORT,
        "lead",
        json!({"entity": "leads", "file_name": "fair-visitors.csv", "csv": csv, "names": names}),
    );
    for (index, full, owner) in planned {
        let lead = Lead {
            name: format!("lead.{index}"),
            title: full,
            owner,
            since: moment,
            converted: None,
        };
        if let Some(owner) = owner {
            let depth = story.number(0, 2);
            advance(story, &lead, owner, depth, moment);
        }
        story.cast.leads.push(lead);
    }
}

fn one(
    story: &mut Story,
    index: usize,
    title: &str,
    slug: &str,
    country: &'static str,
    since: Timestamp,
) {
    let Some((first, last, latin)) = somebody(country, index) else {
        return;
    };
    let Some((source, detail, campaign)) = story.pick(SOURCES) else {
        return;
    };
    let recent = index + 8 >= FIRMS.len();
    // What comes in by itself belongs to nobody at first.
    let owner = if recent && story.chance(50) {
        None
    } else {
        SALES.get(index % SALES.len()).copied()
    };
    let value = story.number(3, 40) * 500;
    let product = story.word(&[
        "{product-website}",
        "{product-website}",
        "{product-care}",
        "{product-campaign}",
    ]);
    let mut body = json!({
        "first_name": first, "last_name": last, "company_name": title, "email": format!("{latin}@{slug}.example"),
        "website": format!("https://{slug}.example"), "job_title": story.word(&["Owner", "Managing Director", "Marketing Manager"]),
        "source": source, "source_detail": detail, "estimated_value": value.to_string(), "currency": currency(country),
        "product_id": product, "owner_id": owner.map(|owner| format!("{{user.{owner}}}")),
        "custom_fields": {"budget": (value * 2).to_string(), "current_website": format!("https://old.{slug}.example")},
    });
    if let Some((source, medium, name)) = campaign {
        body["utm_source"] = json!(source);
        body["utm_medium"] = json!(medium);
        if !name.is_empty() {
            body["utm_campaign"] = json!(name);
        }
    }
    if let Some(number) = phone(country, i64::try_from(index).unwrap_or(0) + 300) {
        body["phone"] = json!(number);
    }
    if recent {
        body["expected_close_date"] = json!(story.drawn_day(20, 70).to_string());
    }
    story.at(owner.unwrap_or(MANAGER), since);
    let name = format!("lead.{index}");
    story.create(&LEAD, name.clone(), body);
    let mut lead = Lead {
        name,
        title: format!("{first} {last}"),
        owner,
        since,
        converted: None,
    };
    if let Some(owner) = owner {
        lead.converted = fate(story, &lead, owner, index);
    }
    story.cast.leads.push(lead);
}

/// Somebody of a country, other than those who are contacts: one's first name with another's last.
fn somebody(country: &str, index: usize) -> Option<(&'static str, &'static str, String)> {
    let people = people_of(country);
    let (first, own, latin) = people.get(index % people.len().max(1)).copied()?;
    if people.len() < 4 {
        return Some((first, own, latin.to_owned()));
    }
    let (_, last, other) = people.get((index + 1) % people.len()).copied()?;
    let before = latin.split_once('.').map_or(latin, |(before, _)| before);
    let after = other.split_once('.').map_or(other, |(_, after)| after);
    Some((first, last, format!("{before}.{after}")))
}

/// What becomes of a lead. Answers when it was converted.
fn fate(story: &mut Story, lead: &Lead, owner: &'static str, index: usize) -> Option<Timestamp> {
    let draw = story.number(1, 100);
    let depth = if draw <= 62 { 4 } else { story.number(1, 3) };
    let (moment, reached) = advance(story, lead, owner, depth, lead.since);
    if reached < depth {
        return None;
    }
    if draw <= 42 {
        let days = story.number(1, 6);
        let moment = story.after(moment, days)?;
        story.at(owner, moment);
        story.rule(
            CONVERT,
            lead.name.clone(),
            json!({"lead": format!("{{{}}}", lead.name), "wanted": {}}),
        );
        story.cast.deals.push(Deal {
            name: format!("{}.deal", lead.name),
            title: lead.title.clone(),
            owner,
            company: None,
            since: moment,
            won: None,
            open: true,
            basket: Vec::new(),
        });
        return Some(moment);
    }
    if draw <= 80 {
        let days = story.number(5, 20);
        let moment = story.after(moment, days)?;
        story.at(owner, moment);
        let reason = story.word(LOST);
        story.change(
            &LEAD,
            lead.name.clone(),
            json!({"stage_id": "{stage.lead.lost}", "lost_reason": reason}),
        );
        // What is long over leaves the lists.
        if index < FIRMS.len() / 2
            && let Some(moment) = story.after(moment, 60)
        {
            story.at(owner, moment);
            story.change(&LEAD, lead.name.clone(), json!({"is_archived": true}));
        }
    }
    None
}

/// Moves a lead on from stage to stage, as far as there was time. Answers when it arrived and how many stages on.
fn advance(
    story: &mut Story,
    lead: &Lead,
    owner: &'static str,
    depth: i64,
    from: Timestamp,
) -> (Timestamp, i64) {
    let mut moment = from;
    let mut reached = 0;
    for stage in ["contacted", "qualified", "proposal", "negotiation"] {
        if reached >= depth {
            break;
        }
        let days = story.number(1, 9);
        let Some(next) = story.after(moment, days) else {
            break;
        };
        moment = next;
        story.at(owner, moment);
        story.change(
            &LEAD,
            lead.name.clone(),
            json!({"stage_id": format!("{{stage.lead.{stage}}}")}),
        );
        reached += 1;
    }
    (moment, reached)
}
