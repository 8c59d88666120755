"""Programs with fixed, stated workloads that print figures and the machine: `python -m benchmarks [name…]`.

They never fail on a figure. A wrong count is not a figure: it is printed, and the exit code is 1.
"""
