# mypy: ignore-errors
def main(request):
    return "ok"
