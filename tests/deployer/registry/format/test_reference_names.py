"""References, model names and aliases: what is taken, what is refused, and that nothing else happens."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.registry.format.names import Reference, check_alias, check_name, parse_reference

DIGEST = "0123456789abcdef" * 4
ALLOWED = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")

names = st.from_regex(ALLOWED, fullmatch=True).filter(lambda name: ".." not in name)
aliases = names.filter(lambda name: not name.isdigit())
references = st.one_of(
    st.builds(lambda name: Reference(name, alias="latest"), names),
    st.builds(Reference, names, version=st.integers(1, 99_999_999)),
    st.builds(lambda name, alias: Reference(name, alias=alias), names, aliases),
    st.builds(
        lambda name, digest: Reference(name, digest=digest),
        names,
        st.text("0123456789abcdef", min_size=64, max_size=64),
    ),
)


@settings(deadline=None)
@given(references)
def test_a_reference_printed_and_parsed_is_the_same(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference


@settings(deadline=None)
@given(st.text(max_size=80) | st.text("az09._-:@sha256 /\\\n", max_size=80))
@example("penguins\n")
@example("penguins:٣")
@example("penguins:1_000")
@example("penguins: 1")
@example("penguins:+1")
@example("penguins@champion\n")
def test_any_text_is_a_reference_or_a_usage_error(text: str) -> None:
    refusal: UsageError | None = None
    try:
        reference = parse_reference(text)
    except UsageError as error:
        refusal = error
    if refusal is not None:
        assert refusal.hint
        assert "\n" not in str(refusal)
        return
    assert ALLOWED.fullmatch(reference.name)
    assert ".." not in reference.name
    told = [reference.version, reference.alias, reference.digest]
    assert sum(value is not None for value in told) == 1
    assert text in {str(reference), reference.name} or reference.version


@settings(deadline=None)
@given(st.text(max_size=70))
def test_names_and_aliases_are_those_of_the_format(text: str) -> None:
    fits = bool(ALLOWED.fullmatch(text)) and ".." not in text
    for check, wanted in ((check_name, fits), (check_alias, fits and not text.isdigit())):
        try:
            assert check(text) == text
            assert wanted
        except UsageError:
            assert not wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("penguins", Reference("penguins", alias="latest")),
        ("penguins@champion", Reference("penguins", alias="champion")),
        ("penguins:3", Reference("penguins", version=3)),
        ("penguins:00000003", Reference("penguins", version=3)),
        ("penguins:99999999", Reference("penguins", version=99_999_999)),
        (f"penguins@sha256:{DIGEST}", Reference("penguins", digest=DIGEST)),
        ("a", Reference("a", alias="latest")),
        ("a.b-c_d", Reference("a.b-c_d", alias="latest")),
        ("p@sha256", Reference("p", alias="sha256")),
        ("a" * 63, Reference("a" * 63, alias="latest")),
    ],
)
def test_taken(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@champion",
        ":3",
        "penguins:",
        "penguins@",
        "penguins:0",
        "penguins:-1",
        "penguins:100000000",
        "penguins:1.0",
        "penguins:three",
        "penguins:³",
        "penguins:" + "9" * 5000,
        "penguins@3",
        "penguins@sha256:",
        f"penguins@sha256:{DIGEST[:-1]}",
        f"penguins@sha256:{DIGEST}0",
        f"penguins@sha256:{DIGEST.upper()}",
        f"penguins@sha256:{DIGEST}\n",
        f"penguins:3@sha256:{DIGEST}",
        "penguins@champion:3",
        "penguins:3@champion",
        "penguins@@champion",
        "Penguins",
        "pengüins",
        "penguins/adelie",
        "../penguins",
        "a..b",
        ".hidden",
        "trailing.",
        "-flag",
        "a b",
        "a\x00b",
        "a\\b",
        "penguins\n",
        "a" * 64,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)
