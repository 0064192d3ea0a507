"""The flags that every command shares, and the one place where errors become exit codes."""

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from deployer.cli.output import Output, printable
from deployer.errors import DeployerError, ExitCode, FailedError, from_store_error
from providers.errors import StoreError

__all__ = ["report_error", "shared_options"]


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o -q -v --no-color`` and pass the wrapped function an :class:`Output` as ``output``."""

    @click.option(
        "-o",
        "--output",
        "output_format",
        type=click.Choice(["table", "json"]),
        default="table",
        envvar="DEPLOYER_OUTPUT",
        show_default=True,
        help="How to print the result.",
    )
    @click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
    @click.option("-v", "--verbose", count=True, help="Say more; -vv adds tracebacks.")
    @click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        output_format: Any,
        quiet: bool,
        verbose: int,
        no_color: bool,
        **kwargs: Any,
    ) -> Any:
        output = Output(
            format=output_format, quiet=quiet, verbose=verbose, color=False if no_color else None
        )
        try:
            return command(*args, output=output, **kwargs)
        except (DeployerError, StoreError) as error:
            report_error(error, output)
            sys.exit(_exit_code(error))
        except BrokenPipeError:
            # The reader of our stdout went away (``| head``): not an error of ours.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - lives until exit
            sys.exit(ExitCode.OK)
        except OSError as error:
            # The clouds' errors are StoreErrors: this one is of the local file system.
            seen = FailedError(
                error.strerror or str(error),
                where=str(error.filename or ""),
                hint="check the path, its permissions and the space left",
            )
            seen.__cause__ = error
            report_error(seen, output)
            sys.exit(seen.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted; running the same command again resumes", err=True)
            sys.stdout.flush()
            # Not sys.exit: that would wait for every transfer that is under way.
            os._exit(ExitCode.INTERRUPTED)

    return wrapper


def _user_view(error: DeployerError | StoreError) -> DeployerError:
    return from_store_error(error) if isinstance(error, StoreError) else error


def _exit_code(error: DeployerError | StoreError) -> int:
    return int(_user_view(error).exit_code)


def report_error(error: DeployerError | StoreError, output: Output) -> None:
    """Print one line: what, where, what to do next (or the same as JSON) on stderr."""
    seen = _user_view(error)
    if output.json:
        fields = {"message": seen.message, "where": seen.where, "hint": seen.hint}
        document = {"error": {**fields, "exit_code": int(seen.exit_code)}}
        from json import dumps  # noqa: PLC0415

        click.echo(dumps(document), err=True)
    else:
        line = " ".join(f"{seen}".split())
        hint = f" — {' '.join(seen.hint.split())}" if seen.hint else ""
        plain = output.color is False or bool(os.environ.get("NO_COLOR"))
        mark = "error:" if plain else click.style("error:", fg="red", bold=True)
        click.echo(f"{mark} {printable(line + hint)}", err=True)
    if output.verbose > 1:
        traceback.print_exception(error)
