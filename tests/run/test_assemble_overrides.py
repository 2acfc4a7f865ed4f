from __future__ import annotations

import pytest

from chowki.core.errors import UsageError
from chowki.run import run


def test_nothing_can_be_set_where_there_is_no_scenario() -> None:
    with pytest.raises(UsageError, match="no scenario to set it in"):
        run(feeds=["opensky:states.csv"], overrides=["picture.lifetime_s=10"])
