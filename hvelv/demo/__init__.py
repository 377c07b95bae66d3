"""The main story from nothing, in the terminal: real PostgreSQL, real keys, real HTTP, every step checked."""

from hvelv.demo.run import run

__all__ = ["run"]
