"""What makes a hard sign: frozen, since whoever moves them after a look accuses anyone.

They were chosen on earlier experiments with census and on the seeds 0 and 1 of census,
flights and generated silos, and tested on census with seeds 5 to 9 and further seeds of
the others: `docs/benchmarks/audit.md` has the figures of honest and of planted silos.
All but `zero` and `replay` compare a silo with the others of the same run, and say
nothing where they are few.
"""

SILOS = 4  # others, to compare AUCs and distinct rows with

# Echo.
ROUNDS = 3  # without so many, after the first or in the second half, nothing is said
ZERO = 1e-9  # norm of an update that changes nothing
COHORT = 10  # others, to compare cosines with: of few, one echoes the largest
ALIKE = 0.25  # median cosine of the others, above which honest silos echo, too
ECHO = 0.4  # cosine to what the others had moved the model; honest silos reached .42
ECHO_OVERLAPPING = 0.7  # the same where another silo holds some of its rows, too
OVERLAPPING = 0.1  # share of rows, from which on two silos move alike
ECHO_SPREADS = 3.0  # above the others' median, unit: their spread (1.4826 MAD)
LEAST_SPREAD = 0.05  # where the others are nearly alike
TWIN = 0.9999  # cosine to another silo's update: a note for both, a sign for none

# Meaning: of the best model known, on the silo's own evaluation rows.
POSITIVES = 20  # evaluation rows of the rarer label
CHANCE = 2.0  # z of the rank test, below which it may be chance
SURE = 2.326  # standard errors: 1 % that an AUC is so far below what it is
SPREADS = 3.0  # below the others' median AUC, where a silo is still one of them
LEAST_AUC = 0.55  # that a silo like the others has: below, the question is too hard
RANKED = 0.65  # an AUC from which on labels surely have a meaning, if a hard one

# Substance.
DISTINCT_ROWS = 50  # fewer are too little to learn from, however often they stand there
USUALLY_DISTINCT = 0.9  # share of half of the other silos' rows; else data are coarse
