"""Physics over numbers: from a roof and a place to energy. No clock, no chance, no file, no person.

`estimate` is the one entry for a roof, `batch` for many. Angles are degrees, azimuth clockwise from north, tilt from
the horizontal; irradiance is W/m², power W, energy kWh; time is UTC, hours are named by their middle.
"""
