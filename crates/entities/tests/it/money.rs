//! Money against an exact model: whole numbers of each currency's smallest unit, fractions kept whole until they are
//! rounded once, half away from zero.

use iso_currency::Currency;
use kith_engine::{Caller, EngineError};
use kith_entities::company::COMPANY;
use kith_entities::exchange_rate::EXCHANGE_RATE;
use kith_entities::invoice::{self, CreditRequest, INVOICE};
use kith_entities::invoice_item::INVOICE_ITEM;
use kith_entities::payment;
use kith_store::types::Type;
use kith_store::{Row, Statement};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::billing::{draft, pay, send};
use crate::world::{World, id_of, json_of};

/// n / d for n ≥ 0, rounded half up.
fn rounded(n: i128, d: i128) -> i128 {
    (2 * n + d) / (2 * d)
}

/// A line: quantity × 10⁴, price × 10³, discount and tax in percent × 10⁴.
#[derive(Clone, Debug)]
struct Line {
    quantity: i128,
    price: i128,
    discount: i128,
    tax: i128,
}

#[derive(Clone, Debug)]
struct Bill {
    currency: &'static str,
    /// Percent × 10⁴.
    percent: i128,
    /// × 10³.
    fixed: i128,
    lines: Vec<Line>,
}

/// What it comes to, in the currency's smallest units.
#[derive(Clone, Debug, PartialEq)]
struct Sum {
    subtotal: i128,
    discount: i128,
    tax: i128,
    lines: Vec<(i128, i128, i128)>,
}

impl Sum {
    fn total(&self) -> i128 {
        self.subtotal - self.discount + self.tax
    }
}

fn places(currency: &str) -> u32 {
    Currency::from_code(currency)
        .unwrap()
        .exponent()
        .unwrap()
        .into()
}

impl Bill {
    /// The model.
    fn sum(&self) -> Sum {
        let unit = 10_i128.pow(places(self.currency));
        let amounts: Vec<i128> = self
            .lines
            .iter()
            .map(|line| {
                let exact = line.quantity * line.price * (1_000_000 - line.discount) * unit;
                rounded(exact, 10_000 * 1_000 * 1_000_000)
            })
            .collect();
        let subtotal: i128 = amounts.iter().sum();
        let discount =
            rounded(subtotal * self.percent, 1_000_000) + rounded(self.fixed * unit, 1_000);
        let discount = discount.min(subtotal);
        let mut running = 0;
        let mut sum = Sum {
            subtotal,
            discount,
            tax: 0,
            lines: Vec::new(),
        };
        for (line, amount) in self.lines.iter().zip(amounts) {
            let before = if subtotal == 0 {
                0
            } else {
                rounded(discount * running, subtotal)
            };
            running += amount;
            let after = if subtotal == 0 {
                0
            } else {
                rounded(discount * running, subtotal)
            };
            let share = after - before;
            let tax = rounded((amount - share) * line.tax, 1_000_000);
            sum.tax += tax;
            sum.lines.push((amount, share, tax));
        }
        sum
    }

    fn body(&self) -> Json {
        let items: Vec<Json> = self
            .lines
            .iter()
            .map(|line| {
                json!({"description": "x", "quantity": text(line.quantity, 4), "unit_price": text(line.price, 3),
                    "discount_percent": text(line.discount, 4), "tax_rate": text(line.tax, 4)})
            })
            .collect();
        json!({"currency": self.currency, "discount_percent": text(self.percent, 4), "fixed_discount": text(self.fixed, 3), "items": items})
    }
}

/// A whole number of units as a decimal.
fn text(units: i128, scale: u32) -> String {
    Decimal::from_i128_with_scale(units, scale).to_string()
}

/// A decimal as a whole number of units.
fn units(amount: &Json, currency: &str) -> i128 {
    let amount: Decimal = amount.as_str().unwrap().parse().unwrap();
    let units = amount * Decimal::from(10_i64.pow(places(currency)));
    assert!(
        units.fract().is_zero(),
        "{amount} {currency} is finer than its unit"
    );
    units.trunc().to_string().parse().unwrap()
}

