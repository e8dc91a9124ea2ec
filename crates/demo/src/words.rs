//! Names, places and texts. All invented; addresses of the domains and telephone numbers that are kept for
//! fiction (RFC 2606; the numbering plans of Germany, Britain, France, Sweden, Australia and North America).

/// A person's name as it is written, and in letters that an e-mail address has.
pub(crate) type Person = (&'static str, &'static str, &'static str);

/// People by the country in which they are likely to work.
pub(crate) fn people_of(country: &str) -> &'static [Person] {
    match country {
        "GB" | "IE" => &[
            ("Charlotte", "Whitmore", "charlotte.whitmore"),
            ("Callum", "Fraser", "callum.fraser"),
            ("Siân", "Llewellyn", "sian.llewellyn"),
            ("Aoife", "O'Donnell", "aoife.odonnell"),
            ("Harvinder", "Gill", "harvinder.gill"),
            ("Tobias", "Ashdown", "tobias.ashdown"),
            ("Niamh", "Kavanagh", "niamh.kavanagh"),
            ("Winston", "Okoro", "winston.okoro"),
            ("Beatrice", "Holloway", "beatrice.holloway"),
        ],
        "FR" | "BE" => &[
            ("Élodie", "Marchand", "elodie.marchand"),
            ("Théo", "Lefèvre", "theo.lefevre"),
            ("Inès", "Benhaddou", "ines.benhaddou"),
            ("François", "Delacroix", "francois.delacroix"),
            ("Chloé", "Vasseur", "chloe.vasseur"),
            ("Gaël", "Le Goff", "gael.le-goff"),
        ],
        "ES" | "PT" => &[
            ("Lucía", "Fernández", "lucia.fernandez"),
            ("Íñigo", "Etxeberria", "inigo.etxeberria"),
            ("Joana", "Magalhães", "joana.magalhaes"),
            ("Begoña", "Núñez", "begona.nunez"),
            ("João", "Gonçalves", "joao.goncalves"),
            ("Andreu", "Puig", "andreu.puig"),
        ],
        "SE" | "DK" | "NO" => &[
            ("Åsa", "Lindqvist", "asa.lindqvist"),
            ("Björn", "Öberg", "bjorn.oberg"),
            ("Maja", "Sørensen", "maja.sorensen"),
            ("Linnéa", "Bergström", "linnea.bergstrom"),
            ("Ragnhild", "Bakken", "ragnhild.bakken"),
            ("Emil", "Nygaard", "emil.nygaard"),
        ],
        "PL" | "CZ" => &[
            ("Agnieszka", "Wójcik", "agnieszka.wojcik"),
            ("Łukasz", "Żak", "lukasz.zak"),
            ("Michał", "Dąbrowski", "michal.dabrowski"),
            ("Kateřina", "Nováková", "katerina.novakova"),
            ("Jiří", "Šimek", "jiri.simek"),
        ],
        "JP" => &[
            ("美咲", "佐藤", "misaki.sato"),
            ("健太", "小林", "kenta.kobayashi"),
            ("陽子", "山本", "yoko.yamamoto"),
        ],
        "AE" | "EG" => &[
            ("ليلى", "حداد", "layla.haddad"),
            ("Omar", "Khalil", "omar.khalil"),
            ("نور", "منصور", "nour.mansour"),
        ],
        "US" | "AU" => &[
            ("Grace", "Hartwell", "grace.hartwell"),
            ("DeShawn", "Mitchell", "deshawn.mitchell"),
            ("Xochitl", "Ramírez", "xochitl.ramirez"),
            ("Mei-Lin", "Chao", "mei-lin.chao"),
            ("Jarrah", "Collins", "jarrah.collins"),
            ("Rebecca", "Stein", "rebecca.stein"),
        ],
        "TR" => &[
            ("Elif", "Yıldız", "elif.yildiz"),
            ("Çağlar", "Şahin", "caglar.sahin"),
            ("Gülşen", "Öztürk", "gulsen.ozturk"),
        ],
        _ => &[
            ("Katharina", "Vogel", "katharina.vogel"),
            ("Jürgen", "Groß", "juergen.gross"),
            ("Mehmet", "Kaya", "mehmet.kaya"),
            ("Anneliese", "Köhler", "anneliese.koehler"),
            ("Florian", "Steinbach", "florian.steinbach"),
            ("Nadja", "Hofstätter", "nadja.hofstaetter"),
            ("Bernd", "Wiesner", "bernd.wiesner"),
            ("Thi Mai", "Nguyễn", "thimai.nguyen"),
            ("Ursula", "Brückner", "ursula.brueckner"),
            ("Raphael", "Zimmerli", "raphael.zimmerli"),
            ("Svenja", "Petersen", "svenja.petersen"),
            ("Ömer", "Aydın", "oemer.aydin"),
        ],
    }
}

/// A telephone number of a country that belongs to nobody; `None` where the plan keeps none for fiction.
pub(crate) fn phone(country: &str, number: i64) -> Option<String> {
    Some(match country {
        "DE" | "AT" | "CH" => format!("+493023125{:03}", number.rem_euclid(1000)),
        "GB" | "IE" => format!("+442079460{:03}", number.rem_euclid(1000)),
        "FR" | "BE" => format!("+3319900{:04}", number.rem_euclid(10_000)),
        "SE" | "DK" | "NO" => format!("+468465004{:02}", number.rem_euclid(100)),
        "AU" => format!("+6125550{:04}", number.rem_euclid(10_000)),
        "US" => format!("+121255501{:02}", number.rem_euclid(100)),
        _ => return None,
    })
}

