"""`python -m hvelv` is the command line."""

from hvelv.cli import main

main()
