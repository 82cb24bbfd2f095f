"""Which addresses belong to the public internet."""

import ipaddress

# Addresses that carry an IPv4 address within: a translator would lead to whatever that is, a
# router inside the house included.
_TRANSLATED = tuple(
    ipaddress.ip_network(network)
    for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


def is_public(address: str) -> bool:
    """Tell whether an address, as `getaddrinfo` gives it, is reached over the public internet.

    Private, loopback, link-local, multicast, reserved and unspecified addresses are not; neither
    are the ranges that translate to IPv4. An IPv4-mapped address counts as what it maps to.
    Source: the IANA special-purpose address registries, as far as `ipaddress` knows them.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.is_site_local or any(ip in network for network in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
