//! The documents say what the program does.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its document fails"
)]

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

#[test]
fn the_readme_holds_the_generated_table_of_formats() {
    let text = readme();
    let (_, rest) = text.split_once("<!-- formats -->\n").unwrap();
    let (held, _) = rest.split_once("<!-- /formats -->").unwrap();
    assert_eq!(
        held,
        plimsoll::formats::table(),
        "put the output of `plimsoll formats` between the marks"
    );
}

#[test]
fn the_budget_of_the_readme_is_sound() {
    let text = readme();
    let (_, rest) = text.split_once("```toml\n").unwrap();
    let (toml, _) = rest.split_once("```").unwrap();
    let today = jiff::civil::date(2026, 11, 21);
    let (budget, findings) =
        plimsoll::budget::parse(std::path::Path::new("checkout.toml"), toml, today);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(budget.unwrap().feature, "checkout");
}

#[test]
fn plimsolls_own_budgets_are_sound() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets");
    let (budgets, findings) =
        plimsoll::budget::load_folder(&folder, jiff::civil::date(2026, 11, 21)).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert!(!budgets.is_empty());
}
