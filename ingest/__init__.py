"""Meter data on its way in: formats and the pipeline that seals what they hold.

What will live here: `formats/`, pure readers that turn the bytes of a delivery into readings or say which rule a line
broke, and the pipeline that hands readings to the vault's series. Nothing is here yet.
"""
