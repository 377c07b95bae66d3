"""Registers that stand in for the real ones: they speak the documented protocol over HTTP and know invented people.

`make demo`, `hvelv dev` and the tests start them on the loopback interface. Nothing in production does.
"""
