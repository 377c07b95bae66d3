"""Production against expectation, over numbers: no clock, no person, no file.

    expecting.py   what a plant would give under a cloudless sky, and in a typical year
    days.py        hours folded to days, and the light a plant makes of the best hours of each
    judging.py     findings: what is wrong, since when, how sure, how bad
    report.py      all of it for a range, as an owner sees it
    simulated.py   plants with known faults, to measure the judging by
    scoring.py     precision and recall

Energy is Wh, power W, hours are counted since 1970 in UTC; an hour nobody read is `nan`, never zero.
"""
