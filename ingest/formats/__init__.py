"""The formats in which meter data arrives: `sniff` names one by its first bytes, `read` gives what a stream holds.

Readers are pure. They take bytes as they come and hold no more of them than the longest line or series allows; what
they cannot take they name as a `Problem` with its line and go on, or end when nothing after it can be understood. Each
format is described in `docs/formats/`.
"""

from ingest.formats.delivery import Format, Item, Options, Readable
from ingest.formats.reading import read, read_bytes
from ingest.formats.sniffing import sniff

__all__ = ["Format", "Item", "Options", "Readable", "read", "read_bytes", "sniff"]
