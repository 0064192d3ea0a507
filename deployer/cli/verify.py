"""``deployer verify``."""

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.places import keep_out
from deployer.cli.progress import CloudProgress
from deployer.cli.trust import signature_check
from deployer.config import Settings
from deployer.errors import CloudError, DamagedError, DeployerError, ExitCode, PartialError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.upkeep.judge import Defect, Problem
from deployer.upkeep.verify import Cell, Row, Verified
from deployer.upkeep.verify import verify as look

__all__ = ["all_configured", "defect_document", "print_defects", "verify"]

MAX_ROWS = 100
MAX_DEFECTS = 20


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option("--all-clouds", is_flag=True, help="Every cloud, compared with each other.")
@click.option("--quick", is_flag=True, help="Compare sizes and recorded digests; read no content.")
@shared_options
@cloud_options
def verify(
    references: tuple[str, ...],
    *,
    all_clouds: bool,
    quick: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Read and hash everything that is stored, and say what is wrong with it.

    Without REF the whole registry, else these versions alone. One cloud, the first of --clouds,
    unless --all-clouds is given: then they are also compared with each other. Nothing is written.

    Exits with 10 if a cloud is behind or lacks something, with 11 if something is damaged or clouds
    diverged, with 4 if a cloud did not answer.

    \b
    Examples:
      deployer verify
      deployer verify --all-clouds
      deployer verify penguins@champion --all-clouds --quick
      deployer verify --all-clouds -o json | jq '.findings[]'
    """  # noqa: D301 - click wants the backspace itself
    chosen = clouds if all_clouds else clouds[:1]
    with CloudProgress(output) as progress:
        verified = look(
            chosen,
            watcher=progress,
            references=[parse_reference(each) for each in references],
            quick=quick,
            complete=all_configured(chosen, settings),
            keep_out=keep_out(settings),
            check_signature=signature_check(settings),
        )
    if output.json:
        output.emit(_document(verified, quick=quick))
    else:
        _print(verified, output)
    error = _error(verified)
    if error is not None:
        raise error


def all_configured(clouds: Sequence[Cloud], settings: Settings) -> bool:
    """Tell whether these are all clouds that the user has."""
    return {cloud.name for cloud in clouds} >= settings.clouds.keys()


def _document(verified: Verified, *, quick: bool) -> dict[str, object]:
    counts = verified.identity.counts
    return {
        "registry": counts.registry if counts else None,
        "home": verified.identity.home,
        "epoch": counts.epoch if counts else None,
        "quick": quick,
        "clouds": {
            name: {"objects": count, "bytes": size}
            for name, (count, size) in verified.sizes.items()
        },
        "rows": [
            {"name": row.name, "clouds": {name: _cell(cell) for name, cell in row.cells.items()}}
            for row in verified.rows()
        ],
        "findings": [defect_document(defect) for defect in verified.defects],
        "exit_code": int(verified.code),
    }


def _cell(cell: Cell) -> dict[str, object]:
    return {"state": str(cell.state), "objects": cell.objects}


def defect_document(defect: Defect) -> dict[str, str]:
    """Return a defect for programs."""
    return {
        "cloud": defect.cloud,
        "key": defect.key,
        "problem": str(defect.problem),
        "detail": defect.detail,
        "hint": defect.hint,
    }


def _print(verified: Verified, output: Output) -> None:
    rows, fine = _to_show(verified.rows())
    if rows:
        output.table(
            ["version", *verified.clouds],
            [[row.name, *(_text(row.cells[name]) for name in verified.clouds)] for row in rows],
        )
    if fine:
        output.out.print(f"{fine} more versions and aliases are ✓", markup=False)
    print_defects(verified.defects, output)
    for name, (count, size) in verified.sizes.items():
        output.done(f"{name}: looked at {count} objects, {human_bytes(size)}")


def _to_show(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """Return rows to print, those with a problem first in line, and how many are left out."""
    shown: list[Row] = []
    whole: list[Row] = []
    fine = 0
    for row in rows:
        if any(cell.state != "ok" for cell in row.cells.values()):
            shown.append(row)
        elif len(whole) < MAX_ROWS:
            whole.append(row)
        else:
            fine += 1
    kept = whole[: max(0, MAX_ROWS - len(shown))]
    return shown + kept, fine + len(whole) - len(kept)


def _text(cell: Cell) -> str:
    if cell.state == "ok":
        return "✓"
    if cell.objects:
        return f"✗ {cell.objects} {cell.state}"
    wrong = cell.state in (Problem.DAMAGED, Problem.DIVERGED)
    return f"✗ {cell.state}" if wrong else str(cell.state)


def print_defects(defects: Sequence[Defect], output: Output) -> None:
    """Print the worst of what is wrong, and how much more there is."""
    if not defects:
        return
    output.table(
        ["cloud", "problem", "object", "what is wrong", "what to do"],
        [
            [each.cloud, each.problem, each.key or "the whole cloud", each.detail, each.hint]
            for each in defects[:MAX_DEFECTS]
        ],
    )
    if len(defects) > MAX_DEFECTS:
        more = len(defects) - MAX_DEFECTS
        output.out.print(f"and {more} more: see them all with -o json", markup=False)


def _error(verified: Verified) -> DeployerError | None:
    if verified.code == ExitCode.OK:
        return None
    defects = verified.defects
    counts = Counter(defect.problem for defect in defects)
    summary = ", ".join(
        f"{counts[problem]} {problem}"
        for problem in Problem
        if counts[problem] and problem not in (Problem.UNREACHABLE, Problem.STRANGE)
    )
    if verified.survey.failed:
        away = f"{', '.join(verified.survey.failed)} could not be looked at"
        summary = f"{summary}; {away}" if summary else away
    worst = defects[0]
    where = f"{worst.cloud}: {worst.key}" if worst.key else worst.cloud
    return _ERRORS[verified.code](summary, where=where, hint=worst.hint)


_ERRORS: dict[ExitCode, type[DeployerError]] = {
    ExitCode.INTEGRITY: DamagedError,
    ExitCode.UNAVAILABLE: CloudError,
    ExitCode.PARTIAL: PartialError,
}
