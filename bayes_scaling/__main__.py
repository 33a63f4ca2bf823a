"""``python -m bayes_scaling`` is the command line, where its name is not on the path."""

from bayes_scaling.cli import main

if __name__ == "__main__":
    main()
