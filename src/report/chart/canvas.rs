//! A plotters backend for styleable SVG.
//!
//! plotters' own SVG backend writes one element with its colours for every dot and line. This one
//! collects everything drawn in the same [`Ink`] into one `<path>` with a class, in relative
//! coordinates, and leaves all looks to CSS: about a tenth of the bytes, and dark mode for free.
//!
//! Shapes are stretched to the width of the page (`preserveAspectRatio="none"`); strokes keep
//! their width by CSS (`vector-effect`), and text is placed in percent outside of the stretched
//! part, so that it keeps its size on a narrow screen.

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use std::convert::Infallible;
use std::fmt::Write;

/// What is drawn, standing in for a colour. The order is that of [`INKS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Horizontal lines of the axis.
    Grid,
    /// Text at the upright axis.
    Tick,
    /// Text below or above the plot.
    Label,
    /// Text below or above the plot that a narrow screen has no room for.
    Extra,
    /// Where a change may have begun.
    Range,
    /// Where an improvement may have begun.
    Better,
    /// Stretches without data.
    Gap,
    /// 95 % bounds of the level.
    Band,
    /// Single runs.
    Run,
    /// Single runs beyond the axis, drawn at its edge.
    Beyond,
    /// Fitted level.
    Level,
    /// Budget line.
    Budget,
    /// Where the machine changed.
    Machine,
    /// Release tags.
    Release,
    /// Where the level goes if nothing changes.
    Forecast,
    /// The middle of the forecast.
    Course,
    /// Short stretches off the level.
    Brief,
    /// One run of a load step.
    Step,
}

/// The class of each ink.
const INKS: [(Ink, &str); 18] = [
    (Ink::Grid, "grid"),
    (Ink::Tick, "tick"),
    (Ink::Label, "label"),
    (Ink::Extra, "extra"),
    (Ink::Range, "range"),
    (Ink::Better, "better"),
    (Ink::Gap, "gap"),
    (Ink::Band, "band"),
    (Ink::Run, "run"),
    (Ink::Beyond, "beyond"),
    (Ink::Level, "level"),
    (Ink::Budget, "budget"),
    (Ink::Machine, "machine"),
    (Ink::Release, "release"),
    (Ink::Forecast, "fan"),
    (Ink::Course, "course"),
    (Ink::Brief, "brief"),
    (Ink::Step, "step"),
];

impl Ink {
    /// The colour that carries this ink through plotters.
    pub(super) fn color(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }

    fn class(color: BackendColor) -> &'static str {
        INKS.get(usize::from(color.rgb.0))
            .map_or("", |(_, class)| class)
    }
}

/// What was drawn so far.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    layers: Vec<Layer>,
    texts: String,
}

#[derive(Debug)]
struct Layer {
    class: &'static str,
    path: String,
    pen: BackendCoord,
}

impl Layer {
    fn move_to(&mut self, to: BackendCoord) {
        let (dx, dy) = (to.0 - self.pen.0, to.1 - self.pen.1);
        self.command('m', &[dx, dy]);
        self.pen = to;
    }

    fn line_to(&mut self, to: BackendCoord) {
        match (to.0 - self.pen.0, to.1 - self.pen.1) {
            (0, 0) => {}
            (dx, 0) => self.command('h', &[dx]),
            (0, dy) => self.command('v', &[dy]),
            (dx, dy) => self.command('l', &[dx, dy]),
        }
        self.pen = to;
    }

    fn command(&mut self, letter: char, numbers: &[i32]) {
        self.path.push(letter);
        for (index, number) in numbers.iter().enumerate() {
            let gap = if index > 0 && *number >= 0 { " " } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(self.path, "{gap}{number}");
        }
    }
}

impl Drawing {
    fn layer(&mut self, class: &'static str) -> &mut Layer {
        let at = self.layers.iter().position(|layer| layer.class == class);
        let at = at.unwrap_or_else(|| {
            self.layers.push(Layer {
                class,
                path: String::new(),
                pen: (0, 0),
            });
            self.layers.len() - 1
        });
        &mut self.layers[at]
    }

    fn polyline(
        &mut self,
        class: &'static str,
        points: impl IntoIterator<Item = BackendCoord>,
        close: bool,
    ) {
        let layer = self.layer(class);
        let mut points = points.into_iter();
        let Some(first) = points.next() else { return };
        layer.move_to(first);
        points.for_each(|point| layer.line_to(point));
        if close {
            layer.path.push('z');
            layer.pen = first;
        }
    }

    /// The paths alone, in the order in which their inks were first used.
    pub(super) fn paths(&self) -> String {
        let mut svg = String::new();
        for layer in self.layers.iter().filter(|layer| !layer.path.is_empty()) {
            let _ = write!(svg, r#"<path class="{}" d="{}"/>"#, layer.class, layer.path);
        }
        svg
    }

    /// The texts alone.
    pub(super) fn texts(&self) -> &str {
        &self.texts
    }
}

/// The backend: draws `width` × `height` units into a drawing.
pub(super) struct Canvas<'a> {
    drawing: &'a mut Drawing,
    size: (u32, u32),
}

impl<'a> Canvas<'a> {
    pub(super) fn new(drawing: &'a mut Drawing, size: (u32, u32)) -> Self {
        Self { drawing, size }
    }
}

/// What plotters calls may fail with: nothing, here.
type Outcome = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Outcome {
        let layer = self.drawing.layer(Ink::class(color));
        layer.move_to(point);
        layer.command('h', &[0]);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        let class = Ink::class(style.color());
        self.drawing.polyline(class, path, false);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Outcome {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        self.fill_polygon(corners, style)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Outcome {
        let class = Ink::class(style.color());
        self.drawing.polyline(class, corners, true);
        Ok(())
    }

    /// A dot is a line of no length with round ends: CSS gives it its size.
    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        _radius: u32,
        style: &S,
        _fill: bool,
    ) -> Outcome {
        self.draw_pixel(center, style.color())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        pos: BackendCoord,
    ) -> Outcome {
        let percent = |at: i32, of: u32| {
            let mut text = format!("{:.1}", f64::from(at) * 100.0 / f64::from(of.max(1)));
            if text.ends_with(".0") {
                text.truncate(text.len() - 2);
            }
            text
        };
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => r#" text-anchor="middle""#,
            HPos::Right => r#" text-anchor="end""#,
        };
        let shift = match style.anchor().v_pos {
            VPos::Top => r#" dy="1em""#,
            VPos::Center => r#" dy=".35em""#,
            VPos::Bottom => r#" dy="-.35em""#,
        };
        let _ = write!(
            self.drawing.texts,
            r#"<text class="{}" x="{}%" y="{}%"{anchor}{shift}>{}</text>"#,
            Ink::class(style.color()),
            percent(pos.0, self.size.0),
            percent(pos.1, self.size.1),
            escape(text),
        );
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = text.chars().count() as f64 * style.size() * 0.6;
        Ok((width as u32, style.size() as u32))
    }
}

/// Text for XML content and attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::report::text::plain(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Sizes that can be drawn; beyond them the arithmetic of an axis overflows. Smaller ones are 0.
pub(super) const DRAWABLE: std::ops::Range<f64> = 1e-100..1e100;

/// Whether a value can be drawn.
pub(super) fn drawable(value: f64) -> bool {
    value.abs() < DRAWABLE.end
}
