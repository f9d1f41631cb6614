"""How much a request costs, compared with what a team would pick instead, on the same machine and Postgres.

`make bench-speed` runs all of it, `python -m bench.speed --rows home,redeem --rounds 5` some. Contenders take turns in
each round, in a shuffled order; a figure is the median of the rounds, and a ratio is the median of the rounds' ratios.
"""
