//! Which of several choices no other one beats.

/// Of each choice, given by its costs, whether it lies on the Pareto front: no
/// other is at most as dear in all of them and cheaper in one.
pub fn on_front<const N: usize>(costs: &[[f64; N]]) -> Vec<bool> {
    let beats = |a: &[f64; N], b: &[f64; N]| a.iter().zip(b).all(|(a, b)| a <= b) && a != b;
    let is_unbeaten = |one: &[f64; N]| !costs.iter().any(|other| beats(other, one));
    costs.iter().map(is_unbeaten).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_on_the_front_unless_another_is_better_for_all_costs() {
        let costs = [[1.0, 9.0], [2.0, 4.0], [3.0, 5.0], [4.0, 1.0], [4.0, 2.0]];
        assert_eq!(on_front(&costs), [true, true, false, true, false]);
        // What is beaten by two costs may be the best by a third.
        let costs = [[2.0, 4.0, 7.0], [3.0, 5.0, 6.0], [3.0, 5.0, 8.0]];
        assert_eq!(on_front(&costs), [true, true, false]);
        assert_eq!(on_front::<2>(&[]), [false; 0]);
    }

    #[test]
    fn equal_choices_do_not_beat_each_other() {
        assert_eq!(on_front(&[[1.0, 1.0], [1.0, 1.0]]), [true, true]);
    }
}
