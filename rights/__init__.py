"""What people may ask of us (Articles 7 and 12 to 22): requests with their deadlines, and the acts that answer them.

Everything here goes through the vault's doors, as the person, as customer service, or as the data protection officer;
the policy decides about each. A request is a record of the person like any other: sealed, and gone with the person.
"""
