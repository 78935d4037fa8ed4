"""Errors without the frames that raised them: a traceback can show every variable of a frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def frameless(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let `work`, which is given or makes secrets, raise its errors without its frames and their causes.

    IPython's `%xmode Verbose` shows the arguments and variables of each frame, and so does what reports errors
    to others. A press of ■ is an error like any other here.
    """

    @wraps(work)
    def call(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        try:
            return work(*arguments, **options)
        except BaseException as failure:  # noqa: BLE001 - raised again below
            problem = failure.with_traceback(None)
        problem.__cause__ = problem.__context__ = None
        del arguments, options  # this frame is in the new traceback
        try:
            raise problem
        finally:
            del problem  # the frame and its error would keep each other alive

    return call
