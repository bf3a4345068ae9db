"""What all commands share: the application, what they print of errors, and their exit codes: 0 done, 1 a failure, 2 the
input is wrong (nothing is written), 130 interrupted."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer

app = typer.Typer(
    name="tmesim",
    help="An agent-based simulator of the breast tumor microenvironment.",
    epilog="Start with: tmesim demo · tmesim list scenarios · tmesim check SCENARIO · tmesim run SCENARIO",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

WRONG_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
MOST_PROBLEMS = 200
"""Problems of the input that are printed; a file that an alias multiplies can hold ten thousands."""


ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario's file, or its name (`tmesim list scenarios`).")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into messages on standard error and the exit codes of the command line.

    TMESIM_TRACEBACK=1 shows where a failure arose.
    """
    from tmesim.reading import InputError
    from tmesim.text import line, say

    try:
        yield
    except InputError as error:
        told = [str(problem) for problem in error.problems[:MOST_PROBLEMS]]
        if len(error.problems) > MOST_PROBLEMS:
            told.append(f"… and {len(error.problems) - MOST_PROBLEMS} more problems")
        say("\n".join(told), to_errors=True)
        raise typer.Exit(WRONG_INPUT) from None
    except KeyboardInterrupt as error:
        say(f"interrupted: {line(error)}" if str(error) else "interrupted", to_errors=True)
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("TMESIM_TRACEBACK"):
            raise
        say(": ".join(text for text in ("failed", type(error).__name__, line(error)) if text), to_errors=True)
        raise typer.Exit(FAILURE) from None


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        from tmesim import __version__
        from tmesim.text import say

        say(f"tmesim {__version__}")
        raise typer.Exit


def main() -> None:
    open_streams()
    for stream in (sys.stdout, sys.stderr):  # a console that has no µ shall not end the run
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = told
    app(prog_name="tmesim")


def open_streams() -> None:
    """Give standard streams that a shell has closed (`>&-`) an end in nothing: else the next file that is opened gets
    the number of one, and what is printed goes into it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))


def told(message: Warning | str, category: type[Warning], filename: str, lineno: int,
         file: TextIO | None = None, line: str | None = None) -> None:  # fmt: skip
    """A warning as one line on standard error; where it arose matters to none but those who change the program."""
    from tmesim import text

    text.say(text.line(message), to_errors=True)
