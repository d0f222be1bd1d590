//! Which IP addresses belong to the public internet?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// From where an address can be reached, and so whether a door may go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anybody's: a door may always go there.
    Public,
    /// Inside a machine or a network: only with `allow_private`.
    Private,
    /// Cloud metadata, link-local, multicast, unspecified, reserved: no feed, forum or receiver lives there.
    Never,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(first: u16, second: u16, third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), prefix)
}

/// Where clouds keep the credentials of a machine, also where the range around is merely private or even public.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
];

/// IPv4 ranges inside a machine or network (RFC 1918, 6598, 1122, 2544).
const PRIVATE_V4: [Ipv4Net; 6] = [
    v4(10, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
    v4(127, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(198, 18, 0, 0, 15),
];

/// The rest of IANA's special-purpose registry for IPv4 that is not globally reachable.
const NEVER_V4: [Ipv4Net; 9] = [
    v4(0, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// All of IPv6 that is handed out for the public internet today; everything outside is special.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Special ranges inside the global one: protocol assignments with Teredo, documentation, 6to4.
const NEVER_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 0, 23), v6(0x2001, 0x0db8, 0, 32), v6(0x2002, 0, 0, 16), v6(0x3fff, 0, 0, 20)];

/// Unique local addresses, and NAT64 for use inside one network.
const PRIVATE_V6: [Ipv6Net; 2] = [v6(0xfc00, 0, 0, 7), v6(0x0064, 0xff9b, 1, 48)];

/// NAT64: the last 32 bits are the IPv4 address that will be reached. Names of public sites resolve to it on IPv6-only networks.
const NAT64: Ipv6Net = v6(0x0064, 0xff9b, 0, 96);

/// From where an address can be reached. An IPv6 address that carries an IPv4 one to connect to is judged by that.
pub fn reach(address: IpAddr) -> Reach {
    if METADATA.contains(&address) {
        return Reach::Never;
    }
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if PRIVATE_V4.iter().any(|range| range.contains(&address)) {
        return Reach::Private;
    }
    if NEVER_V4.iter().any(|range| range.contains(&address)) {
        return Reach::Never;
    }
    Reach::Public
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(inner) = address.to_ipv4_mapped() {
        return reach(IpAddr::V4(inner));
    }
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return reach(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
    }
    if address.is_loopback() || PRIVATE_V6.iter().any(|range| range.contains(&address)) {
        return Reach::Private;
    }
    if !GLOBAL_V6.contains(&address) || NEVER_V6.iter().any(|range| range.contains(&address)) {
        return Reach::Never;
    }
    Reach::Public
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_address_is_told_from_the_public_ones() {
        let table = [
            (Reach::Public, &["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "192.0.1.1"][..]),
            (Reach::Public, &["2606:4700::1111", "2a00:1450:4001::1", "2001:200::1", "::ffff:8.8.8.8"]),
            (Reach::Public, &["64:ff9b::8.8.8.8"]),
            (Reach::Private, &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.8.9.10"]),
            (Reach::Private, &["100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255"]),
            (Reach::Private, &["::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"]),
            (Reach::Private, &["64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1"]),
            (Reach::Never, &["169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"]),
            (Reach::Never, &["0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.51.100.1"]),
            (Reach::Never, &["203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"]),
            (Reach::Never, &["192.88.99.1", "::", "::2", "::127.0.0.1", "fe80::1", "fec0::1", "ff02::1", "4000::1"]),
            (Reach::Never, &["2002:7f00:1::1", "2002:808:808::1", "2001::1", "2001:db8::1", "3fff::1", "100::1"]),
            (Reach::Never, &["::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "::ffff:0.0.0.0"]),
        ];
        for (expected, addresses) in table {
            for text in addresses {
                assert_eq!(reach(text.parse().expect("an address")), expected, "{text}");
            }
        }
    }
}
