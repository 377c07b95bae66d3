"""Meter data on its way in.

`formats` reads the bytes of a delivery into columns of readings or says which rule a line broke; `readings` is what
comes out, `problems` what was wrong, `oslo` the days and hours of Norway, `energy` the way from kilowatt-hours to whole
watt-hours, `merging` which of two readings of one interval stands. All of these are pure: bytes and instants in, values
out.
"""
