"""Verbs that run commands of deployer, as a user would."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from deployer.drills.proxy.rules import Match, Rule
from deployer.drills.verbs.base import Verb, must_be_patterns
from deployer.drills.verbs.network import listener_of, meets

if TYPE_CHECKING:
    from deployer.drills.estate.commands import Done
    from deployer.drills.estate.scene import Scene

__all__ = ["Run", "judge", "must_have_words", "prepared"]


class Run(Verb, frozen=True, kw_only=True, tag="run"):
    """Run a command of deployer and look at what it says.

    Arguments and variables may hold ``{work}``, ``{package:N}``, ``{digest:N}``, ``{model}``.

    Attributes:
        command: the arguments, the command first.
        exit: codes that it may end with.
        says: regular expression that its stderr or stdout must hold.
        never: regular expression that neither may hold.
        answers: dotted path in its JSON answer → what is there (``-o json`` is added).
        detects: its end means that the fault was noticed.
        breaks: what is broken by it, for people, if the command itself is the fault. What it
            publishes is not among the acknowledged publishes that must be there in the end, unless
            it `counts`.
        counts: who ran a command that breaks something relies on what it said, as anybody would.
        variables: of its environment.
        machine: name of another machine than ours: its own state and configuration folders.
        skew: seconds that its clock is ahead of the true one.
        kill: it is killed (SIGKILL) when such a request reaches `at`.
        at: ``store:CLOUD`` whose requests `kill` is about; several, with commas: each holds its
            request until all of them have one, and then it is killed.
        nth: the how manieth such request.
        after: killed once the store has carried the request out, not before.
        within: seconds that it may take.

    """

    command: tuple[str, ...]
    exit: tuple[int, ...] = (0,)
    says: str = ""
    never: str = ""
    answers: dict[str, Any] = msgspec.field(default_factory=dict)
    detects: bool = False
    breaks: str = ""
    counts: bool = False
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    machine: str = ""
    skew: float = 0.0
    kill: Match | None = None
    at: str = "store:aws"
    nth: int = 1
    after: bool = False
    within: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what can never be run or said."""
        must_be_patterns(self.says, self.never)
        must_have_words(self.command)

    @property
    def writes(self) -> bool:
        """Whether the command may change something."""
        return self.command[0] not in _LOOKING

    def act(self, scene: "Scene") -> None:
        """Run it."""
        arguments = prepared(scene, self.command, parsed=bool(self.answers))
        variables = {name: scene.text(value) for name, value in self.variables.items()}
        if self.machine:
            variables |= scene.machine(self.machine)
        options: dict[str, Any] = {"environment": variables, "skew": self.skew}
        if self.breaks:
            scene.recorder.note("fault", self.breaks, target="registry")
            done = scene.commands.run(arguments, **options, timeout=self.within)
            if self.counts:
                scene.note_publish(done)
        elif self.kill is None:
            done = scene.run(*arguments, **options, timeout=self.within)
        else:
            done = self._killed(scene, arguments, options)
        codes = (-9,) if self.kill is not None else self.exit
        judge(scene, done, codes, says=self.says, never=self.never, answers=self.answers)
        if self.detects:
            scene.recorder.note("detected", f"deployer {done.argv[0]}", what=done.last)

    def _killed(self, scene: "Scene", arguments: list[str], options: dict[str, Any]) -> "Done":
        assert self.kill is not None  # noqa: S101 - for the type checker
        rule = Rule(effect="hold", match=self.kill, skip=self.nth - 1, times=1, after=self.after)
        numbers = [
            scene.proxy.add(listener_of(scene, at.strip()), rule, first=True)
            for at in self.at.split(",")
        ]
        running = scene.commands.start(arguments, **options)
        meets(scene, running, numbers, self.within)
        if running.process.poll() is None:
            running.kill()
            scene.recorder.note("fault", f"deployer {arguments[0]} is killed", target="command")
        for number in numbers:
            scene.proxy.remove(number)
        return running.wait(self.within)


def must_have_words(command: Sequence[str]) -> None:
    """Refuse a command that is none, when a scenario is read.

    Raises:
        ValueError: it is none.

    """
    if not command:
        raise ValueError("the command has no words")


def prepared(scene: "Scene", command: Sequence[str], *, parsed: bool) -> list[str]:
    """Return a command's arguments with the scene's values, and ``-o json`` if that is read."""
    arguments = [scene.text(each) for each in command]
    # What is acknowledged is read from what a push prints.
    if (parsed or arguments[0] == "push") and "-o" not in arguments:
        arguments += ["-o", "json"]
    return arguments


def judge(
    scene: "Scene",
    done: "Done",
    codes: Collection[int],
    *,
    says: str = "",
    never: str = "",
    answers: Mapping[str, Any],
) -> None:
    """Note whether a command has ended as it must.

    Args:
        scene: where it ran.
        done: its end.
        codes: that it may end with.
        says: as in :class:`Run`.
        never: as in :class:`Run`.
        answers: as in :class:`Run`.

    """
    name = f"deployer {' '.join(done.argv)}"
    scene.check(
        f"{name} ends with {' or '.join(map(str, codes))}",
        done.code in codes,
        expected=list(codes),
        seen=f"{done.code}: {done.last}" if done.code not in codes else done.code,
    )
    said = f"{done.stderr}\n{done.stdout}"
    if says:
        scene.check(
            f"{name} says what is wrong" if done.code else f"{name} says so",
            bool(re.search(says, said)),
            expected=says,
            seen=done.last,
        )
    if never:
        found = re.search(never, said)
        scene.check(
            f"{name} does not say {never}",
            found is None,
            expected="nothing of it",
            seen=found.group() if found else "",
        )
    for path, wanted in answers.items():
        expected = scene.text(wanted) if isinstance(wanted, str) else wanted
        seen = _at(done.document, path)
        scene.check(f"{name}: {path}", seen == expected, expected=expected, seen=seen)


_LOOKING = frozenset(
    {"verify", "show", "list", "diff", "history", "pull", "predict", "doctor", "config", "audit"}
)


def _at(document: Any, path: str) -> Any:
    """Return what is at a dotted path of a document; a list's length is its ``length``."""
    for part in path.split("."):
        if isinstance(document, list):
            if part == "length":
                return len(document)
            if not part.isdigit() or int(part) >= len(document):
                return None
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document
