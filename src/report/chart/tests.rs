use super::canvas::{Canvas, Drawing, Ink, escape};
use super::*;
use plotters::prelude::*;

#[test]
fn one_ink_is_one_path_in_relative_coordinates() {
    let mut drawing = Drawing::default();
    {
        let root = Canvas::new(&mut drawing, (100, 50)).into_drawing_area();
        let line = |points: Vec<(i32, i32)>| PathElement::new(points, Ink::Level.color());
        root.draw(&line(vec![(0, 0), (10, 0), (10, 5), (20, 2)]))
            .unwrap();
        root.draw(&Circle::new((3, 4), 1, Ink::Run.color()))
            .unwrap();
        root.draw(&line(vec![(30, 2), (40, 2)])).unwrap();
    }
    assert_eq!(
        drawing.paths(),
        r#"<path class="level" d="m0 0h10v5l10-3m10 0h10"/><path class="run" d="m3 4h0"/>"#
    );
}

#[test]
fn text_is_escaped_and_placed_in_percent() {
    let mut drawing = Drawing::default();
    {
        let root = Canvas::new(&mut drawing, (200, 50)).into_drawing_area();
        let ink = Ink::Label.color();
        let style = TextStyle::from(("sans-serif", 12).into_font()).color(&ink);
        root.draw(&Text::new("<b>\u{202e}&\"", (50, 25), style))
            .unwrap();
    }
    assert_eq!(
        drawing.texts(),
        r#"<text class="label" x="25%" y="50%" dy="1em">&lt;b&gt;U+202E&amp;&quot;</text>"#
    );
    assert_eq!(escape("'"), "&#39;");
}

#[test]
fn a_bar_is_full_at_the_budget_and_marks_what_is_over() {
    assert!(bar(0.5).contains(r#"class="used" d="M0 4H50""#));
    assert!(!bar(1.0).contains("over"));
    assert!(bar(1.25).contains(r#"class="used" d="M0 4H80"/><path class="over" d="M80 4H100""#));
    assert_eq!(bar(f64::NAN), "");
}
