"""One place that says how kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function with Numba: cached, without the GIL, strict IEEE arithmetic.

    Division by zero gives infinity or NaN as in NumPy. With ``NUMBA_DISABLE_JIT=1`` the
    function stays plain Python.
    """
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def cached(function: Any) -> bool:
    """Return whether a kernel has been compiled before, by this or an earlier process."""
    cache = getattr(function, "_cache", None)
    if cache is None:
        return True  # not compiled at all
    stem = f"{function.py_func.__module__.rpartition('.')[2]}.{function.py_func.__name__}-"
    return any(Path(cache.cache_path).glob(f"{stem}*.nbi"))
