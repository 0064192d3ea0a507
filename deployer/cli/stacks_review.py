"""The policies before `up`: the offline review, and what the engine is told to hold stacks against."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployer.cli.output import Output
from deployer.config import Settings
from deployer.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.configuration import EndpointConfig

__all__ = ["policy_text", "refuse_violations"]


def refuse_violations(
    settings: Settings, configs: "Sequence[EndpointConfig]", output: Output
) -> None:
    """Refuse programs that break a policy, unless the settings let it pass.

    Endpoints on this machine are not looked at: no policy is about processes.

    Raises:
        PolicyError: a finding of high or critical severity counts.
        DeployerError: a program could not be followed to its end.

    """
    wanted: dict[str, EndpointConfig] = {e.cloud: e for e in configs if e.cloud != "local"}
    if not wanted:
        return
    from deployer.reviewing.planning import (  # noqa: PLC0415 - not needed for --help
        recorded,
        suppressions_of,
    )
    from deployer.reviewing.review import LEVELS, review  # noqa: PLC0415 - as above
    from infra.review.pricing import prices  # noqa: PLC0415 - as above

    seen = review(
        recorded(settings, wanted),
        prices=prices(),
        today=datetime.now(UTC).date(),
        suppressions=suppressions_of(settings),
    )
    failing = LEVELS[: LEVELS.index(seen.fail_on) + 1]
    told = [(part, each) for part, each in seen.counting if each.severity in failing]
    for part, each in told:
        where = f"{part.name}: " if part else ""
        output.warn(f"{where}{each.rule} {each.name}: {each.message}; {each.mend}")
    if seen.failed:
        raise PolicyError(
            f"the review found {len(told)} violations, first {told[0][1].rule}: {told[0][1].message}",
            where=", ".join(wanted),
            hint=f"see all of it: deployer plan --clouds {','.join(wanted)}",
        )


def policy_text(settings: Settings, config: "EndpointConfig") -> str:
    """Return what the engine's policies demand of a stack and let pass; "" on this machine.

    Raises:
        UsageError: a suppression is for no rule.

    """
    if config.cloud == "local":
        return ""
    from msgspec.json import encode  # noqa: PLC0415 - not needed for --help

    from deployer.reviewing.planning import demands_of, suppressions_of  # noqa: PLC0415 - as above
    from infra.policy.pack.settings import Settings as Told  # noqa: PLC0415 - as above

    # Those of parity, residency and cost are about all clouds together, which no stack shows.
    pardons = [each for each in suppressions_of(settings) if each.rule.startswith("DEP")]
    told = Told(demands_of(settings, config), tuple(pardons), idle=False)
    return encode(told).decode()
