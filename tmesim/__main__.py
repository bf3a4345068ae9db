"""`python -m tmesim` is the command line."""

if __name__ == "__main__":  # a worker process may import this module too
    from tmesim.cli import main

    main()
