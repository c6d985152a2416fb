//! What holds once a worker has confined itself, and what does not, in words.

use landlock::ABI;

use crate::domain::environment::Sandbox;

/// The state after `files` were closed by this version of Landlock, or not for this
/// reason, and the `network` likewise.
pub(super) fn state(
    has_gpu: bool,
    files: Result<ABI, String>,
    network: Result<(), String>,
) -> Sandbox {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    // Landlock's own rules against them hold without the filter.
    let closes = |since: ABI| files.as_ref().is_ok_and(|abi| *abi >= since);
    match &files {
        Err(reason) => open.push(format!("other files can be reached, as {reason}")),
        Ok(_) if has_gpu => {
            open.push("the drivers of a GPU need other files and local sockets".to_owned());
        }
        Ok(_) => closed.push("other files"),
    }
    if files.is_ok() && !has_gpu && !closes(ABI::V3) {
        open.push("a file can be cut off, though not read (Linux 6.2 prevents it)".to_owned());
    }
    if files.is_ok() && !closes(ABI::V6) {
        open.push("other programs can be sent signals (Linux 6.12 prevents it)".to_owned());
    }
    match network {
        Ok(()) => closed.push("the network"),
        Err(reason) if closes(ABI::V4) => {
            closed.push("TCP");
            open.push(format!("the rest of the network is open, as {reason}"));
        }
        Err(reason) => open.push(format!("the network is open, as {reason}")),
    }
    let reason = open.join("; ");
    match (open.is_empty(), closed.is_empty()) {
        (true, _) => Sandbox::Full,
        (false, true) => Sandbox::Off { reason },
        (false, false) => Sandbox::Partial {
            reason: format!("{reason}; closed: {}", closed.join(", ")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no<T>() -> Result<T, String> {
        Err("why".to_owned())
    }

    fn partial(state: &Sandbox) -> &str {
        match state {
            Sandbox::Partial { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_is_closed_wholly_is_said_to_be() {
        assert_eq!(state(false, Ok(ABI::V6), Ok(())), Sandbox::Full);
        let off = Sandbox::Off {
            reason: "other files can be reached, as why; the network is open, as why".to_owned(),
        };
        assert_eq!(state(false, no(), no()), off);
        assert_eq!(state(true, no(), no()), off);
    }

    #[test]
    fn what_an_older_kernel_leaves_open_is_said_beside_what_it_closes() {
        let cut = "a file can be cut off, though not read (Linux 6.2 prevents it)";
        let signals = "other programs can be sent signals (Linux 6.12 prevents it)";
        let rest = "the rest of the network is open, as why";
        let cases = [
            (
                state(false, Ok(ABI::V5), Ok(())),
                format!("{signals}; closed: other files, the network"),
            ),
            (
                state(false, Ok(ABI::V2), Ok(())),
                format!("{cut}; {signals}; closed: other files, the network"),
            ),
            (
                state(false, Ok(ABI::V2), no()),
                format!("{cut}; {signals}; the network is open, as why; closed: other files"),
            ),
            (
                state(false, Ok(ABI::V6), no()),
                format!("{rest}; closed: other files, TCP"),
            ),
            (
                state(false, no(), Ok(())),
                "other files can be reached, as why; closed: the network".to_owned(),
            ),
        ];
        for (state, says) in cases {
            assert_eq!(partial(&state), says);
        }
    }

    #[test]
    fn what_the_drivers_of_a_gpu_need_is_said() {
        let need = "the drivers of a GPU need other files and local sockets";
        let closed = state(true, Ok(ABI::V6), Ok(()));
        assert_eq!(partial(&closed), format!("{need}; closed: the network"));
        let open = state(true, Ok(ABI::V3), no());
        let Sandbox::Off { reason } = open else {
            panic!("{open:?}");
        };
        assert!(reason.starts_with(need) && reason.ends_with("the network is open, as why"));
    }
}
