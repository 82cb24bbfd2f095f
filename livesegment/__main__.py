"""`python -m livesegment`."""

from livesegment.cli import main

if __name__ == "__main__":
    main()
