"""Charts as SVG: pure functions from numbers to text, the same bytes for the same numbers.

::

    text      labels that are safe and short enough, numbers as people write them
    svg       elements and escaping; the only place that puts SVG together
    scales    numbers to positions, and ticks at round numbers
    axes      axes with ticks, grid and labels
    marks     line, dot, whisker, bar
    lines     line charts with names at the lines
    rows      one row per thing: bars, or dots with whiskers
    columns   histograms
    matrix    heat maps with a number in every cell
    panels    stacked steps, spreads and dots, for a timeline
    timeline  panels over one axis of time, with what happened above and behind them

Colours are classes that a style sheet gives a colour to, so that a chart follows the page's theme:
``s0`` to ``s4`` are series (each with a dash pattern and a mark of its own), ``r0`` to ``r9`` and
``w0`` to ``w9`` the shades of two ramps, the second for what is wrong.
"""
