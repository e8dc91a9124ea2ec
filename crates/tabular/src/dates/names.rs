//! Names of months and words around dates, without diacritics.

/// Per month: English, German, French, Spanish, Dutch, Italian, Portuguese,
/// and their abbreviations.
const MONTHS: [&str; 12] = [
    "january jan januar janner jaenner janvier janv enero ene januari gennaio gen janeiro",
    "february feb februar fevrier fevr febrero februari febbraio fevereiro fev",
    "march mar marz maerz mrz mars marzo maart mrt marco",
    "april apr avril avr abril abr aprile",
    "may mai mayo mei maggio mag maio",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro",
];

/// Days of the week, which say nothing that the date does not.
const WEEKDAYS: &str = "monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday \
     sat sunday sun montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sa \
     sonnabend sonntag so lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam \
     dimanche dim lunes martes miercoles mie jueves jue viernes vie sabado sab domingo dom \
     maandag dinsdag woensdag donderdag vrijdag zaterdag zondag";

/// Words and endings between the parts of a date.
const FILLERS: &str = "of the de del den der le el al am at um a on st nd rd th er ter t";

/// Number of the month that `word` (folded) names, from 1.
pub(super) fn month(word: &str) -> Option<i8> {
    (1..)
        .zip(MONTHS)
        .find(|(_, names)| names.split(' ').any(|name| name == word))
        .map(|(number, _)| number)
}

/// Whether `word` (folded) may be passed over.
pub(super) fn is_passed_over(word: &str) -> bool {
    [FILLERS, WEEKDAYS]
        .iter()
        .any(|words| words.split(' ').any(|known| known == word))
}
