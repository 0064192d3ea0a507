"""Every number that says how good a model is, on rows that it has not seen.

::

    metrics      the names of all metrics, what they mean, and how to compute them
    outcomes     labels and answers as numbers
    scores       the computation: scikit-learn's own functions
    bootstrap    how sure the numbers are
    paired       whether one model is better than another, on the same rows
    ranking      areas under curves of resampled rows
    measure      all scores at once, with their intervals
    evaluate     the scores with curves, thresholds, slices and importances
    package      all of it for a model package and a table
    drift        how far new rows are from those that the model learnt from

Nothing here reads or writes a file.
"""
