"""What is wrong with the data."""

from deployer.packaging.documents import ModelDocument
from deployer.reports.blocks import Block, Fold, Note, Section, Table

__all__ = ["quality_section"]

_MOST = 10


def quality_section(document: ModelDocument) -> Section:
    """Return what the quality report found, warnings first, and the columns left out."""
    findings = sorted(document.training.findings, key=lambda each: each.level != "warning")
    notes: list[Block] = [
        Note(
            level=each.level,
            title=each.column or "",
            text=each.message,
            advice=each.advice,
        )
        for each in findings
    ]
    blocks = notes[:_MOST]
    if notes[_MOST:]:
        blocks.append(Fold(title=f"{len(notes) - _MOST} more findings", blocks=notes[_MOST:]))
    ignored = document.training.ignored
    if ignored:
        blocks.append(
            Table(
                caption="Columns left out",
                head=("Column", "Why"),
                rows=[(each.name, each.reason) for each in ignored],
                text=2,
                folded=len(ignored) > _MOST,
            )
        )
    return Section(key="quality", title="Data quality", blocks=blocks)
