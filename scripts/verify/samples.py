"""Whether two sets of times could be told apart by somebody who sees only them."""

import statistics

# The limits of docs/threat-model.md, H4: a guess by time is right in at most 55 of 100 cases, and what a network blurs anyway.
AUC = (0.45, 0.55)
MILLISECONDS = 5.0


def auc(first, second):
    """How likely a time of `first` is to be below one of `second` (Mann-Whitney's U over both sizes); 0.5 tells nothing."""
    ranked = sorted([(time, 0) for time in first] + [(time, 1) for time in second])
    ranks, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        # Equal times share the mean of their ranks, which are counted from one.
        ranks += sum(which for _, which in ranked[at:end]) * (at + 1 + end) / 2
        at = end
    most = len(second) * (len(second) + 1) / 2
    return (ranks - most) / (len(first) * len(second))


def gap(first, second):
    """Difference of the medians."""
    return statistics.median(second) - statistics.median(first)


def alike(first, second):
    """Whether milliseconds of `first` and `second` keep the limits."""
    return abs(gap(first, second)) < MILLISECONDS and AUC[0] <= auc(first, second) <= AUC[1]
