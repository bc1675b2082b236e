"""No URL of a dealer's record can make a worker knock at doors of its own network."""

import socket
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dealer import Connection, Secret
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode
from worker.vinacles.addresses import is_public
from worker.vinacles.wire import Wire, build_session, checked_url

CONNECTION = Connection(
    "https://noord.example", "https://login.example/oauth/token", "noord", "claire", Secret("s3cret")
)
_PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104  nothing is bound
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
_PUBLIC = ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
#: All of them reach 127.0.0.1 where a resolver is asked.
_DISGUISED = ["127.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001"]


@pytest.mark.parametrize("address", _PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", _PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_in_every_wrapping(address: object) -> None:
    plain = is_public(str(address))
    assert is_public(f"::ffff:{address}") == plain
    assert is_public(f"64:ff9b::{address}") == plain


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7") | st.ip_addresses(v=6))
def test_what_urls_spell_out_is_judged_like_what_name_servers_say(address: object) -> None:
    text = str(address)
    url = f"https://[{text}]" if ":" in text else f"https://{text}"
    if is_public(text):
        assert checked_url(url) == url
    else:
        with pytest.raises(ConfigurationError):
            checked_url(url)


@pytest.mark.parametrize("dot", ["", "."])
@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "a.localhost", *(a for a in _PRIVATE if ":" not in a)]
)
def test_a_private_host_in_a_url_says_what_to_do(host: str, dot: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_url(f"https://{host}{dot}/tenant")
    assert caught.value.code is ErrorCode.CONFIGURATION
    assert "TWODRIVE_ALLOW_PRIVATE_ADDRESSES" in caught.value.next_step
    assert host not in str(caught.value)


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("host", _DISGUISED)
def test_a_number_in_disguise_is_no_address(host: str, allowed: bool) -> None:
    with pytest.raises(ConfigurationError):
        checked_url(f"https://{host}", allow_private=allowed)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.2", "[::1]:80", "localhost."])
def test_plain_http_is_for_this_machine_where_private_addresses_are_allowed(host: str) -> None:
    url = f"http://{host}"
    assert checked_url(url, allow_private=True) == url
    with pytest.raises(ConfigurationError):
        checked_url(url)


@pytest.mark.parametrize("host", ["10.0.0.1", "host.example", "localhost.evil.example", "[fe80::1]"])
def test_plain_http_never_leaves_this_machine(host: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_url(f"http://{host}", allow_private=True)


#: Each is refused by what it says, whatever a name server would make of it.
_REFUSED_URLS = [
    "http://noord.example",
    "ftp://noord.example",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https://user:pass@noord.example",
    "https://noord.example@127.0.0.1",
    "https://noord.example:pass@127.0.0.1",
    "https://localhost/oauth/token",
    "https://0/",
    "https://0x0/",
    "https://127.0.0.1:6379/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://2852039166/latest/meta-data/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[::]/",
    "https://[fe80::1%25lo]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1%2f.noord.example/",
    "https://127.0.0.1%00.noord.example/",
    "https://127\u30020\u30020\u30021/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://noord.example\\@127.0.0.1/",
    "https://noord.example#@127.0.0.1/",
    "https://noord.example?@127.0.0.1/",
    "//127.0.0.1/",
    "https:///127.0.0.1/",
]


@pytest.mark.parametrize("url", _REFUSED_URLS)
def test_neither_url_of_a_dealer_makes_a_worker_knock_anywhere(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    def nobody_asks(*_: object, **__: object) -> object:
        raise AssertionError("a name server was asked, or a socket connected")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_asks)
    monkeypatch.setattr(socket.socket, "connect", nobody_asks)
    with closing(Wire(build_session(1))) as wire:
        with pytest.raises(ConfigurationError) as by_base:
            wire.get(replace(CONNECTION, base_url=url), "/", {"Authorization": "Bearer t"}, Deadline.after(5))
        with pytest.raises(ConfigurationError) as by_token:
            wire.request_token(replace(CONNECTION, token_url=url), Deadline.after(5))
    for caught in (by_base, by_token):
        assert caught.value.code is ErrorCode.CONFIGURATION
        assert "https://host" in caught.value.next_step or "public https" in caught.value.next_step
