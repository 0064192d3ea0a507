"""``deployer repair``."""

from collections import Counter

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.places import keep_out
from deployer.cli.progress import CloudProgress
from deployer.cli.verify import all_configured, defect_document, print_defects
from deployer.config import Settings, state_dir
from deployer.errors import (
    CloudError,
    CredentialsError,
    DamagedError,
    DeployerError,
    ExitCode,
    FailedError,
    PartialError,
    PolicyError,
)
from deployer.registry.cloud import Cloud
from deployer.registry.format.keys import Kind, place_of
from deployer.registry.format.names import parse_reference
from deployer.upkeep.judge import Problem
from deployer.upkeep.plan import CloudPlan
from deployer.upkeep.repair import Repaired
from deployer.upkeep.repair import repair as bring

__all__ = ["repair"]

FIELDS = {
    Kind.BLOB: "blobs",
    Kind.MANIFEST: "manifests",
    Kind.VERSION: "versions",
    Kind.DELETION: "deletions",
    Kind.ENTRY: "log_entries",
    Kind.ALIAS: "aliases",
    Kind.MARKER: "markers",
}


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be copied; write nothing.")
@click.option("--quick", is_flag=True, help="Trust sizes and recorded digests of what is there.")
@shared_options
@cloud_options
def repair(
    references: tuple[str, ...],
    *,
    dry_run: bool,
    quick: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Bring every cloud what it lacks, and what is damaged there, from a cloud that has it right.

    Everything is read and hashed first. What is missing is created; what is proven damaged is
    replaced, and nothing else is touched. Clouds that diverged are reported and left as they are.
    Interrupted? Run the same command again: what was brought is not brought again.

    Exits with 11 if something is whole on no cloud or clouds diverged, with 4 if a cloud did not
    answer, with 10 if one is still behind.

    \b
    Examples:
      deployer repair
      deployer repair --dry-run
      deployer repair penguins:3 --clouds aws,gcp
      deployer repair --quick -o json
    """  # noqa: D301 - click wants the backspace itself
    names = [cloud.name for cloud in clouds]
    parsed = [parse_reference(each) for each in references]
    with audited(output, "repair", clouds=names) as act:
        if len(parsed) == 1:
            act.model, act.version = parsed[0].name, parsed[0].version
        with CloudProgress(output) as progress:
            repaired = bring(
                clouds,
                probes=state_dir() / "probes",
                watcher=progress,
                references=parsed,
                quick=quick,
                dry_run=dry_run,
                complete=all_configured(clouds, settings),
                keep_out=keep_out(settings),
            )
        act.detail = "dry run" if dry_run else _summary(repaired)
        if output.json:
            output.emit(_document(repaired, dry_run=dry_run))
        else:
            _print(repaired, output, dry_run=dry_run)
        error = _error(repaired, named=bool(references))
        if error is not None:
            raise error


def _planned(repaired: Repaired, name: str) -> Counter[Kind]:
    plan = repaired.plans[name]
    counts = Counter(task.kind for task in plan.tasks)
    counts[Kind.ALIAS] += sum(log.moves for log in plan.logs.values())
    counts[Kind.MARKER] += name in repaired.markers
    return counts


def _sources(plan: CloudPlan) -> dict[str, tuple[int, int]]:
    """Return how many contents each cloud would serve, and their bytes."""
    found: dict[str, tuple[int, int]] = {}
    for task in plan.blobs:
        count, size = found.get(task.sources[0], (0, 0))
        found[task.sources[0]] = (count + 1, size + task.size)
    return found


def _line(repaired: Repaired, name: str, *, dry_run: bool) -> dict[str, object]:
    done = repaired.brought.get(name)
    counts = _planned(repaired, name) if dry_run else done.counts if done else Counter()
    plan = repaired.plans[name]
    would = sum(task.seen is not None for task in plan.tasks)
    line: dict[str, object] = {field: counts[kind] for kind, field in FIELDS.items()}
    line["bytes"] = plan.size if dry_run else done.size if done else 0
    line["replaced"] = would if dry_run else done.replaced if done else 0
    line["kept_out"] = sum(cloud == name for cloud, _, _ in repaired.kept_out)
    if dry_run:
        line["from"] = {
            source: {"blobs": count, "bytes": size}
            for source, (count, size) in _sources(plan).items()
        }
    return line


def _document(repaired: Repaired, *, dry_run: bool) -> dict[str, object]:
    return {
        "home": repaired.verified.identity.home,
        "dry_run": dry_run,
        "clouds": {name: _line(repaired, name, dry_run=dry_run) for name in repaired.plans},
        "lost": [defect_document(defect) for defect in repaired.lost],
        "left": [defect_document(defect) for defect in repaired.left],
        "failed": [
            {"cloud": name, "key": key, "message": str(error)}
            for name, done in repaired.brought.items()
            for key, error in done.failed.items()
        ],
        "unreachable": {name: str(error) for name, error in repaired.failed.items()},
        "kept_out": [
            {"cloud": cloud, "version": _version(key), "reason": why}
            for cloud, key, why in repaired.kept_out
        ],
        "exit_code": int(repaired.code),
    }


def _version(key: str) -> str:
    place = place_of(key)
    return f"{place.model}:{place.number}" if place else key


def _print(repaired: Repaired, output: Output, *, dry_run: bool) -> None:
    rows: list[list[object]] = []
    for name in repaired.plans:
        line = _line(repaired, name, dry_run=dry_run)
        records = sum(int(str(line[field])) for field in FIELDS.values()) - int(str(line["blobs"]))
        size = human_bytes(int(str(line["bytes"])))
        row: list[object] = [name, line["blobs"], size, records, line["replaced"]]
        rows.append([*row, _from(repaired.plans[name])] if dry_run else row)
    titles = ["cloud", "contents", "bytes", "records", "replaced"]
    title = "Would be brought" if dry_run else None
    output.table([*titles, "from"] if dry_run else titles, rows, title=title)
    print_defects([*repaired.lost, *repaired.left], output)
    for cloud, key, why in repaired.kept_out:
        output.warn(f"{_version(key)} is kept out of {cloud}: {why}")
    for name, done in repaired.brought.items():
        for key, error in done.failed.items():
            output.warn(f"{name}: {key} could not be brought: {error}")
    for name, failure in repaired.failed.items():
        output.warn(f"{name} was not repaired: {failure}")
    if not dry_run and repaired.code == ExitCode.OK:
        output.done(f"all clouds are whole and agree: {_summary(repaired)}")


def _from(plan: CloudPlan) -> str:
    found = _sources(plan).items()
    return ", ".join(f"{source}: {count}, {human_bytes(size)}" for source, (count, size) in found)


def _summary(repaired: Repaired) -> str:
    counts = {name: sum(done.counts.values()) for name, done in repaired.brought.items()}
    brought = [f"{_objects(count)} to {name}" for name, count in counts.items() if count]
    return f"brought {', '.join(brought)}" if brought else "nothing had to be brought"


def _error(repaired: Repaired, *, named: bool) -> DeployerError | None:
    if repaired.code != ExitCode.OK:
        message, where, hint = _worst(repaired)
        return _ERRORS.get(repaired.code, FailedError)(message, where=where, hint=hint)
    if named and repaired.kept_out:
        cloud, key, why = repaired.kept_out[0]
        return PolicyError(
            f"{_version(key)} is kept out of {cloud}: {why}",
            hint="leave the cloud out, or change the rule that the version was published under",
            digest=repaired.manifest_of(key),
        )
    return None


def _worst(repaired: Repaired) -> tuple[str, str, str]:
    """Return what to say, where, and what to do, of a repair that did not repair everything."""
    if repaired.lost:
        first = repaired.lost[0]
        away = " that could be looked at" if repaired.failed else ""
        count = len({defect.key for defect in repaired.lost})
        verb = "is" if count == 1 else "are"
        what = f"{_objects(count)} {verb} whole on no cloud{away}; everything else was dealt with"
        hint = "publish the version again from its source, or restore the object from a backup"
        return what, f"{first.cloud}: {first.key}", hint
    wrong = [each for each in repaired.left if each.problem != Problem.BEHIND] or repaired.left
    if wrong:
        first = wrong[0]
        what = f"left as found: {_objects(len(wrong))}; the first: {first.detail}"
        return what, f"{first.cloud}: {first.key}", first.hint
    for name, error in repaired.failed.items():
        hint = error.hint or "repeat the command when it answers"
        return f"not repaired: {error.message}", name, hint
    failed = {
        key: error for done in repaired.brought.values() for key, error in done.failed.items()
    }
    for key, error in failed.items():
        what = f"could not bring {_objects(len(failed))}; the first: {error.message}"
        return what, key, error.hint or "repeat the command"
    apart = min(repaired.verified.identity.apart)
    standing = repaired.verified.identity.standings[apart]
    return f"left as it is: {standing.detail}", apart, standing.hint


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"


_ERRORS: dict[ExitCode, type[DeployerError]] = {
    ExitCode.INTEGRITY: DamagedError,
    ExitCode.UNAVAILABLE: CloudError,
    ExitCode.CREDENTIALS: CredentialsError,
    ExitCode.PARTIAL: PartialError,
}
