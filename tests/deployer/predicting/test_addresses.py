import pytest

from deployer.errors import UsageError
from deployer.predicting.address import Address, is_url, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:8080", Address("http://h:8080")),
        ("HTTPS://h/", Address("https://h")),
        ("https://h/v2", Address("https://h")),
        ("https://h/some/prefix/", Address("https://h/some/prefix")),
        ("https://h/v2/models/m", Address("https://h", "m")),
        ("https://h/p/v2/models/m/infer", Address("https://h/p", "m")),
        ("https://h/v2/models/m/versions/3/", Address("https://h", "m", "3")),
        ("https://h/v2/models/a%20b", Address("https://h", "a b")),
        ("http://[::1]:80/v2/models/m", Address("http://[::1]:80", "m")),
    ],
)
def test_what_a_url_names(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    ["ftp://h", "http://", "h:80", "http://h:99999", "http://h:0", "http://h?a=b", "http://h#a",
     "http://[::1", "http://h/v2/models/m/n", "http://h/v2/models/m/versions"],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError):
        parse_address(url)


@pytest.mark.parametrize(
    "url", ["https://user:s3cret@h", "http://s3cret@h/v2/models/m", "http://h?token=s3cret"]
)
def test_secrets_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as seen:
        parse_address(url)
    assert "s3cret" not in f"{seen.value} {seen.value.hint}"


def test_paths() -> None:
    address = Address("https://h", "m", "3")
    assert address.path(model="a b/c", action="/infer") == "/v2/models/a%20b%2Fc/versions/3/infer"
    assert Address("https://h").path(model="m") == "/v2/models/m"


def test_where_a_key_may_be_read() -> None:
    urls = (
        "https://h",
        "http://localhost",
        "http://127.0.0.2:1",
        "http://[::1]",
        "http://a.localhost",
    )
    assert all(Address(url).secure for url in urls)
    assert not any(
        Address(url).secure for url in ("http://h", "http://10.0.0.1", "http://127.0.0.1.evil")
    )


def test_what_is_a_url() -> None:
    assert is_url("http://h")
    assert is_url("HTTPS://h")
    assert not any(map(is_url, ("model/", "penguins@champion", "./http://h", "s3://b")))
