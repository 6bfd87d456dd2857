"""``python -m needle_sim`` is ``needle-sim``."""

from needle_sim.cli import main

if __name__ == "__main__":
    main(prog_name="needle-sim")
