//! Which of several choices no other one beats.

/// Of each choice, given by two costs, whether it lies on the Pareto front: no
/// other is at most as dear in both and cheaper in one.
pub fn on_front(costs: &[(f64, f64)]) -> Vec<bool> {
    let beats = |a: &(f64, f64), b: &(f64, f64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
    let is_unbeaten = |one: &(f64, f64)| !costs.iter().any(|other| beats(other, one));
    costs.iter().map(is_unbeaten).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_on_the_front_unless_another_is_better_for_both_costs() {
        let costs = [(1.0, 9.0), (2.0, 4.0), (3.0, 5.0), (4.0, 1.0), (4.0, 2.0)];
        assert_eq!(on_front(&costs), [true, true, false, true, false]);
        assert_eq!(on_front(&[]), [false; 0]);
    }

    #[test]
    fn equal_choices_do_not_beat_each_other() {
        assert_eq!(on_front(&[(1.0, 1.0), (1.0, 1.0)]), [true, true]);
    }
}
