"""The command line as a whole process would see it, without starting one."""

import contextlib
import io
from dataclasses import dataclass

from ratetheory.cli import main


@dataclass
class Result:
    code: int
    out: str
    err: str


def ratetheory(*arguments: str) -> Result:
    """Run the command line; what it prints and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    return Result(code, out.getvalue(), err.getvalue())


def refused(*arguments: str) -> str:
    """The one line of bad input: exit code 2, nothing on standard output, no traceback."""
    result = ratetheory(*arguments)
    assert result.code == 2, (result.code, result.out, result.err)
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("ratetheory: ")
    assert "Traceback" not in result.err
    assert result.out == ""
    return result.err
