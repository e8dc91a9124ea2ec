//! Words that mean the same in the files of customer relations, in English,
//! German, French, Spanish, Dutch, Italian and Portuguese.
//!
//! Only what holds for every entity belongs here; that an "account" column in
//! a list of companies is the name of the company is the caller's alias.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A concept and the phrases that mean it, as folded words, parted by bars.
const GROUPS: &[(&str, &str)] = &[
    (
        "email",
        "e mail|email|mail|e mail address|email address|mail address|e mail adresse|\
         mailadresse|emailadresse|courriel|adresse email|adresse e mail|adresse mail|correo|\
         correo electronico|correo e|email value|e mail value|emailadres|posta elettronica|\
         indirizzo email|endereco de email",
    ),
    (
        "mobile",
        "mobile|mobile phone|mobile phone number|mobile number|mobile no|cell|cell phone|\
         cellphone|cellular|handy|handynummer|mobil|mobiltelefon|mobilnummer|mobilfunk|\
         portable|telephone portable|tel portable|tel mobile|telefono movil|movil|celular|gsm|\
         mobiel|cellulare|telemovel",
    ),
    ("fax", "fax|fax number|telefax|faxnummer|fax no"),
    (
        "phone",
        "phone|phone number|phone no|phone value|tel|tel no|tel nr|telephone|telephone number|\
         telefon|telefonnummer|rufnummer|telefono|numero de telephone|numero de telefono|\
         telefoon|telefoonnummer|telefone|festnetz",
    ),
    (
        "website",
        "website|web site|web page|webpage|website url|web|web address|homepage|home page|url|\
         internet|webseite|internetseite|site web|site internet|sitio web|pagina web|sito web|\
         site|www",
    ),
    ("domain", "domain|domain name|domaene|domaine|dominio"),
    (
        "company",
        "company|companies|account|organization|organisation|org|firma|unternehmen|\
         client company|entreprise|societe|empresa|compania|organizacion|bedrijf|azienda|\
         societa|business|employer|arbeitgeber|kunde|client|customer|cliente|klant",
    ),
    (
        "contact",
        "contact|contacts|person|people|kontakt|ansprechpartner|contacto|personne|persona|\
         contactpersoon|contatto|contact person",
    ),
    (
        "first",
        "first name|firstname|fname|given name|forename|vorname|prenom|nombre de pila|\
         voornaam|primeiro nome|first",
    ),
    (
        "last",
        "last name|lastname|lname|surname|family name|nachname|familienname|zuname|\
         nom de famille|apellido|apellidos|achternaam|cognome|sobrenome|last",
    ),
    ("middle", "middle name|additional name|second name|middle"),
    (
        "full name",
        "full name|fullname|display name|complete name|vollstandiger name|nom complet|\
         nombre completo|volledige naam|nome completo",
    ),
    (
        "name",
        "name|names|nom|nombre|naam|nome|bezeichnung|denomination",
    ),
    (
        "job",
        "job title|jobtitle|job|position|role|function|occupation|profession|beruf|stelle|\
         funktion|fonction|poste|cargo|puesto|functie|ruolo|jobbezeichnung|organization title",
    ),
    (
        "title",
        "title|subject|betreff|titel|titre|titulo|asunto|objet|sujet|onderwerp|titolo|oggetto|\
         headline",
    ),
    (
        "salutation",
        "salutation|anrede|honorific|name prefix|civilite|tratamiento|prefix|aanhef",
    ),
    (
        "department",
        "department|dept|abteilung|service department|departement|departamento|afdeling|\
         division",
    ),
    (
        "street",
        "street|street address|address line 1|address 1|address street|address1|line 1|\
         strasse|strasse hausnummer|str|rue|calle|straat|via|rua|street 1|billing street|\
         mailing street",
    ),
    (
        "line2",
        "address line 2|address 2|street 2|line 2|adresszusatz|complement adresse|\
         complement d adresse|address extended address|suite|apt",
    ),
    (
        "address",
        "address|addresses|anschrift|adresse|direccion|adres|indirizzo|endereco|\
         address formatted|location|standort|emplacement|ubicacion",
    ),
    (
        "city",
        "city|town|ort|stadt|ville|ciudad|plaats|stad|citta|cidade|locality|localite|wohnort|\
         poblacion",
    ),
    (
        "state",
        "state|province|region|state region|state province|county|bundesland|provinz|\
         departement region|estado|provincia|provincie|regione|state code",
    ),
    (
        "postal",
        "postal code|postalcode|post code|postcode|zip|zip code|zipcode|zip postal code|plz|\
         postleitzahl|code postal|cp|codigo postal|cap|cep",
    ),
    (
        "country",
        "country|country region|country code|land|pays|pais|paese|nation",
    ),
    (
        "industry",
        "industry|sector|branche|secteur|industrie|industria|vertical|settore|setor|\
         secteur d activite|line of business",
    ),
    (
        "employees",
        "employees|number of employees|no of employees|num employees|employee count|headcount|\
         company size|mitarbeiter|mitarbeiterzahl|anzahl mitarbeiter|effectif|\
         nombre d employes|empleados|numero de empleados|werknemers|dipendenti|funcionarios|\
         staff",
    ),
    (
        "revenue",
        "revenue|annual revenue|yearly revenue|turnover|annual turnover|umsatz|jahresumsatz|\
         chiffre d affaires|ca annuel|ingresos|facturacion|omzet|fatturato|receita|\
         sales volume",
    ),
    (
        "amount",
        "amount|value|close value|total|total amount|sum|betrag|wert|summe|montant|valeur|\
         importe|valor|bedrag|importo|deal size|volume|auftragswert",
    ),
    (
        "price",
        "price|sales price|list price|unit price|preis|verkaufspreis|einzelpreis|listenpreis|\
         prix|prix unitaire|precio|precio unitario|prijs|prezzo|preco|retail price",
    ),
    (
        "cost",
        "cost|unit cost|kosten|einkaufspreis|cout|coste|costo",
    ),
    (
        "quantity",
        "quantity|qty|count|menge|anzahl|stuckzahl|quantite|cantidad|aantal|quantita|\
         quantidade|units",
    ),
    (
        "discount",
        "discount|rabatt|remise|descuento|korting|sconto|desconto",
    ),
    (
        "tax",
        "tax|vat|mwst|ust|tva|iva|btw|tax rate|vat rate|steuersatz",
    ),
    (
        "currency",
        "currency|currency code|wahrung|waehrung|devise|moneda|divisa|valuta|moeda",
    ),
    (
        "product",
        "product|item|article|artikel|produkt|produit|producto|prodotto|produto|product name|\
         sku name",
    ),
    (
        "sku",
        "sku|article number|item number|product code|artikelnummer|part number|ean|\
         codigo de producto",
    ),
    ("series", "series|serie|product line|product family|family"),
    (
        "category",
        "category|kategorie|categorie|categoria|group|gruppe",
    ),
    ("type", "type|typ|art|tipo|kind"),
    (
        "stage",
        "stage|deal stage|sales stage|phase|etape|etapa|fase|pipeline stage|verkaufsphase",
    ),
    (
        "status",
        "status|state of affairs|zustand|statut|estado actual|stato",
    ),
    ("pipeline", "pipeline|sales pipeline"),
    (
        "probability",
        "probability|win probability|likelihood|wahrscheinlichkeit|probabilite|probabilidad|\
         chance",
    ),
    (
        "owner",
        "owner|sales agent|sales rep|sales representative|salesperson|account manager|\
         account owner|assigned to|assignee|responsible|besitzer|zustandig|verantwortlich|\
         vertriebsmitarbeiter|betreuer|proprietaire|commercial|responsable|propietario|\
         eigenaar|record owner",
    ),
    (
        "opportunity",
        "deal|opportunity|opp|oppty|geschaft|verkaufschance|opportunite|affaire|oportunidad|\
         negocio|kans|opportunita",
    ),
    (
        "close date",
        "close date|closed date|closing date|closed on|expected close date|expected close|\
         expected closing date|abschlussdatum|erwarteter abschluss|date de cloture|\
         fecha de cierre|sluitdatum|data di chiusura|won date",
    ),
    (
        "start date",
        "start date|start|begin|begin date|engage date|startdatum|beginn|date de debut|\
         fecha de inicio|from date|opened",
    ),
    (
        "due date",
        "due date|due|deadline|falligkeit|fallig am|echeance|date d echeance|vencimiento|\
         fecha de vencimiento|vervaldatum",
    ),
    (
        "created",
        "created|create date|created at|created on|created date|creation date|date created|\
         date added|erstellt|erstellt am|erstelldatum|cree le|date de creation|\
         fecha de creacion|creado|added|subscription date",
    ),
    (
        "updated",
        "updated|updated at|last modified|last modified date|modified|modified on|\
         last updated|geandert|geandert am|modifie le|fecha de modificacion",
    ),
    (
        "birthday",
        "birthday|birth date|birthdate|date of birth|dob|geburtstag|geburtsdatum|\
         date de naissance|anniversaire|fecha de nacimiento|cumpleanos|geboortedatum",
    ),
    ("date", "date|datum|fecha|data|day"),
    (
        "description",
        "description|descr|desc|beschreibung|descripcion|descrizione|descricao|omschrijving|\
         details",
    ),
    (
        "notes",
        "notes|note|notiz|notizen|comment|comments|remark|remarks|bemerkung|bemerkungen|\
         kommentar|anmerkung|remarque|remarques|commentaire|commentaires|notas|comentario|\
         comentarios|opmerking|opmerkingen|background|note content",
    ),
    (
        "tags",
        "tags|tag|labels|keywords|schlagworte|stichworte|etiquettes|etiquetas|\
         group membership|categories",
    ),
    (
        "source",
        "source|lead source|origin|quelle|herkunft|origine|origen|bron|fuente|channel",
    ),
    (
        "priority",
        "priority|prioritat|prioritaet|priorite|prioridad|prioriteit",
    ),
    (
        "language",
        "language|sprache|langue|idioma|taal|lingua|locale",
    ),
    ("gender", "gender|sex|geschlecht|sexe|sexo|genre|genero"),
    (
        "linkedin",
        "linkedin|linked in|linkedin url|linkedin profile|linkedin bio|linkedin company page",
    ),
    (
        "twitter",
        "twitter|twitter handle|twitter username|x handle",
    ),
    (
        "parent",
        "parent|parent company|parent account|subsidiary of|muttergesellschaft|konzern|\
         maison mere|societe mere|empresa matriz|moederbedrijf",
    ),
    (
        "manager",
        "manager|supervisor|boss|vorgesetzter|leiter|superieur|jefe|reports to",
    ),
    (
        "team",
        "team|equipe|equipo|squad|regional office|sales team",
    ),
    (
        "founded",
        "founded|year established|established|founding year|year founded|grundungsjahr|\
         gegrundet|annee de creation|fundada|fecha de fundacion|opgericht",
    ),
    (
        "lost reason",
        "lost reason|closed lost reason|loss reason|reason lost|verlustgrund|raison de perte|\
         motivo de perdida",
    ),
    (
        "id",
        "id|identifier|uuid|guid|number|no|nr|nummer|numero|record id|key|kennung|ref",
    ),
    (
        "active",
        "active|is active|enabled|aktiv|actif|activo|actief|attivo|ativo",
    ),
    (
        "home",
        "home|private|privat|personal|personnel|prive|domicile",
    ),
    (
        "work",
        "work|office|professional|geschaftlich|dienstlich|bureau|professionnel|trabajo|\
         zakelijk|main",
    ),
    (
        "office",
        "office location|headquarters|hq|hauptsitz|siege|siege social|sede",
    ),
];

