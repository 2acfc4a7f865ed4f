// Shapes of what the server sends and of what the page keeps. No code: JSDoc types only.

/**
 * @typedef {{name: string, dtype: "f4"|"u4"|"i2"|"u2"|"u1", scale: number, missing: number|null,
 *   unit: string, meaning: string}} TrackColumn
 * @typedef {{index: number, name: string, sector: string, kind: string, lat: number, lon: number,
 *   radius_m: number, population: number|null, priority: number|null}} Place
 * @typedef {{number: number, name: string, kind: string, lat: number|null, lon: number|null,
 *   range_m: number|null, azimuth_from_deg: number|null, azimuth_span_deg: number|null,
 *   period_s: number|null, cued: boolean}} Sensor
 * @typedef {{index: number, name: string, effector: string, lat: number, lon: number,
 *   range_m: number, magazine: number}} Site
 * @typedef {{name: string, weapons_control_status: string, release: string}} PostureLevel
 * @typedef {{name: string, url: string, kind: "geojson"|"pmtiles"}} UserLayer
 * @typedef {"viewer"|"operator"|"approver"} Role
 * @typedef {{points: [number, number][], line: number, disclaimer: string}} Border
 * @typedef {{object_class: string[], identity: string[], status: string[], level: string[],
 *   effector: string[], state: string[], refusal: string[], fault: string[]}} Words
 */

/**
 * @typedef {object} Hello
 * @property {"hello"} type
 * @property {number} protocol
 * @property {string} version
 * @property {string} name
 * @property {"simulation"|"replay"|"recorded"|"live"} mode
 * @property {boolean} operator
 * @property {{name: string, role: Role}} user
 * @property {{name: string, lat: number, lon: number, start_s: number, end_s: number|null}} station
 * @property {string} disclaimer
 * @property {TrackColumn[]} track_columns
 * @property {number} rate_hz
 * @property {Words} words
 * @property {Place[]} places
 * @property {string[]} sectors
 * @property {Sensor[]} sensors
 * @property {Site[]} sites
 * @property {Border|null} border
 * @property {PostureLevel[]} postures
 * @property {number[]} speeds
 * @property {UserLayer[]} layers
 * @property {string} [names] where the call signs and addresses of the tracks are told, as a list
 *   of {track, callsign, address}
 */

/**
 * A value that stands for a word: its code in `hello.words`, or the word itself.
 * @typedef {number|string} Coded
 */

/**
 * @typedef {{track: number, place: number, probability: number|null, time_to_go_s: number|null,
 *   low_s: number|null, high_s: number|null, distance_m: number|null, armed: number|null,
 *   score: number|null, rank: number}} Threat
 * @typedef {{warning: number, place: number, cell: number|null, lat: number|null,
 *   lon: number|null, level: Coded, proposed: boolean, time_s: number, issued_s: number|null,
 *   expires_s: number|null, arrival_s: number|null, inbound: number|null, track: number|null,
 *   probability: number|null, revision: number}} Warning
 * @typedef {{index: number, level: Coded, inbound: number, time_to_go_s: number|null}} PlaceState
 * @typedef {{engagement: number, track: number, place: number, site: number, effector: Coded,
 *   state: Coded, refusal: Coded|null, kill_probability: number|null, lat: number|null,
 *   lon: number|null, time_s: number, intercept_s: number|null, rounds: number|null,
 *   harm: number|null, revision: number}} Engagement
 * @typedef {{index: number, rounds_left: number|null, state: Coded|null}} SiteState
 * @typedef {{number: number, state: string, faults: string[], last_s: number|null,
 *   note: string|null, range_bias_m: number|null, azimuth_bias_deg: number|null,
 *   clock_bias_s: number|null}} SensorState
 * @typedef {{name: string, kind: string, state: string, rate_hz: number|null,
 *   delay_s: number|null, clock_offset_s: number|null, last_s: number|null,
 *   note: string|null}} SourceState
 * @typedef {{sector: string, level: string|number, weapons_control_status: string,
 *   release: string, since_s: number|null, person: string|null, cease_fire_s: number|null,
 *   revision: number}} SectorState
 * @typedef {{track: number, lat: number, lon: number, radius_m: number, up_m: number}} Volume
 * @typedef {{tracks: number, confirmed: number, drones: number, suspect: number,
 *   hostile: number, friend: number, threats: number, warned: number}} Counts
 * @typedef {{alarm: number, warning: number, place: number, level: Coded, raised_s: number,
 *   seen: string[], acknowledged_s: number|null, acknowledged_by: string|null,
 *   shelved: boolean, revision: number}} Alarm
 * @typedef {{place: number, until_s: number, person: string}} Shelved
 * @typedef {{address: number, name: string, note: string, person: string,
 *   track: number|null}} Authorised
 * @typedef {{address: number, track: number|null, lat: number, lon: number,
 *   time_s: number}} Pilot
 * @typedef {{time_s: number, person: string, note: string}} Handover
 */