/// Figures as people write them, and figures at the edges of rounding.
fn bills() -> impl Strategy<Value = Bill> {
    let percent = || prop_oneof![4 => Just(0), 3 => (0..=100_i128).prop_map(|whole| whole * 10_000), 2 => 0..=1_000_000_i128];
    let rate = prop_oneof![
        Just(0),
        Just(70_000),
        Just(190_000),
        Just(200_000),
        Just(81_000),
        Just(55_000),
        0..=300_000_i128
    ];
    let line = (
        prop_oneof![
            (1..=40_i128).prop_map(|whole| whole * 10_000),
            1..=2_000_000_i128
        ],
        prop_oneof![
            0..=5_000_i128,
            0..=50_000_000_i128,
            (0..=200_000_i128).prop_map(|half| half * 5)
        ],
        percent(),
        rate,
    )
        .prop_map(|(quantity, price, discount, tax)| Line {
            quantity,
            price,
            discount,
            tax,
        });
    let currency =
        prop_oneof![3 => Just("USD"), 1 => Just("JPY"), 1 => Just("KWD"), 1 => Just("EUR")];
    let fixed = prop_oneof![3 => Just(0), 2 => 0..=50_000_i128, 1 => 0..=100_000_000_i128];
    (
        currency,
        percent(),
        fixed,
        prop::collection::vec(line, 1..=12),
    )
        .prop_map(|(currency, percent, fixed, lines)| Bill {
            currency,
            percent,
            fixed,
            lines,
        })
}

fn some<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

#[tokio::test]
async fn the_smallest_units_are_those_of_iso_4217() {
    let world = World::new().await;
    let admin = world.test.admin().await;
    let letters = || ('A'..='Z').map(String::from);
    let codes: Vec<String> = letters()
        .flat_map(|first| letters().map(move |second| first.clone() + &second))
        .flat_map(|start| letters().map(move |third| start.clone() + &third))
        .filter(|code| Currency::from_code(code).is_some())
        .collect();
    assert!(codes.len() > 150);
    let statement =
        Statement::new("SELECT code, currency_minor_units(code) FROM unnest($1::text[]) code")
            .with(codes, Type::TEXT_ARRAY);
    for row in admin.query(&statement).await.unwrap() {
        let (code, kept): (String, Option<i32>) = (row.get(0), row.get(1));
        let known = Currency::from_code(&code).unwrap().exponent();
        // Four places are more than an amount has; nothing is invoiced in those.
        assert_eq!(
            kept,
            known.filter(|places| *places <= 3).map(i32::from),
            "{code}"
        );
    }
}

#[tokio::test]
async fn random_invoices_come_to_what_the_exact_model_says() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "finance").await;
    let mut runner = TestRunner::deterministic();
    let strategy = bills();
    for _ in 0..400 {
        let bill = some(&mut runner, &strategy);
        let expected = bill.sum();
        let told = invoice::preview(&world.engine, &caller, &bill.body())
            .await
            .unwrap();
        let of = |name: &str| units(&told[name], bill.currency);
        assert_eq!(
            (
                of("subtotal"),
                of("discount_amount"),
                of("tax_amount"),
                of("total_amount")
            ),
            (
                expected.subtotal,
                expected.discount,
                expected.tax,
                expected.total()
            ),
            "{bill:?}"
        );
        let lines: Vec<(i128, i128, i128)> = told["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                let of = |name: &str| units(&line[name], bill.currency);
                (of("amount"), of("discount"), of("tax"))
            })
            .collect();
        assert_eq!(lines, expected.lines, "{bill:?}");
        let taxed = |name: &str| -> i128 {
            let rates = told["tax_breakdown"].as_array().unwrap();
            rates
                .iter()
                .map(|rate| units(&rate[name], bill.currency))
                .sum()
        };
        assert_eq!(
            (taxed("taxable"), taxed("tax")),
            (expected.subtotal - expected.discount, expected.tax),
            "{bill:?}"
        );
    }
}

/// What happens to a sent invoice: money in, money back, a part credited. Figures are shares of what there is, in
/// thousandths, and may be more than that.
#[derive(Clone, Debug)]
enum Step {
    Pay(i128),
    Refund(usize, i128),
    Credit(usize, i128),
}

