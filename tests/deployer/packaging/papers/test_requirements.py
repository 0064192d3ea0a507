"""The locked requirements: complete, exact, and true of the environment that wrote them."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deployer.errors import UsageError
from deployer.packaging.papers.requirements import GROUPS, closure, locked, normal


def pins(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            assert not requirement.extras
            found[requirement.name] = pin.version
    return found


def test_every_pin_is_what_is_installed() -> None:
    found = pins(locked())
    assert {"numpy", "onnxruntime", "scikit-learn", "skops", "pandas", "scipy"} <= set(found)
    for name, version in found.items():
        assert metadata.version(name) == version
        assert normal(name) == name


def test_what_a_pinned_package_needs_is_pinned_and_satisfied() -> None:
    found = pins(locked())
    for name in found:
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                version = found[normal(needed.name)]
                assert needed.specifier.contains(version, prereleases=True), (name, line)


def test_the_first_group_is_enough_by_itself() -> None:
    both = locked()
    alone = pins(locked(["serve"]))
    assert list(alone) == sorted(alone)
    assert set(alone) == set(closure(GROUPS["serve"]))
    assert "scikit-learn" not in alone
    first, _, second = both.partition("# retrain:")
    second = f"#{second}"
    assert pins(first) == alone
    assert list(pins(second)) == sorted(pins(second))
    assert not set(pins(second)) & set(alone)
    assert set(pins(both)) == set(closure([*GROUPS["serve"], *GROUPS["retrain"]]))


def test_the_text_is_the_same_each_time_and_names_its_python() -> None:
    assert locked() == locked()
    assert f"# Python {'.'.join(map(str, sys.version_info[:3]))};" in locked()


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(UsageError, match="'training'"):
        locked(["training"])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of packages of the test's own, found before the others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(place: Path, name: str, version: str, *requires: str) -> None:
    folder = place / f"{name}-{version}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")


def test_extras_markers_and_circles_are_followed(installed: Path) -> None:
    install(
        installed,
        "Made_Up.one",
        "1.0+cpu",
        'made-up-two[fast,Loud_Extra]>=1 ; python_version > "3"',
        'made-up-never ; python_version < "3"',
        'made-up-never ; extra == "test"',
    )
    install(
        installed,
        "made_up_two",
        "2.0",
        'made-up-three ; extra == "fast"',
        'made-up-four ; extra == "loud-extra"',
        'made-up-never ; extra == "slow"',
    )
    install(installed, "made_up_three", "3.0", "Made-Up-One")
    install(installed, "made_up_four", "4.0", "made-up-two[slower]", "made-up-absent")
    found = closure(["made_up.one"])
    assert {name: each.version for name, each in found.items()} == {
        "made-up-absent": "",
        "made-up-four": "4.0",
        "made-up-one": "1.0+cpu",
        "made-up-three": "3.0",
        "made-up-two": "2.0",
    }
    assert found["made-up-one"].needs == ("made-up-two",)
    assert found["made-up-two"].needs == ("made-up-four", "made-up-three")
    assert found["made-up-three"].needs == ("made-up-one",)
    assert found["made-up-four"].needs == ("made-up-absent", "made-up-two")


@pytest.mark.parametrize("needs", [("made-up-b", "made-up-c"), ("made-up-c", "made-up-b")])
def test_an_extra_asked_for_later_is_followed_too(installed: Path, needs: tuple[str, ...]) -> None:
    install(installed, "made_up_a", "1", *needs)
    install(installed, "made_up_b", "1", 'made-up-d ; extra == "more"')
    install(installed, "made_up_c", "1", "made-up-b[more]")
    install(installed, "made_up_d", "1")
    assert set(closure(["made-up-a"])) == {f"made-up-{each}" for each in "abcd"}


def test_what_is_not_installed_is_a_comment(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(installed, "made_up_e", "1", "made-up-absent")
    monkeypatch.setattr(
        "deployer.packaging.papers.requirements.GROUPS", {"serve": ("made-up-e",), "retrain": ()}
    )
    lines = locked(["serve"]).splitlines()
    assert lines[-2:] == ["# made-up-absent: not installed", "made-up-e==1"]