/**
 * @typedef {object} State
 * @property {"state"} type
 * @property {number} time_s
 * @property {number} edge_s
 * @property {number} start_s
 * @property {{speed: number, paused: boolean, live: boolean}} clock
 * @property {boolean} at_edge
 * @property {Threat[]} threats
 * @property {Warning[]} warnings
 * @property {PlaceState[]} places
 * @property {Engagement[]} engagements
 * @property {SiteState[]} sites
 * @property {SensorState[]} sensors
 * @property {SourceState[]} sources
 * @property {SectorState[]} sectors
 * @property {Volume[]} volumes
 * @property {Counts} counts
 * @property {Alarm[]} alarms
 * @property {Shelved[]} shelved
 * @property {Authorised[]} authorised
 * @property {Pilot[]} pilots
 * @property {Handover|null} handover
 */

/**
 * @typedef {{id: number, time_s: number, kind: string, severity: number, text: string,
 *   track: number|null, place: number|null, lat: number|null, lon: number|null,
 *   person: string|null}} Happening
 * @typedef {{type: "events", events: Happening[], reset: boolean}} EventsMessage
 * @typedef {{time_s: number[], tracks: number[], suspect_hostile: number[], threats: number[],
 *   warned: number[], engaged: number[]}} Series
 * @typedef {Series & {type: "series", reset: boolean}} SeriesMessage
 */

/**
 * @typedef {object} Detail
 * @property {"detail"} type
 * @property {number} track
 * @property {number} time_s
 * @property {boolean} known
 * @property {Coded} [identity]
 * @property {string|string[]} [reasons]
 * @property {number[]} [class_probability]
 * @property {number|null} [armed]
 * @property {number|null} [existence]
 * @property {Coded} [status]
 * @property {string|null} [callsign]
 * @property {string|null} [address]
 * @property {string|null} [remote_id] digest of a Remote ID address, as acts name it
 * @property {number|null} [first_s]
 * @property {number|null} [confirmed_s]
 * @property {number|null} [updated_s]
 * @property {number|null} [sensors]
 * @property {number|null} [updates]
 * @property {number|null} [sd_horizontal_m]
 * @property {number|null} [sd_vertical_m]
 * @property {number|null} [sd_speed_mps]
 * @property {{major_m: number, minor_m: number, bearing_deg: number}|null} [ellipse]
 * @property {[number, number, number, number][]} [history]
 * @property {Threat[]} [threats]
 * @property {{sensor: number, name: string, kind: string, time_s: number, text: string}[]} [said]
 * @property {Engagement[]} [engagements]
 * @property {{lat: number, lon: number}|null} [pilot]
 * @property {number|null} [rcs_dbsm]
 * @property {number|null} [heard_hz]
 * @property {number|null} [crossed_border_s]
 */

/**
 * Tracks at one time, column by column as they came: value = raw * scale.
 * @typedef {object} TrackBlock
 * @property {number} n
 * @property {number} timeS
 * @property {Record<string, ArrayLike<number>>} col
 * @property {Record<string, number>} scale
 * @property {(track: number) => number} rowOf row of a track, -1 where it is not there
 */

/**
 * @typedef {object} Filters
 * @property {number[]} classes codes to show, empty: all
 * @property {number[]} identities
 * @property {number[]} statuses
 * @property {number|null} minHeightM
 * @property {number|null} maxHeightM
 * @property {number|null} minSpeedMps
 * @property {number|null} maxSpeedMps
 * @property {number|null} place index
 * @property {number} minExistence 0 to 1
 */

/**
 * @typedef {object} Settings
 * @property {0|1|2} labels none; ranked and selected; all that fit
 * @property {0|1|2} labelDetail number; and class, height, speed; and identity, call sign
 * @property {boolean} trails of all tracks (the selected one always has its trail)
 * @property {number} trailMinutes
 * @property {number} vectorMinutes
 * @property {boolean} rings
 * @property {boolean} graticule
 * @property {boolean} coverage
 * @property {boolean} sites
 * @property {boolean} volumes
 * @property {boolean} border
 * @property {boolean} ownLayers
 * @property {boolean} dim
 * @property {"night"|"light"} theme
 * @property {boolean} isolate show the selected and picked only
 * @property {boolean} follow
 * @property {boolean} measure
 * @property {boolean} multi clicks add to the picked
 * @property {boolean} inView lists hold what the map shows only
 */

/**
 * @typedef {object} Link state of the connection
 * @property {"connecting"|"open"|"stale"|"lost"|"refused"} state
 * @property {number|null} lagMs round trip of the last ping
 * @property {number|null} ageMs since the last picture came
 * @property {number|null} retryS
 * @property {string} words
 */

/**
 * @typedef {object} MapView
 * @property {() => void} home
 * @property {(d: number) => void} zoomBy
 * @property {(dx: number, dy: number) => void} panBy
 * @property {(lon: number, lat: number, zoom?: number) => void} goTo
 * @property {(numbers: number[]) => void} fitTracks
 * @property {() => {lon: number, lat: number, zoom: number}} view
 * @property {(v: {lon: number, lat: number, zoom: number}) => void} setView
 * @property {() => Promise<Blob>} exportPng
 * @property {() => number[]} rowsInView
 * @property {(px: [number, number]) => number|null} pick
 * @property {() => void} resize
 */

export {};