/// The invoice as the model has it.
#[derive(Debug)]
struct Account {
    total: i128,
    credited: i128,
    paid: i128,
    payments: Vec<(Json, i128, i128)>,
}

impl Account {
    fn balance(&self) -> i128 {
        self.total - self.credited - self.paid
    }

    fn status(&self) -> &'static str {
        if self.credited > 0 && self.credited == self.total {
            "cancelled"
        } else if self.balance() <= 0 {
            "paid"
        } else if self.paid > 0 {
            "partially_paid"
        } else {
            "sent"
        }
    }

    /// What of the payments is kept, in thousandths of a dollar at the day's rate (× 10⁴), each rounded to cents.
    fn worth(&self, rate: i128, places: u32) -> i128 {
        let unit = 10_i128.pow(places);
        let of = |amount: i128| rounded(amount * rate * 100, unit * 10_000);
        self.payments
            .iter()
            .map(|(_, amount, refunded)| {
                let whole = of(*amount);
                rounded(whole * (amount - refunded), *amount)
            })
            .sum()
    }
}

#[tokio::test]
async fn random_payments_refunds_and_credits_leave_what_the_exact_model_says() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let caller = world.role(&organization, "owner").await;
    // Dollars for one unit, × 10⁴.
    let rates: [(&str, i128); 3] = [("JPY", 67), ("KWD", 32_541), ("EUR", 10_817)];
    for (currency, rate) in rates {
        let body = json!({"currency": currency, "rate_date": "2026-01-01", "rate": text(rate, 4)});
        world.create(&caller, &EXCHANGE_RATE, body).await.unwrap();
    }
    let mut runner = TestRunner::deterministic();
    let share = || prop_oneof![5 => 1..=1_000_i128, 1 => Just(1_000_i128), 1 => 1_001..=1_500_i128];
    let step = prop_oneof![
        4 => share().prop_map(Step::Pay),
        3 => (0..4_usize, share()).prop_map(|(which, share)| Step::Refund(which, share)),
        1 => (0..12_usize, share()).prop_map(|(which, share)| Step::Credit(which, share)),
    ];
    let strategy = (bills(), prop::collection::vec(step, 4..=10));
    for _ in 0..40 {
        let (bill, steps) = some(&mut runner, &strategy);
        let sum = bill.sum();
        let rate = rates
            .iter()
            .find(|(code, _)| *code == bill.currency)
            .map_or(10_000, |(_, rate)| *rate);
        let made = draft(&world, &caller, bill.body()).await;
        let sent = send(&world, &caller, id_of(&made)).await.unwrap();
        let mut account = Account {
            total: sum.total(),
            credited: 0,
            paid: 0,
            payments: Vec::new(),
        };
        for step in steps {
            take(&world, &caller, &bill, &sent, &mut account, &step).await;
            let now = world.get(&caller, &INVOICE, id_of(&sent)).await.unwrap();
            let of = |name: &str| units(&now[name], bill.currency);
            assert_eq!(
                (
                    of("total_amount"),
                    of("amount_credited"),
                    of("amount_paid"),
                    of("balance"),
                    now["status"].as_str().unwrap()
                ),
                (
                    account.total,
                    account.credited,
                    account.paid,
                    account.balance(),
                    account.status()
                ),
                "{step:?} {account:?}"
            );
            assert_eq!(now["paid_date"].is_null(), account.status() != "paid");
            let company = world
                .get(
                    &caller,
                    &COMPANY,
                    sent["company_id"].as_str().unwrap().parse().unwrap(),
                )
                .await
                .unwrap();
            assert_eq!(
                units(&company["lifetime_value"], "USD"),
                account.worth(rate, places(bill.currency)),
                "{step:?} {account:?}"
            );
        }
    }
}

