"""The page of one evaluation."""

from collections.abc import Sequence

from deployer.evaluation.drift import ColumnDrift
from deployer.packaging.documents import Evaluation, ModelDocument, Profile, Schema
from deployer.reports.page import render_page
from deployer.reports.sections.calibration import calibration_section
from deployer.reports.sections.candidates import candidates_section
from deployer.reports.sections.classes import classes_section
from deployer.reports.sections.confusion import confusion_section
from deployer.reports.sections.curves import curves_section
from deployer.reports.sections.drift import drift_section
from deployer.reports.sections.features import features_section
from deployer.reports.sections.importances import importances_section
from deployer.reports.sections.origin import origin_section
from deployer.reports.sections.quality import quality_section
from deployer.reports.sections.scores import scores_section
from deployer.reports.sections.slices import slices_section
from deployer.reports.sections.thresholds import thresholds_section
from deployer.reports.sections.verdict import headline, subtitle, verdict

__all__ = ["evaluation_page"]


def evaluation_page(
    document: ModelDocument,
    evaluation: Evaluation,
    *,
    profile: Profile | None,
    drift: Sequence[ColumnDrift] = (),
    title: str,
    schema: Schema | None = None,
) -> str:
    """Return one HTML page that holds everything: no network, no script, the same bytes each time.

    Args:
        document: of the model.
        evaluation: what was measured.
        profile: of the rows fitted on, for the overview of columns; None leaves it out.
        drift: of the evaluated rows from those; none leaves it out.
        title: of the page, such as the model's name.
        schema: tells dates from numbers, and the threshold in use; None takes all for numbers.

    """
    chosen = None
    if schema is not None:
        # Of two classes, the greater probability is the one from 0.5 on.
        label = schema.outputs.label
        chosen = 0.5 if label.threshold is None else label.threshold
    tone, said = verdict(evaluation)
    return render_page(
        title=title,
        subtitle=subtitle(document, evaluation),
        verdict=said,
        tone=tone,
        figures=headline(document, evaluation),
        sections=[
            scores_section(document, evaluation),
            classes_section(document, evaluation),
            confusion_section(evaluation),
            curves_section(evaluation),
            calibration_section(evaluation),
            thresholds_section(evaluation, chosen=chosen),
            slices_section(evaluation),
            candidates_section(document),
            importances_section(evaluation),
            features_section(profile, schema, evaluation),
            drift_section(drift),
            quality_section(document),
            origin_section(document, evaluation),
        ],
    )
