"""One place that says how kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function with Numba: cached, without the GIL, strict IEEE arithmetic.

    Division by zero gives infinity or NaN as in NumPy. With ``NUMBA_DISABLE_JIT=1`` the
    function stays plain Python.
    """
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
