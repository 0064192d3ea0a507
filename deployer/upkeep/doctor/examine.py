"""Whether clouds can be used, and what to do where they cannot.

All clouds are examined at once, and never for longer than a deadline: one that is silent costs
its own findings, nobody else's.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from deployer.errors import DeployerError, ExitCode
from deployer.registry.cloud import Cloud, read_marker
from deployer.registry.format import layout
from deployer.registry.who import now
from deployer.upkeep.doctor.findings import Finding, Grade, Report, failed
from deployer.upkeep.doctor.judgements import on_clock, on_credentials, on_region, on_undo
from providers.diagnosis import Diagnosis, diagnosis_of
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

__all__ = ["Examination", "examine"]

T = TypeVar("T")

SAMPLES = 5


@dataclass
class Examination:
    """How to examine.

    Attributes:
        regions: cloud name → the region that it is configured to be in.
        read_only: write nothing, and so do not try the preconditions.
        deadline: seconds for everything.
        clock: this machine's.

    """

    regions: Mapping[str, str | None] = field(default_factory=dict)
    read_only: bool = False
    deadline: float = 60.0
    clock: Callable[[], datetime] = now


def examine(clouds: Sequence[Cloud], how: Examination) -> tuple[list[Report], bool]:
    """Examine all clouds at once.

    Returns:
        What was found, and whether it is all: if not, a thread still waits for a silent cloud,
        and would hold up whoever closes its store.

    """
    patients = [_Patient(cloud, how) for cloud in clouds]
    wait([patient.begin() for patient in patients], timeout=how.deadline)
    return _joined(patients), all(patient.done.done() for patient in patients)


def _joined(patients: Sequence["_Patient"]) -> list[Report]:
    """Return the reports, and in them whether the clouds are of one registry."""
    first = next((patient for patient in patients if patient.registry), None)
    reports = []
    for patient in patients:
        report = patient.report()
        if first and patient.registry not in ("", first.registry):
            stranger = Finding(
                "registry",
                Grade.BAD,
                f"{patient.registry}, but {first.cloud.name} has {first.registry}",
                "give each registry buckets or prefixes of its own",
                ExitCode.USAGE,
            )
            report = replace(report, findings=(*report.findings, stranger))
        reports.append(report)
    return reports


class _Patient:
    """One cloud, and what has been found on it so far."""

    def __init__(self, cloud: Cloud, how: Examination) -> None:
        self.cloud = cloud
        self.how = how
        self.url = cloud.store.url
        self.done: Future[None] = Future()
        self.registry = ""
        self._found: list[Finding] = []
        self._check = ""

    def begin(self) -> "Future[None]":
        # Not of a pool: the interpreter would wait for its threads before it ends.
        threading.Thread(target=self._run, daemon=True, name=f"doctor-{self.cloud.name}").start()
        return self.done

    def _run(self) -> None:
        try:
            for finding in self._findings():
                self._found.append(finding)
        except (StoreError, DeployerError) as error:
            self._found.append(failed(self._check, error, self.url))
        except BaseException as error:  # noqa: BLE001 - a defect of ours: report() raises it
            self.done.set_exception(error)
            return
        self.done.set_result(None)

    def report(self) -> Report:
        found = list(self._found)
        if self.done.done():
            self.done.result()
        else:
            found.append(
                Finding(
                    self._check,
                    Grade.BAD,
                    f"no end after {self.how.deadline:g} s",
                    "check the network and the endpoint, or allow more with --timeout",
                    ExitCode.UNAVAILABLE,
                )
            )
        return Report(self.cloud.name, self.url, tuple(found))

    def _findings(self) -> Iterator[Finding]:
        """Yield the findings in an order in which each needs what was found before.

        An error that is not a finding of its own ends the examination.
        """
        diagnosis = diagnosis_of(self.cloud.store.driver)
        signed_in = True
        if diagnosis is not None:
            try:
                yield self._credentials(diagnosis)
            except StoreError as error:
                signed_in = False
                yield failed(self._check, error, self.url)
            yield from self._reach(diagnosis)
        if not signed_in:
            return
        yield self._access()
        yield self._latency()
        yield self._preconditions()
        if diagnosis is not None:
            bucket = self._ask("bucket", diagnosis.bucket)
            yield from on_region(
                bucket.region, self.how.regions.get(self.cloud.name), self.cloud.name
            )
            yield from on_undo(bucket)

    def _ask(self, check: str, act: Callable[[], T]) -> T:
        self._check = check
        return self.cloud.store.calls.once(check, "", act)

    def _credentials(self, diagnosis: Diagnosis) -> Finding:
        return on_credentials(self._ask("credentials", diagnosis.credentials), self.how.clock())

    def _reach(self, diagnosis: Diagnosis) -> Iterator[Finding]:
        """Ask for the time without credentials, and compare it with this machine's."""
        samples = []
        for _ in range(SAMPLES):
            before, started = self.how.clock(), time.perf_counter()
            served = self._ask("reach", diagnosis.server_time)
            took = time.perf_counter() - started
            if served is None:
                yield Finding("reach", Grade.GOOD, "answers; tells no time")
                return
            # The server's time is cut to the second: on average it is half a second more.
            middle = before + timedelta(seconds=took / 2)
            samples.append((0.5 + took / 2, (served - middle).total_seconds() + 0.5))
        yield Finding("reach", Grade.GOOD, "answers")
        margin, ahead = min(samples)
        yield on_clock(ahead, margin)

    def _access(self) -> Finding:
        self._check = "access"
        marker = read_marker(self.cloud)
        if marker is None:
            return Finding("access", Grade.GOOD, "readable; no registry yet, a push founds one")
        self.registry = marker.registry
        role = "its home" if marker.home == marker.store else "not its home"
        facts = {"registry": marker.registry, "epoch": marker.epoch}
        return Finding("access", Grade.GOOD, f"registry {marker.registry}, {role}", facts=facts)

    def _latency(self) -> Finding:
        store = self.cloud.store
        times = []
        for _ in range(SAMPLES):
            started = time.perf_counter()
            try:
                self._ask("latency", lambda: store.driver.head(layout.MARKER))
            except BucketNotFoundError:
                raise
            except NotFoundError:
                pass
            times.append((time.perf_counter() - started) * 1000)
        median, slowest = statistics.median(times), max(times)
        return Finding(
            "latency",
            Grade.GOOD,
            f"median {median:.0f} ms, worst {slowest:.0f} ms of {SAMPLES} small requests",
            facts={"median_ms": round(median, 1), "worst_ms": round(slowest, 1)},
        )

    def _preconditions(self) -> Finding:
        self._check = "writes"
        if self.how.read_only:
            return Finding("writes", Grade.SKIPPED, "not tried: --read-only")
        checks = self.cloud.store.verify_preconditions().checksum
        uploads = "wrong checksums refused" if checks else "checksums ignored: reads back instead"
        return Finding(
            "writes",
            Grade.GOOD,
            f"conditions are honoured, {uploads}",
            facts={"refuses_wrong_checksums": checks},
        )
