"""Marks text for the translation layer, and carries it through errors untranslated."""


def N_(text: str) -> str:
    """Mark `text` for extraction into the catalogues; whoever shows it translates it."""
    return text


class UserError(ValueError):
    """An error a user can cause and mend: a sentence with the numbers in it and the remedy.

    The sentence is kept as `template` (the key in the catalogues) and `values`, so that a page can show it
    in the reader's language; `str(error)` is the English.
    """

    def __init__(self, template: str, **values: object):
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values)

    def __reduce__(self):
        return _restore, (type(self), self.template, self.values)


def _restore(kind: type[UserError], template: str, values: dict) -> UserError:
    return kind(template, **values)
