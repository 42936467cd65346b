//! Which addresses lie in the open internet. Everything else may be a part of the network that
//! only this server can reach, and nobody shall reach through it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the server may call this address; with `allow_private` also those of its own machine and
/// of private networks. Nobody needs the others: at link-local ones, clouds give out secrets.
pub(super) fn may_be_called(address: IpAddr, allow_private: bool) -> bool {
    // An IPv4 address in the clothes of IPv6 is what it is.
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address) || (allow_private && is_private_v4(address)),
        IpAddr::V6(address) => {
            let is_private = address.is_loopback() || address.is_unique_local();
            is_public_v6(address) || (allow_private && is_private)
        }
    }
}

fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && (64..128).contains(&b)
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_loopback() || is_shared(address)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_reserved = a == 0 || a >= 240 || (a, b, c) == (192, 0, 0);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared(address)
        || is_reserved
        || is_benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, .., seventh, eighth] = address.segments();
    let is_translated = address.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]);
    let v4 = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)))
    };
    match (first, second) {
        // Behind these lies an IPv4 address.
        (0x64, 0xff9b) if is_translated => v4(seventh, eighth),
        (0x2002, _) => v4(second, third),
        // Teredo, benchmarks, identifiers and documentation.
        (0x2001, 0..0x200 | 0xdb8) => false,
        // What is given out to the open internet.
        (0x2000..=0x3fff, _) => true,
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(address: &str, allow_private: bool) -> bool {
        may_be_called(address.parse().unwrap(), allow_private)
    }

    #[test]
    fn only_the_open_internet_is_called_unless_more_is_meant() {
        for open in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(may(open, false) && may(open, true), "{open}");
        }
        for private in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fc00::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!may(private, false) && may(private, true), "{private}");
        }
    }

    #[test]
    fn what_nobody_needs_is_never_called() {
        for never in [
            "0.0.0.0",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "203.0.113.1",
            "::",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(!may(never, true), "{never}");
        }
    }
}
