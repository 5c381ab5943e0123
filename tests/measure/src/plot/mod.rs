//! Plots of a part, as SVG files.
//!
//! - `axis`: what a plot measures along its sides
//! - `drawing`: the picture

mod axis;
mod drawing;

pub use axis::Axis;
use serde_json::{Map, Value as Json, json};

/// Lines with points, with two axes and a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    pub(crate) key: String,
    pub(crate) title: String,
    across: Axis,
    up: Axis,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Plot {
    /// A plot without lines. `key` is part of the file's name: `docs/benchmarks/PART-KEY.svg`.
    #[must_use]
    pub fn new(key: impl ToString, title: impl ToString, across: Axis, up: Axis) -> Self {
        Self {
            key: key.to_string(),
            title: title.to_string(),
            across,
            up,
            lines: Vec::new(),
        }
    }

    /// The plot with another line: its name in the legend, and its points from left to right.
    /// Points that have no place, such as zero on a logarithmic axis, are left out.
    #[must_use]
    pub fn line(
        mut self,
        name: impl ToString,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let placed = |(x, y): &(f64, f64)| self.across.has(*x) && self.up.has(*y);
        let points = points.into_iter().filter(placed).collect();
        self.lines.push(Line {
            name: name.to_string(),
            points,
        });
        self
    }

    /// `{"title": …, "lines": {NAME: [[x, y], …]}}`.
    pub(crate) fn json(&self) -> Json {
        let lines = self.lines.iter();
        let lines: Map<_, _> = lines
            .map(|line| (line.name.clone(), json!(line.points)))
            .collect();
        json!({
            "title": self.title,
            "across": self.across.label,
            "up": self.up.label,
            "lines": lines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_without_a_place_are_left_out() {
        let plot = Plot::new("k", "t", Axis::logarithmic("records"), Axis::linear("µs")).line(
            "one",
            [(0.0, 1.0), (1.0, 0.0), (10.0, f64::NAN), (100.0, 2.0)],
        );
        let json = plot.json();
        assert_eq!(json["lines"]["one"], json!([[1.0, 0.0], [100.0, 2.0]]));
        assert_eq!(json["across"], "records");
    }
}
