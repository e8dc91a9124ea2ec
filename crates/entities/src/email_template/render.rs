//! Rendering in a sandbox: a template reaches nothing but the values it is given, for no longer and with no more memory
//! than its fuel lasts. What is filled into HTML is escaped; what is missing is named, all of it at once.

use std::collections::BTreeSet;

use kith_catalogue::fault::Fault;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value as Json;

/// About as many steps, and 64 times as many bytes, as one text may take.
const FUEL: u64 = 50_000;
/// Bytes that one rendered text may have.
const LARGEST: usize = 500_000;

/// The texts of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
}

/// The texts with everything filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rendered {
    pub subject: String,
    pub html: Option<String>,
    pub text: Option<String>,
}

impl Texts {
    /// Each text under the name of its field, which also says how it is escaped.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("subject", Some(self.subject.as_str())),
            ("body_html", self.html.as_deref()),
            ("body_text", self.text.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, text)| text.map(|text| (name, text)))
    }
}

fn sandbox() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|name| match name {
        "body_html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    // Nothing about how it is filled in may depend on the program or its time.
    environment.remove_global("debug");
    environment
}

/// The variables that the texts want to be told: `contact.first_name`, sorted.
///
/// # Errors
/// A fault for each text that is no template, with the line.
pub fn variables(texts: &Texts) -> Result<Vec<String>, Vec<Fault>> {
    let environment = sandbox();
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    let mut found = BTreeSet::new();
    let mut faults = Vec::new();
    for (name, text) in texts.parts() {
        match environment.template_from_named_str(name, text) {
            Ok(template) => found.extend(
                template
                    .undeclared_variables(true)
                    .into_iter()
                    .filter(|variable| !globals.contains(variable.as_str())),
            ),
            Err(error) => faults.push(not_a_template(name, &error)),
        }
    }
    if faults.is_empty() {
        Ok(found.into_iter().collect())
    } else {
        Err(faults)
    }
}

fn not_a_template(name: &'static str, error: &Error) -> Fault {
    let place = error
        .line()
        .map_or_else(String::new, |line| format!(" in line {line}"));
    let why = error.detail().unwrap_or("it cannot be understood");
    Fault::new("not_a_template", format!("is not a template{place}: {why}")).at(name)
}

/// Fills the texts in.
///
/// # Errors
/// One fault for each variable that is missing, named `variables.<name>`; else one for each text that cannot be filled
/// in, or takes too long or becomes too large.
pub(super) fn render(texts: &Texts, values: &Json) -> Result<Rendered, Vec<Fault>> {
    let environment = sandbox();
    let context = minijinja::Value::from(minijinja::value::Serde(values));
    let mut rendered = Rendered::default();
    let mut faults = Vec::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for (name, text) in texts.parts() {
        let outcome = environment
            .template_from_named_str(name, text)
            .map_err(|error| not_a_template(name, &error))
            .and_then(|template| {
                template.render(context.clone()).map_err(|error| {
                    if error.kind() == ErrorKind::UndefinedError {
                        missing.extend(
                            template
                                .undeclared_variables(true)
                                .into_iter()
                                .filter(|variable| !is_known(values, variable)),
                        );
                    }
                    cannot_render(name, &error)
                })
            });
        match outcome {
            Ok(text) if text.len() > LARGEST => {
                let message = format!("becomes larger than {LARGEST} bytes");
                faults.push(Fault::new("too_large", message).at(name));
            }
            Ok(text) => match name {
                "subject" => {
                    // A subject is one line, whatever is filled into it.
                    rendered.subject = text.split_whitespace().collect::<Vec<_>>().join(" ");
                }
                "body_html" => rendered.html = Some(text),
                _ => rendered.text = Some(text),
            },
            Err(fault) => faults.push(fault),
        }
    }
    if !missing.is_empty() {
        faults = missing
            .into_iter()
            .map(|variable| {
                Fault::new("missing_variable", "is not known; give it a value")
                    .at(format!("variables.{variable}"))
            })
            .collect();
    }
    if faults.is_empty() {
        Ok(rendered)
    } else {
        Err(faults)
    }
}

