"""A first scenario to change: one airport, commented, and right as it stands."""

from __future__ import annotations

from chowki.world.population import moved

_TEMPLATE = """\
# One airport in daylight: twelve drones, birds, airliners and an authorised drone.
#
# A scenario to start from. Heights named _agl are above ground, times run from the start, every
# position is latitude and longitude in degrees. Figures of sensors and effectors are textbook
# values; "chowki check --schema" lists every key, "chowki check FILE" finds what is wrong.
#
# The same file serves a simulation (chowki run FILE) and live feeds (chowki serve FILE --feed ...).
# On feeds it says where the station and its sensors stand and what is defended; effectors, raid,
# traffic, birds and times are left aside. A live sensor named like one below stands where it does.

about = "One airport, twelve drones, birds and airliners."
seed = 1

[station]                        # origin of the frame of reference, and the span of a run
lat_deg = {lat}
lon_deg = {lon}
height_m = 0.0                   # above the ellipsoid
start = "2025-05-09T10:00:00Z"
duration_s = 600
reach_km = 400                   # everything named must lie this near

[ground]
height_m = 0.0                   # a constant; grid_file = "grid.csv" gives a coarse grid

[weather]
visibility = 1.0                 # 1 clear, 0 dense fog: for electro-optical sensors
night = false

[places]                         # file = "places.csv" takes them from a table
radius_m = 1200                  # a threat this near has reached the place

[[places.towns]]
name = "Airport"
lat_deg = {lat}
lon_deg = {lon}
kind = "civil"
population = 3000
population_source = "invented"
priority = 1.0

[border]                         # the defended side: the line, closed over the interior; invented:
                                 # on live feeds put yours, or delete these four lines
disclaimer = "Coarse, for simulation only; makes no statement on any boundary."
line = [{north_west}, {south_west}]
interior = [{south_east}, {north_east}]

# Positions are given, at = [[lat, lon], ...], or invented: near = "places", along = "border".

[[sensors]]
name = "low-level"
model = "radar"
link = "radio"
near = "places"
count = 2
away_km = [1, 4]
height_agl_m = 15
parameters = {{ preset = "low-level" }}

[[sensors]]
name = "direction-finder"
model = "direction-finder"
link = "radio"
near = "places"
count = 2
away_km = [1, 3]
height_agl_m = 20

[[sensors]]
name = "electro-optical"         # must be told where to look
model = "electro-optical"
link = "radio"
near = "places"
away_km = [0.5, 1.5]
height_agl_m = 15

[[sensors]]
name = "receiver"                # of transponders, and of Remote ID near by
model = "ads-b"
link = "radio"
near = "places"
away_km = [0.2, 0.8]
height_agl_m = 20
parameters = {{ period_s = 2.0, remote_id = true, remote_id_range_m = 8000 }}

[links.radio]
delay_s = 0.2
jitter_s = 0.1                   # mean of an exponential delay
loss = 0.01                      # probability that a scan never arrives

[[effectors]]                    # simulated only; on a real feed none of these is built
name = "gun"
near = "places"
away_km = [0.5, 1.0]
height_agl_m = 3
parameters = {{ kind = "gun" }}

[[effectors]]
name = "jammer"
near = "places"
away_km = [0.5, 1.0]
height_agl_m = 5
parameters = {{ kind = "jammer" }}

[[effectors]]
name = "interceptor"
near = "places"
away_km = [0.3, 0.8]
height_agl_m = 3
parameters = {{ kind = "interceptor" }}

[raid]                           # may be left out; a wave of 0 drones is allowed too
count = 12
note = "chosen"

[[raid.waves]]
name = "from the west"
mix = {{ decoy = 0.3, reconnaissance = 0.2, armed-multirotor = 0.25, loitering-munition = 0.25 }}
launch = [{launch_north}, {launch_south}]
launch_spread_km = 1
along_km = 3
bends = 1
bend_km = 1
targets = ["Airport"]
pulses = [{{ at_s = 0, spread_s = 60 }}, {{ at_s = 120, spread_s = 60 }}]

[[traffic.airliners]]            # points: latitude, longitude, height above ground
name = "overflight"
points = [{over_north}, {over_south}]
count = 3
first_s = -900
every_s = 400

[[traffic.airliners]]
name = "departure"
points = [{departure_0}, {departure_1}, {departure_2}]
count = 1
first_s = -60
corridor_km = 2                  # half width of the filed corridor
speed_mps = [85, 110]

[[traffic.authorised]]
name = "survey"
at = {survey}
count = 1

[birds]
per_drone = 10
near_km = 12
"""

_KM = 1000.0
# Kilometres east and north of the place, and height above ground where there is one.
_OFFSETS: dict[str, tuple[float, ...]] = {
    "north_west": (-6.0, 60.0),
    "south_west": (-6.0, -60.0),
    "south_east": (90.0, -60.0),
    "north_east": (90.0, 60.0),
    "launch_north": (-9.5, 4.0),
    "launch_south": (-9.5, -4.0),
    "survey": (5.0, -3.0),
    "over_north": (20.0, 250.0, 10_500.0),
    "over_south": (25.0, -250.0, 10_500.0),
    "departure_0": (1.0, 0.0, 100.0),
    "departure_1": (12.0, 2.0, 900.0),
    "departure_2": (80.0, 30.0, 4000.0),
}


def new(name: str, lat_deg: float, lon_deg: float) -> str:
    """Return a commented single-site scenario round a place, as TOML.

    Parameters
    ----------
    name : str
        Name of the scenario; the file should carry it.
    lat_deg, lon_deg : float
        The place, degrees WGS 84; at most 80 degrees from the equator.

    Returns
    -------
    str
        A scenario that passes ``check``.
    """
    points = {key: _point(lat_deg, lon_deg, offset) for key, offset in _OFFSETS.items()}
    body = _TEMPLATE.format(lat=round(lat_deg, 5), lon=round(lon_deg, 5), **points)
    head, about, rest = body.partition("about = ")
    return f'{head}name = "{name}"\n{about}{rest}'


def _point(lat_deg: float, lon_deg: float, offset: tuple[float, ...]) -> str:
    lat, lon = moved((lat_deg, lon_deg), offset[0] * _KM, offset[1] * _KM)
    return "[" + ", ".join(str(v) for v in (round(lat, 4), round(lon, 4), *offset[2:])) + "]"
