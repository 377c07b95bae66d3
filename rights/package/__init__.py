"""What a person gets to take away: everything held of it, and why (Article 15); or what it gave (Articles 15(3), 20).

`gathering` reads through the doors as the person, in batches, and gives typed parts in a fixed order; `as_json`,
`as_csv` and `as_pdf` write them. Nothing is staged: bytes leave as they are made, and only the person can make them.
"""