async fn take(
    world: &World,
    caller: &Caller,
    bill: &Bill,
    sent: &Json,
    account: &mut Account,
    step: &Step,
) {
    let scale = places(bill.currency);
    match step {
        Step::Pay(share) => {
            let amount = (account.balance().max(1) * share / 1_000).max(1);
            let outcome = pay(world, caller, sent, json!({"amount": text(amount, scale)})).await;
            if amount <= account.balance() && account.status() != "cancelled" {
                account.paid += amount;
                account.payments.push((outcome.unwrap(), amount, 0));
            } else {
                assert!(
                    matches!(outcome, Err(EngineError::Conflict { .. })),
                    "{outcome:?}"
                );
            }
        }
        Step::Refund(which, share) => {
            let Some((payment, paid, refunded)) = account.payments.get_mut(*which) else {
                return;
            };
            let amount = ((*paid - *refunded).max(1) * share / 1_000).max(1);
            let tx = world.begin(caller).await;
            let body = json!({"amount": text(amount, scale)});
            let outcome = payment::refund(&world.engine, &tx, caller, id_of(payment), &body).await;
            if amount <= *paid - *refunded {
                json_of(&outcome.unwrap().record);
                tx.commit().await.unwrap();
                *refunded += amount;
                account.paid -= amount;
            } else {
                assert!(matches!(outcome, Err(EngineError::Conflict { .. })));
            }
        }
        Step::Credit(which, share) => {
            credit(world, caller, bill, sent, account, *which, *share).await;
        }
    }
}

/// A part of one line is taken back; more than is left of it is refused.
async fn credit(
    world: &World,
    caller: &Caller,
    bill: &Bill,
    sent: &Json,
    account: &mut Account,
    which: usize,
    share: i128,
) {
    let lines = world
        .list(
            caller,
            &INVOICE_ITEM,
            &[
                ("invoice_id", sent["id"].as_str().unwrap()),
                ("sort", "position"),
            ],
        )
        .await
        .unwrap();
    let which = which % bill.lines.len();
    let line = &bill.lines[which];
    let left = left_of(world, &lines["data"][which]).await;
    let quantity = (line.quantity * share / 1_000).max(1);
    let wanted: CreditRequest =
        serde_json::from_value(json!({"items": [{"item_id": lines["data"][which]["id"], "quantity": text(quantity, 4)}], "send": true})).unwrap();
    let tx = world.begin(caller).await;
    let outcome = invoice::credit(&world.engine, &tx, caller, id_of(sent), &wanted).await;
    if quantity > left || account.status() == "cancelled" {
        assert!(
            matches!(
                outcome,
                Err(EngineError::Invalid(_) | EngineError::Conflict { .. })
            ),
            "{outcome:?}"
        );
        return;
    }
    // Its own sum by the same model: the line, and of a fixed discount as much as falls to it.
    let alone = Bill {
        lines: vec![Line {
            quantity,
            ..line.clone()
        }],
        fixed: 0,
        ..bill.clone()
    };
    let whole = bill.sum();
    let unit = 10_i128.pow(places(bill.currency));
    let fixed = if whole.subtotal == 0 {
        0
    } else {
        rounded(
            bill.fixed * alone.sum().subtotal * unit,
            whole.subtotal * 1_000,
        )
    };
    let alone = Bill {
        fixed: fixed * 1_000 / unit,
        ..alone
    };
    let total = alone.sum().total();
    if total == 0 || total > account.total - account.credited {
        assert!(
            matches!(
                outcome,
                Err(EngineError::Invalid(_) | EngineError::Conflict { .. })
            ),
            "{outcome:?}"
        );
        return;
    }
    let note = outcome.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        units(&note["total_amount"], bill.currency),
        total,
        "{alone:?}"
    );
    account.credited += total;
}

/// The quantity of a line that no credit note took back, × 10⁴.
async fn left_of(world: &World, item: &Json) -> i128 {
    let statement = Statement::new(
        "SELECT x.quantity - coalesce((SELECT sum(c.quantity) FROM invoice_items c WHERE c.corrects_item_id = x.id), 0) FROM invoice_items x WHERE x.id = $1",
    )
    .with(id_of(item), Type::UUID);
    let rows: Vec<Row> = world.test.admin().await.query(&statement).await.unwrap();
    let left: Decimal = rows[0].get(0);
    (left * Decimal::from(10_000))
        .trunc()
        .to_string()
        .parse()
        .unwrap()
}
