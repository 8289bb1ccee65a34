"""`python -m postgrad` is the command `postgrad`."""

from postgrad.cli.main import main

if __name__ == "__main__":
    main()
