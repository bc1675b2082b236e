"""Where a dealer's URLs may lead: to public addresses, unless this installation allows private ones.

A dealer's record must not make a worker knock at doors of its own network. What a URL says is judged before
anything is done; what a name leads to is judged where the socket is made, and exactly the judged address is
connected to: no name server can answer differently in between.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from worker.vinacles.failures import bad_address, private_address
from worker.vinacles.names import Names

# RFC 4291, 2.4: global unicast. All other ranges are local, multicast, reserved or hide an IPv4 address.
_GLOBAL_UNICAST = ip_network("2000::/3")
# RFC 6052: the last four bytes are an IPv4 address, which a gateway connects to.
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether `address`, written as by sockets, lies on the Internet and belongs to one host."""
    return _public(ip_address(address.partition("%")[0]))


def is_loopback(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    return (_inner(found) or found).is_loopback


def check_host(host: str, *, tls: bool, allow_private: bool) -> None:
    """Judge the host of a URL by what it says. Raises ConfigurationError: without TLS it must be this
    machine; an address must be public, unless private ones are allowed; a number may not be in disguise."""
    named = host.rstrip(".").lower()
    literal = _literal(named)
    here = is_loopback(literal) if literal else named == "localhost" or named.endswith(".localhost")
    if not (tls or here):
        raise bad_address()
    if not allow_private and (here or (literal and not is_public(literal))):
        raise private_address()


def resolved(
    names: Names, host: str, port: int, seconds: float, *, tls: bool, allow_private: bool
) -> tuple[str, ...]:
    """The addresses of `host`, each of which may be connected to.

    Raises ConfigurationError where one may not, and what `Names.addresses` raises.
    """
    addresses = names.addresses(host.strip("[]"), port, seconds)
    if not all(_may_be_reached(address, tls=tls, allow_private=allow_private) for address in addresses):
        raise private_address()
    return addresses


def _may_be_reached(address: str, *, tls: bool, allow_private: bool) -> bool:
    if tls:
        return allow_private or is_public(address)
    return allow_private and is_loopback(address)


def _public(address: IPv4Address | IPv6Address) -> bool:
    inner = _inner(address)
    if inner is not None:
        return _public(inner)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> str | None:
    """The address that `host` spells out; None for a name.

    Resolvers also read 127.1, 0177.0.0.1, 0x7f000001 and 2130706433, all of them 127.0.0.1. Nobody writes
    such a thing in good faith.
    """
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        socket.inet_aton(host)
    except OSError:
        return None
    raise bad_address()
