"""What a rollout does to the registry, by the same code as ``alias set`` and ``promote``."""

from collections.abc import Sequence

from deployer.cli.audited import audited
from deployer.cli.clouds import required_number
from deployer.cli.moves import note_down, order_of
from deployer.cli.output import Output
from deployer.cli.progress import CloudProgress
from deployer.cli.promote import gate_for
from deployer.config import Settings
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.aliasing.pointing import point, remove
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.viewing.inventory import home_first
from deployer.releasing import Checks
from deployer.releasing import promote as promote_version

__all__ = ["CANARY", "RegistryActs"]

CANARY = "canary"
"""The alias that canary endpoints follow."""


class RegistryActs:
    """The acts of one rollout.

    Args:
        name: of the model.
        alias: that the stable endpoints follow.
        clouds: all that the aliases are on.
        settings: the user's.
        note: why, for the history.
        output: to speak with.

    """

    def __init__(
        self,
        name: str,
        alias: str,
        clouds: Sequence[Cloud],
        settings: Settings,
        note: str | None,
        output: Output,
    ) -> None:
        self._name = name
        self._alias = alias
        self._clouds = list(clouds)
        self._settings = settings
        self._note = note
        self._output = output

    def try_out(self, version: int) -> tuple[str, int | None]:
        """Point the canary alias at `version`; return its digest, and where the alias was."""
        answering, _, _ = home_first(self._clouds)
        found = read_alias(answering[0], self._name, CANARY)
        before = None if found is None or found[0].removed else found[0].version
        return self._point(version), before

    def put_back(self, version: int | None) -> None:
        """Point the canary alias at `version` again, or remove it if it was not there."""
        if version is not None:
            self._point(version)
            return
        with audited(self._output, "alias rm", clouds=self._names) as act:
            act.model = self._name
            order = order_of(self._clouds, self._settings, self._note or "a rollout returned")
            note_down(act, remove(order, self._name, CANARY))

    def promote(self, version: int) -> None:
        """Point the alias at `version` through the gate, once it is whole on every cloud."""
        required = required_number(self._settings.push.require, len(self._clouds))
        reference = Reference(self._name, version=version)
        gate = gate_for(
            reference, self._alias, None, None, self._clouds, self._settings, self._output
        )
        with audited(self._output, "promote", clouds=self._names) as act:
            act.model, act.version = self._name, version
            order = order_of(self._clouds, self._settings, self._note or "a rollout")
            with CloudProgress(self._output, "verified") as progress:
                checks = Checks(required, deep=False, reporter=progress)
                moved = promote_version(order, checks, reference, self._alias, judge=gate)
            note_down(act, moved)

    @property
    def _names(self) -> list[str]:
        return [cloud.name for cloud in self._clouds]

    def _point(self, version: int) -> str:
        with audited(self._output, "alias set", clouds=self._names) as act:
            act.model = self._name
            order = order_of(self._clouds, self._settings, self._note or "a rollout")
            moved = point(order, self._name, CANARY, Reference(self._name, version=version))
            note_down(act, moved)
        return moved.record.manifest
