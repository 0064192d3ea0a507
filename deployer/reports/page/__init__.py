"""Blocks to one HTML page that needs no network, no script and nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from deployer.reports.blocks import Section
from deployer.reports.charts.svg import Svg
from deployer.reports.charts.text import clean, named

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render_page"]

_WORD = 22
"""Letters in a row that are not broken in a table's cell."""


def render_page(
    *,
    title: str,
    subtitle: str,
    verdict: str,
    tone: str,
    figures: Sequence[tuple[str, str, str]],
    sections: Sequence[Section],
    styles: Sequence[str] = ("style.css",),
) -> str:
    """Return the page.

    Nothing but its own style is allowed by its Content-Security-Policy, and that by digest:
    no script, image, font, frame, form or address, even if one ever came in.

    Args:
        title: of the page.
        subtitle: what it is about, in a line.
        verdict: what it comes to, in a sentence or two.
        tone: of the verdict: ``good``, ``unsure`` or ``bad``.
        figures: a name, a number and what is beside it, of the few that matter most.
        sections: in order; those without blocks are left out.
        styles: its style sheets, of this package.

    """
    style = "\n".join(map(_file, styles))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown = [section for section in sections if section.blocks]
    return (
        _template().render(
            title=title,
            subtitle=subtitle,
            verdict=verdict,
            tone=tone,
            figures=figures,
            sections=shown,
            style=_safe(style),
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'",
        )
        + "\n"
    )


@cache
def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8").strip()


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow to import

    environment = Environment(
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = _safe
    environment.filters["named"] = named
    environment.filters["wide"] = lambda cell: max(map(len, cell.split()), default=0) > _WORD
    environment.tests["block"] = lambda value, name: type(value).__name__ == name
    return environment.from_string(_file("page.html.j2"))


def _finalize(value: Any) -> Any:
    """Clean whatever text the template prints; what is marked safe is clean already."""
    return clean(value) if type(value) is str else value


def _safe(svg: Svg | str) -> str:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(svg)  # noqa: S704 - escaped where it was made, or our own style sheet
