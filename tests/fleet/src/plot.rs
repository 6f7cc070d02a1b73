//! A small plot: lines over a linear x and a logarithmic y, as SVG.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
/// Left, top, right, bottom of the area with the lines.
const AREA: [f64; 4] = [70.0, 50.0, 660.0, 465.0];
/// Distinguishable in print and by most eyes (Okabe, Ito 2008); then again, dashed.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555",
];
const DASHES: [&str; 3] = ["", "7 4", "2 3"];
/// Between names in the legend.
const LINE_HEIGHT: f64 = 19.0;

/// A line of a plot.
#[derive(Clone, Debug)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// From left to right. Points that are not positive and finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Drawn thicker.
    pub ours: bool,
}

/// Texts of a plot.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Above.
    pub title: String,
    /// Below.
    pub x: String,
    /// To the left.
    pub y: String,
}

/// The plot. The legend goes from the highest line to the lowest, as they end on the right.
pub fn svg(labels: &Labels, series: &[Series]) -> String {
    let scale = Scale::of(series);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    axes(&mut svg, labels, &scale, series);
    let mut order: Vec<usize> = (0..series.len()).collect();
    let end = |index: usize| drawn(&series[index]).last().map_or(0.0, |point| point.1);
    order.sort_by(|one, other| end(*other).total_cmp(&end(*one)));
    for (place, &index) in order.iter().enumerate() {
        line(&mut svg, &scale, &series[index], index, place);
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, labels: &Labels, scale: &Scale, series: &[Series]) {
    let [left, top, right, bottom] = AREA;
    let middle = f64::midpoint(left, right);
    text(
        svg,
        (middle, top - 22.0),
        "middle\" font-size=\"16",
        &labels.title,
    );
    text(svg, (middle, bottom + 42.0), "middle", &labels.x);
    let turned = format!(
        "middle\" transform=\"rotate(-90 18 {0})",
        f64::midpoint(top, bottom)
    );
    text(svg, (18.0, f64::midpoint(top, bottom)), &turned, &labels.y);
    for value in scale.ticks() {
        let y = scale.y(value);
        let _ = writeln!(svg, "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>");
        text(svg, (left - 8.0, y + 4.0), "end", &value.to_string());
    }
    let mut xs: Vec<f64> = series
        .iter()
        .flat_map(|series| series.points.iter().map(|point| point.0))
        .collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    for value in xs {
        let x = scale.x(value);
        let _ = writeln!(svg, "<path d=\"M{x:.1} {bottom}v5\" stroke=\"#444\"/>");
        text(svg, (x, bottom + 20.0), "middle", &value.to_string());
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#444\"/>"
    );
}

fn line(svg: &mut String, scale: &Scale, series: &Series, index: usize, place: usize) {
    let colour = COLOURS[index % COLOURS.len()];
    let dash = DASHES[index / COLOURS.len() % DASHES.len()];
    let width = if series.ours { 5 } else { 2 };
    let style =
        format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-dasharray=\"{dash}\"");
    let points: Vec<(f64, f64)> = drawn(series).map(|(x, y)| (scale.x(x), scale.y(y))).collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(svg, "<polyline points=\"{}\" {style}/>", path.join(" "));
    for (x, y) in points {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    let (x, y) = (AREA[2] + 16.0, AREA[1] + 8.0 + place as f64 * LINE_HEIGHT);
    let _ = writeln!(svg, "<path d=\"M{x} {y}h30\" {style}/>");
    text(svg, (x + 38.0, y + 4.0), "start", &series.name);
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
        at.0, at.1
    );
}

fn drawn(series: &Series) -> impl Iterator<Item = (f64, f64)> {
    series
        .points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite() && *y > 0.0)
}

/// From figures to places.
struct Scale {
    x: (f64, f64),
    /// Whole powers of ten.
    decades: (i32, i32),
}

impl Scale {
    fn of(series: &[Series]) -> Self {
        let points = || series.iter().flat_map(drawn);
        let least = |of: fn((f64, f64)) -> f64| points().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn((f64, f64)) -> f64| points().map(of).fold(f64::NEG_INFINITY, f64::max);
        if points().next().is_none() {
            return Self {
                x: (0.0, 1.0),
                decades: (0, 1),
            };
        }
        let low = least(|point| point.1).log10().floor() as i32;
        let high = most(|point| point.1).log10().ceil() as i32;
        Self {
            x: (least(|point| point.0), most(|point| point.0)),
            decades: (low, high.max(low + 1)),
        }
    }

    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.x;
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        AREA[0] + 15.0 + share * (AREA[2] - AREA[0] - 30.0)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = (f64::from(self.decades.0), f64::from(self.decades.1));
        AREA[3] - (value.log10() - low) / (high - low) * (AREA[3] - AREA[1])
    }

    /// 1, 2 and 5 of each decade.
    fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.decades;
        let mut ticks: Vec<f64> = (low..high)
            .flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(decade)))
            .collect();
        ticks.push(10_f64.powi(high));
        // Such as 0.30000000000000004.
        ticks
            .iter()
            .map(|tick| format!("{tick:.3e}").parse().unwrap_or(*tick))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_lines_names_and_ticks() {
        let labels = Labels {
            title: "a < b".to_owned(),
            x: "rate".to_owned(),
            y: "s".to_owned(),
        };
        let series = |name: &str, points: &[(f64, f64)]| Series {
            name: name.to_owned(),
            points: points.to_vec(),
            ours: name == "low",
        };
        let svg = svg(
            &labels,
            &[
                series("low", &[(1.0, 0.2), (2.0, f64::NAN)]),
                series("high", &[(1.0, 3.0), (2.0, 90.0)]),
            ],
        );
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(
            svg.matches("stroke-width=\"5\"").count(),
            2,
            "its line, and that of the legend"
        );
        assert_eq!(
            svg.matches("<circle").count(),
            3,
            "the one that is no number is left out"
        );
        assert!(svg.contains("a &lt; b"));
        for tick in [">0.1<", ">0.5<", ">1<", ">50<", ">100<"] {
            assert!(svg.contains(tick), "{tick}");
        }
        assert!(svg.find(">high<") < svg.find(">low<"));
    }

    #[test]
    fn nothing_is_an_empty_plot() {
        let labels = Labels {
            title: String::new(),
            x: String::new(),
            y: String::new(),
        };
        assert!(svg(&labels, &[]).ends_with("</svg>\n"));
    }
}
