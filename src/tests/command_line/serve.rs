//! `whittle serve`, as far as it differs from what a house shows.

use super::Desk;
use crate::servers::Server;

#[test]
fn the_address_may_be_written_as_people_do() {
    let desk = Desk::new();
    for address in ["localhost:0", "0"] {
        let serve = ["serve", "--addr", address, "--no-background"];
        let server = Server::start(&mut desk.command(&serve));
        assert!(server.address.starts_with("127.0.0.1:"));
        server.terminate();
    }
}
