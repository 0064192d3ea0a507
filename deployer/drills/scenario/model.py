"""A scenario: what is set up, what is broken, what must hold. Data only.

The words are those of the Chaos Toolkit: a steady-state hypothesis that is looked at before and
after, a method, and rollbacks, which here are implied: every fault knows how to undo itself.
"""

from typing import Literal

import msgspec

from deployer.drills.verbs.catalog import Step

__all__ = ["Endpoint", "Estate", "Load", "Objectives", "Scenario"]

CloudName = Literal["aws", "gcp", "azure"]


class Objectives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is aimed at, stated before the run. None: no objective, the figure is told all the same.

    Attributes:
        rto: seconds from the fault until service is back: see deployer/drills/measure.
        rpo: acknowledged publishes that may be missing after recovery.
        max_failed: requests that may get no answer of a right version.
        slowest: seconds that the slowest request may take.

    """

    rto: float | None = None
    rpo: int | None = 0
    max_failed: int | None = 0
    slowest: float | None = None


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server of the estate.

    Attributes:
        name: of it.
        cloud: whose store it asks first.
        serves: reference that it serves; default is the scenario's model at its champion.
        priority: 0 is first.
        routed: whether the router knows it; a drill may keep one aside.

    """

    name: str
    cloud: CloudName = "aws"
    serves: str = ""
    priority: int = 0
    routed: bool = True


class Estate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is set up before anything is broken.

    Attributes:
        clouds: emulated, in the order of [push] clouds; the first is the home.
        s3: which emulator is aws.
        versions: published before the drill begins; the first is champion.
        ballast: sizes in KiB of files that later versions, which steps publish, hold beside a
            model's own.
        endpoints: servers behind one router; none: no router and no load.
        proxy: which router.
        named: whether stores are reached by names that a drill can take away (gcp and azure).
        signed: whether versions are signed, and only signed ones believed.
        settings: TOML that is added to the estate's deployer.toml.

    """

    clouds: tuple[CloudName, ...] = ("aws", "gcp", "azure")
    s3: Literal["moto", "seaweedfs", "localstack"] = "moto"
    versions: int = 1
    ballast: tuple[int, ...] = ()
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("primary", "aws"),
        Endpoint("standby", "gcp", priority=1),
    )
    proxy: Literal["envoy", "haproxy"] = "envoy"
    named: bool = False
    signed: bool = False
    settings: str = ""


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steady requests of one row through the router.

    Attributes:
        rate: requests a second.
        give_up: seconds after which a request counts as failed.

    """

    rate: float = 50.0
    give_up: float = 10.0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A drill.

    Attributes:
        format: of this file, 1.
        name: short, in lower case with hyphens; what ``drill run`` is given.
        title: one line for people.
        why: why somebody should rehearse this.
        scope: what takes part.
        excluded: what is not shown by it.
        must: what must happen, in one line.
        number: of the drills that come with deployer, 1 to 23; 0 for a user's own.
        protects: which protections it proves: names such as ``verification`` or ``retries``.
        estate: what is set up.
        load: what is asked all the time.
        objectives: what is aimed at.
        steady_state: checks, before the method and again at the end.
        method: what is done to break something, and what must be seen while it is broken.
        recovery: what mends it. Faults that are still on are ended before its first step.
        after: what must hold in the end, beside the steady state and the integrity of every blob.

    """

    name: str
    title: str
    why: str
    must: str
    method: tuple[Step, ...]
    format: Literal[1] = 1
    number: int = 0
    scope: str = ""
    excluded: str = ""
    protects: tuple[str, ...] = ()
    estate: Estate = Estate()
    load: Load = Load()
    objectives: Objectives = Objectives()
    steady_state: tuple[Step, ...] = ()
    recovery: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step; the steady state's once, though they are taken before and after."""
        return (*self.steady_state, *self.method, *self.recovery, *self.after)
