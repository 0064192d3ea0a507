"""The model directory: its layout, writing it, reading it back, and proof that it predicts.

::

    documents      what each document holds, field by field
    layout         what the files are called, and how documents are read and written
    cells          columns to the arrays that the model takes, one convention for missing values
    cell_rules     the same for rows as plain values, on NumPy alone
    onnx_export    a fitted pipeline to ONNX bytes
    conversion     the converters, one per estimator and transformer
    dates, words   transformers of our own: parts of dates, words of prose
    onnx_scan      whether an ONNX file names other files
    runtime        ONNX bytes to labels and probabilities
    skops_io       a fitted pipeline to skops bytes and back, under an allow-list
    trusted        that list
    skops_scan     what a skops file holds, without loading it
    skops_runtime  skops bytes to labels and probabilities
    parity         whether two predictors agree
    golden         a few rows with the exact answers, to be checked wherever the model is loaded
    profile        what the training rows looked like
    fingerprints   which rows they were
    papers         what a package says of itself: card, bill of materials, requirements
    package        bytes to a directory, all or nothing
    load           a directory to a model that predicts, with onnxruntime alone
    answers        predictions as documents
"""
