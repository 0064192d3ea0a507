"""How the commands of the router print what they found."""

from typing import TYPE_CHECKING

from deployer.cli.output import Output
from deployer.errors import ExitCode, PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.routing.checking import Checked
    from infra.router.lint import Finding
    from infra.router.model import Router

__all__ = ["print_checks", "print_findings", "report_findings"]

SHORT = 12


def report_findings(router: "Router", output: Output) -> None:
    """Print what the lint finds on stderr.

    Raises:
        PolicyError: an error is among it.

    """
    from infra.router.lint import lint_router  # noqa: PLC0415 - not needed for --help

    findings = lint_router(router)
    for each in findings:
        output.warn(f"{each.rule} ({each.severity}): {each.message} — {each.hint}")
    errors = [each for each in findings if each.severity == "error"]
    if errors:
        raise PolicyError(errors[0].message, where=errors[0].rule, hint=errors[0].hint)


def print_findings(findings: "Sequence[Finding]", output: Output) -> None:
    """Print findings as the result."""
    if output.json:
        output.emit([each._asdict() for each in findings])
    elif findings:
        rows = [[each.severity, each.rule, each.message, each.hint] for each in findings]
        output.table(["severity", "rule", "what", "what to do"], rows)
    else:
        output.done("nothing to find fault with")


def print_checks(router: "Router", checked: "Sequence[Checked]", output: Output) -> ExitCode:
    """Print what was found of the endpoints and of the router; return the exit code."""
    from deployer.routing.checking import recommended_per_try  # noqa: PLC0415 - not for --help
    from infra.router.lint import lint_router  # noqa: PLC0415 - as above

    findings = lint_router(router)
    slowest = [max(each.latencies) for each in checked if each.latencies]
    advice = recommended_per_try(slowest)
    if output.json:
        output.emit(
            {
                "model": router.model,
                "endpoints": [_document(each) for each in checked],
                "per_try": {"configured": router.per_try, "recommended": advice},
                "findings": [each._asdict() for each in findings],
            }
        )
    else:
        columns = ["endpoint", "url", "ready", "digest", "golden", "p50 ms", "p99 ms", "requests"]
        output.table(columns, [_row(each) for each in checked])
        _remarks(router, checked, advice, output)
        for finding in findings:
            output.warn(f"{finding.rule} ({finding.severity}): {finding.message} — {finding.hint}")
    return _exit_code(checked, findings)


def _exit_code(checked: "Sequence[Checked]", findings: "Sequence[Finding]") -> ExitCode:
    if any(each.reached and not each.traffic for each in checked) or any(
        each.severity == "error" for each in findings
    ):
        return ExitCode.POLICY
    if not all(each.reached for each in checked):
        return ExitCode.UNAVAILABLE
    return ExitCode.OK


def _row(each: "Checked") -> list[object]:
    from deployer.routing.probing import word  # noqa: PLC0415 - not needed for --help

    return [
        each.endpoint.name,
        each.endpoint.url,
        "yes" if each.seen.ready else "no",
        each.seen.digest[:SHORT],
        word(each.seen),
        _milliseconds(each.quantile(0.5)),
        _milliseconds(each.quantile(0.99)),
        "yes" if each.traffic else "no",
    ]


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f}"


def _remarks(
    router: "Router", checked: "Sequence[Checked]", advice: float | None, output: Output
) -> None:
    for each in checked:
        if each.why:
            output.warn(f"{each.endpoint.name}: {each.why}")
    if advice is None:
        return
    if router.per_try < advice:
        output.warn(f"[router] per_try = {router.per_try:g} is short; recommended is {advice:g}")
    else:
        output.say(f"per_try = {router.per_try:g} is enough; {advice:g} would be, too")


def _document(each: "Checked") -> dict[str, object]:
    from deployer.routing.probing import word  # noqa: PLC0415 - not needed for --help

    return {
        "name": each.endpoint.name,
        "url": each.endpoint.url,
        "cloud": each.endpoint.cloud,
        "region": each.endpoint.region,
        "priority": each.endpoint.priority,
        "canary": each.endpoint.canary,
        "resident": each.endpoint.resident,
        "ready": each.seen.ready,
        "digest": f"sha256:{each.seen.digest}" if each.seen.digest else None,
        "golden": word(each.seen),
        "requests": each.traffic,
        "p50": each.quantile(0.5),
        "p99": each.quantile(0.99),
        "reason": each.why,
    }
