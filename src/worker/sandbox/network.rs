//! The network, closed by a filter of system calls: Landlock knows of TCP alone.

use std::collections::BTreeMap;
use std::fs;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

/// Where the kernel says whether a filter slows down whoever has one.
const SLOWED: &str = "/sys/devices/system/cpu/vulnerabilities/spec_store_bypass";

/// The bit that x86 sets in the calls of programs with pointers of 32 bits, which a
/// program of 64 bits may make, too.
const X32: i64 = 0x4000_0000;

/// Refuses sockets to this thread and all that it will start: every one, or, for the
/// drivers of a GPU, all that do not stay on this machine. Or says why not.
pub(super) fn close(has_gpu: bool) -> Result<(), String> {
    // What is measured would be of a slower machine.
    if fs::read_to_string(SLOWED).is_ok_and(|said| said.contains("seccomp")) {
        return Err(
            "closing it would slow this kernel's programs down (that of Linux 5.16 and later \
             does not)"
                .to_owned(),
        );
    }
    let apply = || -> Result<(), seccompiler::Error> { apply_filter(&filter(has_gpu)?) };
    apply().map_err(|error| format!("the kernel refused seccomp: {error}"))
}

/// What refuses them. A worker needs none: it talks through pipes. A local one would
/// lead to programs that have the network and the files.
fn filter(has_gpu: bool) -> Result<BpfProgram, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    // Its rings open sockets as well.
    let mut refused = BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]);
    if has_gpu {
        refused.insert(libc::SYS_socket, vec![neither_local_nor_kernel()?]);
    } else {
        refused.insert(libc::SYS_socket, Vec::new());
        refused.insert(libc::SYS_socketpair, Vec::new());
    }
    if arch == TargetArch::x86_64 {
        let twin = |(call, rules): (&i64, &Vec<SeccompRule>)| (call | X32, rules.clone());
        let twins: Vec<_> = refused.iter().map(twin).collect();
        refused.extend(twins);
    }
    let refusal = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    SeccompFilter::new(refused, SeccompAction::Allow, refusal, arch)?.try_into()
}

/// A socket that is of another family than those by which drivers ask their service
/// and the kernel.
fn neither_local_nor_kernel() -> Result<SeccompRule, BackendError> {
    let is_not = |family: libc::c_int| {
        let family = u64::from(family.unsigned_abs());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    };
    SeccompRule::new(vec![is_not(libc::AF_UNIX)?, is_not(libc::AF_NETLINK)?])
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::{io, thread};

    use seccompiler::sock_filter;

    use super::*;

    /// Whether this kernel closes the network, asked of the kernel and not of the code.
    fn closes_here() -> bool {
        let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail");
        let slowed = fs::read_to_string(SLOWED).unwrap_or_default();
        actions.is_ok_and(|actions| actions.contains("errno")) && !slowed.contains("seccomp")
    }

    fn is_refused<T>(opened: io::Result<T>) -> bool {
        matches!(opened, Err(error) if error.kind() == ErrorKind::PermissionDenied)
    }

    /// Which sockets are refused to a thread whose network is closed, and to one that
    /// it starts: UDP by both protocols, TCP, and local ones, alone and in pairs.
    fn refused(has_gpu: bool) -> Result<[[bool; 5]; 2], String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let tried = move || {
            [
                is_refused(UdpSocket::bind("127.0.0.1:0")),
                is_refused(UdpSocket::bind("[::1]:0")),
                is_refused(TcpStream::connect(address)),
                is_refused(UnixDatagram::unbound()),
                is_refused(UnixStream::pair()),
            ]
        };
        assert_eq!(tried(), [false; 5], "they can be opened here");
        let confined = thread::spawn(move || {
            close(has_gpu)?;
            let started = thread::spawn(tried).join().expect("a thread");
            Ok([tried(), started])
        });
        confined.join().expect("a thread")
    }

    #[test]
    fn no_socket_can_be_opened_once_the_network_is_closed() {
        let found = [refused(false), refused(true)];
        if closes_here() {
            let for_gpu = [true, true, true, false, false];
            assert_eq!(found, [Ok([[true; 5]; 2]), Ok([for_gpu; 2])]);
        } else {
            assert!(found.iter().all(Result::is_err), "{found:?}");
        }
    }

    /// What the kernel's machine makes of a call with this first argument: filters are
    /// written in four of its instructions.
    fn answer(filter: &[sock_filter], call: i64, first: u64) -> u32 {
        // The second instruction compares with the architecture.
        let data = |offset: u32| match offset {
            0 => call as u32,
            4 => filter[1].k,
            16 => first as u32,
            _ => panic!("{offset} is not looked at"),
        };
        let (mut at, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = filter[at];
            at += 1;
            match code {
                0x20 => loaded = data(k),
                0x15 => at += usize::from(if loaded == k { jt } else { jf }),
                0x05 => at += k as usize,
                0x06 => return k,
                other => panic!("{other:#x} is not among them"),
            }
        }
    }

    #[test]
    fn every_family_and_every_other_way_to_a_socket_is_refused() {
        let [plain, for_gpu] = [false, true].map(|has_gpu| filter(has_gpu).expect("a filter"));
        let refusal = libc::SECCOMP_RET_ERRNO | libc::EACCES.unsigned_abs();
        let twin = |call: i64| match cfg!(target_arch = "x86_64") {
            true => vec![call, call | X32],
            false => vec![call],
        };
        for family in 0..64 {
            let is_local = [libc::AF_UNIX, libc::AF_NETLINK].contains(&family);
            // The kernel looks at the lower half.
            let family = u64::from(family.unsigned_abs()) | 1 << 32;
            for call in twin(libc::SYS_socket) {
                assert_eq!(answer(&plain, call, family), refusal);
                let is_refused = answer(&for_gpu, call, family) == refusal;
                assert_ne!(is_refused, is_local, "family {family}");
            }
        }
        for call in twin(libc::SYS_io_uring_setup) {
            assert_eq!(
                [&plain, &for_gpu].map(|one| answer(one, call, 0)),
                [refusal; 2]
            );
        }
        let others = [libc::SYS_read, libc::SYS_openat, libc::SYS_futex];
        for (filter, call) in [&plain, &for_gpu]
            .iter()
            .flat_map(|f| others.map(|o| (f, o)))
        {
            assert_eq!(answer(filter, call, 1), libc::SECCOMP_RET_ALLOW);
        }
    }
}
