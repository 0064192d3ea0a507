"""From a table to a packaged model.

::

    options     what a person may decide
    target      the column to learn: its classes, and rows that lack one
    features    which columns the model uses, and as what
    quality     what is odd about the table
    data        table, target and columns, ready to be fitted
    split       which rows are held out
    preprocess  columns to numbers, the first step of every pipeline
    families    the candidates: kinds of classifiers with their settings
    selection   which of them is best, by cross-validation on the training rows
    serving     which file answers: ONNX if it is proven equal, else skops
    build       all of that: a model in memory, with its scores on the held-out rows
    papers      its documents and evidence, as files
    train       all of it, from a file to a package
"""
