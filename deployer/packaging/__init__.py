"""The model directory: its layout, writing it, reading it back, and proof that it predicts.

::

    documents    what each document holds, field by field
    layout       what the files are called, and how documents are read and written
    table        CSV bytes to columns of text, with the place of every cell
    cells        cells to the arrays that the model takes, one convention for missing values
    onnx_scan    whether an ONNX file names other files
    runtime      ONNX bytes to labels and probabilities
    onnx_export  a fitted pipeline to ONNX bytes
    parity       whether two predictors agree
    skops_io     a fitted pipeline to skops bytes and back, under an allow-list
    skops_scan   what a skops file holds, without loading it
    golden       a few rows with the exact answers, to be checked wherever the model is loaded
    package      bytes to a directory, all or nothing
    answers      predictions as documents and as CSV
    load         a directory to a model that predicts, with onnxruntime alone
"""