/// Words that say nothing by themselves.
const NOISE: &str = "field feld champ campo column the of de du des la le der die das del primary principal \
     main associated current optional required pflichtfeld";

/// Longest phrase above, in words.
const LONGEST: usize = 5;

pub(super) fn is_noise(word: &str) -> bool {
    NOISE.split(' ').any(|noise| noise == word)
}

/// Replaces phrases, the longest first, by their concepts.
pub(super) fn unite(words: &[String]) -> Vec<String> {
    let mut concepts = Vec::new();
    let mut rest = words;
    while let Some((first, others)) = rest.split_first() {
        let found = (1..=LONGEST.min(rest.len())).rev().find_map(|length| {
            let phrase = rest.get(..length)?.join(" ");
            concept(&phrase).map(|concept| (concept, length))
        });
        if let Some((concept, length)) = found {
            concepts.push(concept.to_owned());
            rest = rest.get(length..).unwrap_or_default();
        } else {
            concepts.push(first.clone());
            rest = others;
        }
    }
    concepts
}

fn concept(phrase: &str) -> Option<&'static str> {
    static INDEX: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let phrases = |(concept, phrases): &(&'static str, &'static str)| {
            let concept = *concept;
            phrases
                .split('|')
                .chain([concept])
                .map(move |phrase| (phrase, concept))
        };
        GROUPS.iter().flat_map(phrases).collect()
    });
    INDEX.get(phrase).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{GROUPS, LONGEST};

    #[test]
    fn no_phrase_means_two_things() {
        let mut seen = HashMap::new();
        for (concept, phrases) in GROUPS {
            for phrase in phrases.split('|') {
                if let Some(other) = seen.insert(phrase, concept) {
                    assert_eq!(other, concept, "{phrase:?} means two things");
                }
            }
        }
    }

    #[test]
    fn phrases_are_words_as_names_have_them() {
        for (_, phrases) in GROUPS {
            for phrase in phrases.split('|') {
                assert!(
                    phrase.split(' ').count() <= LONGEST,
                    "{phrase:?} is never found"
                );
                let plain = phrase
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == ' ' || c.is_ascii_digit());
                assert!(plain, "{phrase:?} has to be folded");
            }
        }
    }
}
