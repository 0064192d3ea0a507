"""The palette: text can be read, series told apart, shades ordered, by everybody in both themes."""

from itertools import combinations, pairwise

import pytest

from tests.deployer.reports.colour_kit import BLINDNESS, contrast, distance, seen, themes

THEMES = themes()
SERIES = [f"s{i}" for i in range(5)]
TEXT = 4.5  # WCAG 2.2, 1.4.3
GRAPHICS = 3.0  # 1.4.11


def test_the_measures_are_the_published_ones() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert seen("#ffffff", "none") == pytest.approx((100, 0, 0), abs=0.01)
    assert seen("#ff0000", "none") == pytest.approx((53.24, 80.09, 67.20), abs=0.02)
    # Red and green of one lightness are what the palette must do without.
    confused = ("#a05a00", "#5d7a00")
    assert distance(*confused, "deuteranopia") < 0.5 * distance(*confused, "none")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_text_can_be_read(theme: str, ground: str) -> None:
    colours = THEMES[theme]
    for name in ("ink", "soft", "accent", "good", "unsure", "bad", *SERIES):
        assert contrast(colours[name], colours[ground]) >= TEXT, (name, ground)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ramp", ["r", "w"])
def test_numbers_can_be_read_on_every_shade(theme: str, ramp: str) -> None:
    colours = THEMES[theme]
    for i in range(10):
        words = colours["low" if i < 6 else "high"]
        assert contrast(words, colours[f"{ramp}{i}"]) >= TEXT, (ramp, i)
    assert contrast(colours["soft"], colours[f"{ramp}0"]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_series_can_be_told_apart(theme: str, blindness: str) -> None:
    colours = THEMES[theme]
    for one, other in combinations(SERIES, 2):
        assert distance(colours[one], colours[other], blindness) >= 12, (one, other)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("ramp", ["r", "w"])
def test_shades_are_ordered_by_lightness(theme: str, blindness: str, ramp: str) -> None:
    shades = [seen(THEMES[theme][f"{ramp}{i}"], blindness)[0] for i in range(10)]
    falling = theme == "light"
    for lighter, darker in pairwise(shades if falling else shades[::-1]):
        assert lighter > darker


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_right_and_wrong_can_be_told_apart(theme: str, blindness: str) -> None:
    colours = THEMES[theme]
    for i in range(2, 10):
        assert distance(colours[f"r{i}"], colours[f"w{i}"], blindness) >= 11, i


def test_series_differ_by_more_than_colour() -> None:
    from importlib.resources import files
    from re import findall

    style = files("deployer.reports.page").joinpath("style.css").read_text("utf-8")
    dashes = findall(
        r"svg \.line\.s(\d)[^{]*\{ stroke: var\(--s\d\);( stroke-dasharray: [^;]+;)?", style
    )
    assert len(dashes) == len({dash for _, dash in dashes}) == 5
