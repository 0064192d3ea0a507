"""What acts are done on, and what with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.stacks.engine import Interrupts, command, pulumi_command
from deployer.stacks.outcome import Listener, Silent
from deployer.stacks.workspace import Home

if TYPE_CHECKING:
    from pulumi.automation import PulumiCommand

__all__ = ["Engine", "Target"]


@dataclass(frozen=True)
class Target:
    """One stack.

    Attributes:
        cloud: whose program.
        stack: its name.
        config: configuration key → value; empty for acts that run no program.
        policy: what the policies demand and let pass, as `infra.policy.pack.settings` reads it;
            "" for what they demand of everybody.

    """

    cloud: str
    stack: str
    config: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""


@dataclass(frozen=True)
class Engine:
    """What acts are done with.

    Attributes:
        home: where stacks live.
        listener: is told what happens.
        interrupts: what Ctrl-C reaches engines by.
        policy_packs: folders whose policies the engine itself enforces on clouds; none is about
            processes on this machine.
        path: of the command; None to look for it.

    """

    home: Home
    listener: Listener = field(default_factory=Silent)
    interrupts: Interrupts = field(default_factory=Interrupts)
    policy_packs: tuple[Path, ...] = ()
    path: Path | None = None

    def command(self) -> "PulumiCommand":
        """Return the SDK's way to run it; MissingError if there is none."""
        return command(self.path or pulumi_command(), self.interrupts)

    def undisturbed(self) -> "PulumiCommand":
        """Return the same for what must be done although somebody wants an end."""
        return command(self.path or pulumi_command(), Interrupts())

    def packs(self, target: Target) -> list[str]:
        """Return the packs that a stack is held against."""
        return [] if target.cloud == "local" else [str(each) for each in self.policy_packs]
