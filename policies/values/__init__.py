"""What a value of each `FieldType` is: `parse` turns input into the canonical value the vault stores, or says why not.

A refusal is a value, `BadValue`, that names the broken rule and never the input. Parsing is idempotent: a canonical
value is its own canonical value. `index_form` is what the blind index is computed over.
"""

from policies.values.contacts import index_form, is_norwegian_mobile
from policies.values.outcome import BadValue, NationalIds, Raw, Value, ValueRules
from policies.values.parsing import parse

__all__ = ["BadValue", "NationalIds", "Raw", "Value", "ValueRules", "index_form", "is_norwegian_mobile", "parse"]
