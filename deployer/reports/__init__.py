"""Reports: what was measured, as one page that needs no network and no script.

::

    charts     numbers to SVG; knows nothing of models
    blocks     what a page is made of: words, facts, tables, figures
    sections   an evaluation to blocks, one module per question of the reader
    page       blocks to HTML: template, style sheet, content security policy
    evaluation the page of one evaluation
    markdown   its summary for a pull request
"""

from deployer.reports.evaluation import evaluation_page
from deployer.reports.markdown import evaluation_markdown

__all__ = ["evaluation_markdown", "evaluation_page"]
