"""The only home of Piccolo and the PostgreSQL driver: two databases, their tables, migrations and statements."""
