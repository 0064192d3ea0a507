"""An evaluation to sections of a page, one module per question that its reader has.

::

    verdict      is the model any good?
    scores       how good, by every metric, and why the deciding one was chosen
    classes      how many rows of each class, and how good is each?
    confusion    which classes are taken for which?
    curves       how well do the probabilities rank?
    calibration  can a probability be taken at its word?
    thresholds   what does another threshold change?
    slices       for whom is it worse?
    candidates   what else was tried?
    importances  which columns does it rely on?
    features     what did the training rows look like?
    drift        do the rows look like those?
    quality      what is wrong with the data?
    origin       how was it made?
"""
