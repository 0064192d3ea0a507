"""The style sheet's colours, how they contrast, and how they look to the colour-blind."""

import re
from collections.abc import Sequence
from importlib.resources import files

__all__ = ["BLINDNESS", "contrast", "distance", "seen", "themes"]

RGB = tuple[float, float, float]

# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, A Physiologically-based Model for Simulation
# of Color Vision Deficiency, 2009: severity 1.0, to be applied to linear RGB.
BLINDNESS: dict[str, Sequence[RGB]] = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of the light and the dark theme by their names."""
    style = files("deployer.reports.page").joinpath("style.css").read_text("utf-8")
    light, dark = re.findall(r":root \{([^}]*--paper[^}]*--low[^}]*)\}", style)
    return {
        theme: dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6});", found))
        for theme, found in (("light", light), ("dark", dark))
    }


def _linear(colour: str) -> RGB:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    lights = []
    for colour in (one, other):
        red, green, blue = _linear(colour)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    dark, light = sorted(lights)
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, blindness: str) -> RGB:
    """Return the CIE L*a*b* (D65) of what somebody with `blindness` sees."""
    rgb = _linear(colour)
    red, green, blue = (
        min(max(sum(m * c for m, c in zip(row, rgb, strict=True)), 0.0), 1.0)
        for row in BLINDNESS[blindness]
    )
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (
        c ** (1 / 3) if c > 216 / 24389 else (24389 / 27 * c + 16) / 116 for c in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: str, other: str, blindness: str) -> float:
    """Return the CIE76 difference of two colours; about 2.3 is just noticeable."""
    pairs = zip(seen(one, blindness), seen(other, blindness), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)
