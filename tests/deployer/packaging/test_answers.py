from deployer.packaging.answers import Answers

ANSWERS = Answers(
    rows=[1, 2],
    classes=['a,"b', "c"],
    labels=["c", "c"],
    probabilities=[[0.25, 0.75], [6.5e-6, 0.9999935]],
)


def test_documents() -> None:
    first = ANSWERS.documents()[0]
    assert first == {"label": "c", "probabilities": {'a,"b': 0.25, "c": 0.75}}
