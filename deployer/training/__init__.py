"""From a table to a packaged model.

::

    target    the column to learn: its classes, and rows that lack one
    features  which columns the model uses, and as what
    split     which rows are held out
    pipeline  preprocessing and classifier, fitted
    evaluate  what the model scores on the held-out rows
    build     columns to a model in memory: fit, export, compare, score
    train     all of it, from a CSV file to a package
"""
