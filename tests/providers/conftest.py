"""Emulators for the time of a session, and the rules about gaps and skips."""

import functools
from collections.abc import Generator, Iterator

import pytest
from botocore.loaders import JSONFileLoader

pytest.register_assert_rewrite(
    "tests.providers.suite_put",
    "tests.providers.suite_get",
    "tests.providers.suite_list",
    "tests.providers.suite_download",
    "tests.providers.suite_errors",
    "tests.providers.suite_concurrency",
    "tests.providers.suite_preconditions",
    "tests.providers.harness_local",
    "tests.providers.harness_faults",
)

from providers.retry import Retry  # noqa: E402
from tests.providers.harness_servers import Emulators, forbid_skip  # noqa: E402 - after its asserts are registered
from tests.providers.suite_base import SuiteBase  # noqa: E402

LOADER = JSONFileLoader()


@pytest.fixture(scope="session")
def emulators() -> Iterator[Emulators]:
    """Yield the emulators of this process; each is started when it is first asked for."""
    with Emulators() as emulators:
        yield emulators


@pytest.fixture(autouse=True, scope="session")
def botocore_models() -> Iterator[None]:
    """Let botocore parse its models once: it does so for each session, 2 MB of JSON at a time."""
    parse = functools.cache(JSONFileLoader.load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda self, path: parse(LOADER, path))
        yield


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make stores retry at once; returns the attempts after which they would have waited."""
    seen: list[int] = []
    monkeypatch.setattr(Retry, "wait", lambda self, attempt: seen.append(attempt))
    return seen


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn known gaps into strict expected failures; refuse a gap that names no case."""
    for item in items:
        suite = getattr(item, "cls", None)
        if suite is None or not issubclass(suite, SuiteBase):
            continue
        for name in suite.gaps:
            if not hasattr(suite, name.partition("[")[0]):
                raise pytest.UsageError(f"{suite.__name__} has a gap in no case: {name}")
        gap = suite.gaps.get(item.name) or suite.gaps.get(item.name.partition("[")[0])
        if gap:
            reason = f"{gap.reason} ({gap.reference})"
            item.add_marker(pytest.mark.xfail(reason=reason, strict=not gap.racy))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skip of a required cloud a failure."""
    report = yield
    forbid_skip(report, getattr(getattr(item, "cls", None), "cloud", ""))
    return report
