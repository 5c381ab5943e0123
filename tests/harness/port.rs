//! Ports on which nobody listens.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of the loopback address for somebody who is to listen later, or never. Until this is
/// dropped nobody gets it who asks for any free port, as the tests beside this one do.
pub struct Port {
    number: u16,
    /// Bound, which keeps others away, and not listening, which lets in whoever asks for this
    /// very port.
    _held: Socket,
}

impl Port {
    /// One that nobody uses.
    pub fn free() -> Self {
        let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        held.set_reuse_address(true).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        held.bind(&any.into()).unwrap();
        let address = held.local_addr().unwrap().as_socket().unwrap();
        Self {
            number: address.port(),
            _held: held,
        }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
