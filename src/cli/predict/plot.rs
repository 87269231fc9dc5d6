//! The results of a study as a picture: a row per workload with gaps, timestamps and efficiency.

use anyhow::{Result, anyhow};
use lockstep::replay::study::{SETTINGS, Scheme, Study, coin};
use plotters::coord::Shift;
use plotters::prelude::*;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The size of a panel, in pixels.
const PANEL: (u32, u32) = (460, 320);
const FONT: &str = "sans-serif";
/// One colour per scheme, in the order of [`Scheme::ALL`].
const COLOURS: [RGBColor; Scheme::ALL.len()] = [
    RGBColor(150, 150, 150),
    RGBColor(90, 90, 90),
    RGBColor(214, 39, 40),
    RGBColor(255, 127, 14),
    RGBColor(188, 160, 20),
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
];

/// An SVG document.
pub fn svg(studies: &[Study]) -> Result<String> {
    let mut text = String::new();
    {
        let size = (3 * PANEL.0, PANEL.1 * studies.len().max(1) as u32);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE).map_err(drawing)?;
        for (row, study) in root.split_evenly((studies.len().max(1), 1)).iter().zip(studies) {
            let panels = row.split_evenly((1, 3));
            gaps(&panels[0], study)?;
            timestamps(&panels[1], study)?;
            efficiency(&panels[2], study)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(text)
}

/// Errors of the plotter borrow from it.
fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

fn colour(scheme: &str) -> RGBColor {
    let index = Scheme::ALL.into_iter().position(|other| other.name() == scheme);
    index.map_or(BLACK, |index| COLOURS[index])
}

/// How the distances between inserts into the busiest table are distributed, and how those of coin tosses are.
fn gaps(area: &Area<'_>, study: &Study) -> Result<()> {
    let rate = study.plans.first().map_or(0.5, |plan| plan.gaps.rate);
    // Where coin tosses have 99.5 % of their gaps.
    let end = ((0.005_f64).ln() / (1.0 - rate).max(1e-9).ln()).ceil().clamp(3.0, 1e7);
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}: {}: gaps between inserts", study.scenario, study.what), (FONT, 13))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..end, 0.0..1.0)
        .map_err(drawing)?;
    chart.configure_mesh().x_labels(6).y_labels(6).x_desc("operations, cumulative share").draw().map_err(drawing)?;
    for plan in &study.plans {
        let mut steps = vec![(0.0, 0.0)];
        for &(gap, share) in plan.gaps.distribution.iter().take_while(|(gap, _)| *gap as f64 <= end) {
            let below = steps.last().map_or(0.0, |last| last.1);
            steps.extend([(gap as f64, below), (gap as f64, share)]);
        }
        let line = colour(plan.scheme);
        let series = chart.draw_series(LineSeries::new(steps, line.stroke_width(2))).map_err(drawing)?;
        series.label(plan.scheme).legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], line.stroke_width(2)));
    }
    let tosses = (0..=100).map(|step| end * f64::from(step) / 100.0).map(|gap| (gap, coin(gap as u64, rate)));
    let series = chart.draw_series(LineSeries::new(tosses, BLACK.stroke_width(1))).map_err(drawing)?;
    series.label("coin tosses").legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], BLACK));
    let labels =
        chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).label_font((FONT, 11)).draw();
    labels.map_err(drawing)
}

/// The share of timestamps that an operation has, and the share of lanes that 256 operations are in.
fn timestamps(area: &Area<'_>, study: &Study) -> Result<()> {
    let lanes = f64::from(study.lanes.min(256));
    let used: Vec<_> = study.plans.iter().map(|plan| (plan.scheme, plan.timestamps_used / 100.0)).collect();
    let spread: Vec<_> = study.plans.iter().map(|plan| (plan.scheme, plan.lanes_per_256 / lanes)).collect();
    let labels = used
        .iter()
        .zip(&spread)
        .map(|((scheme, used), (_, spread))| format!("{scheme}: {:.2} %, {:.0} %", 100.0 * used, 100.0 * spread));
    let labels = labels.collect();
    bar_chart(area, "timestamps used; lanes that 256 operations are in", &[used, spread], labels)
}

/// The share of their time that workers are at work, in each setting.
fn efficiency(area: &Area<'_>, study: &Study) -> Result<()> {
    let of = |(workers, stalls)| {
        let all = study.executions.iter().filter(|it| (it.workers, it.stalls) == (workers, stalls));
        all.map(|it| (it.scheme, it.efficiency)).collect::<Vec<_>>()
    };
    let groups = SETTINGS.map(of);
    let last = groups.last().map_or(&[][..], Vec::as_slice);
    let labels = last.iter().map(|(scheme, share)| format!("{scheme}: {share:.3} in the last"));
    let settings = SETTINGS.map(|(workers, stalls)| format!("{workers}{}", if stalls > 0 { " stalling" } else { "" }));
    bar_chart(area, &format!("workers at work: {}", settings.join(", ")), &groups, labels.collect())
}

/// Bars in groups, one below the other, with a label for each bar of a group.
fn bar_chart(area: &Area<'_>, title: &str, groups: &[Vec<(&'static str, f64)>], labels: Vec<String>) -> Result<()> {
    let most = groups.iter().map(Vec::len).max().unwrap_or_default();
    let width = (most + 1) as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 13))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..width * groups.len() as f64, 0.0..1.85)
        .map_err(drawing)?;
    let mut mesh = chart.configure_mesh();
    let percent = |share: &f64| if *share > 1.0 { String::new() } else { format!("{:.0} %", 100.0 * share) };
    mesh.disable_x_mesh().x_labels(0).y_labels(8).y_label_formatter(&percent).draw().map_err(drawing)?;
    for bar in 0..most {
        let one = groups.iter().enumerate().filter_map(|(index, group)| Some((index, group.get(bar)?)));
        let shade = groups.iter().find_map(|group| group.get(bar)).map_or(BLACK, |(scheme, _)| colour(scheme));
        let boxes = one.map(|(index, (_, share))| {
            let left = width * index as f64 + bar as f64 + 0.5;
            Rectangle::new([(left, 0.0), (left + 0.9, *share)], shade.filled())
        });
        let series = chart.draw_series(boxes).map_err(drawing)?;
        let label = labels.get(bar).map_or("", String::as_str);
        series.label(label).legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], shade.filled()));
    }
    let labels =
        chart.configure_series_labels().position(SeriesLabelPosition::UpperRight).label_font((FONT, 11)).draw();
    labels.map_err(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep::replay::plan::tables;
    use lockstep::replay::study::{Scenario, study};

    #[test]
    fn every_panel_is_drawn() {
        let own = |name: &str, text| {
            let tables = tables(text).expect("tables");
            Scenario { name: name.to_owned(), what: text.to_owned(), tables }
        };
        let all = [own("P", "var:insert=50"), own("Q", "2xfix:base=9:insert=0.1:update=50")];
        let studies: Vec<_> = all.map(|scenario| study(scenario, 1, 64, 2000, 200).expect("a study")).into();
        let text = svg(&studies).expect("a picture");
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        for part in ["P: var", "Q: 2xfix", "timestamps used;", "workers at work", "birth lane", "coin tosses"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