fn cannot_render(name: &'static str, error: &Error) -> Fault {
    let place = error
        .line()
        .map_or_else(String::new, |line| format!(" in line {line}"));
    match error.kind() {
        ErrorKind::OutOfFuel => Fault::new(
            "too_much_work",
            "takes more work than a template may; make it simpler",
        ),
        ErrorKind::UndefinedError => Fault::new(
            "missing_variable",
            format!("uses a value{place} that is not known"),
        ),
        _ => Fault::new(
            "not_rendered",
            format!(
                "cannot be filled in{place}: {}",
                error.detail().unwrap_or("it does not fit")
            ),
        ),
    }
    .at(name)
}

/// Whether `contact.first_name` leads anywhere.
fn is_known(values: &Json, variable: &str) -> bool {
    variable
        .split('.')
        .try_fold(values, |value, part| value.get(part))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn html(text: &str) -> Texts {
        Texts {
            subject: "S".to_owned(),
            html: Some(text.to_owned()),
            text: None,
        }
    }

    fn rendered(text: &str, values: &Json) -> Result<String, Vec<Fault>> {
        render(&html(text), values).map(|done| done.html.unwrap())
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let texts = Texts {
            subject: "For {{ name }}\n{{ name }}".to_owned(),
            html: Some("<p title='{{ name }}'>{{ name }}</p>".to_owned()),
            text: Some("{{ name }}".to_owned()),
        };
        let done = render(&texts, &json!({"name": "<b>\"O'Neil\" & Co</b>"})).unwrap();
        let html = done.html.unwrap();
        assert!(
            !html.contains("<b>") && !html.contains("'O'") && html.contains("&amp;"),
            "{html}"
        );
        assert_eq!(done.text.unwrap(), "<b>\"O'Neil\" & Co</b>");
        assert!(!done.subject.contains('\n'));
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let texts = Texts {
            subject: "{{ offer }}".to_owned(),
            html: Some("{{ contact.nickname }} {{ contact.first_name }} {{ code }}".to_owned()),
            text: Some("{% for item in items %}{{ item.name }}{% endfor %}".to_owned()),
        };
        let faults = render(&texts, &json!({"contact": {"first_name": "Ada"}})).unwrap_err();
        let named: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            named,
            [
                "variables.code",
                "variables.contact.nickname",
                "variables.items",
                "variables.offer"
            ]
        );
    }

    #[test]
    fn what_may_be_missing_can_say_so() {
        assert_eq!(
            rendered("Hi {{ nickname | default('there') }}", &json!({})).unwrap(),
            "Hi there"
        );
        assert_eq!(
            rendered(
                "{% if nickname %}{{ nickname }}{% else %}you{% endif %}",
                &json!({})
            )
            .unwrap(),
            "you"
        );
    }

    #[test]
    fn the_variables_are_those_of_all_texts() {
        let texts = Texts {
            subject: "{{ company.name }}".to_owned(),
            html: Some(
                "{% for i in range(3) %}{{ i }}{{ loop.index }}{{ deal.amount }}{% endfor %}"
                    .to_owned(),
            ),
            text: Some("{% set x = user.full_name %}{{ x }}".to_owned()),
        };
        assert_eq!(
            variables(&texts).unwrap(),
            ["company.name", "deal.amount", "user.full_name"]
        );
        let faults = variables(&html("{{ a ")).unwrap_err();
        assert_eq!(faults[0].field, "body_html");
        // Other templates cannot be reached: there is no such tag.
        assert!(variables(&html("{% include 'x' %}")).is_err());
        assert!(variables(&html("{% extends 'x' %}")).is_err());
    }

    #[test]
    fn nothing_runs_for_ever_or_takes_all_memory() {
        for bomb in [
            "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 90000000 }}",
            "{% set a = 'x' * 1000000 %}{{ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a }}",
            "{{ range(100000) | list | join('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') | length }}",
        ] {
            let faults = rendered(bomb, &json!({})).unwrap_err();
            assert_eq!(faults[0].field, "body_html", "{bomb}");
        }
        let nested = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(rendered(&format!("{{{{ {nested} }}}}"), &json!({})).is_err());
    }
}
