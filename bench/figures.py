"""What the benchmarks share."""


def percentile(values, share):
    """The value that `share` (0 to 1) of `values` do not exceed."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]
