//! Where the chart's labels stand, so that none lies on another or on a dot.

use std::cmp::Reverse;

use crate::domain::order::in_order;

/// A dot of the chart, in its units, with the label that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
    pub(super) label: String,
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Its left end.
    pub(super) x: f64,
    /// Its base line.
    pub(super) y: f64,
    /// Where its line to the dot ends; on the dot where it needs none.
    pub(super) to: (f64, f64),
}

/// Of a character, at the chart's size of text, on the safe side.
const CHARACTER: f64 = 7.8;
const LINE: f64 = 14.0;
/// From the base line to the lower edge.
const DESCENT: f64 = 3.5;
const GAP: f64 = 3.0;
/// How far apart the distances are that are tried, and how many there are.
const STEP: f64 = 9.0;
const STEPS: u32 = 24;
/// Beyond this distance a line leads to the dot.
const NEAR: f64 = STEP;

/// The ways from a dot to its label, the preferred first: beside it, above,
/// below, aslant.
const WAYS: [(f64, f64); 12] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, -1.0),
    (-1.0, -1.0),
    (1.0, 1.0),
    (-1.0, 1.0),
    (0.5, -1.0),
    (-0.5, -1.0),
    (0.5, 1.0),
    (-0.5, 1.0),
];

#[derive(Debug, Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn around(x: f64, y: f64, half_width: f64, half_height: f64) -> Self {
        Self {
            left: x - half_width,
            top: y - half_height,
            right: x + half_width,
            bottom: y + half_height,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn is_within(&self, other: &Self) -> bool {
        self.left >= other.left
            && self.right <= other.right
            && self.top >= other.top
            && self.bottom <= other.bottom
    }
}

/// A place for each label inside of a plot that reaches from (0, 0) to
/// (`width`, `height`). Where all are taken, the nearest one inside.
pub(super) fn places(dots: &[Dot], width: f64, height: f64) -> Vec<Place> {
    let plot = Area {
        left: 0.0,
        top: 0.0,
        right: width,
        bottom: height,
    };
    let of_dot = |dot: &Dot| Area::around(dot.x, dot.y, dot.radius + 1.0, dot.radius + 1.0);
    let mut taken: Vec<Area> = dots.iter().map(of_dot).collect();
    let nowhere = Place {
        x: 0.0,
        y: 0.0,
        to: (0.0, 0.0),
    };
    let mut placed = vec![nowhere; dots.len()];
    // The longest first: short ones find room beside them.
    let length = |index: &usize| dots[*index].label.chars().count();
    for index in in_order(0..dots.len(), |index| Reverse(length(index))) {
        let dot = &dots[index];
        let candidates = || candidates(dot).filter(|(area, _)| area.is_within(&plot));
        let is_free = |(area, _): &(Area, f64)| !taken.iter().any(|other| other.meets(area));
        let found = candidates().find(is_free);
        let found = found.or_else(|| candidates().next());
        let (area, distance) = found.unwrap_or_else(|| (of_dot(dot), 0.0));
        taken.push(area);
        let middle = (area.top + area.bottom) / 2.0;
        placed[index] = Place {
            x: area.left,
            y: area.bottom - DESCENT,
            to: match distance > NEAR {
                true => (dot.x.clamp(area.left, area.right), middle),
                false => (dot.x, dot.y),
            },
        };
    }
    placed
}

/// All places that are tried for a dot's label, with their distances.
fn candidates(dot: &Dot) -> impl Iterator<Item = (Area, f64)> + use<> {
    let half_width = dot.label.chars().count() as f64 * CHARACTER / 2.0;
    let (x, y, radius) = (dot.x, dot.y, dot.radius);
    (0..STEPS).flat_map(move |step| {
        let distance = f64::from(step) * STEP;
        WAYS.into_iter().map(move |(right, down)| {
            let reach = radius + GAP + distance;
            let x = x + right * (reach + half_width);
            let y = y + down * (reach + LINE / 2.0);
            (Area::around(x, y, half_width, LINE / 2.0), distance)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = [
        "F16",
        "Q4_0",
        "Q5_0",
        "Q8_0",
        "Q4_K_M with imatrix",
        "IQ4_XS",
        "Q5_K_M",
        "Q6_K",
    ];

    fn label_area(place: &Place, label: &str) -> Area {
        let bottom = place.y + DESCENT;
        Area {
            left: place.x,
            top: bottom - LINE,
            right: place.x + label.len() as f64 * CHARACTER,
            bottom,
        }
    }

    fn expect_apart(dots: &[Dot], width: f64, height: f64) {
        let places = places(dots, width, height);
        let plot = Area {
            left: -1e-9,
            top: -1e-9,
            right: width + 1e-9,
            bottom: height + 1e-9,
        };
        let areas: Vec<Area> = dots
            .iter()
            .zip(&places)
            .map(|(dot, place)| label_area(place, &dot.label))
            .collect();
        for (index, area) in areas.iter().enumerate() {
            assert!(area.is_within(&plot), "{} leaves the plot", NAMES[index]);
            for (other, name) in areas.iter().zip(NAMES).take(index) {
                assert!(!area.meets(other), "{} lies on {name}", NAMES[index]);
            }
            for dot in dots {
                let dot_area = Area::around(dot.x, dot.y, dot.radius, dot.radius);
                assert!(
                    !area.meets(&dot_area),
                    "{} on the dot of {}",
                    NAMES[index],
                    dot.label
                );
            }
        }
    }

    fn dots(place: impl Fn(usize) -> (f64, f64)) -> Vec<Dot> {
        let dot = |(index, name): (usize, &&str)| {
            let (x, y) = place(index);
            Dot {
                x,
                y,
                radius: 7.0,
                label: (*name).to_owned(),
            }
        };
        NAMES.iter().enumerate().map(dot).collect()
    }

    #[test]
    fn eight_labels_stand_apart_wherever_their_dots_are() {
        for (width, height) in [(560.0, 250.0), (204.0, 240.0)] {
            // Spread out, all in one heap, and in a corner.
            expect_apart(
                &dots(|i| (10.0 + i as f64 * 26.0, 20.0 + i as f64 * 28.0)),
                width,
                height,
            );
            expect_apart(
                &dots(|i| (100.0 + i as f64, 120.0 + i as f64 * 2.0)),
                width,
                height,
            );
            expect_apart(&dots(|i| (8.0, 8.0 + i as f64 * 3.0)), width, height);
        }
    }

    #[test]
    fn a_label_alone_stands_right_of_its_dot() {
        let alone = Dot {
            x: 50.0,
            y: 50.0,
            radius: 5.0,
            label: "Q4_0".to_owned(),
        };
        let places = places(&[alone], 200.0, 100.0);
        assert_eq!(places[0].to, (50.0, 50.0));
        assert!((places[0].x - 58.0).abs() < 1e-9);
    }
}
