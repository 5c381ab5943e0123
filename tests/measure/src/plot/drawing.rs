//! A plot as a picture.

use plotters::{coord::Shift, prelude::*};

use super::{Line, Plot};

/// In pixels of the picture's own coordinates.
const SIZE: (u32, u32) = (900, 420);
const LEGEND: u32 = 240;
const LEGEND_LINE: i32 = 20;
/// Colours that are told apart in spite of colour blindness (Okabe and Ito), on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    BLACK,
];
const GRID: RGBColor = RGBColor(221, 221, 221);
const FONT: &str = "sans-serif";

type Area<'picture> = DrawingArea<SVGBackend<'picture>, Shift>;
type DrawingError = DrawingAreaErrorKind<std::io::Error>;

impl Plot {
    /// The picture, with a background of its own, so that it can be read on a dark page too.
    pub(crate) fn svg(&self) -> Result<String, DrawingError> {
        let mut text = String::new();
        {
            let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            root.fill(&WHITE)?;
            let (chart, legend) = root.split_horizontally(SIZE.0 - LEGEND);
            self.draw_chart(&chart)?;
            self.draw_legend(&legend)?;
            root.present()?;
        }
        Ok(text)
    }

    fn draw_chart(&self, area: &Area<'_>) -> Result<(), DrawingError> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = self.across.over(points().map(|(x, _)| *x));
        let up = self.up.over(points().map(|(_, y)| *y));
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 17))
            .margin(12)
            .margin_right(20)
            .x_label_area_size(46)
            .y_label_area_size(76)
            .build_cartesian_2d(across, up)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .label_style((FONT, 13))
            .axis_desc_style((FONT, 14))
            .x_desc(&self.across.label)
            .y_desc(&self.up.label)
            .x_labels(8)
            .y_labels(8)
            .draw()?;
        for (line, colour) in self.coloured() {
            let points = line.points.iter().copied();
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
        }
        Ok(())
    }

    fn draw_legend(&self, area: &Area<'_>) -> Result<(), DrawingError> {
        for ((line, colour), index) in self.coloured().zip(0..) {
            let y = 48 + index * LEGEND_LINE;
            let stroke = PathElement::new([(0, y), (22, y)], colour.stroke_width(2));
            area.draw(&stroke)?;
            area.draw(&Circle::new((11, y), 3, colour.filled()))?;
            let style = (FONT, 13).into_text_style(area);
            area.draw(&Text::new(line.name.as_str(), (28, y - 6), style))?;
        }
        Ok(())
    }

    fn coloured(&self) -> impl Iterator<Item = (&Line, RGBColor)> {
        self.lines.iter().zip(COLOURS.iter().copied().cycle())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;

    #[test]
    fn a_picture_has_its_labels_and_a_point_for_each_value() {
        let plot = Plot::new(
            "depth",
            "A <deep> backlog",
            Axis::logarithmic("records waiting"),
            Axis::linear("µs a call"),
        )
        .line("append", [(1.0, 3.0), (10.0, 4.0), (100.0, 3.5)])
        .line("read", [(1.0, 1.0), (100.0, 2.0)]);
        let svg = plot.svg().unwrap();
        for text in [
            "A &lt;deep&gt; backlog",
            "records waiting",
            "µs a call",
            "append",
            "read",
        ] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        // Each line has one in the legend.
        assert_eq!(svg.matches("<circle").count(), 5 + 2);
        assert!(svg.contains("#FFFFFF"), "no background");
    }

    #[test]
    fn a_plot_of_nothing_is_drawn() {
        let axes = || Axis::logarithmic("x");
        let plot = Plot::new("k", "t", axes(), axes());
        assert!(plot.svg().unwrap().ends_with("</svg>\n"));
        let plot = plot.line("zero", [(0.0, 0.0)]);
        assert!(plot.svg().unwrap().contains("zero"));
        let flat = Plot::new("k", "t", Axis::linear("x"), Axis::linear("y"));
        assert!(
            flat.line("flat", [(0.0, 0.0)])
                .svg()
                .unwrap()
                .contains("flat")
        );
    }
}
