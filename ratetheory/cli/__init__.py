"""The command line: parse, call, print. Each command's module, and what it needs, is imported when the command is used."""

from __future__ import annotations

import os
import sys

import click

from ratetheory import __version__
from ratetheory.cli.lazy import Lazy
from ratetheory.visible import visible

_COMMANDS = {
    "blocks": "Find the scale-invariant weights of a PyTorch model.",
    "bound": "Compute a convergence bound as a number that is a guaranteed upper bound.",
    "certify": "Bound the gradients between checkpoints, from both sides, by their weight norms.",
    "check-certificate": "Check a certificate of bound gd --method oracle again, without the solver.",
    "claims": "List the claims, or show one with its statement and source.",
    "compare": "Hold the theory against recorded training runs.",
    "curvature": "Estimate how curved a loss is at normalised weights, and the learning rate that allows.",
    "demo": "Train, verify, bound and compare, and write the report: everything in one command.",
    "derive": "Derive a claim symbolically, step by step.",
    "new-claim": "Write a template for a claim of your own.",
    "prove": "Prove claims by machine, by the Rocq compiler.",
    "sweep": "Train over decades of learning rates, with and without batch normalisation.",
    "train": "Train a batch-normalised network and record its trace.",
    "verify": "Check claims, or your own from a Python file; replay a counterexample.",
}

EXTRAS = {
    "report": ("jinja2", "matplotlib", "xarray"),
    "training": ("mlxtend", "numba", "sklearn", "torch", "tqdm"),
    "distribution": ("joblib",),
    "integrations": ("accelerate", "lightning", "safetensors", "tensorboard", "transformers"),
}
"""Modules that are not always installed, under the extra that each comes with."""


@click.group(
    cls=Lazy,
    places={name: (f"ratetheory.cli.{name.replace('-', '_')}", text) for name, text in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="ratetheory")
def ratetheory() -> None:
    """Convergence theory of scale-invariant training: bound, verify, compare.

    Exit codes: 0 everything asked for is proved or held; 1 something is refuted or violated; 2 bad input or a missing program;
    3 something is undecided or not resolvable.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input is one line on standard error and exit code 2."""
    try:
        code = ratetheory.main(arguments, prog_name="ratetheory", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(_usage(error))
    except click.Abort:
        _fail("interrupted", 130)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except ModuleNotFoundError as error:
        _fail(_missing(error))
    except BrokenPipeError:
        # whoever read the output has had enough; nothing more can be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError) as error:
        _fail(str(error))
    except ArithmeticError as error:
        _fail(f"not resolvable: {error}", 3)
    sys.exit(code if isinstance(code, int) else 0)


def _missing(error: ModuleNotFoundError) -> str:
    """What is not installed, and which extra it comes with."""
    module = (error.name or "").partition(".")[0]
    if not module:
        return str(error)
    extra = next((name for name, modules in EXTRAS.items() if module in modules), None)
    if extra is None:
        return f"{module} is not installed"
    return f"{module} is not installed; what needs it comes with: pip install 'ratetheory[{extra}]'"


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    return f"{context.command_path.removeprefix('ratetheory ')}: {message}" if context is not None else message


def _fail(message: str, code: int = 2) -> None:
    click.echo(f"ratetheory: {visible(' '.join(message.split()))}", err=True)
    sys.exit(code)