/// A mobile number of a country that belongs to nobody. Britain and France keep some, which checkers of numbers refuse.
pub(crate) fn mobile(country: &str, number: i64) -> Option<String> {
    Some(match country {
        "DE" | "AT" | "CH" => german_mobile(number),
        _ => return None,
    })
}

/// 0171 39200xx, kept for fiction by the German numbering plan.
pub(crate) fn german_mobile(number: i64) -> String {
    format!("+4917139200{:02}", number.rem_euclid(100))
}

pub(crate) const JOBS: &[(&str, &str)] = &[
    ("Managing Director", "Management"),
    ("Marketing Manager", "Marketing"),
    ("Head of Communications", "Marketing"),
    ("Head of IT", "IT"),
    ("Office Manager", "Administration"),
    ("E-commerce Lead", "Sales"),
    ("Chief Executive", "Management"),
    ("Purchasing", "Purchasing"),
    ("Brand Manager", "Marketing"),
    ("Finance Director", "Finance"),
];

/// Why deals are lost.
pub(crate) const LOST: &[&str] = &[
    "Went with a freelancer they knew",
    "Price: our offer was a third above the other",
    "Budget moved to next year",
    "Decided to build it themselves",
    "No answer after three follow-ups",
    "The sponsor of the project left the firm",
];

pub(crate) const COMPETITORS: &[&str] = &[
    "Pixelhaus",
    "Agentur Nordlicht",
    "An internal team",
    "Studio Kvist",
    "Brightline",
];

/// What is noted about companies and deals; `{}` stays for a person's name.
pub(crate) const NOTES: &[&str] = &[
    "Prefers to be called in the morning; afternoons are for production.",
    "Der Vertrag läuft zum Jahresende aus. Verlängerung frühzeitig ansprechen!",
    "Board decides on the second Tuesday of the month. **Send material by the Friday before.**",
    "Très sensibles à l'accessibilité: prévoir l'audit RGAA dans l'offre.",
    "They had a bad experience with their last agency (missed the launch by five weeks). Show the plan early.",
    "Uses our monthly report in their own management meeting, so it needs a page without jargon.",
    "Quieren el sitio en español, catalán e inglés desde el primer día.",
    "Invoice to the holding, deliver to the subsidiary. Order number must be on every invoice.",
    "日本語のページは社内で翻訳するとのこと。原稿は来月。",
    "Happy to be a reference for manufacturing leads.",
    "Procurement asks for three comparable projects. Sent them the bakery, the museum and the clinic.",
    "The new shop brings *two thirds* of the orders by phone. Look at the checkout together.",
];

/// What is talked about: what, channel, note, outcome.
pub(crate) const TALKS: &[(&str, &str, &str, &str)] = &[
    (
        "Initial call",
        "phone",
        "Introduced ourselves, asked about goals and budget. They want more inquiries from the region.",
        "Interested; sends the brief",
    ),
    (
        "Discovery meeting",
        "meeting",
        "Two hours with marketing and IT. Main pain: nobody can change the site without the old agency.",
        "Workshop agreed",
    ),
    (
        "Proposal sent",
        "email",
        "Sent the proposal with two options and a timetable.",
        "Confirmed receipt",
    ),
    (
        "Follow-up call",
        "phone",
        "Asked about the proposal. Option two is the favourite; the finance director wants to see references.",
        "References to be sent",
    ),
    (
        "Demo",
        "meeting",
        "Showed the editor on a copy of their own home page. Big smiles at the accessibility check.",
        "Wants a fixed price",
    ),
    (
        "Negotiation",
        "phone",
        "They ask for ten percent off and payment in three parts.",
        "Three parts yes, discount no",
    ),
    (
        "Check-in",
        "chat",
        "Short chat about the last month's figures: inquiries are up by a fifth.",
        "Satisfied",
    ),
    (
        "Question about invoice",
        "email",
        "The order number was missing on the invoice. Corrected and sent again.",
        "Solved",
    ),
    (
        "Messages about the launch date",
        "whatsapp",
        "Launch moves by one week because the photographs are late.",
        "New date agreed",
    ),
    (
        "Reminder",
        "sms",
        "Reminded of tomorrow's workshop and the parking space behind the building.",
        "Read",
    ),
    (
        "Llamada de seguimiento",
        "phone",
        "Repasamos el plan de contenidos. Falta la confirmación de dirección.",
        "Pendiente de dirección",
    ),
    (
        "Rückruf",
        "phone",
        "Frage zur Barrierefreiheit: BFSG gilt auch für ihren Shop. Angebot für ein Audit folgt.",
        "Angebot gewünscht",
    ),
];

/// What has to be done.
pub(crate) const TASKS: &[(&str, &str)] = &[
    ("Send references", "email"),
    ("Call back about the budget", "call"),
    ("Prepare the workshop", "todo"),
    ("Show the editor", "demo"),
    ("Write the proposal", "todo"),
    ("Agree on the launch date", "call"),
    ("Check the contract's end", "todo"),
    ("Quarterly review", "meeting"),
    ("Ask for a testimonial", "email"),
    ("Collect the photographs", "todo"),
    ("Plan the next campaign", "meeting"),
    ("Send the monthly report", "email"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_telephone_number_is_one() {
        for country in [
            "DE", "AT", "CH", "GB", "IE", "FR", "BE", "SE", "DK", "NO", "AU", "US",
        ] {
            for number in (0..10_000).step_by(37) {
                for text in [phone(country, number), mobile(country, number)]
                    .into_iter()
                    .flatten()
                {
                    let parsed = phonenumber::parse(None, &text).expect(&text);
                    assert!(phonenumber::is_valid(&parsed), "{text}");
                }
            }
        }
    }
}
