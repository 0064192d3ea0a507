"""All verbs, as one type that a step of a scenario is."""

from typing import TypeAlias

from deployer.drills.verbs.answers import Accept, Answered, Ask
from deployer.drills.verbs.commands import Run
from deployer.drills.verbs.looking import Holds, Noticed, Observe
from deployer.drills.verbs.network import Disturb, Forget, Mend, Struck
from deployer.drills.verbs.processes import Freeze, Kill, Lose, Start
from deployer.drills.verbs.racing import Race
from deployer.drills.verbs.steps import KillEvery
from deployer.drills.verbs.stores import Litter, Remember, Replay, Tamper, Wipe
from deployer.drills.verbs.traffic import Idle, Mark, Requests, Traffic
from deployer.drills.verbs.uploads import Resumed, Unfinished
from deployer.drills.verbs.waiting import Begin, Collector, Finish

__all__ = ["Step"]

Step: TypeAlias = (
    Kill
    | Freeze
    | Start
    | Lose
    | Disturb
    | Forget
    | Mend
    | Run
    | Wipe
    | Tamper
    | Litter
    | Remember
    | Replay
    | Observe
    | Accept
    | Answered
    | Ask
    | Holds
    | Idle
    | Mark
    | Noticed
    | Traffic
    | Struck
    | KillEvery
    | Begin
    | Finish
    | Collector
    | Race
    | Requests
    | Resumed
    | Unfinished
)
