"""From flags and settings to open stores."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import click

from deployer.config import Settings, load, state_dir
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from providers.open import open_store
from providers.store import StoreOptions

__all__ = ["cloud_options", "open_clouds", "required_number"]

SWITCH = "DEPLOYER_EMULATORS"


def cloud_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--clouds --emulators --concurrency --timeout``; pass the open clouds as ``clouds``."""

    @click.option(
        "--clouds",
        "names",
        metavar="A,B,…",
        help="Which of the configured clouds; default: those in [push], else all.",
    )
    @click.option(
        "--emulators",
        is_flag=True,
        envvar=SWITCH,
        help=f"Use the clouds that `deployer emulators up` started (or set {SWITCH}=1).",
    )
    @click.option(
        "--concurrency",
        type=click.IntRange(1, 256),
        help="Transfers at once per cloud. [transfer workers: 4]",
    )
    @click.option(
        "--timeout",
        type=click.FloatRange(0.1),
        help="Seconds a connection may stall. [transfer timeout: 60]",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        names: str | None,
        emulators: bool,
        concurrency: int | None,
        timeout: float | None,
        **kwargs: Any,
    ) -> Any:
        emulated = _enter_emulators() if emulators else None
        settings = load().settings
        listed = [name.strip() for name in names.split(",")] if names else []
        if emulated is not None:
            listed = _emulated_only(listed, emulated)
        clouds = open_clouds(settings, listed, workers=concurrency, timeout=timeout)
        try:
            result = command(*args, clouds=clouds, settings=settings, **kwargs)
        except KeyboardInterrupt:
            raise  # closing would wait for transfers that a silent cloud holds up
        except BaseException:
            _close(clouds)
            raise
        _close(clouds)
        return result

    return wrapper


def _close(clouds: Sequence[Cloud]) -> None:
    for cloud in clouds:
        cloud.store.close()


def _enter_emulators() -> tuple[str, ...]:
    from deployer.emulators import apply_environment  # noqa: PLC0415 - few commands need it

    return apply_environment()


def _emulated_only(listed: list[str], emulated: Sequence[str]) -> list[str]:
    """Return the clouds to use; a cloud that is not emulated would be the real one."""
    for name in listed:
        if name not in emulated:
            raise UsageError(
                f"cloud {name!r} is not emulated",
                hint=f"up are {', '.join(emulated)}; run: deployer emulators up",
            )
    return listed or list(emulated)


def open_clouds(
    settings: Settings,
    names: Sequence[str],
    *,
    workers: int | None = None,
    timeout: float | None = None,
) -> list[Cloud]:
    """Open the clouds called `names`; without names those of ``[push] clouds``, else all.

    Raises:
        UsageError: a name is unknown or given twice, or no cloud is configured.

    """
    if timeout is not None and not math.isfinite(timeout):
        raise UsageError(f"--timeout {timeout} is not a number of seconds")
    if not settings.clouds:
        raise UsageError(
            "no cloud is configured",
            hint='write [clouds.aws] url = "s3://BUCKET" in deployer.toml, or use --emulators',
        )
    chosen = list(names) or settings.push.clouds or list(settings.clouds)
    for name in chosen:
        if name not in settings.clouds:
            raise UsageError(
                f"unknown cloud {name!r}", hint=f"configured are {', '.join(settings.clouds)}"
            )
    if len(set(chosen)) != len(chosen):
        raise UsageError("a cloud is named twice", hint="name each cloud once")
    limits = settings.transfer
    options = StoreOptions(
        workers=workers or limits.workers,
        part_size=limits.part_size,
        timeout=timeout or limits.timeout,
        attempts=limits.attempts,
        journal=state_dir() / "uploads",
    )
    return [
        Cloud(
            name,
            open_store(
                settings.clouds[name].url, endpoint=settings.clouds[name].endpoint, options=options
            ),
        )
        for name in chosen
    ]


def required_number(text: str, clouds: int) -> int:
    """Return how many of `clouds` ``--require all|majority|N`` means.

    Raises:
        UsageError: it is none of these, or more than there are.

    """
    if text == "all":
        return clouds
    if text == "majority":
        return clouds // 2 + 1
    if text.isascii() and text.isdigit() and 1 <= int(text) <= clouds:
        return int(text)
    raise UsageError(
        f"--require {text!r} is not possible with {clouds} clouds",
        hint=f"write all, majority or a number from 1 to {clouds}",
    )
