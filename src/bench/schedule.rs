//! Who does what when. A run without variants is the run of one arm; nothing
//! else tells the two apart.

/// How the launches of a run are ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// The baseline and its variants.
    pub(super) n_arms: usize,
    /// Requests of a launch.
    pub(super) n_prompts: u32,
    /// Thrown-away rounds of a launch.
    pub(super) warm_ups: u32,
    /// Whether memory holds all arms at once, so that they take turns; otherwise
    /// they are launched in turn.
    pub(super) together: bool,
}

/// One thing that one arm does, or several take turns to do; everything else
/// waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The arm's place in the run; of several the one that begins.
    pub(super) arm: usize,
    /// What it does.
    pub(super) act: Act,
}

/// What an arm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A fresh worker starts and loads the model.
    Load,
    /// Work that is thrown away.
    WarmUp,
    /// The standard prefill.
    Prefill,
    /// It answers a prompt, counted from 1.
    Request(u32),
    /// All arms answer a prompt, some tokens of each in turn: see `turns`.
    Turns(u32),
    /// The worker ends.
    Stop,
}

impl Schedule {
    /// What is done in an iteration, counted from 1: every arm is launched anew
    /// and warms up, then they take turns at every prompt. The order of the
    /// launches alternates from iteration to iteration, that of the turns from
    /// prompt to prompt: who comes first has no advantage in the end.
    pub(super) fn steps(&self, iteration: u32) -> Vec<Step> {
        let launches = self.order(iteration.saturating_sub(1));
        let blocks: Vec<&[usize]> = match self.together {
            true => vec![launches.as_slice()],
            false => launches.chunks(1).collect(),
        };
        let mut steps = Vec::new();
        for block in blocks {
            let all = |act| block.iter().map(move |&arm| Step { arm, act });
            for &arm in block {
                let step = |act| Step { arm, act };
                steps.push(step(Act::Load));
                steps.extend((0..self.warm_ups).map(|_| step(Act::WarmUp)));
            }
            steps.extend(all(Act::Prefill));
            steps.extend((1..=self.n_prompts).map(|prompt| match block {
                [arm] => Step {
                    arm: *arm,
                    act: Act::Request(prompt),
                },
                _ => Step {
                    arm: self.turns(iteration, prompt)[0],
                    act: Act::Turns(prompt),
                },
            }));
            steps.extend(all(Act::Stop));
        }
        steps
    }

    /// The order in which the arms take their turns at a prompt, both counted
    /// from 1.
    pub(super) fn turns(&self, iteration: u32, prompt: u32) -> Vec<usize> {
        self.order(iteration.saturating_sub(1) + prompt.saturating_sub(1))
    }

    /// The arms in the order of a turn, counted from 0: in pairs of turns of
    /// which the second is the first reversed, so that every arm comes equally
    /// early in both; from pair to pair more than two arms also change
    /// neighbours.
    fn order(&self, turn: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.n_arms).collect();
        if self.n_arms > 2 {
            order.rotate_left(turn as usize / 2 % self.n_arms);
        }
        if turn % 2 == 1 {
            order.reverse();
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(n_arms: usize, n_prompts: u32, together: bool) -> Schedule {
        Schedule {
            n_arms,
            n_prompts,
            warm_ups: 1,
            together,
        }
    }

    /// `L0` loads arm 0, `w0` warms it up, `p0` is its prefill, `0` a request
    /// to it, `01` turns of two arms, `x0` its end.
    fn shown(schedule: Schedule, iteration: u32) -> String {
        let steps = schedule.steps(iteration);
        let steps: Vec<String> = steps
            .iter()
            .map(|Step { arm, act }| match act {
                Act::Load => format!("L{arm}"),
                Act::WarmUp => format!("w{arm}"),
                Act::Prefill => format!("p{arm}"),
                Act::Request(_) => arm.to_string(),
                Act::Turns(prompt) => {
                    let order = schedule.turns(iteration, *prompt);
                    order.iter().map(ToString::to_string).collect()
                }
                Act::Stop => format!("x{arm}"),
            })
            .collect();
        steps.join(" ")
    }

    #[test]
    fn one_arm_is_a_plain_launch() {
        for together in [true, false] {
            let one = schedule(1, 3, together);
            assert_eq!(shown(one, 1), "L0 w0 p0 0 0 0 x0");
            assert_eq!(shown(one, 2), shown(one, 1));
        }
    }

    #[test]
    fn two_arms_alternate_in_launches_and_in_prompts() {
        let two = schedule(2, 3, true);
        assert_eq!(shown(two, 1), "L0 w0 L1 w1 p0 p1 01 10 01 x0 x1");
        assert_eq!(shown(two, 2), "L1 w1 L0 w0 p1 p0 10 01 10 x1 x0");
        assert_eq!(shown(two, 3), shown(two, 1));
    }

    #[test]
    fn what_memory_does_not_hold_is_launched_in_turn() {
        let two = schedule(2, 2, false);
        assert_eq!(shown(two, 1), "L0 w0 p0 0 0 x0 L1 w1 p1 1 1 x1");
        assert_eq!(shown(two, 2), "L1 w1 p1 1 1 x1 L0 w0 p0 0 0 x0");
    }

    proptest! {
        #[test]
        fn every_arm_does_all_of_it_in_order(
            n_arms in 1usize..18, n_prompts in 1u32..10, together: bool, iteration in 1u32..100,
        ) {
            let steps = schedule(n_arms, n_prompts, together).steps(iteration);
            let take_turns = together && n_arms > 1;
            let answer = if take_turns { Act::Turns } else { Act::Request };
            let mut expected = vec![Act::Load, Act::WarmUp, Act::Prefill];
            expected.extend((1..=n_prompts).map(answer));
            expected.push(Act::Stop);
            for arm in 0..n_arms {
                let is_own =
                    |step: &&Step| step.arm == arm || matches!(step.act, Act::Turns(_));
                let own = steps.iter().filter(is_own);
                prop_assert_eq!(own.map(|step| step.act).collect::<Vec<_>>(), expected.clone());
            }
        }

        #[test]
        fn in_two_turns_every_arm_comes_equally_early(n_arms in 1usize..18, pair in 0u32..50) {
            let schedule = schedule(n_arms, 1, true);
            let [first, second] = [2 * pair, 2 * pair + 1].map(|turn| schedule.order(turn));
            for arm in 0..n_arms {
                let place = |order: &[usize]| order.iter().position(|other| *other == arm).unwrap();
                prop_assert_eq!(place(&first) + place(&second), n_arms - 1);
            }
        }
    }
}
