"""Backups: contents for years, control for days, and a way back that never passes a tombstone.

A backup holds what its database holds: sealed bytes, wrapped keys, encrypted tokens. Nobody opens it without the key
service, and nobody at all once the roll destroyed the root of its epoch; so a backup of control is written and tested
under the new root before the old one dies (`vault/keys/roll.py`), and lives for seven days at most.

    shelf.py       the folder they lie in, and what each says of itself
    control.py     DOOR to a backup of control: write, test, keep two
    testing.py     opens every key of a backup from the file alone
    erasures.py    the tombstones since, small enough to write every minute
    restoring.py   back into place, closed to everybody until the tombstones hold again
    replaying.py   what was erased after a backup was written is erased in it too
    logs.py        a new log of the ledger, where entries were lost
    returning.py   blobs of an old backup, those alone that the living control names
"""
