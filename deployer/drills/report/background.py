"""What stands behind the figures: the scenario, the run, and what words mean. Pure."""

from deployer.drills.report.model import Report
from deployer.drills.report.phrases import seconds_words
from deployer.reports.blocks import Block, Facts, Section, Table

__all__ = ["definitions_section", "run_section", "scenario_section", "stamp"]


def stamp(wall: str) -> str:
    """Return a moment in UTC to the second, such as ``2026-11-23 09:05:11 UTC``."""
    return f"{wall[:10]} {wall[11:19]} UTC" if len(wall) > 19 else wall  # noqa: PLR2004


def scenario_section(report: Report) -> Section:
    """Return what was rehearsed, and why."""
    about = report.scenario
    estate, load = about.estate, about.load
    pairs = [
        ("Why", about.why),
        ("Must happen", about.must),
        ("Scope", about.scope or "what the estate below says"),
        ("Not part of it", about.excluded or "nothing was excluded expressly"),
        ("Proves", ", ".join(about.protects) or "no protection by name"),
        ("Clouds", ", ".join(map(str, estate.get("clouds", ())))),
        ("Endpoints", _endpoints(report)),
    ]
    if report.figures.requests:
        pairs.append(
            ("Load", f"{load.get('rate'):g} requests a second, open loop: none waits for another")
        )
        pairs.append(("A request fails after", seconds_words(load.get("give_up"))))
    return Section(key="scenario", title="The scenario", blocks=[Facts(pairs=pairs)])


def _endpoints(report: Report) -> str:
    found = report.scenario.estate.get("endpoints", ())
    shown = [
        f"{each['name']} ({each['cloud']}, priority {each['priority']}"
        f"{'' if each.get('routed', True) else ', kept aside'})"
        for each in found
    ]
    proxy = report.scenario.estate.get("proxy", "")
    return f"{', '.join(shown)} behind {proxy}" if shown else "none"


def run_section(report: Report) -> Section:
    """Return when it was run, by whom, and with what."""
    run = report.run
    pairs = [
        ("Began", run.began),
        ("Ended", run.ended),
        ("First fault", run.fault or "none"),
        ("Took", seconds_words(run.seconds)),
        ("Against", "emulators on one machine" if run.where == "emulators" else "staging"),
        ("Operator", run.operator or "not known"),
        ("Platform", run.platform or "not known"),
        ("Commit", run.commit or "not known"),
    ]
    details = _flat(run.details)
    codes = frozenset({"Commit", *(name for name, value in details if len(value) == 64)})  # noqa: PLR2004
    blocks: list[Block] = [Facts(pairs=[*pairs, *details], code=codes)]
    if run.versions:
        blocks.append(
            Table(
                caption="Software",
                head=("Software", "Version"),
                rows=list(run.versions.items()),
                text=2,
            )
        )
    if run.configuration:
        blocks.append(
            Table(
                caption="Configuration that was tested",
                head=("File", "SHA-256"),
                rows=list(run.configuration.items()),
                text=2,
            )
        )
    return Section(key="run", title="How it was run", blocks=blocks)


def _flat(details: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in details.items():
        shown = f"{prefix}{name}"
        if isinstance(value, dict):
            found += _flat(value, f"{shown}: ")
        elif isinstance(value, list | tuple):
            found.append((shown, ", ".join(map(str, value))))
        else:
            found.append((shown, str(value)))
    return found


def definitions_section(report: Report) -> Section:
    """Return what the words of the page mean."""
    by_checks = report.figures.recovered_by == "checks"
    rto = (
        "from the first fault until the last command of the recovery had ended and all checks "
        "after it passed (this drill has no endpoints that could be asked)"
        if by_checks
        else "from the first fault until the first of 50 consecutive right answers after the last "
        "failed request: right is status 200 from a version whose digest is accepted; if none "
        "failed, until the first request after the fault was answered"
    )
    pairs = [
        ("RTO", rto),
        (
            "RPO",
            (
                "publishes that were acknowledged and are not whole, with the same digest, on every "
                "cloud that was acknowledged; their age is from the acknowledgement to the fault. "
                "One that all of these hold under another number is not lost, and is told"
            ),
        ),
        (
            "Failed request",
            (
                "one without an answer of an accepted version before it was given up, counted from the "
                "moment when it was due"
            ),
        ),
        (
            "Times",
            "seconds of one machine's monotonic clock, from the first fault; a minus is before it",
        ),
        ("Percentiles", "by nearest rank, failed requests included"),
    ]
    return Section(key="definitions", title="What the figures mean", blocks=[Facts(pairs=pairs)])
