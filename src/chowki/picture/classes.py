"""What each class of object looks like: one table of priors and likelihoods.

Columns run over ``core.records.ObjectClass``: multirotor, fixed-wing drone, loitering munition,
decoy, aeroplane, helicopter, bird. Values are illustrative textbook magnitudes, none of them of
a real type: speeds and heights after the EASA open category (multirotors), Bruderer and Boldt
2001, "Flight characteristics of birds", Ibis 143 (birds), ICAO Doc 8168 (aeroplanes and
helicopters); radar cross-sections after Skolnik 2001, table 2.2 (bird 0.01 m2, aeroplane and
helicopter 1 to 40 m2). Figures of drones are assumed.
"""

from __future__ import annotations

import numpy as np

from chowki.core.table import F64

PRIOR: F64 = np.array([0.07, 0.07, 0.07, 0.05, 0.12, 0.03, 0.59])
PRIOR_LOG_CLASS: F64 = np.log(PRIOR)
