"""Devices on their way in: a gateway of its own process that can receive everything and open nothing.

What will live here: the application that verifies a device's signature and drops its batch, sealed, into the vault's
inbox. It is the only home of `pysodium`. Nothing is here yet.
"""
