"""Which addresses lie in denied networks."""

import pytest

from clipmill import networks


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::1", "loopback"),
        ("::", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00:ec2::254", "private"),
        ("224.0.0.251", "multicast"),
        ("255.255.255.255", "multicast"),
        ("ff02::fb", "multicast"),
    ],
)
def test_each_word_denies_its_addresses_however_they_are_wrapped(address: str, word: str) -> None:
    assert networks.denial(address, networks.read([word])) == word
    assert networks.denial(address, networks.read(set(networks.WORDS) - {word})) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "172.32.0.1", "64:ff9b::8.8.8.8"])
def test_the_internet_is_denied_by_none(address: str) -> None:
    assert networks.denial(address, networks.read(networks.WORDS)) is None


def test_a_cidr_is_named_as_the_operator_wrote_it() -> None:
    denied = networks.read(["2001:db8::/32", "198.51.100.0/24"])
    assert networks.denial("198.51.100.7", denied) == "198.51.100.0/24"
    assert networks.denial("::ffff:198.51.100.7", denied) == "198.51.100.0/24"
    assert networks.denial("198.51.101.7", denied) is None


@pytest.mark.parametrize("word", ["intranet", "10.0.0.1/8", "10.0.0.0/33", "link_local"])
def test_a_word_that_is_no_network_is_refused_with_what_to_write(word: str) -> None:
    with pytest.raises(ValueError, match=r"write a network such as .*link-local"):
        networks.read([word])


@pytest.mark.parametrize("address", ["localhost", "2130706433", "0x7f.1", ""])
def test_what_is_no_numeric_address_is_not_guessed_at(address: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        networks.denial(address, networks.read(["loopback"]))
