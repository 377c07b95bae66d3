"""Sealing, wrapping, deriving, hashing: the only home of `cryptography`. Pure: keys and entropy are arguments.

`sealed` groups of fields, `documents` for whole texts, `wrap` for keys under keys, `blind_index` for exact look-up,
`inbox_box` to a public key, `signing`, and below them `aead`, `derive` and `padding`. What does not open raises
`BrokenSeal`, whatever the reason. Bytes and vectors: `docs/formats/sealed-form.md`.
"""
